"""A table in text, piece by piece: the first one tells how the others are written."""

from __future__ import annotations

import codecs
import gzip
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError
from ..files import describe_content, printable
from ..read_options import How
from .cells import MISSING
from .decode import GZIP
from .dialect import collapse_blanks
from .numbers import with_numbers
from .records import find_records
from .table import read_table_file

if TYPE_CHECKING:
    import polars as pl

_MARKS = sorted({form for mark in MISSING - {"none"} for form in (mark, mark.upper())} | {"NaN", "NaT"})
_LONGEST = 8  # pieces, which one record may fill


class TextPieces:
    """Pieces of a text, each ended where a record ends.

    Parameters
    ----------
    path : Path
        Plain, or packed with gzip.
    how : How
    size : int
        Bytes of a piece.

    Attributes
    ----------
    names : list of str
        Of all columns.
    reading : dict
    notes : list of str
        What was found out from the first piece.
    """

    def __init__(self, path: Path, how: How, size: int):
        import polars as pl

        self._path, self._size = path, size
        self._quoted = True
        with open(path, "rb") as file:
            self._open = gzip.open if file.read(2) == GZIP else open
        first = next(self._pieces(), b"")
        if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            self._refuse("utf-16")
        head = self._read_head(first, how)
        self.names, self.reading, self.notes = head.frame.columns, head.reading, head.notes
        self._encoding = head.reading["encoding"]
        if "\n".encode(self._encoding) != b"\n":
            self._refuse(self._encoding)
        self._quoted = bool(head.reading["quoted"]) or b'"' not in first  # there may be some later
        self._lost = Counter[str]()
        kinds = dict(zip(head.frame.columns, head.frame.dtypes, strict=True))
        self._whole = {name for name, kind in kinds.items() if kind.is_integer()}
        self._schema = {name: pl.Float64 if kind.is_numeric() else pl.String for name, kind in kinds.items()}

    @property
    def odd(self) -> list[str]:
        """What was no number where there should be one, in the frames returned so far."""
        return [
            f"column {name!r}: {count} values are no numbers as those of the first rows are, taken as missing"
            for name, count in self._lost.items()
        ]

    def frames(self, target: str) -> Iterator[pl.DataFrame]:
        """Return the rows in order, a frame for each piece, with the types of the first piece.

        A value that does not have its column's type is missing; a target that does not is an error.
        """
        self._lost.clear()
        row = 1
        for number, piece in enumerate(self._pieces()):
            body = self._as_utf8(piece)
            frame = self._frame(body if number else self._below_header(body), row, target)
            if target in self._whole:
                frame = self._as_whole(frame, target, row)
            row += len(frame)
            yield frame

    def _refuse(self, encoding: str) -> None:
        raise DataError(
            f"expected UTF-8 or a one-byte encoding in a text read in pieces, but {self._path} is in {encoding}; save it as "
            "UTF-8"
        )

    def _read_head(self, first: bytes, how: How) -> Any:
        """Read the first piece as any table is read: a file of it is written for the time being."""
        describe_content(self._path)  # says so where the file cannot be read
        with tempfile.TemporaryDirectory(prefix="ellayer-") as folder:
            part = Path(folder, "head.csv")
            part.write_bytes(first)
            try:
                return read_table_file(part, how)
            except DataError as error:
                raise DataError(str(error).replace(str(part), str(self._path))) from None

    def _below_header(self, body: bytes) -> bytes:
        """Return the first piece without what stands above its rows."""
        if body.startswith(b"sep="):
            body = body.partition(b"\n")[2]
        if not self.reading["header"]:
            return body
        records = find_records(body, self.reading["delimiter"], self._quoted)
        return body[records.ends[np.flatnonzero(records.fields)[0]] + 1 :]

    # Rows

    def _frame(self, body: bytes, row: int, target: str) -> pl.DataFrame:
        import polars as pl

        try:
            return self._parse(body, self._schema)
        except pl.exceptions.PolarsError:
            pass  # some value is no number: one by one
        texts = self._texts(body, row)
        numbers, _ = with_numbers(texts, self.reading["decimal"])
        columns = []
        for column, text in zip(numbers, texts, strict=True):
            if self._schema[column.name] == pl.Float64 and column.dtype == pl.String:
                column = self._as_numbers(text, row, target)
            columns.append(column.cast(self._schema[column.name]))
        return pl.DataFrame(columns)

    def _as_numbers(self, texts: pl.Series, row: int, target: str) -> pl.Series:
        """Return what can be read as numbers; count the rest, which a target may not have."""
        import polars as pl

        texts = texts.str.strip_chars()
        texts = texts.set(texts.str.to_lowercase().is_in(list(MISSING)).fill_null(False), None)
        if self.reading["decimal"] == ",":
            texts = texts.str.replace(",", ".", literal=True)
        numbers = texts.cast(pl.Float64, strict=False)
        lost = texts.filter(numbers.is_null() & texts.is_not_null())
        if len(lost) and texts.name == target:
            raise DataError(
                f"target {target!r}: expected numbers as in the first rows of {self._path}, received {lost[0]!r} in rows "
                f"{row:,} to {row + len(texts) - 1:,}; mend the file, or write labels as text"
            )
        if len(lost):
            self._lost[texts.name] += len(lost)
        return numbers

    def _as_whole(self, frame: pl.DataFrame, target: str, row: int) -> pl.DataFrame:
        import polars as pl

        broken = frame[target].filter(frame[target].floor() != frame[target])
        if len(broken):
            raise DataError(
                f"target {target!r}: expected whole numbers as in the first rows of {self._path}, received {broken[0]:g} in "
                f"rows {row:,} to {row + len(frame) - 1:,}; write it with a decimal point from the first row on (1.0)"
            )
        return frame.with_columns(pl.col(target).cast(pl.Int64))

    def _texts(self, body: bytes, row: int) -> pl.DataFrame:
        import polars as pl

        try:
            return self._parse(body, dict.fromkeys(self.names, pl.String))
        except pl.exceptions.PolarsError as error:
            why = str(error).splitlines()[0]
            raise DataError(
                f"expected rows of {len(self.names)} values separated by {self.reading['delimiter']!r} in {self._path}, but "
                f"those from row {row:,} on cannot be read ({why[:200]}); mend the file, or name its delimiter and encoding"
            ) from error

    def _parse(self, body: bytes, schema: dict[str, Any]) -> pl.DataFrame:
        import polars as pl

        if not body.strip():
            return pl.DataFrame(schema=schema)
        numbers = pl.Float64 in schema.values()
        return pl.read_csv(
            body,
            has_header=False,
            separator=self.reading["delimiter"],
            quote_char='"' if self._quoted else None,
            schema=schema,
            null_values=_MARKS if numbers else "",
            decimal_comma=self.reading["decimal"] == "," and numbers,
        )

    # Bytes

    def _pieces(self) -> Iterator[bytes]:
        """Return the file in pieces of whole records, as bytes of its encoding."""
        rest = b""
        with self._open(self._path, "rb") as file:
            while chunk := self._read(file):
                rest += chunk
                cut = record_end(rest) if self._quoted else rest.rfind(b"\n") + 1
                if cut:
                    yield rest[:cut]
                    rest = rest[cut:]
                elif len(rest) > _LONGEST * self._size:
                    raise DataError(
                        f"expected a table in text, but {self._path} has a record of more than {len(rest):,} bytes, or a "
                        f"quotation mark that is not closed: {printable(rest[:40])!r} ...; mend it"
                    )
        if rest.strip():
            yield rest

    def _read(self, file: Any) -> bytes:
        try:
            return file.read(self._size)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(
                f"expected a whole file, but {self._path} is cut off or damaged ({error}); fetch it again"
            ) from error

    def _as_utf8(self, piece: bytes) -> bytes:
        piece = piece.removeprefix(codecs.BOM_UTF8)
        try:
            text = piece.decode(self._encoding)
        except UnicodeDecodeError as error:
            raise DataError(
                f"expected text in {self._encoding} in {self._path}, as in its first rows, but it holds the byte "
                f"0x{piece[error.start]:02x} after {printable(piece[max(0, error.start - 20) : error.start])!r}; name the "
                "encoding it was written in, such as 'latin-1'"
            ) from None
        piece = piece if self._encoding == "utf-8" else text.encode()
        return collapse_blanks(piece) if self.reading["delimiter"] == " " else piece


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
