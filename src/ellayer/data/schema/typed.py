"""Tables whose files declare the types of their columns, read by a schema."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from ..column_choice import choose_columns, rename_notes, with_target
from ..read_options import ReadOptions
from ..table_frame import TableFrame
from ..text.cells import clean_texts
from .schema import CellCounts, Schema, infer_schema, schema_of


class TypedReader:
    """Frames of a file that declares the types of its columns, in the types of the schema.

    Parameters
    ----------
    first : polars.DataFrame
        The first rows, from which the schema is inferred unless an earlier file gives it.
    options : ReadOptions
    where : str
        The file, for messages.

    Attributes
    ----------
    schema : Schema
    notes : list of str
    names : list of str
        Of the columns that are read.
    counts : CellCounts
        Of the frames read so far.
    """

    names: list[str]
    counts: CellCounts

    def __init__(self, first: pl.DataFrame, options: ReadOptions, where: str):
        options = with_target(options, first.columns)
        known = schema_of(options)
        self._new_names = {} if known is None else known.rename(first.columns)
        self._where = "" if known is None else where
        names = [self._new_names.get(name, name) for name in first.columns]
        self.names, self.counts = choose_columns(names, options, where), CellCounts()
        decimal = options.decimal or options.reading.get("decimal") or "."
        self.schema: Schema
        self.schema, notes = infer_schema(self._clean(first), options, decimal, known, is_declared=True)
        self.notes: list[str] = [*rename_notes(self._new_names), *notes]
        self.facts: dict[str, Any] = options.reading.get("schema") or self.schema.to_facts()

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

    def chosen(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the columns that are read, by the names of the schema."""
        return frame.rename(self._new_names).select(self.names)

    def _clean(self, frame: pl.DataFrame) -> pl.DataFrame:
        frame = self.chosen(frame)
        return frame.with_columns(clean_texts(column) for column in frame.select(pl.col(pl.String)))


def read_typed(table: TableFrame, options: ReadOptions, where: str) -> TableFrame:
    """Return a table in the types of the schema, with the schema in its ``reading``.

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
    reader = TypedReader(table.frame, options, where)
    frame = reader.read(table.frame)
    reading = {**table.reading, "schema": reader.facts}
    notes = [*table.notes, *reader.notes, *reader.missing_notes, *reader.odd]
    raw = reader.chosen(table.frame) if options.reading else None
    return replace(table, frame=frame, reading=reading, notes=notes, raw=raw, names=table.frame.columns)
