"""Several files as the parts of one table: the same columns in each, the rows in the order of the files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from .._wording import quoted_list
from .errors import DataError
from .file_kinds import FILE_KINDS, check_options, kind_of, read_file
from .files import SET_NAMES, name_list, table_suffix
from .images.walk import ImageWalk
from .read_options import ReadOptions
from .row_places import RowPlaces, of_several_files, rows_from_one
from .schema.reader import SchemaReader
from .table_frame import TableFrame
from .text.decode import TextFile
from .text.layout import Layout, detect_layout, no_rows
from .text.table import text_reading

_SUFFIXES = frozenset(suffix for kind in FILE_KINDS if kind.is_part for suffix in kind.suffixes)


def tables_in(folder: Path) -> tuple[tuple[Path, ...], list[str]]:
    """Return the tables in a folder by name, and a note about other files; none if it holds images.

    Hidden files, and those whose names begin with "_", are ignored.

    Raises
    ------
    DataError
        For a training and a test table side by side, or very many other files and folders.
    """
    with os.scandir(folder) as entries:
        files = sorted(
            entry.name for entry in entries if entry.is_file() and not entry.name.startswith((".", "_"))
        )
    tables = [name for name in files if table_suffix(name) in _SUFFIXES]
    if not tables or any(ImageWalk(folder).below(folder)):
        return (), []
    sets = [name for name in tables if name.lower().split(".")[0] in SET_NAMES]
    if len(tables) > 1 and sets:
        raise DataError(
            f"expected the parts of one table in the folder {folder}, received {name_list(sets)}, whose names are those of "
            "different sets; name one of the files"
        )
    others = [name for name in files if name not in tables]
    return tuple(map(folder.joinpath, tables)), [
        f"other files ignored: {name_list(others)}"
    ] if others else []


def read_parts(paths: Sequence[Path], options: ReadOptions) -> TableFrame:
    """Read the parts of a table.

    Parameters
    ----------
    paths : sequence of Path
        In the order of their rows.
    options : ReadOptions

    Raises
    ------
    DataError
        Naming the part that is of another kind, or whose columns differ from those of the first.
    """
    kinds = [kind_of(path) for path in paths]
    for path, kind in zip(paths, kinds, strict=True):
        if not kind.is_part:
            raise DataError(
                f"expected parts of one table, but {path} is {kind.description}, which is read alone; name one file"
            )
        if kind is not kinds[0]:
            raise DataError(
                f"expected parts of one table, all of one kind, but {paths[0]} is {kinds[0].description} and {path} is "
                f"{kind.description}; name files of one kind"
            )
        check_options(options, kind.options, path, kind.description)
    table = _text_parts(paths, options) if kinds[0].name == "text" else _typed_parts(paths, options)
    table.notes.insert(
        0, f"{len(paths)} files are read as one table, from {paths[0].name} to {paths[-1].name}"
    )
    return table


def _typed_parts(paths: Sequence[Path], options: ReadOptions) -> TableFrame:
    """Read parts whose columns have types of their own."""
    tables: list[TableFrame] = []
    places: list[RowPlaces] = []
    for path in paths:
        table = read_file(path, options)
        assert isinstance(table, TableFrame)
        tables.append(replace(table, frame=_same_columns(table.frame, tables, paths[0], path)))
        places.append(table.places or rows_from_one(len(table.frame)))
        options = replace(options, reading=tables[0].reading)
    notes = list(dict.fromkeys(note for table in tables for note in table.notes))
    frame = pl.concat([table.frame for table in tables], how="vertical_relaxed")
    return TableFrame(frame, tables[0].reading, notes, places=of_several_files(_file_names(paths), places))


def _file_names(paths: Sequence[Path]) -> list[str]:
    """Return the names of files, without the folder that they share."""
    above = os.path.commonpath([path.parent for path in paths])
    return [os.path.relpath(path, above) for path in paths]


def _same_columns(frame: pl.DataFrame, tables: Sequence[TableFrame], first: Path, path: Path) -> pl.DataFrame:
    """Return the columns of a part in the order of the first part, those without values in its types."""
    if not tables:
        return frame
    expected = tables[0].frame.schema
    check_same_columns(list(frame.columns), list(expected), first, path)
    columns = []
    for name, dtype in expected.items():
        column = frame[name]
        if column.null_count() == len(column):
            column = column.cast(dtype)
        elif column.dtype != dtype and not (column.dtype.is_numeric() and dtype.is_numeric()):
            raise DataError(
                f"expected {dtype} in the column {name!r} of {path}, as in {first}, received {column.dtype}; write the parts "
                "alike, or as CSV"
            )
        columns.append(column)
    return pl.DataFrame(columns)


def check_same_columns(names: list[str], expected: list[str], first: Path, path: Path) -> None:
    """Raise for a part with other columns than the first."""
    absent = [name for name in expected if name not in names]
    further = [name for name in names if name not in expected]
    differences = [f"{verb} {quoted_list(n)}" for verb, n in (("lacks", absent), ("has also", further)) if n]
    if differences:
        raise DataError(
            f"expected the same columns in every part of a table, but {path} {' and '.join(differences)}, unlike {first}; write the "
            "parts alike, or name fewer files"
        )


def _text_parts(paths: Sequence[Path], options: ReadOptions) -> TableFrame:
    """Read parts in text as one text, so that the types of the columns do not depend on how the rows are divided."""
    layouts, texts, places = list[Layout](), list[pl.DataFrame](), list[RowPlaces]()
    notes: list[str] = []
    for path in paths:
        file = TextFile(path, options.encoding, options.reading.get("encoding"))
        layout, chunk, more = detect_layout(b"".join(file.blocks()), options, path)
        notes += [*file.notes, *more]
        if not layouts:
            encoding = file.encoding
            alike = {"delimiter": layout.delimiter, "header": layout.has_header, "encoding": encoding}
            options = replace(options, reading={**options.reading, **alike})
        layouts.append(layout)
        check_same_columns(layout.columns, layouts[0].columns, paths[0], path)
        texts.append(layout.texts(chunk)[layouts[0].columns])
        places.append(RowPlaces(chunk.lines_of(layout.row_records(chunk)), "line"))
    frame, where = pl.concat(texts), f"{paths[0]} and {len(paths) - 1} more"
    if not len(frame):
        raise no_rows(layouts[0])
    reader = SchemaReader(frame, options, where, layouts[0].delimiter)
    table = reader.read_whole(frame, options, notes)
    reading = text_reading(layouts[0], reader, options, encoding)
    rows = of_several_files(_file_names(paths), places)
    return replace(table, reading=reading, notes=list(dict.fromkeys(table.notes)), places=rows)
