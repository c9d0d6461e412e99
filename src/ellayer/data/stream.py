"""Tables larger than memory: a CSV or Parquet file as blocks of rows, as often as needed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from .._lost_threads import check_threads
from . import parquet
from .errors import DataError
from .file_kinds import kind_of
from .files import describe_content, existing, readable
from .read_options import ReadOptions
from .schema.reader import SchemaReader
from .schema.schema import CellCounts
from .sources import is_one_path
from .target_column import FEW_ROWS, dropped_note, find_column, split_target
from .text.table import TextTable

BLOCK_BYTES = 1 << 23  # of a text, or of the numbers of a Parquet file


class TableStream:
    """A table in a file, read in blocks of rows: memory holds a block and not the file.

    How a text is written, and which of its columns are numbers, is detected from its first block, as
    ``read_examples`` detects it from the whole file.

    Parameters
    ----------
    path : str or path
        CSV (plain or compressed with gzip) or Parquet.
    target : str or int
        Name or place of the column to predict; negative places count from the end.
    reading, delimiter, decimal, encoding, header, na_values, date_order, comment, names, drop, columns
        As of ``read_examples``.
    block_bytes : int
        About how much is read at once.
    rows : (int, int), optional
        The first row and the number of rows to read, of a Parquet file.

    Attributes
    ----------
    name : str
        The file's name without suffix.
    target : str
    columns : list of str
        The other columns.
    file_columns : list of str
        All columns of the file, those that are not read too.
    reading : dict
        How the file is read, as plain JSON.
    notes : list of str
        What was detected, and the texts that were treated as missing in the last pass.
    odd : list of str
        What was odd in the blocks read so far, in the last pass.

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

    notes: list[str]
    odd: list[str]

    def __init__(
        self,
        path: str | os.PathLike[str],
        target: str | int,
        *,
        reading: dict[str, Any] | None = None,
        delimiter: str | None = None,
        decimal: str | None = None,
        encoding: str | None = None,
        header: bool | None = None,
        na_values: Sequence[str] | None = None,
        date_order: str | None = None,
        comment: str | None = None,
        names: Sequence[str] | None = None,
        drop: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        block_bytes: int = BLOCK_BYTES,
        rows: tuple[int, int] | None = None,
    ):
        check_threads("polars", str(path))
        self.path: Path = _streamable(path)
        options = ReadOptions(
            delimiter, decimal, encoding, header, missing=na_values, date_order=date_order, comment=comment, names=names,
            drop=drop, columns=columns, target=target, need_target=True, reading=reading or {},
        )  # fmt: skip
        self._table: ParquetSlices | TextTable
        if describe_content(self.path) == "a Parquet table":
            self._table = ParquetSlices(self.path, options, block_bytes, rows)
        else:
            self._table = TextTable(self.path, options, block_bytes)
        names = self._table.names
        self.name: str = Path(self.path.name.removesuffix(".gz")).stem
        self.target: str = find_column(target, names, str(self.path))
        self.file_columns: list[str] = self._table.all_names
        self.columns: list[str] = [name for name in names if name != self.target]
        self.reading: dict[str, Any] = {**self._table.reading, "columns": len(names), "target": self.target}
        self.notes, self.odd = list(self._table.notes), list[str]()
        if not self.columns:
            raise DataError(
                f"expected columns besides the target in {self.path}, received {self.target!r} alone"
            )

    def blocks(self) -> Iterator[tuple[pl.DataFrame, np.ndarray]]:
        """Return the rows from the beginning on: (frame of the columns, targets) of a block each.

        Rows without a target are dropped, and counted in ``odd``.
        """
        count, missing, dropped = 0, list[int](), 0
        for frame in self._table.frames(self.target):
            X, y, present = split_target(frame, self.target)
            if dropped < FEW_ROWS and len(y) < len(frame):
                missing += [count + row for row in (~present).arg_true().to_list()]
            dropped, count = dropped + len(frame) - len(y), count + len(frame)
            self.notes, self.odd = self._table.notes + self._table.missing_notes, self._table.odd
            if dropped:
                self.odd.append(dropped_note(dropped, missing, self.target))
            if len(y):
                yield X, y


def _streamable(path: str | os.PathLike[str]) -> Path:
    """Return the path of a file that can be read in blocks."""
    if not is_one_path(path):
        raise DataError(
            f"expected a table that can be read in blocks, CSV or Parquet, but {path} is not one file; it is read in memory, "
            "by read_examples"
        )
    file = existing(path, "a table, CSV or Parquet")
    if not file.is_file():
        raise DataError(
            f"expected a table, CSV or Parquet, but {file} is a folder; its files are read in memory, by read_examples"
        )
    kind = kind_of(file)
    if kind.name not in ("parquet", "text") and (kind.is_part or kind.name == "zip"):
        raise DataError(
            f"expected a table that can be read in blocks, CSV or Parquet, but {file} is {kind.description}, which is read in "
            "memory, by read_examples; write it as Parquet to stream it"
        )
    return file


class ParquetSlices(SchemaReader):
    """Slices of a Parquet file.

    Parameters
    ----------
    path : Path
    options : ReadOptions
    block_bytes : int
    rows : (int, int), optional
        The first row and the number of rows.
    """

    def __init__(
        self, path: Path, options: ReadOptions, block_bytes: int, rows: tuple[int, int] | None = None
    ):
        self._path = path
        with readable(path, "Parquet table", *parquet.POLARS_ERRORS):
            self._lazy = pl.scan_parquet(path, glob=False)
            schema, count = parquet.schema_and_rows(self._lazy)
            parquet.check_schema(schema, count, path)
        first, number = rows or (0, count)
        self._first, self._end = first, first + number
        self._at_once = max(100, block_bytes // (8 * len(schema)))
        super().__init__(self._slice(first), options, str(path))
        self.reading: dict[str, Any] = {"kind": "parquet", "schema": self.facts}

    def frames(self, target: str) -> Iterator[pl.DataFrame]:
        """Return the rows in order, a frame for each slice."""
        self.counts: CellCounts = CellCounts()
        for first in range(self._first, self._end, self._at_once):
            yield self.read(self._slice(first))

    def _slice(self, first: int) -> pl.DataFrame:
        part = self._lazy.slice(first, min(self._at_once, self._end - first))
        with readable(self._path, "Parquet table", *parquet.POLARS_ERRORS):
            # the streaming engine keeps no more than a slice, however large the row groups are
            return parquet.plain_numbers(part.collect(engine="streaming"))
