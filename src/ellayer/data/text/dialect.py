"""Dialect of a table in text: its delimiter, whether a header names the columns, its quotation marks."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

import numpy as np

from .cells import is_missing_text
from .records import find_records

_LIKELY = ("\t", ";", "|", ",")  # a comma last: it may be a decimal separator
_SAMPLE_BYTES, SAMPLE_ROWS = 1 << 18, 200
_NUMBER = re.compile(r"[+-]?([0-9]+([.,][0-9]*)*|[.,][0-9]+)([eE][+-]?[0-9]+)?|[+-]?inf(inity)?", re.I)


def sniff_delimiter(data: bytes, before: str | None = None) -> str | None:
    """Return the sign that splits most records into one same number of fields; None where there is none.

    Parameters
    ----------
    data : bytes
        The text; its beginning is looked at.
    before : str, optional
        The delimiter of an earlier file, taken where it fits as well as any.

    Examples
    --------
    >>> sniff_delimiter(b"a;b\\n1,5;2\\n"), sniff_delimiter(b"one\\ntwo\\n")
    (';', None)
    """
    sample = data[:_SAMPLE_BYTES]
    if len(sample) < len(data):
        sample = sample[: sample.rfind(b"\n") + 1] or sample
    quoted = b'"' in sample
    best, agreement = None, 0.5
    for sign in dict.fromkeys([*([before] if before else []), *_LIKELY]):
        records = find_records(sample, sign, quoted)
        if records.usual > 1 and records.agreement > agreement:
            best, agreement = sign, records.agreement
    if best is None:
        records = find_records(collapse_blanks(sample), " ", quoted)
        if records.usual > 1 and records.agreement == 1.0 and len(records.fields) > 1:
            return " "
    return best


def collapse_blanks(data: bytes) -> bytes:
    """Return a text in which blanks and tabs between words are one blank, and none stands at a line's ends.

    Examples
    --------
    >>> collapse_blanks(b"  1   2\\n10\\t20 \\n")
    b'1 2\\n10 20\\n'
    """
    return re.sub(rb"(?m)^ | $", b"", re.sub(rb"[ \t]+", b" ", data))


def without_blanks_before_quotes(data: bytes, delimiter: str) -> bytes:
    """Return a text without the blanks between the beginning of a field and its quotation mark.

    Examples
    --------
    >>> without_blanks_before_quotes(b' "a", "b, ""c"', ",")
    b'"a","b, ""c"'
    """
    spans = [
        match.span(1)
        for match in re.finditer(b"(?m)(?:^|" + re.escape(delimiter.encode()) + b')( +)(?=")', data)
    ]
    if not spans:
        return data
    begins, ends = np.array(spans).T
    marks = np.flatnonzero(np.frombuffer(data, np.uint8) == ord('"'))
    outside = np.searchsorted(marks, begins) % 2 == 0
    change = np.zeros(len(data) + 1, np.int8)
    change[begins[outside]] = 1
    change[ends[outside]] -= 1
    return np.frombuffer(data, np.uint8)[np.cumsum(change[:-1], dtype=np.int8) == 0].tobytes()


def quotes_fit(data: bytes, delimiter: str) -> bool:
    """Return whether quotation marks enclose whole fields, and do not stand within them as a sign of inches does.

    Examples
    --------
    >>> quotes_fit(b'"a ""b"" c",1', ","), quotes_fit(b'5",1,7",2', ",")
    (True, False)
    """
    raw, signs = np.frombuffer(data, np.uint8), (ord(delimiter), ord("\n"), ord('"'))
    marks = np.flatnonzero(raw == ord('"'))
    before, after = marks[::2] - 1, marks[1::2] + 1
    neighbors = raw[np.concatenate([before[before >= 0], after[after < len(raw)]])]
    return bool(np.logical_or.reduce([neighbors == sign for sign in signs]).all())


def split(lines: str, delimiter: str, quoted: bool) -> list[list[str]]:
    """Return the fields of some records, blanks around them ignored.

    Examples
    --------
    >>> split('a,"b, c"\\n', ",", quoted=True)
    [['a', 'b, c']]
    """
    csv.field_size_limit(2**31 - 1)
    if quoted:
        # not splitlines, which also ends lines at form feeds and at separators of Unicode
        rows = csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter, skipinitialspace=True)
    else:
        rows = csv.reader(lines.split("\n"), delimiter=delimiter, quoting=csv.QUOTE_NONE)
    return [[field.strip() for field in row] for row in rows if row]


def sniff_header(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row names the columns.

    It does where a column of numbers begins with a word. It does not where it holds a number itself, or a
    word that its column holds again. Numbers that count the columns are names.

    Parameters
    ----------
    rows : sequence of sequences of str
        The first rows.

    Examples
    --------
    >>> sniff_header([["age", "sex"], ["31", "F"]]), sniff_header([["31", "F"], ["28", "M"]])
    (True, False)
    """
    first, rest = rows[0], rows[1:]
    counted = [str(j) for j in range(len(first))]
    if len(first) > 1 and (list(first) == counted or (not first[0] and list(first[1:]) == counted[:-1])):
        return True
    for j, name in enumerate(first):  # mostly the first of them decides
        if not is_missing_text(name) and not is_number(name) and are_numbers(rest, j):
            return True
    if any(map(is_number, first)) or all(map(is_missing_text, first)):
        return False
    return not any(name in cells_of(rest, j) for j, name in enumerate(first) if name)


def cells_of(rows: Sequence[Sequence[str]], j: int) -> list[str]:
    """Return the cells of a column that are not missing."""
    return [row[j] for row in rows if j < len(row) and not is_missing_text(row[j])]


def are_numbers(rows: Sequence[Sequence[str]], j: int) -> bool:
    """Return whether a column has cells, and all of them are numbers or missing."""
    cells = cells_of(rows, j)
    return bool(cells) and all(map(is_number, cells))


def is_number(field: str) -> bool:
    """Return whether a field is a number, whatever its decimal separator."""
    return _NUMBER.fullmatch(field) is not None
