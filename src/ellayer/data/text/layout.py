"""Layout of a table in text: delimiter, quotation marks and names, detected once; and its chunks split by that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from ..._wording import pluralize, quoted_list
from ..errors import DataError
from ..files import name_list, printable
from ..read_options import DELIMITERS, ReadOptions
from ..table_frame import check_names
from .cells import clean_texts
from .chunk import Chunk, without_comments
from .dialect import (
    SAMPLE_ROWS,
    collapse_blanks,
    quotes_fit,
    sniff_delimiter,
    sniff_header,
    split,
    without_blanks_before_quotes,
)
from .extra_lines import count_titles, is_units_line, without_footer
from .records import find_records

_HINT = re.compile(rb"\Asep=([^\n])(?=\n)")  # Excel writes and reads it
_WHOLE = re.compile("[0-9]+")
_OTHER_KINDS = (
    (rb"\{", "JSON"),
    (rb"\[\s*[\[{]", "JSON"),
    (rb"<\?xml|<svg", "XML"),
    (rb"@relation\b", "ARFF"),
)


@dataclass(frozen=True)
class Layout:
    """Layout of a table in text.

    Attributes
    ----------
    path : Path
    delimiter : str
    is_quoted : bool
        Whether ``"`` encloses fields, where it occurs.
    has_header : bool
    names : list of str
        Of the fields of a row.
    comment : str
        The character that a comment begins with; "" for none.
    titles : int
        The number of lines above the header, or the first row, that are not of the table.
    has_units : bool
        Whether the units of the columns stand below the header.
    nameless : tuple of str
        The ``names`` of fields that have none: they are ignored.
    index : str
        The one of them that counts the rows; "" if there is none.
    """

    path: Path
    delimiter: str
    is_quoted: bool
    has_header: bool
    names: list[str]
    comment: str = ""
    titles: int = 0
    has_units: bool = False
    nameless: tuple[str, ...] = ()
    index: str = ""

    @property
    def columns(self) -> list[str]:
        """The names of the columns that are read."""
        return [name for name in self.names if name not in self.nameless]

    def chunk(self, text: bytes, line: int = 1) -> Chunk:
        """Return the records of a text, all of the same number of fields; ``line`` is the number of its first line.

        Lines at its end that look like footers are ignored.

        Raises
        ------
        DataError
            With the line that has another number, or on which a quotation mark is left open.
        """
        chunk = _split(text, self, line)
        if line == 1 and self.titles:
            chunk = chunk.after(self.titles)
        chunk = without_footer(chunk, len(self.names))
        self.check_lengths(chunk)
        return chunk

    def check_lengths(self, chunk: Chunk) -> None:
        """Refuse rows that differ in length, naming lines."""
        if chunk.records.open_quote:
            last = int(chunk.nonblank[-1])
            raise DataError(
                f"expected every quotation mark to be closed in {self.path}, but one is left open from line "
                f"{chunk.line_of(last)} ({chunk.excerpt(last)}); close it, or double the marks inside a field"
            )
        rows, width = chunk.nonblank[self.has_header and chunk.line == 1 :], len(self.names)
        odd = rows[chunk.records.fields[rows] != width]
        if not len(odd):
            return
        if chunk.line == 1 and self.has_header and (chunk.records.fields[rows] == width + 1).all():
            raise DataError(
                f"expected a name for each column of {self.path}, but the first line has {width} and the rows below have "
                f"{width + 1} values; give the column without a name one, or take the delimiter off the lines' ends"
            )
        raise self.length_error(chunk, odd)

    def length_error(self, chunk: Chunk, odd: np.ndarray) -> DataError:
        """Return the error for records of another length."""
        i, width = int(odd[0]), len(self.names)
        others = f" and {pluralize(len(odd) - 1, 'more line')} so" if len(odd) > 1 else ""
        return DataError(
            f"expected {width} values in every line of {self.path}, as in its first, but line {chunk.line_of(i)} has "
            f"{chunk.records.fields[i]}{others}: {chunk.excerpt(i)}; correct the line (a value that holds "
            f"{self.delimiter!r} needs quotation marks), or name another delimiter"
        )

    def row_records(self, chunk: Chunk) -> np.ndarray:
        """Return the numbers of the records that are rows; of a single column, blank ones between rows are rows too."""
        nonblank = chunk.nonblank[(self.has_header + self.has_units) * (chunk.line == 1) :]
        if len(self.names) > 1 or not len(nonblank):
            return nonblank
        return nonblank[0] + np.flatnonzero(chunk.records.fields[nonblank[0] : nonblank[-1] + 1] >= 0)

    def texts(self, chunk: Chunk) -> pl.DataFrame:
        """Return the rows of a chunk as a frame of clean texts; blank lines are skipped, but those of a single column."""
        nonblank = self.row_records(chunk)
        if not len(nonblank):
            return pl.DataFrame(schema=dict.fromkeys(self.columns, pl.String))
        try:
            frame = pl.read_csv(
                body := chunk.body(nonblank),
                has_header=False,
                separator=self.delimiter,
                quote_char='"' if self.is_quoted and b'"' in body else None,
                schema=dict.fromkeys(self.names, pl.String),
            )
        except pl.exceptions.PolarsError as error:
            raise _unsplit_error(self.path, str(error).splitlines()[0]) from error
        frame = frame.select(clean_texts(pl.all()))
        for name in self.nameless:
            if name != self.index and frame[name].null_count() < len(frame):
                raise _nameless_error(self.names, name, self.path)
        return frame[self.columns]  # select takes "*" and "^...$" for patterns


def detect_layout(text: bytes, options: ReadOptions, path: Path) -> tuple[Layout, Chunk, list[str]]:
    """Return how a table is written, by the beginning of its text, that text's records, and notes.

    Raises
    ------
    DataError
        For a text that is not a table, rows that differ in length, and columns without names of their own.
    """
    comment = options.comment or options.reading.get("comment") or ""
    table = without_comments(text, comment)
    _check_kind(table, path)
    notes: list[str] = []
    hint = _HINT.match(table)
    delimiter = options.delimiter or (hint and hint[1].decode("latin-1"))
    delimiter = delimiter or sniff_delimiter(table, options.reading.get("delimiter")) or ","
    layout = Layout(path, delimiter, is_quoted=True, has_header=False, names=[], comment=comment)
    chunk = _split(text, layout)
    if b'"' in text and (
        chunk.records.open_quote or chunk.records.agreement < 1 or not quotes_fit(chunk.data, delimiter)
    ):
        plain = _split(text, replace(layout, is_quoted=False))
        if plain.records.agreement == 1 and plain.records.usual > 1:
            notes.append("quotation marks stand inside the fields, so they are read as letters")
            layout, chunk = replace(layout, is_quoted=False), plain
    if not chunk.records.usual:
        raise DataError(f"expected a table in text, but {path} is empty; download or write the file again")
    _check_delimiter(chunk, options, path)
    rows = split(chunk.head(SAMPLE_ROWS), delimiter, layout.is_quoted)
    if len(rows) > len(chunk.nonblank):
        raise _unsplit_error(path, "a value with a quotation mark has no end")
    titles = count_titles(chunk, rows)
    if titles:
        chunk, rows = chunk.after(titles), rows[titles:]
        notes.append(f"{pluralize(titles, 'line')} above the table skipped")
    header = _header_option(options, rows[0])
    layout = replace(layout, titles=titles, has_header=sniff_header(rows) if header is None else header)
    chunk = without_footer(chunk, chunk.records.usual)
    layout = _with_names(layout, chunk, rows, options)
    if layout.has_header and is_units_line(rows[1:]):
        layout = replace(layout, has_units=True)
        notes.append(f"the line below the header holds units ({quoted_list(filter(None, rows[1]))}); skipped")
    return layout, chunk, [*notes, *_layout_notes(layout, options, header)]


def _layout_notes(layout: Layout, options: ReadOptions, header: bool | None) -> Iterator[str]:
    """Yield notes about the delimiter, the header and columns without a name."""
    delimiter = layout.delimiter
    if options.delimiter is None and delimiter != "," and len(layout.names) > 1:
        yield f"{DELIMITERS.get(delimiter, repr(delimiter))} separates the values"
    if header is None and not layout.has_header:
        yield "no header detected: the columns are named x0, x1, ... (if the first line is one: header=True, --header)"
    if layout.index:
        yield "the first column has no name and counts the rows: ignored"
    if empty := len(layout.nameless) - bool(layout.index):
        yield f"{pluralize(empty, 'empty column')} without a name ignored"


def _header_option(options: ReadOptions, first: list[str]) -> bool | None:
    """Return whether the first line names the columns, as far as options and an earlier file settle it."""
    if options.header is not None:
        return options.header
    if options.names is not None:
        return False
    schema = options.reading.get("schema")
    known = {column["name"].casefold() for column in schema["columns"]} if schema else set()
    if any(name.casefold() in known for name in first):
        return True
    header: bool | None = options.reading.get("header")
    return None if known and header else header


def _split(text: bytes, layout: Layout, line: int = 1) -> Chunk:
    """Return the records of a text, blanks that do not belong to a field removed."""
    data, delimiter = _HINT.sub(b"", text) if line == 1 else text, layout.delimiter
    if delimiter == " ":
        data = collapse_blanks(data)
    elif layout.is_quoted and b'"' in data:
        data = without_blanks_before_quotes(data, delimiter)
    records = find_records(data, delimiter, layout.is_quoted and b'"' in data)
    return Chunk(data, records, line).without_comments(layout.comment)


# Names


def _with_names(layout: Layout, chunk: Chunk, rows: list[list[str]], options: ReadOptions) -> Layout:
    """Return the layout with the names of the columns, and those that have none."""
    fields = chunk.records.fields[chunk.nonblank]
    width, rest = int(fields[0]), fields[1:]
    if not layout.has_header:
        layout = replace(layout, names=_given_names(width, options, layout.path))
        layout.check_lengths(chunk)
        return layout
    names = [printable(name) for name in rows[0]]
    body = rows[1:]
    if len(rest) and (rest == width - 1).all() and not names[-1]:
        names = names[:-1]
    elif len(rest) and (rest == width + 1).all():
        if all(not row[-1] for row in body if row):
            names = [*names, ""]
        elif _counts([row[0] for row in body if row]):
            names = ["", *names]
    names = [name or f"\0{j}" for j, name in enumerate(names)]
    nameless = tuple(name for name in names if name.startswith("\0"))
    first = [row[0] for row in body if row]
    is_index = nameless[:1] == ("\x000",) and bool(first) and all(map(_WHOLE.fullmatch, first))
    index = "\x000" if is_index else ""
    if options.names is not None:
        names, nameless, index = _given_names(len(names), options, layout.path), (), ""
    layout = replace(layout, names=names, nameless=nameless, index=index)
    layout.check_lengths(chunk)
    for name in nameless:
        j = names.index(name)
        if name != index and any(row[j:] and row[j] for row in body):  # damaged quotes make shorter rows
            raise _nameless_error(names, name, layout.path)
    check_names(layout.columns, str(layout.path))
    return layout


def _counts(texts: list[str]) -> bool:
    """Return whether texts are several integers, each by one larger than the one before."""
    if len(texts) < 2 or not all(map(_WHOLE.fullmatch, texts)):
        return False
    first = int(texts[0])
    return [int(text) for text in texts] == list(range(first, first + len(texts)))


def _unsplit_error(path: Path, reason: str) -> DataError:
    """Return the error for a text whose quotation marks are damaged."""
    return DataError(
        f"expected a table in text, but {path} cannot be split into values ({reason}); check its quotation marks"
    )


def _nameless_error(names: list[str], name: str, path: Path) -> DataError:
    """Return the error for a column that has values and no name."""
    j = names.index(name)
    index = "; a nameless first column is often an index: write the table without it" if j == 0 else ""
    return DataError(
        f"expected a name for each column in the header of {path}, but column {j + 1} of {len(names)} has none; give it "
        f"one (or say header=False, --no-header, if the first line is none){index}"
    )


def _given_names(width: int, options: ReadOptions, path: Path) -> list[str]:
    """Return the names that were given, or x0, x1, ...; without the target if this file alone does not have it."""
    reading = options.reading
    names = list(options.names or reading.get("names") or [f"x{j}" for j in range(width)])
    target = reading.get("target")
    if options.names is None and reading.get("width", reading.get("columns")) == width + 1:
        every = names if len(names) == width + 1 else [*names, f"x{width}"]
        if target in every:
            return [name for name in every if name != target]
    if len(names) != width:
        raise DataError(
            f"names: expected {width} names, one for each column of {path}, received {len(names)} ({name_list(names)})"
        )
    check_names(names, str(path))
    return names


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
            f"leaves each line whole ({chunk.excerpt(int(chunk.nonblank[0]))}); try {better!r}, {DELIMITERS[better]}, or leave "
            f"it out"
        )


def no_rows(layout: Layout) -> DataError:
    """Return the error for a table without rows."""
    return DataError(
        f"expected rows below the header of {layout.path} ({name_list(layout.columns)}), received none; add rows, or say "
        f"header=False (--no-header) if the first line is a row"
    )
