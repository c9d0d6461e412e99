"""Frames of a file, read by a schema: that of an earlier file, or one inferred from its first rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from ..errors import DataError
from ..read_options import ReadOptions
from ..table_frame import TableFrame
from ..target_column import find_column, unknown_column
from ..text.cells import clean_texts
from ..text.numbers import sniff_decimal
from .schema import CellCounts, Schema, infer_schema, schema_of


class SchemaReader:
    """Frames of a file in the types of the schema.

    Parameters
    ----------
    first : polars.DataFrame
        The first rows, from which the schema is inferred unless an earlier file gives it.
    options : ReadOptions
    where : str
        The file, for messages.
    delimiter : str, optional
        Of a file in text, whose frames are clean texts; other files declare the types of their columns.

    Attributes
    ----------
    schema : Schema
    decimal : str
    facts : dict
        The schema as plain JSON.
    notes : list of str
    all_names, names : list of str
        Of the columns, and of those that are read.
    counts : CellCounts
        Of the frames read so far.
    """

    schema: Schema
    decimal: str
    facts: dict[str, Any]
    notes: list[str]
    all_names: list[str]
    names: list[str]
    counts: CellCounts

    def __init__(self, first: pl.DataFrame, options: ReadOptions, where: str, delimiter: str | None = None):
        options, self._is_declared = with_target(options, first.columns), delimiter is None
        known = schema_of(options)
        self._new_names = {} if known is None else known.rename(first.columns)
        self._where = "" if known is None else where
        self.all_names = [self._new_names.get(name, name) for name in first.columns]
        self.names, self.counts = choose_columns(self.all_names, options, where), CellCounts()
        decimal = options.decimal or options.reading.get("decimal")
        first = self._clean(first)
        self.decimal = decimal or ("." if delimiter is None else sniff_decimal(first, delimiter))
        self.schema, notes = infer_schema(first, options, self.decimal, known, self._is_declared)
        self.facts = options.reading.get("schema") or self.schema.to_facts()
        renamed = [f"{name!r} is read as {new!r}" for name, new in self._new_names.items()]
        self.notes = [", ".join(renamed)] if renamed else []
        if self.decimal == "," and delimiter is not None:
            self.notes.append("a comma is the decimal separator")
        self.notes += notes

    @property
    def missing_notes(self) -> list[str]:
        """The note about texts of the rows read so far that were treated as missing."""
        return self.counts.missing_notes()

    @property
    def odd(self) -> list[str]:
        """Notes about the rows read so far."""
        return self.counts.notes(self.schema, bool(self._where))

    def read(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return a frame of the file in the types of the schema."""
        return self.schema.read(self._clean(frame), self.counts, self._where)

    def read_whole(self, frame: pl.DataFrame, options: ReadOptions, notes: list[str]) -> TableFrame:
        """Return a table of one frame in the types of the schema, with the schema in its ``reading``.

        Parameters
        ----------
        frame : polars.DataFrame
        options : ReadOptions
        notes : list of str
            About the file.

        Raises
        ------
        DataError
            With every column that contradicts the schema of an earlier file.
        """
        values = self.read(frame)
        notes = [*notes, *self.notes, *self.missing_notes, *self.odd]
        raw = self.choose(frame) if options.reading else None
        return TableFrame(values, {"schema": self.facts}, notes, raw=raw, names=self.all_names)

    def choose(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the columns that are read, by the names of the schema."""
        frame = frame.rename(self._new_names) if self._new_names else frame
        return frame if frame.columns == self.names else frame[self.names]

    def _clean(self, frame: pl.DataFrame) -> pl.DataFrame:
        frame = self.choose(frame)
        if not self._is_declared:
            return frame
        return frame.with_columns(clean_texts(pl.col(pl.String)))


def read_typed(table: TableFrame, options: ReadOptions, where: str) -> TableFrame:
    """Return a table whose file declares the types of its columns in those of the schema.

    Parameters
    ----------
    table : TableFrame
    options : ReadOptions
    where : str
        The file, for messages.

    Raises
    ------
    DataError
        With every column that contradicts the schema of an earlier file.
    """
    content = SchemaReader(table.frame, options, where).read_whole(table.frame, options, table.notes)
    reading = {**table.reading, **content.reading}
    return replace(content, reading=reading, y=table.y, target=table.target, places=table.places)


def choose_columns(names: Sequence[str], options: ReadOptions, where: str) -> list[str]:
    """Return the names of the columns selected by ``drop`` or ``columns``, including the target.

    Parameters
    ----------
    names : sequence of str
        Of all columns.
    options : ReadOptions
    where : str
        The file, for the message.

    Raises
    ------
    DataError
        No such column; the message holds near names.

    Examples
    --------
    >>> choose_columns(["a", "b", "y"], ReadOptions(columns=["b"], target="y"), "t.csv")
    ['b', 'y']
    """
    for option in ("drop", "columns"):
        for name in getattr(options, option) or ():
            if name not in names:
                raise unknown_column(option, name, names, where)
    column = options.target if options.target is not None else options.reading.get("target")
    if options.columns is not None:
        return [name for name in names if name in options.columns or name == column]
    dropped = options.drop or ()
    if column in dropped:
        raise DataError(f"drop: expected columns besides the target, received {column!r}; omit it")
    return [name for name in names if name not in dropped]


def with_target(options: ReadOptions, names: Sequence[str]) -> ReadOptions:
    """Return the options with the name of the target in place of a place; None if it is not one of the columns.

    Examples
    --------
    >>> with_target(ReadOptions(target=-1), ["a", "y"]).target
    'y'
    """
    if options.target is None:
        return options
    try:
        return replace(options, target=find_column(options.target, list(names), ""))
    except DataError:
        return replace(options, target=None)  # code that needs it will raise an error
