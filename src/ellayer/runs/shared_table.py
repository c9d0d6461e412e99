"""A table whose rows are spread over a group of processes: each reads its own files or row groups, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.group import Group, current_group
from ..errors import EllayerError
from ..estimators.hold_out import Splitter
from ..estimators.tabular.fit_group import ScratchRows, join_frames, row_keys
from ..estimators.tabular.split_group import shared_splitter
from .large_table import ROWS_APART
from .split import FEWEST_ROWS

if TYPE_CHECKING:
    import polars as pl

    from ..data import Examples
    from ..data.shares import Part
    from ..estimators.hold_out import FitArguments, KeyKind


@dataclass(frozen=True)
class TableFacts:
    """The description of a table by process 0, so that all read it alike."""

    name: str
    target: str
    columns: list[str]
    file_columns: list[str]
    first: str
    reading: dict[str, Any]
    notes: list[str]


@dataclass(frozen=True)
class SharedTable:
    """The rows of this process, and how to reach those of the others.

    The random key of a row depends on its place in the whole table.

    Attributes
    ----------
    group : Group
    facts : TableFacts
    rows : ScratchRows
        The rows of this process.
    random, keys : ndarray
        A random number for each of them; and the numbers that select its part: those of test rows are below ``share``.
    share : float
        Fraction of test rows.
    count : int
        Number of training rows of all processes.
    total : int
        Number of rows of all processes.
    splitter : Splitter
        The rule by which the rows of this process are held out.
    """

    group: Group
    facts: TableFacts
    rows: ScratchRows
    random: np.ndarray
    keys: np.ndarray
    share: float
    count: int
    total: int
    splitter: Splitter = field(default_factory=Splitter)

    @property
    def sample(self) -> tuple[float, float]:
        """The random keys of the rows of the sample: training rows, as many as are taken of a large table."""
        return self.share, min(1.0, self.share + ROWS_APART / self.total)

    def blocks(self) -> Iterator[tuple[Any, np.ndarray]]:
        """Return the training rows of this process; a block of none, as of a file whose rows are all held out, if it has no other."""
        block: tuple[Any, np.ndarray] | None = None
        is_empty = True
        for block in self._between(self.share, 1.0):
            if len(block[1]):
                is_empty = False
                yield block
        if is_empty and block is not None:
            yield block

    def apart(self, low: float, high: float) -> Examples:
        """Return the rows of all processes whose random key lies in a range, as examples in memory."""
        import polars as pl

        from ..data import Examples

        frames, targets = zip(*self._between(low, high), strict=True)
        own = pl.concat(frames, how="vertical_relaxed"), np.concatenate(targets)
        (frame, y), facts = join_frames(self.group, *own), self.facts
        return Examples(facts.name, frame, y, facts.target, reading=facts.reading, notes=tuple(facts.notes))

    def splitter_by(self, kind: KeyKind, column: str | None) -> Splitter:
        """Return the splitter by the times or groups in a column; by the order of the table without one."""
        m = self.rows.count
        values = self.group.offset(m) + np.arange(m) if column is None else self._values(column).to_numpy()
        return shared_splitter(m, **{"time" if kind == "time" else "groups": values})

    def count_missing(self, column: str) -> int:
        """Return the number of rows of all processes without a value in a column."""
        return sum(self.group.exchange(self._values(column).null_count()))

    def _values(self, column: str) -> pl.Series:
        """Return a column of the rows of this process; numbers may be whole in one file and not in the next."""
        import polars as pl

        with self.group.together():
            parts = [X.select(column) for X, _ in self.rows.blocks()]
            return pl.concat(parts, how="vertical_relaxed")[column]

    def hold_out(self, splitter: Splitter, share: float, seed: int) -> SharedTable:
        """Return the table with other test rows: a fraction of the rows of all processes, whole times or groups."""
        share = share if self.total >= FEWEST_ROWS else 0.0
        test = splitter.hold_out(self.total, share, np.random.RandomState(seed))
        return replace(self, splitter=splitter).with_rows(~test, test)

    def with_rows(self, train: np.ndarray, test: np.ndarray) -> SharedTable:
        """Return the table with these training and test rows of this process; others have no part in it.

        Of all keys those of test rows are the smallest, and those of rows without a part exceed 1.
        """
        counts = self.group.exchange((int(train.sum()), int(test.sum())))
        count, test_count = (int(number) for number in np.sum(counts, axis=0))
        share = test_count / (count + test_count)
        keys = np.full(len(self.keys), 2.0)
        keys[train] = np.minimum(share + (1.0 - share) * self.random[train], np.nextafter(1.0, 0.0))
        keys[test] = np.minimum(share * self.random[test], np.nextafter(share, 0.0))
        return replace(self, keys=keys, share=share, count=count, total=count + test_count)

    def labels(self) -> list[Any]:
        """Return the labels of the rows of all processes, sorted."""
        own: set[Any] = set()
        for _, y in self.rows.blocks():
            own.update(np.unique(y).tolist())
        return np.unique(
            np.array([label for part in self.group.exchange(list(own)) for label in part])
        ).tolist()

    def numbers(self, low: float, high: float) -> np.ndarray:
        """Return the places in the table of the rows of ``apart``."""
        inside = np.flatnonzero((self.keys >= low) & (self.keys < high))
        return self.group.gather(self.group.offset(self.rows.count) + inside)

    @property
    def test_keys(self) -> np.ndarray | None:
        """The times or groups of the test rows of all processes, as numbers; None if they are random."""
        keys = self.splitter.keys
        return None if keys is None else self.group.gather(keys[self.keys < self.share])

    def fit_arguments(self) -> FitArguments:
        """Return the arguments of ``fit`` that hold out the validation rows by the same rule."""
        keys = self.splitter.keys
        if keys is None:
            return {}
        own = keys[(self.keys >= self.share) & (self.keys < 1.0)]
        return replace(self.splitter, keys=own).fit_arguments()

    def _between(self, low: float, high: float) -> Iterator[tuple[pl.DataFrame, np.ndarray]]:
        """Return the rows of this process whose random key lies in a range."""
        begin = 0
        for X, y in self.rows.blocks():
            keys = self.keys[begin : begin + len(y)]
            inside = (keys >= low) & (keys < high)
            yield X.filter(inside), y[inside]
            begin += len(y)


def open_shared(
    source: str | list[str], target: str | int, share: float, seed: int, options: dict[str, Any]
) -> SharedTable:
    """Read the rows of this process.

    Parameters
    ----------
    source : str or list of str
        Files, a pattern or a folder: CSV or Parquet.
    target : str or int
    share : float
        Fraction of test rows; at most ``ROWS_APART`` rows are used.
    seed : int
    options : dict
        Reading options, instead of detection.

    Raises
    ------
    EllayerError
        In every process, if one of them cannot read its rows.
    """
    from ..data.shares import parts_of, share_of

    group = current_group()
    assert group is not None
    with group.together():
        name, parts, sizes = parts_of(source)
        own = share_of(parts, sizes, group.rank, group.size)
    facts = TableFacts(*group.agree(lambda: _facts(name, parts[0], target, options)))
    with group.together():
        rows = _read(own, facts)
    total, random = sum(group.exchange(rows.count)), row_keys([seed, 1], group.offset(rows.count))
    keys, share = random.random(rows.count), min(share, ROWS_APART / total)
    count = sum(group.exchange(int((keys >= share).sum())))
    return SharedTable(group, facts, rows, keys, keys, share, count, total)


def _facts(name: str, first: Part, target: str | int, options: dict[str, Any]) -> list[Any]:
    """Return the facts of a table by its first part, as plain data."""
    from ..data import TableStream

    rows = None if first.number is None else (first.first, first.number)
    stream = TableStream(first.path, target, rows=rows, **options)
    return [
        name,
        stream.target,
        stream.columns,
        stream.file_columns,
        str(first.path),
        stream.reading,
        stream.notes,
    ]


def _read(parts: list[Part], facts: TableFacts) -> ScratchRows:
    """Return the rows of some parts, in the columns and types of the table."""
    from ..data import TableStream
    from ..data.parts import check_same_columns

    read = ScratchRows()
    for part in parts:
        rows = None if part.number is None else (part.first, part.number)
        stream = TableStream(part.path, facts.target, rows=rows, reading=facts.reading)
        check_same_columns(stream.file_columns, facts.file_columns, Path(facts.first), part.path)
        for X, y in stream.blocks():
            read.append(X.select(facts.columns), y)
    if not read.count:
        raise EllayerError(
            f"--target: expected rows with a value in {facts.target!r} in {', '.join(str(part.path) for part in parts)}, received "
            "none; start fewer processes, omit these files, or name another column"
        )
    return read
