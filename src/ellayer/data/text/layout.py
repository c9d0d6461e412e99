"""How a table in text is written: delimiter, quotation marks and names, detected once; and its chunks split by that."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError
from ..files import listed, printable
from ..read_options import DELIMITERS, ReadOptions
from ..table_frame import check_names
from .dialect import SAMPLE_ROWS, collapse_blanks, sniff_delimiter, sniff_header, split
from .records import Records, find_records, line_of

if TYPE_CHECKING:
    import polars as pl

_HINT = re.compile(rb"\Asep=([^\n])(?=\n)")  # Excel writes and reads it
_OTHER_KINDS = (
    (rb"\{", "JSON"),
    (rb"\[\s*[\[{]", "JSON"),
    (rb"<\?xml|<svg", "XML"),
    (rb"@relation\b", "ARFF"),
)


@dataclass(frozen=True, eq=False)
class Chunk:
    """Some whole records of a text.

    Attributes
    ----------
    data : bytes
    records : Records
    line : int
        The number of its first line in the file, from 1.
    """

    data: bytes
    records: Records
    line: int = 1

    @property
    def filled(self) -> np.ndarray:
        """The numbers of the records that are not blank."""
        return np.flatnonzero(self.records.fields)

    def head(self, count: int) -> str:
        """Return the text of the first records that are not blank."""
        filled = self.filled[:count]
        return self.data[self.records.starts[filled[0]] : self.records.ends[filled[-1]]].decode("utf-8")

    def blank_lines(self) -> tuple[int, int]:
        """Return the number of blank lines before a record, and after the last one; those before a header do not count."""
        blank, filled = np.flatnonzero(self.records.fields == 0), self.filled
        if not len(filled):
            return 0, len(blank)
        begin = filled[0] if self.line == 1 else -1
        return int(((blank > begin) & (blank < filled[-1])).sum()), int((blank > filled[-1]).sum())

    def excerpt(self, i: int, most: int = 60) -> str:
        """Return the beginning of a record."""
        begin, end = self.records.starts[i], self.records.ends[i]
        text = printable(self.data[begin : min(end, begin + 400)].split(b"\n")[0])
        return repr(text if len(text) <= most else text[:most] + " ...")

    def line_of(self, i: int) -> int:
        """Return the number of the line on which a record begins."""
        return self.line + line_of(self.data, self.records.starts[i]) - 1


@dataclass(frozen=True)
class Layout:
    """How a table in text is written.

    Attributes
    ----------
    path : Path
    delimiter : str
    is_quoted : bool
        Whether ``"`` encloses fields, where it occurs.
    has_header : bool
    names : list of str
        Of the columns.
    """

    path: Path
    delimiter: str
    is_quoted: bool
    has_header: bool
    names: list[str]

    def chunk(self, text: bytes, line: int = 1) -> Chunk:
        """Return the records of a text, all of the same number of fields; ``line`` is the number of its first line.

        Raises
        ------
        DataError
            With the line that has another number, or on which a quotation mark is left open.
        """
        chunk = _split(text, self.delimiter, self.is_quoted, line)
        _check_lengths(chunk, len(self.names), self)
        return chunk

    def texts(self, chunk: Chunk) -> pl.DataFrame:
        """Return the rows of a chunk as a frame of texts; blank lines are skipped, but those of a single column."""
        import polars as pl

        schema = dict.fromkeys(self.names, pl.String)
        filled = chunk.filled[self.has_header and chunk.line == 1 :]
        if not len(filled):
            return pl.DataFrame(schema=schema)
        starts, ends = chunk.records.starts, chunk.records.ends
        body = chunk.data[starts[filled[0]] : ends[filled[-1]]]
        if len(self.names) > 1 and len(filled) < filled[-1] - filled[0] + 1:
            pairs = zip(starts[filled].tolist(), ends[filled].tolist(), strict=True)
            body = b"\n".join([chunk.data[begin:end] for begin, end in pairs])
        try:
            return pl.read_csv(
                body,
                has_header=False,
                separator=self.delimiter,
                quote_char='"' if self.is_quoted and b'"' in body else None,
                schema=schema,
            )
        except pl.exceptions.PolarsError as error:
            raise DataError(
                f"expected a table in text, but {self.path} cannot be split into values ({str(error).splitlines()[0]}); "
                f"check its quotation marks"
            ) from error


def detect_layout(text: bytes, options: ReadOptions, path: Path) -> tuple[Layout, Chunk, list[str]]:
    """Return how a table is written by the beginning of its text, that text's records, and notes.

    Raises
    ------
    DataError
        For a text that is not a table, rows that differ in length, and columns without names of their own.
    """
    _check_kind(text, path)
    notes: list[str] = []
    hint = _HINT.match(text)
    delimiter = options.delimiter or (hint and hint[1].decode("latin-1"))
    delimiter = delimiter or sniff_delimiter(text, options.reading.get("delimiter")) or ","
    is_quoted = True
    chunk = _split(text, delimiter, is_quoted)
    if b'"' in text and (chunk.records.open_quote or chunk.records.agreement < 1):
        plain = _split(text, delimiter, is_quoted=False)
        if plain.records.agreement == 1 and plain.records.usual > 1:
            notes.append("quotation marks stand inside the fields, so they are read as letters")
            is_quoted, chunk = False, plain
    if not chunk.records.usual:
        raise DataError(f"expected a table in text, but {path} is empty; fetch or write the file again")
    _check_delimiter(chunk, options, path)
    rows = split(chunk.head(SAMPLE_ROWS), delimiter, is_quoted)
    header = options.header if options.header is not None else options.reading.get("header")
    has_header = sniff_header(rows) if header is None else bool(header)
    width = int(chunk.records.fields[chunk.filled[0]])
    _check_lengths(chunk, width, Layout(path, delimiter, is_quoted, has_header, []))
    if options.delimiter is None and delimiter != "," and width > 1:
        notes.append(f"{DELIMITERS.get(delimiter, repr(delimiter))} separates the values")
    if header is None and not has_header:
        notes.append(
            "no header detected: the columns are named x0, x1, ... (if the first line is one: header=True, --header)"
        )
    names = _header_names(rows[0], path) if has_header else _numbered(width, options.reading)
    return Layout(path, delimiter, is_quoted, has_header, names), chunk, notes


def _split(text: bytes, delimiter: str, is_quoted: bool, line: int = 1) -> Chunk:
    """Return the records of a text, blanks that do not belong to a field removed."""
    data = _HINT.sub(b"", text) if line == 1 else text
    if delimiter == " ":
        data = collapse_blanks(data)
    elif is_quoted and b'"' in data:  # a blank before a quotation mark does not belong to the field
        data = re.sub(re.escape(delimiter.encode()) + b' +"', delimiter.encode() + b'"', data)
    return Chunk(data, find_records(data, delimiter, is_quoted and b'"' in data), line)


# Refusals


def _check_kind(text: bytes, path: Path) -> None:
    """Refuse texts of other kinds that may look like a table."""
    head = text[:256].lstrip().lower()
    for begin, kind in _OTHER_KINDS:
        if re.match(begin, head):
            raise DataError(
                f"expected a table in text (CSV), but {path} is {kind}; write it as CSV or Parquet"
            )


def _check_delimiter(chunk: Chunk, options: ReadOptions, path: Path) -> None:
    """Refuse a delimiter that was given and splits nothing, if another one would."""
    if options.delimiter is None or chunk.records.usual > 1:
        return
    better = sniff_delimiter(chunk.data)
    if better is not None:
        raise DataError(
            f"delimiter: expected the character between the values of {path}, received {options.delimiter!r}, which "
            f"leaves each line whole ({chunk.excerpt(int(chunk.filled[0]))}); try {better!r}, {DELIMITERS[better]}, or leave "
            f"it out"
        )


def _check_lengths(chunk: Chunk, width: int, layout: Layout) -> None:
    """Refuse a table whose rows do not all have the same number of fields, naming lines."""
    filled, path = chunk.filled, layout.path
    fields = chunk.records.fields[filled]
    if chunk.records.open_quote:
        last = int(filled[-1])
        raise DataError(
            f"expected every quotation mark to be closed in {path}, but one is left open from line {chunk.line_of(last)} "
            f"({chunk.excerpt(last)}); close it, or double the marks inside a field"
        )
    odd = filled[fields != width]
    if not len(odd):
        return
    if chunk.line == 1 and len(odd) == len(filled) - 1 and (fields[1:] == width + 1).all():
        raise DataError(
            f"expected a name for each column of {path}, but the first line has {width} and the rows below have "
            f"{width + 1} values; give the column without a name one, or take the delimiter off the lines' ends"
        )
    i = int(odd[0])
    others = f" and {len(odd) - 1} more lines so" if len(odd) > 1 else ""
    raise DataError(
        f"expected {width} values in every line of {path}, as in its first, but line {chunk.line_of(i)} has "
        f"{chunk.records.fields[i]}{others}: {chunk.excerpt(i)}; correct the line (a value that holds "
        f"{layout.delimiter!r} needs quotation marks), or name another delimiter"
    )


# Names


def _header_names(row: list[str], path: Path) -> list[str]:
    """Return the names in a header, refused if one is empty or occurs twice."""
    empty = [j + 1 for j, name in enumerate(row) if not name]
    if empty:
        index = (
            "; a nameless first column is often an index: write the table without it" if empty[0] == 1 else ""
        )
        raise DataError(
            f"expected a name for each column in the header of {path}, but column {', '.join(map(str, empty[:5]))} of "
            f"{len(row)} has none; give it one (or say header=False, --no-header, if the first line is none){index}"
        )
    check_names(row, str(path))
    return [printable(name) for name in row]


def _numbered(width: int, reading: Mapping[str, Any]) -> list[str]:
    """Return x0, x1, ...; without the number of the target if an earlier file had it and this one does not."""
    names = [f"x{j}" for j in range(width)]
    if reading.get("target") in [*names, f"x{width}"] and reading.get("columns") == width + 1:
        return [name for name in [*names, f"x{width}"] if name != reading["target"]]
    return names


def no_rows(layout: Layout) -> DataError:
    """Return the error for a table without rows."""
    return DataError(
        f"expected rows below the header of {layout.path} ({listed(layout.names)}), received none; add rows, or say "
        f"header=False (--no-header) if the first line is a row"
    )
