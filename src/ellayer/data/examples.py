"""Examples from a file or folder: tables and images, as rows with targets."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from .._samples import even_sample
from .._views import page
from .._wording import pluralize
from .errors import DataError
from .file_kinds import check_options, read_file
from .files import name_list
from .images import folder as image_folder
from .images.folder import TARGET as IMAGE_TARGET
from .images.folder import Images
from .parts import read_parts, tables_in
from .python_values import frame_of_values
from .read_options import ReadOptions
from .row_places import RowPlaces, rows_from_one
from .schema.reader import read_typed
from .sources import Place, locate
from .table_frame import TableFrame
from .target_column import find_column, take_target


@dataclass(frozen=True, eq=False, repr=False)
class Examples:
    """Examples of a file: rows, for the estimators.

    Attributes
    ----------
    name : str
        The file's name without suffix, or the folder's.
    X : polars.DataFrame or ndarray
        A table's columns; or images, float32 (m, n) from 0 to 1.
    y : ndarray, shape (m,), or None
        Targets in the types of the file: text (object), bool, int64 or float64.
    target : str or None
        The name of the target's column; "class" for images by class.
    ids : ndarray, shape (m,), or None
        The file name of each image.
    image_shape : tuple of int or None
        (height, width, 3) or (height, width): ``X[i].reshape(image_shape)``.
    reading : dict
        The reading options as plain JSON, for reading another file the same way.
    notes : tuple of str
        Notes about what was detected or ignored, and about problems.
    raw : polars.DataFrame or None
        A table's columns as they stand in the file, the target among them, if it was read like an earlier one: texts
        of a text, so that identifiers can be written as they were.
    places : RowPlaces or None
        Where the rows of a table stand in the file.
    """

    name: str
    X: pl.DataFrame | np.ndarray
    y: np.ndarray | None = None
    target: str | None = None
    ids: np.ndarray | None = None
    image_shape: tuple[int, ...] | None = None
    reading: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    raw: pl.DataFrame | None = None
    places: RowPlaces | None = None

    @property
    def m(self) -> int:
        """The number of examples."""
        return len(self.X)

    def as_written(self, name: str) -> pl.Series:
        """Return a column of a table as in the file, if known: 0.10, not 0.1."""
        column = self.X[name]
        assert isinstance(column, pl.Series)
        if self.raw is None or name not in self.raw.columns:
            return column
        raw = self.raw[name]
        is_same = column.dtype != pl.String and raw.equals(column.cast(pl.String), null_equal=True)
        return column if is_same else raw

    def with_target(self, target: str) -> Examples | None:
        """Return the rows of a table with a column taken out as their target, as if read with it.

        None where the file has to be read again, for a target is read in another way than other columns: of dates, of texts
        some of which are missing, and of numbers among which a few texts are.
        """
        facts = {column["name"]: column for column in self.reading.get("schema", {}).get("columns", ())}
        if self.y is not None or isinstance(self.X, np.ndarray) or target not in facts or self.X.width < 2:
            return None
        column, values = facts[target], self.X[target]
        if values.null_count() == len(values):
            return None
        is_complete = column["type"] == "text" and not values.null_count()
        if not is_complete and (column["type"] not in ("whole", "number") or "slips" in column):
            return None
        reading = {**self.reading, "schema": {**self.reading["schema"], "target": target}}
        table = TableFrame(self.X, reading, [*self.notes], raw=self.raw, places=self.places)
        return _with_target(self.name, table, target, self.name)

    def take(self, rows: np.ndarray) -> Examples:
        """Return some of the examples, by index, in that order."""
        return replace(
            self, X=self.X[rows], y=None if self.y is None else self.y[rows],
            ids=None if self.ids is None else self.ids[rows], raw=None if self.raw is None else self.raw[rows],
            places=None if self.places is None else self.places.take(rows),
        )  # fmt: skip

    def take_evenly(self, count: int) -> Examples:
        """Return at most ``count`` examples, evenly spaced: the first ones of an ordered file are not a sample."""
        return self.take(even_sample(self.m, count))

    def row_names(self) -> list[str] | None:
        """Return the file of each image, or the place of each row in its file; None if unknown."""
        if self.ids is not None:
            return [str(name) for name in self.ids]
        return None if self.places is None else self.places.names()

    def __repr__(self) -> str:
        extent = (
            pluralize(self.X.shape[1], "column") if self.image_shape is None else f"images {self.image_shape}"
        )
        target = "no target" if self.y is None else f"target {self.target!r}"
        return f"Examples({self.name!r}: {pluralize(self.m, 'row')}, {extent}, {target})"

    def _repr_html_(self) -> str:
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        head = page(f"<p>{html.escape(repr(self))}</p><ul>{notes}</ul>")
        return head + (self.X.head(5)._repr_html_() if isinstance(self.X, pl.DataFrame) else "")


def read_examples(
    path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    target: str | int | None = None,
    reading: dict[str, Any] | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    na_values: Sequence[str] | None = None,
    date_order: str | None = None,
    comment: str | None = None,
    names: Sequence[str] | None = None,
    drop: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    x: str | None = None,
    y: str | None = None,
    size: int | tuple[int, int] | None = None,
    grey: bool | None = None,
    sheet: str | int | None = None,
    table: str | None = None,
    query: str | None = None,
    strict: bool = False,
    need_target: bool = False,
) -> Examples:
    """Read a table, images or arrays from a file or folder; options that are not given are detected.

    Parameters
    ----------
    path : str or path, or several
        A table: text (CSV, TSV, TXT), Parquet, Feather, JSON (records or lines), an Excel or ODS workbook, an SQLite
        or DuckDB database; text and JSON also compressed with gzip, and any of them in a ZIP archive; ``"-"`` for standard
        input. Several files, a pattern such as ``"parts/*.csv"`` or a folder of tables are the parts of one table.
        Arrays: NPZ, NPY or HDF5. Images: a folder with a folder for each class, a folder of images, or one image.
    target : str or int, optional
        The target column of a table: its name, or its position from 0 (-1 is the last).
    reading : dict, optional
        The ``reading`` of an earlier file, to read this one the same way.
    delimiter, decimal, encoding : str, optional
        For a table in text; detected by default.
    header : bool, optional
        Whether the first line of a table in text has the column names; detected by default.
    na_values : sequence of str, optional
        The texts of a table that mean a missing value, instead of "NA", "?", "null" and similar. An empty
        cell is always missing, so that ``na_values=[""]`` keeps every text.
    date_order : "day" or "month", optional
        Which of the two comes first in dates such as 03/04/2024; detected by default.
    comment : str, optional
        One character; lines of a table in text that begin with it are ignored.
    names : sequence of str, optional
        Of the columns, for a table in text without a header.
    drop, columns : sequence of str, optional
        Columns of a table to leave out, or the only ones to read; the target is always read.
    x, y : str, optional
        The keys of inputs and targets in an NPZ or HDF5 file.
    size : int or (int, int), optional
        Height and width to resize images to. By default their own size if all have the same of at most 64
        pixels, else 64.
    grey : bool, optional
        Read images as greyscale or in colour; by default as greyscale if all are.
    sheet : str or int, optional
        Name, or place from 0, of a sheet in a workbook; needed if there are several.
    table, query : str, optional
        Name of a table in a database, or a query that returns one; needed if there are several tables.
    strict : bool
        A damaged image in a folder is an error; by default it is named in the notes and skipped.
    need_target : bool
        Whether a missing target is an error, as for training.

    Returns
    -------
    Examples
        Rows in the order of the file (images, and the files of a folder or pattern, in the order of their names). Rows whose target is missing
        are dropped and counted in the notes.

    Raises
    ------
    MissingFileError
        No such file or folder; the message suggests similar names.
    DataError
        The data cannot be used; the message states what was expected, what was received and what to try.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "pets.csv")
    ...     _ = file.write_text("weight;kind\\n4,5;cat\\n11,0;dog\\n")
    ...     pets = read_examples(file, target="kind")
    >>> pets.X.rows(), pets.y.tolist(), pets.notes
    ([(4.5,), (11.0,)], ['cat', 'dog'], ('a semicolon separates the values', 'a comma is the decimal separator'))
    """
    arguments = dict(locals())  # all arguments
    del arguments["path"]
    options = ReadOptions(missing=arguments.pop("na_values"), **arguments | {"reading": reading or {}})
    with locate(path) as place:
        content = _read(place, options)
        if isinstance(content, Images):
            return _from_images(place.name, content, target)
        if target is None and content.y is None and need_target:
            raise DataError(
                f"target: expected the name of the column to predict, received none; the columns of {place.text} are "
                f"{name_list(content.frame.columns)}; name one, or its place (-1 for the last)"
            )
        if "schema" not in content.reading:
            content = read_typed(content, options, place.text)
        return _from_table(place, content, target)


def examples_of_values(
    columns: Mapping[str, Sequence[object]], where: str, reading: dict[str, Any] | None = None
) -> Examples:
    """Return rows of values in memory, read like the records of a file in JSON.

    Parameters
    ----------
    columns : mapping
        Name -> values: texts, numbers, truth values, or None.
    where : str
        Their origin, for messages.
    reading : dict, optional
        The ``reading`` of an earlier file, to read these rows the same way.

    Raises
    ------
    DataError
        For other values, and for columns that contradict the earlier file.

    Examples
    --------
    >>> examples_of_values({"weight": [4.5, None], "kind": ["cat", "dog"]}, "the request").X.rows()
    [(4.5, 'cat'), (None, 'dog')]
    """
    frame, notes = frame_of_values(columns, where)
    table = read_typed(TableFrame(frame, {"kind": "json"}, notes), ReadOptions(reading=reading or {}), where)
    return Examples(where, table.frame, reading=table.reading, notes=tuple(table.notes), raw=table.raw)


def _from_table(place: Place, table: TableFrame, target: str | int | None) -> Examples:
    """Return examples that are rows of a table, the target taken out of the columns."""
    if target is not None and table.y is not None and target != table.target:
        raise DataError(
            f"target: expected none, for {place.text} holds the targets in {table.target!r}; received {target!r}; omit it"
        )
    if target is not None and table.y is None:
        column = find_column(target, table.names or table.frame.columns, place.text)
        return _with_target(place.name, table, column, place.text)
    places = table.places or rows_from_one(len(table.frame))
    return _examples(place.name, table, places, table.frame.width)


def _with_target(name: str, table: TableFrame, column: str, where: str) -> Examples:
    """Return the rows of a table that have a target, which is taken out of the columns."""
    frame, values, present = take_target(table.frame, column, where, table.notes)
    raw = None if table.raw is None else table.raw.filter(present)
    places = (table.places or rows_from_one(len(table.frame))).take(present.to_numpy())
    rest = replace(table, frame=frame, y=values, target=column, raw=raw)
    return _examples(name, rest, places, table.frame.width)


def _examples(name: str, table: TableFrame, places: RowPlaces, columns: int) -> Examples:
    facts = {**table.reading, "columns": columns, "target": table.target}
    return Examples(
        name,
        table.frame,
        table.y,
        table.target,
        reading=facts,
        notes=tuple(table.notes),
        raw=table.raw,
        places=places,
    )


def _from_images(name: str, images: Images, target: str | int | None) -> Examples:
    """Return examples that are images; their targets are the classes, another target is refused."""
    column = None if images.y is None else IMAGE_TARGET
    if target is not None and target != column:
        raise DataError(
            f"target: expected none for images, whose targets are {'their classes' if column else 'not known'}; "
            f"received {target!r}; omit it"
        )
    facts = {**images.reading, "target": column}
    return Examples(name, images.X, images.y, column, images.ids, images.shape, facts, tuple(images.notes))


def _read(place: Place, options: ReadOptions) -> TableFrame | Images:
    """Read the file or folder of a place, or the parts of a table."""
    paths, notes = place.paths, list[str]()
    if len(paths) == 1 and paths[0].is_dir():
        folder = paths[0]
        paths, notes = tables_in(folder)
        if not paths:
            check_options(options, ("size", "grey"), folder, "a folder")
            return image_folder.read_image_folder(folder, options)
    content = read_file(paths[0], options) if len(paths) == 1 else read_parts(paths, options)
    content.notes[:0] = notes
    return content
