"""A table in text (CSV, TSV, TXT; packed with gzip or not) as a frame, and what is wrong with one."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError
from ..files import listed, printable
from ..read_options import DELIMITERS, How
from .decode import read_text
from .dialect import SAMPLE_ROWS, collapse_blanks, sniff_delimiter, sniff_header, split
from .numbers import sniff_decimal, with_numbers
from .records import Records, find_records, line_of

if TYPE_CHECKING:
    import polars as pl

SUFFIXES = (".csv", ".tsv", ".txt", ".tab", ".dat", ".data")


@dataclass(frozen=True, eq=False)
class Table:
    """The columns of a file, how they were read, what to know of it; and the targets it keeps apart, if any."""

    frame: pl.DataFrame
    reading: dict[str, Any]
    notes: list[str]
    y: np.ndarray | None = None
    target: str | None = None


@dataclass(frozen=True, eq=False)
class _Layout:
    """A text cut into records: all have the same number of fields, but for blank lines."""

    data: bytes
    delimiter: str
    quoted: bool
    records: Records
    path: Path

    def first(self, count: int) -> str:
        """Return the text of the first records that are not blank."""
        filled = np.flatnonzero(self.records.fields)[:count]
        return self.data[self.records.starts[filled[0]] : self.records.ends[filled[-1]]].decode("utf-8")


def read_table_file(path: Path, how: How) -> Table:
    """Read a table in text; what its options leave open is found out and noted.

    Parameters
    ----------
    path : Path
    how : How

    Returns
    -------
    Table
        Columns that hold only numbers as numbers, the others as text; rows in the order of the file.

    Raises
    ------
    DataError
        No table, one whose rows differ in length, or columns without names of their own.
    """
    before = how.before
    text = read_text(path, how.encoding, before.get("encoding"))
    _check_kind(text.data, path)
    notes = list(text.notes)
    layout = _layout(text.data, how, path, notes)
    rows = split(layout.first(SAMPLE_ROWS), layout.delimiter, layout.quoted)
    header = how.header if how.header is not None else before.get("header", None)
    seen = sniff_header(rows) if header is None else bool(header)
    if header is None and not seen:
        notes.append(
            "no header was seen: the columns are named x0, x1, ... (if there is one: header=True, --header)"
        )
    names = _names(rows[0], path) if seen else _numbered(len(rows[0]), before)
    frame = _frame(layout, names, seen, notes)
    decimal = how.decimal or before.get("decimal") or sniff_decimal(frame, layout.delimiter)
    if decimal == ",":
        notes.append("a comma is the decimal sign")
    frame, more = with_numbers(frame, decimal)
    reading = {"kind": "text", "delimiter": layout.delimiter, "quoted": layout.quoted, "decimal": decimal,
               "encoding": text.encoding, "header": seen}  # fmt: skip
    return Table(frame, reading, notes + more)


def _check_kind(data: bytes, path: Path) -> None:
    """Refuse texts that are no tables but know to look like one."""
    head = data[:256].lstrip().lower()
    for begin, words in (
        (rb"\{", "JSON"),
        (rb"\[\s*[\[{]", "JSON"),
        (rb"<\?xml|<svg", "XML"),
        (rb"@relation\b", "ARFF"),
    ):
        if re.match(begin, head):
            raise DataError(
                f"expected a table in text (CSV), but {path} is {words}; write it as CSV or Parquet"
            )


def _layout(data: bytes, how: How, path: Path, notes: list[str]) -> _Layout:
    """Find the delimiter and cut the text into records."""
    if (hint := re.match(rb"sep=([^\n])\n", data)) and how.delimiter is None:  # Excel writes and reads it
        data, delimiter = data[hint.end() - 1 :], hint[1].decode("latin-1")
    else:
        delimiter = how.delimiter or sniff_delimiter(data, how.before.get("delimiter")) or ","
    if delimiter == " ":
        data = collapse_blanks(data)
    else:  # a blank before a quotation mark is no part of the field
        data = re.sub(re.escape(delimiter.encode()) + b' +"', delimiter.encode() + b'"', data)
    quoted = b'"' in data
    records = find_records(data, delimiter, quoted)
    if quoted and (records.open_quote or records.agreement < 1):
        plain = find_records(data, delimiter, quoted=False)
        if plain.agreement == 1 and plain.usual > 1:
            notes.append("quotation marks stand inside the fields, so they are read as letters")
            quoted, records = False, plain
    layout = _Layout(data, delimiter, quoted, records, path)
    if not records.usual:
        raise DataError(f"expected a table in text, but {path} is empty; fetch or write the file again")
    _check_delimiter(layout, how)
    _check_lengths(layout)
    if how.delimiter is None and delimiter != "," and records.usual > 1:
        notes.append(f"{DELIMITERS.get(delimiter, repr(delimiter))} separates the values")
    return layout


def _check_delimiter(layout: _Layout, how: How) -> None:
    """Refuse a delimiter that was given and splits nothing, where another one would."""
    if how.delimiter is None or layout.records.usual > 1:
        return
    better = sniff_delimiter(layout.data)
    if better is not None:
        raise DataError(
            f"delimiter: expected the sign between the values of {layout.path}, received {how.delimiter!r}, which "
            f"leaves each line whole ({_excerpt(layout.first(1))}); try {better!r}, {DELIMITERS[better]}, or leave it out"
        )


def _check_lengths(layout: _Layout) -> None:
    """Refuse a table whose rows do not all have the same number of fields, naming lines."""
    records, path = layout.records, layout.path
    filled = np.flatnonzero(records.fields)
    fields = records.fields[filled]
    if records.open_quote:
        last = int(filled[-1])
        raise DataError(
            f"expected every quotation mark to be closed in {path}, but one is left open from line "
            f"{line_of(layout.data, records.starts[last])} ({_excerpt(_record(layout, last))}); close it, or double "
            f"the marks inside a field"
        )
    odd = filled[fields != fields[0]]
    if not len(odd):
        return
    if len(odd) == len(filled) - 1 and (fields[1:] == fields[0] + 1).all():
        raise DataError(
            f"expected a name for each column of {path}, but the first line has {fields[0]} and the rows below have "
            f"{fields[1]} values; give the column without a name one, or take the delimiter off the lines' ends"
        )
    i = int(odd[0])
    others = f" and {len(odd) - 1} more lines so" if len(odd) > 1 else ""
    raise DataError(
        f"expected {fields[0]} values in every line of {path}, as in its first, but line "
        f"{line_of(layout.data, records.starts[i])} has {records.fields[i]}{others}: {_excerpt(_record(layout, i))}; "
        f"mend the line (a value that holds {layout.delimiter!r} needs quotation marks), or name another delimiter"
    )


def _record(layout: _Layout, i: int) -> str:
    begin, end = layout.records.starts[i], min(layout.records.ends[i], layout.records.starts[i] + 400)
    return layout.data[begin:end].decode("utf-8", errors="replace")


def _excerpt(text: str, most: int = 60) -> str:
    text = printable(text.split("\n")[0])
    return repr(text if len(text) <= most else text[:most] + " ...")


def _names(row: list[str], path: Path) -> list[str]:
    """Return the names in a header, refused if one is empty or there twice."""
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


def check_names(names: list[str], where: str) -> None:
    """Refuse names that occur twice.

    Raises
    ------
    DataError
        Naming them and their places.
    """
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        places = [j + 1 for j, name in enumerate(names) if name == twice[0]]
        raise DataError(
            f"expected columns of different names in {where}, received {listed([repr(name) for name in twice])} more "
            f"than once (columns {', '.join(map(str, places[:5]))}); rename them"
        )


def _numbered(count: int, before: dict[str, Any]) -> list[str]:
    """Return x0, x1, ...; the target's number is left out where an earlier file's target is missing here."""
    names = [f"x{j}" for j in range(count)]
    if before.get("target") in [*names, f"x{count}"] and before.get("columns") == count + 1:
        return [name for name in [*names, f"x{count}"] if name != before["target"]]
    return names


def _frame(layout: _Layout, names: list[str], header: bool, notes: list[str]) -> pl.DataFrame:
    """Return the rows as a frame of texts."""
    import polars as pl

    records, path = layout.records, layout.path
    filled = np.flatnonzero(records.fields)
    if header:
        filled = filled[1:]
    if not len(filled):
        raise DataError(
            f"expected rows below the header of {path} ({listed(names)}), but there is none; add rows, or say "
            f"header=False (--no-header) if the first line is a row"
        )
    body = layout.data[records.starts[filled[0]] : records.ends[filled[-1]]]
    blank = int(filled[-1] - filled[0] + 1 - len(filled))
    if blank and len(names) > 1:
        pairs = zip(records.starts[filled].tolist(), records.ends[filled].tolist(), strict=True)
        body = b"\n".join([layout.data[begin:end] for begin, end in pairs])
        notes.append(f"{blank} blank {'line was' if blank == 1 else 'lines were'} left out")
    try:
        return pl.read_csv(
            body,
            has_header=False,
            separator=layout.delimiter,
            quote_char='"' if layout.quoted else None,
            schema=dict.fromkeys(names, pl.String),
        )
    except pl.exceptions.PolarsError as error:
        raise DataError(
            f"expected a table in text, but {path} cannot be taken apart ({str(error).splitlines()[0]}); check its "
            f"quotation marks"
        ) from error
