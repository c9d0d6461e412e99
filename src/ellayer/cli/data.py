"""``ellayer data``: what a file of examples holds, how it was read, and what is odd in it."""

from __future__ import annotations

from dataclasses import asdict
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UsageError
from .errors import handle_errors
from .options import Debug, Json

if TYPE_CHECKING:
    from ..data import Examples
    from ..tables.survey import Survey

_TASKS = ("classes", "numbers")


@handle_errors
def data(
    file: Annotated[
        str,
        typer.Argument(
            help="A table (CSV, TSV, Parquet), arrays (NPZ, NPY, HDF5), a folder of images by class, an image, or "
            "a named data set such as iris.",
            metavar="FILE",
        ),
    ],
    target: Annotated[
        str | None,
        typer.Option(
            "--target",
            "-t",
            help="The column to be predicted: its name or place (-1 is the last).",
            metavar="COLUMN",
        ),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            "--task", help="Take the target for classes or for numbers.", show_default="decided by its values"
        ),
    ] = None,
    delimiter: Annotated[
        str | None,
        typer.Option("--delimiter", help="The sign between values, or tab.", show_default="found out"),
    ] = None,
    decimal: Annotated[
        str | None, typer.Option("--decimal", help="The decimal sign, . or ,", show_default="found out")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", help="Such as utf-8 or cp1252.", show_default="found out")
    ] = None,
    header: Annotated[
        bool | None,
        typer.Option(
            "--header/--no-header", help="Whether the first line names the columns.", show_default="found out"
        ),
    ] = None,
    x: Annotated[
        str | None, typer.Option("--x", help="The key of the inputs (NPZ, HDF5).", metavar="KEY")
    ] = None,
    y: Annotated[
        str | None, typer.Option("--y", help="The key of the targets (NPZ, HDF5).", metavar="KEY")
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(
            "--size",
            help="Bring images to a side, or to HEIGHTxWIDTH.",
            show_default="64, or their own if smaller",
        ),
    ] = None,
    grey: Annotated[
        bool | None, typer.Option("--grey/--colour", help="How to read images.", show_default="as they are")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="End at an image that cannot be read.")] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Show what a file holds: how it was read, its columns or images, and what is odd in it.

    Example: ellayer data titanic.csv --target survived
    """  # fmt: skip
    from ..tables.survey import survey

    if task not in (None, *_TASKS):
        raise UsageError(f"--task: expected classes or numbers, received {task!r}")
    if task is not None and target is None and _is_table(file):
        raise UsageError(
            "--task: expected --target beside it, received none; name the column to be predicted"
        )
    options = {"delimiter": delimiter, "decimal": decimal, "encoding": encoding, "header": header, "x": x, "y": y,
               "size": _size(size), "grey": grey}  # fmt: skip
    found = examples_to_show(file, target, strict, {name: o for name, o in options.items() if o is not None})
    seen = survey(found.X, found.y, found.target, task=task)
    if json:
        typer.echo(_json(found, seen))
    else:
        _show(file, found, seen)


def _is_table(file: str) -> bool:
    path = Path(file)
    return path.is_file() and path.suffix.lower() not in (".npz", ".npy", ".h5", ".hdf5")


def _size(text: str | None) -> Any:
    """Return a side or (height, width) of a text like "64" or "48x64"."""
    if text is None:
        return None
    sides = text.lower().split("x")
    if not all(side.isdecimal() for side in sides) or len(sides) > 2:
        raise UsageError(
            f"--size: expected a side such as 64 or HEIGHTxWIDTH such as 48x64, received {text!r}"
        )
    return int(text) if len(sides) == 1 else tuple(map(int, sides))


def examples_to_show(file: str, target: str | None, strict: bool, options: dict[str, Any]) -> Examples:
    """Return the examples of a file, or of a named set as a file would hold them."""
    from ..data import NAMED, load, read_examples

    if file not in NAMED or Path(file).exists():
        from ..data.files import existing

        existing(file, "a file or folder of data, or the name of a set", list(NAMED))
        return read_examples(file, target=target, strict=strict, **options)
    if options or target not in (None, "class"):
        raise UsageError(
            f"{file}: expected no options of files beside a named data set, received "
            f"{', '.join([f'--{name}' for name in options] or ['--target'])}; write ./{file} for a file of that name"
        )
    return _as_examples(load(file))


def _as_examples(dataset: Any) -> Examples:
    import numpy as np
    import polars as pl

    from ..core.inference import class_index
    from ..data import Examples

    names = dataset.feature_names or [f"x{j}" for j in range(len(dataset.X))]
    frame = pl.DataFrame(dict(zip(names, dataset.X, strict=True)))
    y = np.array(dataset.classes, dtype=object)[class_index(dataset.Y)]
    return Examples(dataset.name, frame, y, "class", reading={"kind": "named"}, notes=(dataset.source,))


def _json(found: Examples, seen: Survey) -> str:
    facts = asdict(seen)
    return dumps(
        {
            "name": found.name,
            "rows": facts.pop("m"),
            **facts,
            "image_shape": found.image_shape,
            "reading": found.reading,
            "notes": list(found.notes),
        },
        ensure_ascii=False,
    )


def _show(file: str, found: Examples, seen: Survey) -> None:
    from rich.console import Console
    from rich.padding import Padding

    console = Console()

    def say(text: str) -> None:
        console.print(_plain(text))

    say(f"{file}: {_extent(found)}")
    say(f"Read as {_reading(found)}")
    for note in found.notes:
        say(f"Note: {note}")
    if seen.columns:
        console.print(_column_table(seen))
    if seen.task is None:
        say(
            "No target: name the column to be predicted with --target to see more"
            if seen.columns
            else "No target"
        )
    else:
        say(f"Target {seen.target}: {seen.task} ({seen.why})")
    if seen.classes:
        console.print(_class_table(seen))
    say("What is odd:" if seen.findings else "Nothing odd was found.")
    for finding in seen.findings:
        console.print(Padding(_plain(f"• {finding}"), (0, 0, 0, 2)))


def _plain(text: str) -> Any:
    """A text from a file for the terminal: no markup, and nothing that would steer it."""
    from rich.text import Text

    from ..data.files import printable

    return Text(printable(text))


def _extent(found: Examples) -> str:
    if found.image_shape is None:
        columns = found.X.shape[1]
        beside = "" if found.target is None else f" beside the target {found.target}"
        return f"{found.m:,} rows, {columns:,} column{'' if columns == 1 else 's'}{beside}"
    height, width = found.image_shape[:2]
    colour = "colour" if len(found.image_shape) == 3 else "grey"
    return f"{found.m:,} image{'' if found.m == 1 else 's'}, {width} x {height} pixels, {colour}"


def _reading(found: Examples) -> str:
    """How a file was read, in a line."""
    from ..data.read_options import DELIMITERS

    reading = found.reading
    if reading["kind"] == "text":
        header = "the first line names the columns" if reading["header"] else "no header"
        between = DELIMITERS.get(reading["delimiter"], repr(reading["delimiter"]))
        decimal = ", decimal comma" if reading["decimal"] == "," else ""
        return f"a table in text: {between} between values{decimal}, {reading['encoding'].upper()}, {header}"
    kinds = {"parquet": "a Parquet table", "npy": "a NumPy array", "npz": "NumPy arrays", "hdf5": "HDF5 arrays",
             "images": "image files", "named": "a named data set"}  # fmt: skip
    return kinds[reading["kind"]]


def _column_table(seen: Survey, most: int = 60) -> Any:
    from rich.table import Table

    table = Table(title="Columns", title_justify="left")
    table.add_column("name", overflow="fold")
    table.add_column("kind", no_wrap=True)
    table.add_column("missing", justify="right", no_wrap=True)
    table.add_column("different", justify="right", no_wrap=True)
    table.add_column("values", overflow="fold")
    for column in seen.columns[:most]:
        table.add_row(_plain(column.name), column.kind, f"{column.missing:,}" if column.missing else "",
                      f"{column.distinct:,}", _plain(column.shown))  # fmt: skip
    if len(seen.columns) > most:
        table.caption = f"and {len(seen.columns) - most:,} more columns; --json lists them all"
    return table


def _class_table(seen: Survey, most: int = 20) -> Any:
    from rich.table import Table

    table = Table()
    table.add_column("class", overflow="fold")
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    for label, count in list(seen.classes.items())[:most]:
        table.add_row(_plain(label), f"{count:,}", f"{count / seen.m:.1%}")
    if len(seen.classes) > most:
        table.caption = f"and {len(seen.classes) - most:,} more classes"
    return table
