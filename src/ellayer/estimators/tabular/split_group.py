"""The rows of a stream that are held out: at random, by time or by group, the same whichever process has which rows.

The random key of a row depends on its place in the whole table. Rows that are held out by time or by group, which are whole
times or groups of all processes, have a key of 1 or more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.group import Group, current_group
from ...tables.columns import Column, as_texts
from ..hold_out import FOLDS, MOST_HELD_OUT, KeyKind, Splitter, number_values, rank_keys, read_keys
from .fit_group import KeyedRows, join_frames, row_keys

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ..examples import RowStream


def shared_splitter(m: int, *, time: ArrayLike | None = None, groups: ArrayLike | None = None) -> Splitter:
    """Return the splitter of m rows of this process, whose times or groups are numbered as those of the rows of all.

    It is that of a single process with all rows: only the different values and their counts are exchanged.

    Parameters
    ----------
    m : int
    time, groups : array, shape (m,)
        One of them.

    Raises
    ------
    EllayerError
        In every process, as by ``Splitter.by``.
    """
    group = current_group()
    if group is None:
        return Splitter.by(m, time=time, groups=groups)
    with group.together():
        kind, column = read_keys(m, time, groups)
    return _number_jointly(group, kind, column)


def _number_jointly(group: Group, kind: KeyKind, column: Column) -> Splitter:
    import polars as pl

    values = column.values
    kinds = set(group.exchange(values.dtype.kind if len(values) else "")) - {""}
    if len(kinds) > 1:  # as NumPy reads mixed values
        values = as_texts(values)
    codes = rank_keys("group", Column(column.name, values))
    _, firsts, counts = np.unique(codes, return_index=True, return_counts=True)
    dtypes: dict[str, Any] = {"f": pl.Float64, "b": pl.Boolean, "M": pl.Datetime("us")}
    dtype = dtypes.get("".join(kinds), pl.String)
    distinct = pl.Series("value", values[firsts].tolist() if dtype == pl.String else values[firsts], dtype)
    frame, sizes = join_frames(group, pl.DataFrame([distinct]), counts)
    ranks = rank_keys(kind, Column(column.name, frame["value"].to_numpy()))
    begin = group.offset(len(counts))
    own = ranks[begin : begin + len(counts)]
    splitter = Splitter(kind, own[codes], np.bincount(ranks, weights=sizes).astype(np.int64))
    splitter.check_count(int(sizes.sum()))
    return splitter


@dataclass(frozen=True)
class RowKeys:
    """The random keys of the rows of this process in a stream; rows with the largest ones are held out.

    Attributes
    ----------
    seed : int
    first : int
        The place of its first row among those of all.
    splitter : Splitter
        The rule by which rows are held out.
    held_out : ndarray of bool, shape (m,), or None
        The rows that are held out by time or by group.
    share : float
        Fraction of them among those of all processes.
    """

    seed: int
    first: int
    splitter: Splitter = field(default_factory=Splitter)
    held_out: np.ndarray | None = None
    share: float = 0.0

    @classmethod
    def by(cls, seed: int, first: int, splitter: Splitter, holds_out: bool = True) -> RowKeys:
        """Return the keys by which the latest rows, or whole groups, are held out, if any are."""
        share = share_of_validation(splitter.rows) if holds_out else 0.0
        rows = splitter.hold_out(splitter.rows, share, np.random.RandomState(seed))
        group, count = current_group(), int(rows.sum())
        if group is not None:
            count = sum(group.exchange(count))
        return cls(seed, first, splitter, rows, count / splitter.rows)

    def bound(self, count: int) -> float:
        """Return the key from which on rows are held out, of ``count`` rows of all processes."""
        return 1.0 - share_of_validation(count) if self.held_out is None else 1.0

    def share_of(self, count: int) -> float:
        """Return the fraction of ``count`` rows that is held out."""
        return share_of_validation(count) if self.held_out is None else self.share

    def blocks(self, stream: RowStream) -> Iterator[KeyedRows]:
        """Return the blocks of the stream with the keys of their rows, the same at each pass."""
        random, begin = row_keys(self.seed, self.first), 0
        for X, y in stream.blocks():
            keys, end = random.random(len(y)), begin + len(y)
            yield X, y, keys if self.held_out is None else keys + self.held_out[begin:end]
            begin = end

    def splitter_up_to(self, last: float) -> Splitter:
        """Return the splitter of the rows of all processes with keys up to ``last``, those of process 0 first."""
        keys, group = self.splitter.keys, current_group()
        if keys is None:
            return self.splitter
        assert self.held_out is not None
        own = keys[row_keys(self.seed, self.first).random(len(keys)) + self.held_out <= last]
        return Splitter(self.splitter.kind, number_values(own if group is None else group.gather(own)))


def share_of_validation(count: int) -> float:
    """Return the fraction of ``count`` rows of a stream to hold out."""
    return min(1.0 / FOLDS[0], MOST_HELD_OUT / count)
