"""``ellayer inspect``: the content of a model file, without data."""

from __future__ import annotations

from json import dumps
from typing import TYPE_CHECKING, Any

import typer

from .errors import handle_errors
from .options import Debug, Json, Model

if TYPE_CHECKING:
    from rich.table import Table

MOST_ITEMS = 12  # classes, levels and settings on a line


@handle_errors
def inspect_model(model: Model, json: Json = False, debug: Debug = False) -> None:
    """Show the content of a model file: layers, weights, columns, training, settings and provenance.

    Example: ellayer inspect runs/titanic-1
    """
    from ..runs.model_facts import facts_of
    from ..runs.saved_model import open_model

    facts = facts_of(open_model(model))
    if json:
        typer.echo(dumps(facts, ensure_ascii=False, allow_nan=False))
    else:
        _show(facts)


def _show(facts: dict[str, Any]) -> None:
    from rich.console import Console

    from .display import print_line

    console = Console()
    for line in _head(facts):
        print_line(console, line)
    if facts["network"] is not None:
        console.print(_layer_table(facts))
        console.print(_weight_table(facts))
    reading = dict((facts["provenance"] or {}).get("reading") or {})
    schema = reading.pop("schema", None)
    if facts["columns"]:
        console.print(_column_table(facts["columns"], schema))
    for heading in ("Training", "Settings", "Provenance"):
        if section := facts[heading.lower()]:
            print_line(console, heading)
            for key, value in (section | ({"reading": reading} if "reading" in section else {})).items():
                print_line(console, f"  {key}: {_short(value)}")


def _head(facts: dict[str, Any]) -> list[str]:
    from .._wording import pluralize

    file, network = facts["file"], facts["network"]
    versions = ", ".join(f"{name} {version}" for name, version in (file["versions"] or {}).items())
    lines = [
        f"{file['path']}: {facts['model']}, {file['bytes']:,} bytes, format {file['format_version']}",
        f"written by {versions}; SHA-256 {file['sha256']}",
    ]
    if facts["trees"]:
        trees, nodes = facts["trees"]["trees"], facts["trees"]["nodes"]
        lines.append(f"{pluralize(trees, 'boosted tree')}, {pluralize(nodes, 'node')}")
    elif network is None:
        lines.append("no network: the target is constant, every prediction is the same")
    else:
        sizes = "-".join(map(str, network["layer_dims"]))
        several = f", {facts['members']} members" if facts["members"] > 1 else ""
        lines.append(
            f"network {sizes}, loss {network['loss']}, {pluralize(network['parameter_count'], 'parameter')}{several}"
        )
    if facts["classes"]:
        lines.append(f"{pluralize(len(facts['classes']), 'class', 'classes')}: {_short(facts['classes'])}")
    if facts["target"]:
        lines.append("target " + ", ".join(f"{name} {value:g}" for name, value in facts["target"].items()))
    names = (facts["features"] or {}).get("names")
    if names and not facts["columns"]:
        lines.append(f"{pluralize(len(names), 'input')}: {_short(names)}")
    return lines


def _layer_table(facts: dict[str, Any]) -> Table:
    from .display import table

    rows = [
        (row["layer"], row["units"], ", ".join(f"{name} {_shape(shape)}" for name, shape in row["shapes"].items()),
         f"{row['parameters']:,}", row["activation"])
        for row in facts["layers"]
    ]  # fmt: skip
    return table(("layer", "units", "parameters", "count", "activation"), rows, title="Layers", right=(1, 3))


def _weight_table(facts: dict[str, Any]) -> Table:
    """Return statistics of the weights."""
    from .display import table

    parameters = facts["parameters"]
    over = f" over {facts['members']} members" if facts["members"] > 1 else ""
    headings = ("", "shape", "mean", "std", "min", "max", "zeros")
    rows = [
        (row["name"], _shape(row["shape"]), *(_number(row[key]) for key in ("mean", "std", "min", "max")),
         f"{100 * row['zeros']:.3g} %")
        for row in parameters
    ]  # fmt: skip
    kinds = ", ".join(sorted({row["dtype"] for row in parameters}))
    return table(headings, rows, title=f"Weights{over}, {kinds}", right=range(2, 8))


def _column_table(columns: list[dict[str, Any]], schema: dict[str, Any] | None) -> Table:
    from ..data.schema.schema import Schema
    from .display import table

    read_as = {} if schema is None else dict(Schema.from_facts(schema).rows())
    rows = [(c["name"], read_as.get(c["name"], ""), c["kind"], _becomes(c), c["note"]) for c in columns]
    return table(("column", "read as", "kind", "becomes", "note"), rows, title="Columns")


def _becomes(column: dict[str, Any]) -> str:
    """Return what the network receives of a column, from the facts of its encoder."""
    parts = [f"{len(column['parts'])} numbers"] if len(column["parts"]) > 1 else column["parts"][:1]
    levels = [*column["levels"], *(["others"] if column["other"] else [])]
    parts += [_short(levels)] if levels else []
    parts += ["mean targets of the levels"] if column.get("statistics") else []
    parts += [f"one of {column['bins']} bins"] if column.get("bins") else []
    parts += [f"{column['factors']['count']} numbers of its n-grams"] if column.get("factors") else []
    parts += ["whether missing"] if column["indicator"] else []
    return "; ".join(parts) or "not used"


def _number(value: float | None) -> str:
    return "nan" if value is None else f"{value:.3g}"


def _shape(shape: list[int]) -> str:
    return f"({', '.join(map(str, shape))})"


def _short(value: object) -> str:
    """Return a value on one line: the first items of a long list, the first line of a text."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_short(item)}" for key, item in value.items())
    if isinstance(value, list):
        rest = f" and {len(value) - MOST_ITEMS} more" if len(value) > MOST_ITEMS else ""
        return ", ".join(map(_short, value[:MOST_ITEMS])) + rest
    if isinstance(value, float):
        return f"{value:.6g}"
    lines = str(value).strip().splitlines()
    return f"{lines[0]} ... ({len(lines)} lines, see --json)" if len(lines) > 1 else str(value).strip()
