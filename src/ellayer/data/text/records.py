"""The records of a table in text: their positions and numbers of fields."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_BLOCK = 1 << 23
_NEWLINE, _QUOTE = 10, 34


@dataclass(frozen=True, eq=False)
class Records:
    """The records of a text, in order.

    Attributes
    ----------
    starts, ends : ndarray of int64, shape (n,)
        The bytes of each record, its line end ignored.
    fields : ndarray of int64, shape (n,)
        The number of its fields; 0 for a blank line.
    open_quote : bool
        Whether a quotation is not closed at the end.
    """

    starts: np.ndarray
    ends: np.ndarray
    fields: np.ndarray
    open_quote: bool

    @property
    def usual(self) -> int:
        """The number of fields that most records have; 0 where there is no record."""
        nonblank = self.fields[self.fields > 0]
        return int(np.bincount(nonblank).argmax()) if len(nonblank) else 0

    @property
    def agreement(self) -> float:
        """The share of the records that have the usual number of fields."""
        nonblank = self.fields[self.fields > 0]
        return float((nonblank == self.usual).mean()) if len(nonblank) else 0.0


def find_records(data: bytes, delimiter: str, quoted: bool) -> Records:
    """Return the records of a text.

    A delimiter or a line end between two quotation marks belongs to the field (RFC 4180).

    Parameters
    ----------
    data : bytes
        Lines ended by a line feed.
    delimiter : str
        One character.
    quoted : bool
        Whether ``"`` encloses fields.

    Examples
    --------
    >>> find_records(b'a,b\\n1,"2,\\n3"\\n', ",", quoted=True).fields.tolist()
    [2, 2]
    """
    raw, separator = np.frombuffer(data, np.uint8), ord(delimiter)
    ends, counts = [], []
    inside = count = 0
    for begin in range(0, len(raw), _BLOCK):
        block = raw[begin : begin + _BLOCK]
        newline, separates = block == _NEWLINE, block == separator
        if quoted:
            marks = np.cumsum(block == _QUOTE, dtype=np.uint8) + np.uint8(inside)  # only the parity matters
            outside = (marks & 1) == 0
            newline, separates = newline & outside, separates & outside
            inside = int(marks[-1] & 1)
        places, between = np.flatnonzero(newline), np.flatnonzero(separates)
        ends.append(places + begin)
        counts.append(np.searchsorted(between, places) + count)
        count += len(between)
    if len(raw) and (raw[-1] != _NEWLINE or inside):
        ends.append(np.array([len(raw)]))
        counts.append(np.array([count]))
    end = np.concatenate([*ends, np.zeros(0, np.int64)]).astype(np.int64)
    total = np.concatenate([*counts, np.zeros(0, np.int64)]).astype(np.int64)
    start = np.concatenate([[0], end[:-1] + 1]).astype(np.int64)[: len(end)]
    fields = np.diff(total, prepend=0) + 1
    return Records(start, end, np.where(end > start, fields, 0), bool(inside))


def record_end(text: bytes) -> int:
    """Return where the last whole record ends: after the last line end that no quotation marks enclose; 0 for none.

    Examples
    --------
    >>> record_end(b'a,"b\\nc"\\nd,"e\\nf')
    8
    """
    end = text.rfind(b"\n")
    marks = text.count(b'"', 0, end + 1)
    while end >= 0 and marks % 2:
        before = text.rfind(b"\n", 0, end)
        marks -= text.count(b'"', before + 1, end + 1)
        end = before
    return end + 1
