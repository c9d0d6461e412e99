"""Some whole records of a table in text."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from ..files import printable
from .records import Records

COMMENT = -1  # in place of the number of fields


@dataclass(frozen=True, eq=False)
class Chunk:
    """Some whole records of a text.

    Attributes
    ----------
    data : bytes
    records : Records
    line : int
        The number of its first line in the file, from 1.
    begin, end : int or None
        The records that are of the table, of those above and below it.
    """

    data: bytes
    records: Records
    line: int = 1
    begin: int = 0
    end: int | None = None

    @property
    def nonblank(self) -> np.ndarray:
        """The numbers of the table's records that are not blank."""
        return np.flatnonzero(self.records.fields[: self.end] > 0)[self._skip_count :]

    @property
    def _skip_count(self) -> int:
        return int((self.records.fields[: self.begin] > 0).sum())

    @property
    def footers(self) -> np.ndarray:
        """The numbers of the records below the table."""
        end = len(self.records.fields) if self.end is None else self.end
        return end + np.flatnonzero(self.records.fields[end:] > 0)

    def after(self, count: int) -> Chunk:
        """Return the chunk without its first records that are not blank."""
        return replace(self, begin=int(self.nonblank[count - 1]) + 1) if count else self

    def without_comments(self, comment: str) -> Chunk:
        """Return the chunk without the records that begin with a character; they are not blank ones either."""
        starts, ends, fields = self.records.starts, self.records.ends, self.records.fields
        if not comment or not len(starts):
            return self
        raw = np.frombuffer(self.data, np.uint8)
        is_comment = (raw[np.minimum(starts, len(raw) - 1)] == ord(comment)) & (ends > starts)
        return replace(self, records=replace(self.records, fields=np.where(is_comment, COMMENT, fields)))

    def head(self, count: int) -> str:
        """Return the text of the first records that are not blank."""
        return self.body(self.nonblank[:count]).decode("utf-8")

    def body(self, records: np.ndarray) -> bytes:
        """Return the text of some records, without what lies between them."""
        starts, ends, fields = self.records.starts, self.records.ends, self.records.fields
        between = fields[records[0] : records[-1] + 1]
        if len(records) == len(between):
            return self.data[starts[records[0]] : ends[records[-1]]]
        pairs = zip(starts[records].tolist(), ends[records].tolist(), strict=True)
        return b"\n".join([self.data[begin:end] for begin, end in pairs])

    def blank_lines(self) -> tuple[int, int]:
        """Return the number of blank lines before a record, and after the last one; those before a header do not count."""
        blank, nonblank = np.flatnonzero(self.records.fields == 0), self.nonblank
        if not len(nonblank):
            return 0, len(blank)
        begin = nonblank[0] if self.line == 1 else -1
        return int(((blank > begin) & (blank < nonblank[-1])).sum()), int((blank > nonblank[-1]).sum())

    def excerpt(self, i: int) -> str:
        """Return the beginning of a record."""
        begin, end = self.records.starts[i], self.records.ends[i]
        text = printable(self.data[begin : min(end, begin + 400)].split(b"\n")[0])
        return repr(text if len(text) <= 60 else text[:60] + " ...")

    def line_of(self, i: int) -> int:
        """Return the number of the line on which a record begins."""
        return int(self.lines_of(np.array([i]))[0])

    def lines_of(self, records: np.ndarray) -> np.ndarray:
        """Return the numbers of the lines on which records begin."""
        line_ends = np.flatnonzero(np.frombuffer(self.data, np.uint8) == ord("\n"))
        return self.line + np.searchsorted(line_ends, self.records.starts[records])


def without_comments(text: bytes, comment: str) -> bytes:
    """Return a text without the lines that begin with a character.

    Examples
    --------
    >>> without_comments(b"# a\\nb,c\\n1,2\\n", "#")
    b'b,c\\n1,2\\n'
    """
    return re.sub(rb"(?m)^" + re.escape(comment.encode()) + rb".*\n?", b"", text) if comment else text
