"""``ellayer export``: write a model as ONNX, compared with the model."""

from __future__ import annotations

from json import dumps, loads
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UsageError
from .errors import handle_errors
from .options import Debug, Force, Json, Model, check_new_file

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto

    from ..runs.saved_model import SavedModel


@handle_errors
def export(
    model: Model,
    onnx: Annotated[Path, typer.Option("--onnx", help="File to write.", metavar="FILE")],
    dtype: Annotated[
        str, typer.Option("--dtype", help="Type of inputs and arithmetic: float32 or float64.")
    ] = "float32",
    interval: Annotated[
        float | None,
        typer.Option(
            "--interval",
            help="Share of the true numbers inside the intervals lower to upper; 0.9 if enough rows were held out.",
            metavar="0.9",
        ),
    ] = None,
    force: Force = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only the name of the file.")] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a model as ONNX, which runs without Python and without Ellayer.

    A model of a table has one input per column and includes the preparation; a
    model of images has one input for all pixels. The exported model is run with
    onnxruntime and compared with the original.

    Example: ellayer export runs/titanic-1 --onnx titanic.onnx
    """
    from ..runs.saved_model import open_model

    if onnx.is_dir() or not onnx.parent.is_dir():
        raise UsageError(f"--onnx: expected a file in a folder that exists, received {str(onnx)!r}")
    check_new_file("--onnx", onnx, force)
    saved = open_model(model)
    if onnx.exists() and onnx.samefile(saved.path):
        raise UsageError(f"--onnx: expected a file other than the model, received {str(onnx)!r}")
    from ..storage import to_onnx

    try:
        proto = to_onnx(saved.model, onnx, dtype=dtype, interval=interval)
    except ImportError as error:
        raise UsageError(str(error)) from None
    facts = _proto_facts(proto)
    content = {
        "model": str(saved.path),
        "onnx": str(onnx),
        "bytes": onnx.stat().st_size,
        **facts,
        "notes": [*_notes(saved), *_interval_note(facts["interval"])],
    }
    if json:
        typer.echo(dumps(content, ensure_ascii=False))
    elif quiet:
        typer.echo(str(onnx))
    else:
        _show(content)


def _notes(saved: SavedModel) -> list[str]:
    """Return notes about the inputs and outputs of the model."""
    notes = []
    labels = saved.provenance.get("classes")
    if labels and not hasattr(saved.model, "classes_"):
        notes.append(f"the labels 0, 1, ... are {', '.join(map(str, labels))}")
    if shape := saved.provenance.get("image_shape"):
        colours = "red, green and blue" if len(shape) == 3 else "the grey value"
        notes.append(
            f"X holds {colours} of each pixel of an image of {shape[1]} x {shape[0]}, row by row, from 0 to 1"
        )
    return notes


def _proto_facts(proto: ModelProto) -> dict[str, Any]:
    """Return facts for programs that use the file."""
    props = {prop.key.removeprefix("ellayer."): prop.value for prop in proto.metadata_props}
    holds = {column["input"]: column for column in loads(props.get("columns", "[]"))}
    return {
        "opset": {opset.domain or "ai.onnx": opset.version for opset in proto.opset_import},
        "inputs": [_value(v) | _of_column(holds.get(v.name)) for v in proto.graph.input],
        "outputs": [_value(v) for v in proto.graph.output],
        "max_difference": float(props["max_difference"]),
        "interval": float(props["interval"]) if "interval" in props else None,
    }


def _interval_note(coverage: float | None) -> list[str]:
    if coverage is None:
        return []
    return [
        f"lower and upper are the ends of an interval that holds {100 * coverage:.3g} % of the true numbers"
    ]


def _of_column(column: dict[str, str] | None) -> dict[str, str]:
    return {} if column is None else {key: column[key] for key in ("column", "kind", "holds")}


def _value(value: ValueInfoProto) -> dict[str, Any]:
    from onnx import TensorProto

    tensor = value.type.tensor_type
    shape = [dim.dim_value or "m" for dim in tensor.shape.dim]
    return {"name": value.name, "type": TensorProto.DataType.Name(tensor.elem_type).lower(), "shape": shape}


def _show(facts: dict[str, Any]) -> None:
    from rich.console import Console

    from .display import print_line, table

    console, rows = Console(), []
    for side in ("inputs", "outputs"):
        for i, value in enumerate(facts[side]):
            shape = f"({', '.join(map(str, value['shape']))}{',' if len(value['shape']) == 1 else ''})"
            holds = f"{value['kind']}: {value['holds']}" if "holds" in value else ""
            rows.append((side if i == 0 else "", value["name"], value["type"], shape, holds))
    console.print(table(("", "name", "type", "shape", "holds"), rows, title="Inputs and outputs"))
    for note in facts["notes"]:
        print_line(console, f"Note: {note}")
    opsets = ", ".join(f"{domain} {version}" for domain, version in facts["opset"].items())
    print_line(console, f"Largest difference from the model, on onnxruntime: {facts['max_difference']:.2g}")
    print_line(console, f"Written to {facts['onnx']}: {facts['bytes']:,} bytes, opset {opsets}")
