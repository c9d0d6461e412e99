"""A table in text (CSV, TSV, TXT; compressed with gzip or not), read in chunks of whole records.

The first chunk determines the format of the table and the schema of its columns. A file read whole is one chunk.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from ..column_choice import choose_columns, rename_notes, with_target
from ..errors import DataError
from ..files import printable
from ..read_options import ReadOptions
from ..row_places import RowPlaces
from ..schema.schema import CellCounts, Schema, infer_schema, schema_of
from ..table_frame import TableFrame
from ..wording import pluralize
from .chunk import Chunk
from .decode import TextFile
from .layout import detect_layout, no_rows
from .numbers import sniff_decimal
from .records import record_end

SUFFIXES = (".csv", ".tsv", ".txt", ".tab", ".dat", ".data")
_LONGEST = 8  # blocks, which one record may fill
_BEGIN = 1 << 16  # bytes, within which a table shows how it is written
_FEWEST = 20  # lines, beyond which a table shows how it is written: titles, names, units and rows


def read_table_file(path: Path, options: ReadOptions) -> TableFrame:
    """Read a table in text; what the options leave open is detected and noted.

    Parameters
    ----------
    path : Path
    options : ReadOptions

    Returns
    -------
    TableFrame
        Columns in the types of the schema; rows in the order of the file.

    Raises
    ------
    DataError
        For a file that is not a table, rows that differ in length, and columns without names of their own.
    """
    table = TextTable(path, options)
    (frame,) = table.frames()
    raw = table.texts() if options.reading else None
    notes = table.notes + table.missing_notes + table.odd
    return TableFrame(frame, table.reading, notes, raw=raw, names=table.all_names, places=table.places())


class TextTable:
    """A table in text as frames of its rows, as often as needed.

    Parameters
    ----------
    path : Path
    options : ReadOptions
    block_bytes : int, optional
        About how much is read at once; the whole file by default.

    Attributes
    ----------
    first : polars.DataFrame
        The rows of the first chunk.
    names : list of str
        Of all columns.
    reading : dict
        How the table is written, as plain JSON.
    notes : list of str
        Notes about the first chunk.
    """

    schema: Schema
    reading: dict[str, Any]
    notes: list[str]

    def __init__(self, path: Path, options: ReadOptions, block_bytes: int | None = None):
        self._path, self._block_bytes = path, block_bytes
        self._file = TextFile(path, options.encoding, options.reading.get("encoding"), block_bytes)
        self._layout, chunk, notes = detect_layout(next(self._pieces(is_quoted=True), b""), options, path)
        layout, options = self._layout, with_target(options, self._layout.columns)
        known = schema_of(options)
        texts = layout.texts(chunk)
        if not len(texts):
            raise no_rows(layout)
        self._new_names = {} if known is None else known.rename(layout.columns)
        self.all_names: list[str] = [self._new_names.get(name, name) for name in layout.columns]
        self.names: list[str] = choose_columns(self.all_names, options, str(path))
        texts = self._chosen(texts)
        decimal = options.decimal or options.reading.get("decimal") or sniff_decimal(texts, layout.delimiter)
        self.schema, schema_notes = infer_schema(texts, options, decimal, known)
        self._where = "" if known is None else str(path)
        self._whole = (chunk, texts) if block_bytes is None else None  # what would be read a second time
        self._counts, self._blank, self._footers = CellCounts(), 0, 0
        quoted = layout.is_quoted and b'"' in chunk.data
        self.reading = {"kind": "text", "delimiter": layout.delimiter, "quoted": quoted, "decimal": decimal,
                        "encoding": self._file.encoding, "header": layout.has_header, "width": len(layout.names),
                        "schema": options.reading.get("schema") or self.schema.to_facts()}  # fmt: skip
        self.reading |= {"comment": layout.comment} if layout.comment else {}
        self.reading |= {"names": layout.names} if options.names or "names" in options.reading else {}
        self.notes = [*self._file.notes, *notes, *rename_notes(self._new_names)]
        self.notes += ["a comma is the decimal separator"] if decimal == "," else []
        self.notes += schema_notes

    @property
    def missing_notes(self) -> list[str]:
        """The note about texts of the rows read last that were treated as missing."""
        return self._counts.missing_notes()

    @property
    def odd(self) -> list[str]:
        """Notes about the rows read last: values unlike those of the schema, and skipped lines."""
        odd = self._counts.notes(self.schema, bool(self._where))
        blank = self._blank if len(self.names) > 1 else 0  # of one column it is a missing value
        odd += [f"{pluralize(blank, 'blank line')} skipped"] if blank else []
        return odd + (
            [f"{pluralize(self._footers, 'line')} below the table skipped"] if self._footers else []
        )

    def texts(self) -> pl.DataFrame:
        """Return the texts of a table that is read whole as they stand in the file."""
        assert self._whole is not None
        return self._whole[1]

    def places(self) -> RowPlaces:
        """Return the lines of the rows of a table that is read whole."""
        assert self._whole is not None
        chunk = self._whole[0]
        return RowPlaces(chunk.lines_of(self._layout.row_records(chunk)), "line")

    def frames(self, target: str = "") -> Iterator[pl.DataFrame]:
        """Return the rows in order, a frame for each chunk, in the types of the schema.

        In blocks, columns of numbers are float64, but a target of whole numbers is int64.

        Raises
        ------
        DataError
            For a target that does not have its column's type; another value that does not is missing.
        """
        self._counts, self._blank, self._footers = CellCounts(), 0, 0
        if self._whole is not None:
            chunk, texts = self._whole
            self._count_lines(chunk)
            yield self.schema.read(texts, self._counts, self._where)
            return
        schema = self.schema if target == "" else self.schema.in_blocks(target)
        trailing, row, line = 0, 1, 1
        footer: DataError | None = None
        for text in self._pieces(self._layout.is_quoted):
            chunk = self._layout.chunk(text, line)
            if footer is not None and len(chunk.filled):
                raise footer
            inside, after = chunk.blank_lines()
            if len(chunk.filled):
                self._blank, trailing = self._blank + trailing + inside, 0
            trailing += after
            if len(footers := chunk.footers):
                self._footers += len(footers)
                footer = footer or self._layout.length_error(chunk, footers)
            texts = self._chosen(self._layout.texts(chunk))
            frame = schema.read(texts, self._counts, self._where)
            if target:
                self._check_target(frame[target], texts[target], row)
            row, line = row + len(frame), line + text.count(b"\n")
            yield frame

    def _count_lines(self, chunk: Chunk) -> None:
        self._blank, self._footers = chunk.blank_lines()[0], len(chunk.footers)

    def _chosen(self, texts: pl.DataFrame) -> pl.DataFrame:
        """Return the columns that the options leave, by the names of the schema."""
        return texts.rename(self._new_names).select(self.names)

    def _check_target(self, values: pl.Series, texts: pl.Series, row: int) -> None:
        """Refuse a target that does not have the type of its first rows."""
        target, rows = values.name, len(values)
        whole = next(column.type for column in self.schema.columns if column.name == target) == "whole"
        strange = self._counts.strange.get(target, (0, []))[1]
        if whole and values.dtype.is_float():
            strange = texts.filter(values != values.floor()).head(1).to_list() or strange
        if strange:
            raise DataError(
                f"target {target!r}: expected {'whole ' if whole else ''}numbers as in the first rows of {self._path}, "
                f"received {strange[0]!r} in rows {row:,} to {row + rows - 1:,}; correct the file, write labels as text, or "
                f"numbers with a decimal point from the first row on (1.0)"
            )

    def _pieces(self, is_quoted: bool) -> Iterator[bytes]:
        """Return the text in pieces that end where a record ends."""
        rest, is_first = b"", True
        begin = max(_BEGIN, _LONGEST * (self._block_bytes or 0))
        for block in self._file.blocks():
            rest += block
            if self._block_bytes is None or (is_first and len(rest) < begin and rest.count(b"\n") <= _FEWEST):
                continue
            if cut := record_end(rest) if is_quoted else rest.rfind(b"\n") + 1:
                yield rest[:cut]
                is_first = False
                rest = rest[cut:]
            elif len(rest) > _LONGEST * self._block_bytes:
                raise DataError(
                    f"expected a table in text, but {self._path} has a record of more than {len(rest):,} bytes, or a "
                    f"quotation mark that is not closed: {printable(rest[:40])!r} ...; correct it"
                )
        if rest.strip():
            yield rest
