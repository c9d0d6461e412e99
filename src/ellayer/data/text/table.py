"""A table in text (CSV, TSV, TXT; compressed with gzip or not), read in chunks of whole records.

The first chunk determines the format of the table and the schema of its columns. A file read whole is one chunk.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from ..._wording import pluralize
from ..errors import DataError
from ..files import printable
from ..read_options import ReadOptions
from ..row_places import RowPlaces
from ..schema.reader import SchemaReader
from ..schema.schema import CellCounts
from ..table_frame import TableFrame
from .chunk import Chunk
from .decode import TextFile
from .layout import Layout, detect_layout, no_rows
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
    (frame,), (texts, places) = table.frames(), table.whole()
    notes, raw = table.notes + table.missing_notes + table.odd, texts if options.reading else None
    return TableFrame(frame, table.reading, notes, raw=raw, names=table.all_names, places=places)


def text_reading(layout: Layout, reader: SchemaReader, options: ReadOptions, encoding: str) -> dict[str, Any]:
    """Return how a table in text is written, as plain JSON."""
    reading = {
        "kind": "text", "delimiter": layout.delimiter, "decimal": reader.decimal, "encoding": encoding,
        "header": layout.has_header, "width": len(layout.names), "schema": reader.facts,
    }  # fmt: skip
    reading |= {"comment": layout.comment} if layout.comment else {}
    return reading | ({"names": layout.names} if options.names or "names" in options.reading else {})


class TextTable(SchemaReader):
    """A table in text as frames of its rows, as often as needed.

    Parameters
    ----------
    path : Path
    options : ReadOptions
    block_bytes : int, optional
        About how much is read at once; the whole file by default.

    Attributes
    ----------
    names : list of str
        Of all columns.
    reading : dict
        How the table is written, as plain JSON.
    notes : list of str
        Notes about the first chunk.
    """

    reading: dict[str, Any]
    notes: list[str]
    counts: CellCounts

    def __init__(self, path: Path, options: ReadOptions, block_bytes: int | None = None):
        self._path, self._block_bytes = path, block_bytes
        self._file = TextFile(path, options.encoding, options.reading.get("encoding"), block_bytes)
        self._layout, chunk, notes = detect_layout(next(self._pieces(is_quoted=True), b""), options, path)
        layout, texts = self._layout, self._layout.texts(chunk)
        if not len(texts):
            raise no_rows(layout)
        super().__init__(texts, options, str(path), layout.delimiter)
        self._whole = [(chunk, texts)] if block_bytes is None else []  # not to be read a second time
        self.reading = text_reading(layout, self, options, self._file.encoding)
        self.notes = [*self._file.notes, *notes, *self.notes]
        self._blank = self._footers = 0

    @property
    def odd(self) -> list[str]:
        """Notes about the rows read last: values unlike those of the schema, and skipped lines."""
        blank = self._blank if len(self.names) > 1 else 0  # of one column it is a missing value
        lines = [f"{pluralize(blank, 'blank line')} skipped"] if blank else []
        lines += [f"{pluralize(self._footers, 'line')} below the table skipped"] if self._footers else []
        return [*super().odd, *lines]

    def whole(self) -> tuple[pl.DataFrame, RowPlaces]:
        """Return the texts of a table that is read whole as they stand in the file, and the lines of its rows."""
        ((chunk, texts),) = self._whole
        return self.choose(texts), RowPlaces(chunk.lines_of(self._layout.row_records(chunk)), "line")

    def frames(self, target: str = "") -> Iterator[pl.DataFrame]:
        """Return the rows in order, a frame for each chunk, in the types of the schema.

        Parameters
        ----------
        target : str
            A column whose values must have the type that the first chunk shows.

        Raises
        ------
        DataError
            For a target that does not have its column's type; another value that does not is missing.
        """
        self.counts, self._blank, self._footers = CellCounts(), 0, 0
        trailing, row = 0, 1
        footer: DataError | None = None
        for chunk, texts in self._whole or self._chunks():
            if footer is not None and len(chunk.nonblank):
                raise footer
            inside, after = chunk.blank_lines()
            if len(chunk.nonblank):
                self._blank, trailing = self._blank + trailing + inside, 0
            trailing += after
            if len(footers := chunk.footers):
                self._footers += len(footers)
                footer = footer or self._layout.length_error(chunk, footers)
            frame = self.read(texts)
            if target:
                self._check_target(frame[target], self.choose(texts)[target], row)
            row += len(frame)
            yield frame

    def _chunks(self) -> Iterator[tuple[Chunk, pl.DataFrame]]:
        """Return the chunks of the file and their rows as texts."""
        line = 1
        for text in self._pieces(self._layout.is_quoted):
            chunk = self._layout.chunk(text, line)
            yield chunk, self._layout.texts(chunk)
            line += text.count(b"\n")

    def _check_target(self, values: pl.Series, texts: pl.Series, row: int) -> None:
        """Refuse a target that does not have the type of its first rows."""
        target, rows = values.name, len(values)
        whole = next(column.type for column in self.schema.columns if column.name == target) == "whole"
        strange = self.counts.strange.get(target, (0, []))[1]
        if whole and values.dtype.is_float():
            strange = texts.filter(values != values.floor()).head(1).to_list() or strange
        if strange:
            raise DataError(
                f"target {target!r}: expected {'integers' if whole else 'numbers'} as in the first rows of {self._path}, "
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
