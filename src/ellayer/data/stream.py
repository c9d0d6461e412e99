"""Tables larger than memory: a CSV or Parquet file as blocks of rows, as often as one likes."""

from __future__ import annotations

import csv
import difflib
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import DataError
from .files import describe_content, existing, listed, printable

if TYPE_CHECKING:
    import polars as pl

PARQUET = (".parquet", ".pq", ".parq")
TEXT = (".csv", ".tsv", ".txt", ".tab", ".dat", ".data")
BLOCK_BYTES = 1 << 23  # of a text, or of the numbers of a Parquet file
_MISSING = [
    "",
    "?",
    "na",
    "NA",
    "n/a",
    "N/A",
    "#N/A",
    "nan",
    "NaN",
    "NAN",
    "null",
    "NULL",
    "none",
    "None",
    "NaT",
    "<NA>",
]
_CODE = r"^[+-]?0\d"  # 02139 is a code, not the number 2139
_WHOLE = r"^[+-]?\d{1,18}$"


class TableStream:
    """A table in a file, read in blocks of rows: memory holds a block and not the file.

    Parameters
    ----------
    path : str or path
        CSV (any delimiter, UTF-8 or a named encoding) or Parquet.
    target : str or int
        Name or position of the column to predict; negative positions count from the end.
    delimiter, decimal, encoding, header
        Of a text; by default the delimiter that the first line shows, ".", "utf-8" and True.
    block_bytes : int
        About how much is read at once.

    Attributes
    ----------
    path : Path
    target : str
    columns : list of str
        The other columns.
    notes : list of str
        What was odd in the blocks read so far.

    Raises
    ------
    DataError
        No such file, another kind of file, no such column; while reading, rows that do not fit.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "towns.csv")
    ...     _ = file.write_text("town;size;big\\nOslo;0.7;yes\\nRome;2.8;yes\\nVaduz;0.006;no\\n")
    ...     stream = TableStream(file, "big")
    ...     stream.columns, [(X.rows(), y.tolist()) for X, y in stream.blocks()]
    (['town', 'size'], [([('Oslo', 0.7), ('Rome', 2.8), ('Vaduz', 0.006)], ['yes', 'yes', 'no'])])
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        target: str | int,
        *,
        delimiter: str | None = None,
        decimal: str = ".",
        encoding: str = "utf-8",
        header: bool = True,
        block_bytes: int = BLOCK_BYTES,
    ):
        self.path = existing(path, "a table, CSV or Parquet")
        self.notes: list[str] = []
        self._table: _Text | _Parquet
        if self.path.suffix.lower() in PARQUET or describe_content(self.path) == "a Parquet table":
            self._table = _Parquet(self.path, block_bytes)
        else:
            self._table = _Text(self.path, delimiter, decimal, encoding, header, block_bytes)
        names = self._table.names
        self.target = _find(target, names, self.path)
        self.columns = [name for name in names if name != self.target]
        if not self.columns:
            raise DataError(
                f"expected columns beside the target in {self.path}, received {self.target!r} alone"
            )

    def blocks(self) -> Iterator[tuple[pl.DataFrame, np.ndarray]]:
        """Return the rows from the beginning on: (frame of the columns, targets) of a block each.

        Rows without a target are left out.
        """
        for frame in self._table.frames(self.target):
            there = frame[self.target].is_not_null()
            if frame[self.target].dtype.is_float():
                there &= ~frame[self.target].is_nan().fill_null(False)
            frame = frame.filter(there)
            self.notes = self._table.notes()
            if len(frame):
                yield frame.select(self.columns), frame[self.target].to_numpy()


class _Parquet:
    """Slices of a Parquet file."""

    def __init__(self, path: Path, block_bytes: int):
        import polars as pl

        self._path = path
        try:
            self._lazy = pl.scan_parquet(path, glob=False)
            schema = self._lazy.collect_schema()
            self._rows = int(self._lazy.select(pl.len()).collect().item())
        except (pl.exceptions.PolarsError, OSError) as error:
            raise _damaged(path, error) from error
        self.names = list(schema)
        nested = [name for name, kind in schema.items() if kind.is_nested() or kind in (pl.Binary, pl.Object)]
        if nested or not self._rows:
            what = f"{schema[nested[0]]} in {listed([repr(n) for n in nested])}" if nested else "no rows"
            raise DataError(
                f"expected rows of numbers, texts, truth values or dates in {path}, received {what}; take such columns "
                "apart or leave them out"
            )
        self._decimals = [name for name, kind in schema.items() if kind == pl.Decimal]
        self._at_once = max(100, block_bytes // (8 * len(schema)))

    def notes(self) -> list[str]:
        return []

    def frames(self, target: str) -> Iterator[pl.DataFrame]:
        import polars as pl

        for first in range(0, self._rows, self._at_once):
            part = self._lazy.slice(first, self._at_once)
            try:  # the streaming engine keeps no more than a slice, however large the row groups are
                frame = part.collect(engine="streaming")
            except (pl.exceptions.PolarsError, OSError) as error:
                raise _damaged(self._path, error) from error
            yield frame.with_columns(pl.col(self._decimals).cast(pl.Float64))


class _Text:
    """Pieces of a text, each ended where a record ends."""

    def __init__(
        self, path: Path, delimiter: str | None, decimal: str, encoding: str, header: bool, size: int
    ):
        import polars as pl

        self._path, self._decimal, self._encoding, self._size = path, decimal, encoding, size
        content = describe_content(path)
        if not content.startswith(("a text", "a file of another kind")) or "\0" in content:
            raise DataError(
                f"expected a table in text or Parquet, but {path} is {content}; name the table itself"
            )
        self._delimiter = delimiter or ","
        self._lost: Counter[str] = Counter()
        head = next(self._pieces(), b"")
        line = head.split(b"\n", 1)[0].decode()
        if delimiter is None:
            self._delimiter = max("\t;|,", key=lambda sign: _outside_quotes(line).count(sign))
        row = next(csv.reader([line], delimiter=self._delimiter), [])
        self.names = (
            [printable(name.strip()) for name in row] if header else [f"x{j}" for j in range(len(row))]
        )
        _check_names(self.names, path)
        self._header = header
        texts = self._texts(self._body(head), 1)
        if not len(texts):
            raise DataError(
                f"expected rows below the header of {path} ({listed(self.names)}), but there is none"
            )
        self._schema: dict[str, Any] = {}
        self._whole: set[str] = set()
        for column in texts:
            present = _present(column)
            whole = bool(present.str.contains(_WHOLE).all())
            number = present.str.replace(",", ".", literal=True) if decimal == "," else present
            lost = number.cast(pl.Float64, strict=False).null_count()
            numeric = len(present) and not lost and not present.str.contains(_CODE).any()
            self._schema[column.name] = pl.Float64 if numeric else pl.String
            if numeric and whole:
                self._whole.add(column.name)

    def notes(self) -> list[str]:
        return [
            f"column {name!r}: {count} values are no numbers as those of the first rows are, taken as missing"
            for name, count in self._lost.items()
        ]

    def frames(self, target: str) -> Iterator[pl.DataFrame]:
        self._lost.clear()
        row = 1
        for number, piece in enumerate(self._pieces()):
            body = piece if number else self._body(piece)
            frame = self._frame(body, row, target)
            row += len(frame)
            if target in self._whole:
                frame = self._as_whole(frame, target, row)
            yield frame

    def _body(self, piece: bytes) -> bytes:
        return piece.split(b"\n", 1)[1] if self._header and b"\n" in piece else b"" if self._header else piece

    def _frame(self, body: bytes, row: int, target: str) -> pl.DataFrame:
        """Return rows with the types of the first ones; a value that is none is missing, a target an error."""
        import polars as pl

        try:
            return self._parse(body, self._schema)
        except pl.exceptions.PolarsError:
            texts = self._texts(body, row)
        columns = []
        for column in texts:
            if self._schema[column.name] == pl.Float64:
                column = _present(column, keep=True)
                if self._decimal == ",":
                    column = column.str.replace(",", ".", literal=True)
                numbers = column.cast(pl.Float64, strict=False)
                if lost := numbers.null_count() - column.null_count():
                    if column.name == target:
                        strange = column.filter(numbers.is_null() & column.is_not_null())[0]
                        raise DataError(
                            f"target {target!r}: expected numbers as in the first rows of {self._path}, received "
                            f"{strange!r} in rows {row:,} to {row + len(texts) - 1:,}; mend the file, or write labels as text"
                        )
                    self._lost[column.name] += lost
                column = numbers
            columns.append(column)
        return pl.DataFrame(columns)

    def _as_whole(self, frame: pl.DataFrame, target: str, row: int) -> pl.DataFrame:
        import polars as pl

        broken = frame[target].filter(frame[target].floor() != frame[target])
        if len(broken):
            raise DataError(
                f"target {target!r}: expected whole numbers as in the first rows of {self._path}, received {broken[0]:g} "
                f"before row {row:,}; write the target with a decimal point from the first row on (1.0)"
            )
        return frame.with_columns(pl.col(target).cast(pl.Int64))

    def _texts(self, body: bytes, row: int) -> pl.DataFrame:
        import polars as pl

        try:
            return self._parse(body, dict.fromkeys(self.names, pl.String))
        except pl.exceptions.PolarsError as error:
            why = str(error).splitlines()[0]
            raise DataError(
                f"expected rows of {len(self.names)} values separated by {self._delimiter!r} in {self._path}, but those from "
                f"row {row:,} on cannot be read ({why[:200]}); mend the file, or name its delimiter and encoding"
            ) from error

    def _parse(self, body: bytes, schema: dict[str, Any]) -> pl.DataFrame:
        import polars as pl

        if not body.strip():
            return pl.DataFrame(schema=schema)
        return pl.read_csv(
            body,
            has_header=False,
            separator=self._delimiter,
            schema=schema,
            null_values=_MISSING,
            decimal_comma=self._decimal == "," and pl.Float64 in schema.values(),
        )

    def _pieces(self) -> Iterator[bytes]:
        """Return the file in pieces of whole records, in UTF-8."""
        rest = b""
        with open(self._path, "rb") as file:
            if file.read(3) != b"\xef\xbb\xbf":
                file.seek(0)
            while chunk := file.read(self._size):
                rest += chunk
                cut = _record_end(rest)
                if cut:
                    yield self._as_utf8(rest[:cut])
                    rest = rest[cut:]
                elif len(rest) > 8 * self._size:
                    raise DataError(
                        f"expected a table in text, but {self._path} has a record of more than {len(rest):,} bytes, or a "
                        f"quotation mark that is not closed: {printable(rest[:40])!r} ...; mend it"
                    )
        if rest.strip():
            yield self._as_utf8(rest)

    def _as_utf8(self, piece: bytes) -> bytes:
        try:
            text = piece.decode(self._encoding)
        except LookupError:
            raise DataError(
                f"encoding: expected a name such as 'utf-8' or 'latin-1', received {self._encoding!r}"
            ) from None
        except UnicodeDecodeError as error:
            raise DataError(
                f"expected text in {self._encoding} in {self._path}, but it holds the byte 0x{piece[error.start]:02x} after "
                f"{printable(piece[max(0, error.start - 20) : error.start])!r}; name the encoding it was written in, such as "
                "'latin-1'"
            ) from None
        return piece if self._encoding.lower().replace("-", "") == "utf8" else text.encode()


def _record_end(text: bytes) -> int:
    """Return where the last whole record ends: after the last line end that no quotation marks enclose; 0 for none.

    Examples
    --------
    >>> _record_end(b'a,"b\\nc"\\nd,"e\\nf')
    8
    """
    end = text.rfind(b"\n")
    marks = text.count(b'"', 0, end + 1)
    while end >= 0 and marks % 2:
        before = text.rfind(b"\n", 0, end)
        marks -= text.count(b'"', before + 1, end + 1)
        end = before
    return end + 1


def _outside_quotes(line: str) -> str:
    return re.sub(r'"[^"]*"', "", line)


def _present(column: pl.Series, keep: bool = False) -> pl.Series:
    """Return the values that are there, blanks around them left out; with ``keep`` the others as null."""
    column = column.str.strip_chars()
    column = column.set(column.is_in(_MISSING).fill_null(False), None)
    return column if keep else column.drop_nulls()


def _check_names(names: list[str], path: Path) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice or "" in names:
        what = f"{listed([repr(n) for n in twice])} more than once" if twice else "a column without a name"
        raise DataError(f"expected a name of its own for each column of {path}, received {what}; rename them")


def _find(target: str | int, names: list[str], path: Path) -> str:
    if isinstance(target, int) and not isinstance(target, bool) and -len(names) <= target < len(names):
        return names[target]
    if target in names:
        return str(target)
    near = difflib.get_close_matches(str(target), names, 2)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else f"; there are {listed(names)}"
    raise DataError(f"target: expected a column of {path}, received {target!r}{hint}")


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(
        f"expected a whole Parquet table, but {path} is cut off or damaged ({str(error).splitlines()[0]}); fetch or write "
        "it again"
    )
