"""The options for reading a file, shared by the commands that read one."""

from __future__ import annotations

import csv
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, TypeAlias

from ..errors import UsageError
from .options import option

Command: TypeAlias = Callable[..., None]


def _option(
    kind: type, *names: str, help: str, default: str | bool = "detected", metavar: str | None = None
) -> object:
    return Annotated[
        kind | None, option(*names, help=help, panel="Reading a file", default=default, metavar=metavar)
    ]


# fmt: off
_TABLES = {
    "delimiter": _option(str, "--delimiter", help="Field delimiter, or tab."),
    "decimal": _option(str, "--decimal", help="Decimal separator, . or ,"),
    "encoding": _option(str, "--encoding", help="Text encoding, such as utf-8 or cp1252."),
    "header": _option(bool, "--header/--no-header", help="Whether the first line has the column names."),
    "names": _option(list[str], "--names", help="Column names of a file without a header.", default=False, metavar="A,B,C"),
    "missing": _option(list[str], "--missing", help="Texts that mean a missing value; \"\" for empty cells only.", default="NA, ?, null and similar", metavar="A,B,C"),
    "date_order": _option(str, "--date-order", help="Which comes first in 03/04/2024: day or month."),
    "comment": _option(str, "--comment", help="Ignore lines that begin with this character.", default="none"),
    "drop": _option(list[str], "--drop", help="Columns to ignore.", default="none", metavar="A,B,C"),
    "columns": _option(list[str], "--columns", help="The only columns to read.", default="all", metavar="A,B,C"),
    "sheet": _option(str, "--sheet", help="Sheet of a workbook: its name or position.", default="the only one"),
    "table": _option(str, "--table", help="Table of a database.", default="the only one"),
    "query": _option(str, "--query", help="Query of a database that returns a table.", default=False, metavar="SQL"),
    "x": _option(str, "--x", help="Key of the inputs (NPZ, HDF5)."),
    "y": _option(str, "--y", help="Key of the targets (NPZ, HDF5)."),
}
_IMAGES = {
    "size": _option(str, "--size", help="Resize images to N×N or HEIGHTxWIDTH pixels.", default="64, or their own if smaller"),
    "grey": _option(bool, "--grey/--colour", help="Read images as greyscale or in colour.", default="as in the files"),
    "strict": _option(bool, "--strict/--skip", help="Fail on an image that cannot be read, and end with 1 if a check of train warns; or skip and go on.", default="skip"),
}
# fmt: on


def reading_options(command: Command) -> Command:
    """Add all options for reading a file to a command; its argument ``reading`` is a dict of those that are set."""
    return _with_options(command, _TABLES | _IMAGES)


def later_reading_options(command: Command) -> Command:
    """Add the options for reading a file like the training file, which determines how images are read."""
    return _with_options(command, _TABLES)


def _with_options(command: Command, options: Mapping[str, object]) -> Command:
    @functools.wraps(command)
    def run(*arguments: object, **values: object) -> None:
        settings = {name: values.pop(name, None) for name in options}
        reading = {name: _read(name, value) for name, value in settings.items() if value not in (None, [])}
        command(*arguments, reading=reading, **values)

    signature = inspect.signature(command, eval_str=True)
    own = [parameter for name, parameter in signature.parameters.items() if name != "reading"]
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in options.items()
    ]
    run.__dict__["__signature__"] = signature.replace(parameters=[*own, *more])  # which typer reads
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in [*own, *more]}
    return run


def _read(name: str, value: object) -> object:
    if name == "size":
        return read_size(str(value))
    if isinstance(value, list):
        return [part for text in value for part in read_list(text)]
    return value


def read_list(text: str) -> list[str]:
    """Return the parts of a comma-separated text; a part in quotation marks may contain commas.

    >>> read_list('a,"b, c"'), read_list("")
    (['a', 'b, c'], [''])
    """
    return next(csv.reader([text], skipinitialspace=True), None) or [""]


def read_size(text: str) -> int | list[int]:
    """Return a side or [height, width] from a text like "64" or "48x64"."""
    sides = text.lower().split("x")
    if not all(side.isdecimal() for side in sides) or len(sides) > 2:
        raise UsageError(
            f"--size: expected a side such as 64 or HEIGHTxWIDTH such as 48x64, received {text!r}"
        )
    return int(text) if len(sides) == 1 else [int(side) for side in sides]
