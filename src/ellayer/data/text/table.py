"""A table in text (CSV, TSV, TXT; packed with gzip or not), read in chunks of whole records.

The first chunk settles how the table is written and which columns hold numbers. A file read whole is one chunk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DataError
from ..files import printable
from ..read_options import ReadOptions
from ..table_frame import TableFrame
from ..wording import pluralize
from .decode import TextFile
from .layout import detect_layout, no_rows
from .numbers import ColumnType, clean_texts, group_note, infer_type, read_cells, sniff_decimal
from .records import record_end

if TYPE_CHECKING:
    import polars as pl

SUFFIXES = (".csv", ".tsv", ".txt", ".tab", ".dat", ".data")
_LONGEST = 8  # blocks, which one record may fill
_FEWEST = 3  # lines, beyond which a table shows how it is written: a hint, names and a row


def read_table_file(path: Path, options: ReadOptions) -> TableFrame:
    """Read a table in text; what the options leave open is detected and noted.

    Parameters
    ----------
    path : Path
    options : ReadOptions

    Returns
    -------
    TableFrame
        Columns that hold only numbers as numbers, the others as text; rows in the order of the file.

    Raises
    ------
    DataError
        For a file that is not a table, rows that differ in length, and columns without names of their own.
    """
    table = TextTable(path, options)
    return TableFrame(table.first, table.reading, table.notes + table.odd)


class TextTable:
    """A table in text as frames of its rows, as often as one likes.

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
        What was detected in the first chunk.
    """

    def __init__(self, path: Path, options: ReadOptions, block_bytes: int | None = None):
        self._path, self._block_bytes = path, block_bytes
        self._file = TextFile(path, options.encoding, options.reading.get("encoding"), block_bytes)
        text = b""
        for piece in self._pieces(is_quoted=True):
            text += piece
            if text.count(b"\n") > _FEWEST:
                break
        self._layout, chunk, notes = detect_layout(text, options, path)
        self._strange, self._blank = Counter[str](), chunk.blank_lines()[0]
        texts = self._layout.texts(chunk)
        if not len(texts):
            raise no_rows(self._layout)
        decimal = (
            options.decimal or options.reading.get("decimal") or sniff_decimal(texts, self._layout.delimiter)
        )
        texts = texts.select(clean_texts(column) for column in texts)
        inferred = {column.name: infer_type(column, decimal) for column in texts}
        self._types = {name: column_type for name, (column_type, _) in inferred.items()}
        self.first = self._typed(texts, self._types)
        self.names = self._layout.names
        quoted = self._layout.is_quoted and b'"' in chunk.data
        self.reading = {"kind": "text", "delimiter": self._layout.delimiter, "quoted": quoted,
                        "decimal": decimal, "encoding": self._file.encoding, "header": self._layout.has_header}  # fmt: skip
        self.notes = [*self._file.notes, *notes, *(["a comma is the decimal sign"] if decimal == "," else [])]
        if grouped := [name for name, (_, has_groups) in inferred.items() if has_groups]:
            self.notes.append(group_note(grouped, decimal))

    @property
    def odd(self) -> list[str]:
        """Warnings about the rows read last: values unlike those of the first chunk, and blank lines."""
        odd = [
            f"column {name!r}: {pluralize(count, 'value is not a number', 'values are not numbers')} as in the first rows; "
            "treated as missing"
            for name, count in self._strange.items()
        ]
        blank = self._blank if len(self.names) > 1 else 0  # of one column it is a missing value
        return odd + ([f"{pluralize(blank, 'blank line')} skipped"] if blank else [])

    def frames(self, target: str) -> Iterator[pl.DataFrame]:
        """Return the rows in order, a frame for each chunk, in the types of the first one.

        Columns of numbers are float64, but a target of whole numbers is int64.

        Raises
        ------
        DataError
            For a target that does not have its column's type; another value that does not is missing.
        """
        types = {
            name: replace(column_type, kind="number")
            if column_type.is_number and name != target
            else column_type
            for name, column_type in self._types.items()
        }
        self._strange.clear()
        self._blank, trailing, row, line = 0, 0, 1, 1
        for text in self._pieces(self._layout.is_quoted):
            chunk = self._layout.chunk(text, line)
            inside, after = chunk.blank_lines()
            if len(chunk.filled):
                self._blank, trailing = self._blank + trailing + inside, 0
            trailing += after
            texts = self._layout.texts(chunk)
            frame = self._typed(texts.select(clean_texts(column) for column in texts), types, target, row)
            row, line = row + len(frame), line + text.count(b"\n")
            yield frame

    def _typed(
        self, texts: pl.DataFrame, types: Mapping[str, ColumnType], target: str = "", row: int = 1
    ) -> pl.DataFrame:
        """Return a frame of clean texts in the types of its columns; count the values that do not have them."""
        columns = []
        for column in texts:
            cells, strange = read_cells(column, types[column.name])
            columns.append(cells)
            if not len(strange):
                continue
            if column.name == target:
                whole = "whole " if types[target].kind == "whole" else ""
                raise DataError(
                    f"target {target!r}: expected {whole}numbers as in the first rows of {self._path}, received {strange[0]!r} "
                    f"in rows {row:,} to {row + len(texts) - 1:,}; correct the file, write labels as text, or numbers with a "
                    f"decimal point from the first row on (1.0)"
                )
            self._strange[column.name] += len(strange)
        return texts.select(columns)

    def _pieces(self, is_quoted: bool) -> Iterator[bytes]:
        """Return the text in pieces that end where a record ends."""
        rest = b""
        for block in self._file.blocks():
            rest += block
            if self._block_bytes is None:
                continue
            if cut := record_end(rest) if is_quoted else rest.rfind(b"\n") + 1:
                yield rest[:cut]
                rest = rest[cut:]
            elif len(rest) > _LONGEST * self._block_bytes:
                raise DataError(
                    f"expected a table in text, but {self._path} has a record of more than {len(rest):,} bytes, or a "
                    f"quotation mark that is not closed: {printable(rest[:40])!r} ...; correct it"
                )
        if rest.strip():
            yield rest
