"""A table larger than memory: rows to test on taken apart, the rest learned from in blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..data import Examples, TableStream

ROWS_APART = 20_000  # to test on, and as many to look at: of more rows than that little more is learned


class RestOfStream:
    """The rows of a stream but for those that are tested on: the same ones at each pass.

    Parameters
    ----------
    stream : TableStream
    share : float
        Of the rows that is tested on.
    seed : int

    Attributes
    ----------
    count : int
        Rows of the last whole pass.
    """

    def __init__(self, stream: TableStream, share: float, seed: int):
        self.stream, self.share, self.seed, self.count = stream, share, seed, 0

    @property
    def notes(self) -> list[str]:
        """What was odd in the blocks read so far."""
        return self.stream.notes

    def blocks(self) -> Iterator[tuple[Any, np.ndarray]]:
        """Return the rows to learn from."""
        count = 0
        for X, y, keys in self._keyed():
            rest = keys >= self.share
            count += int(rest.sum())
            yield X.filter(rest), y[rest]
        self.count = count

    def apart(self, low: float, high: float) -> Examples:
        """Return the rows whose key lies in a range, as examples in memory.

        Parameters
        ----------
        low, high : float
            From 0 to 1; below ``share`` are the rows to test on.
        """
        import polars as pl

        from ..data import Examples

        found = [
            (X.filter(rows), y[rows])
            for X, y, keys in self._keyed()
            if (rows := (keys >= low) & (keys < high)).any()
        ]
        frame = pl.concat([X for X, _ in found], how="vertical_relaxed")
        return Examples(
            self.stream.name,
            frame,
            np.concatenate([y for _, y in found]),
            self.stream.target,
            reading=self.stream.reading,
        )

    def _keyed(self) -> Iterator[tuple[Any, np.ndarray, np.ndarray]]:
        random = np.random.Generator(np.random.Philox([self.seed, 1]))
        for X, y in self.stream.blocks():
            yield X, y, random.random(len(y))


def open_large(path: str, target: str | int, share: float, seed: int, how: dict[str, Any]) -> RestOfStream:
    """Return the stream of a table, a share of its rows set apart.

    Parameters
    ----------
    path : str
    target : str or int
    share : float
        Wanted for the test; at most ``ROWS_APART`` rows are taken.
    seed : int
    how : dict
        What of the reading is said and not found out.
    """
    from ..data import TableStream
    from ..data.table_size import table_bytes

    stream = TableStream(path, target, **how)
    rows = max(1.0, table_bytes(path) / (8.0 * (len(stream.columns) + 1)))
    return RestOfStream(stream, min(share, ROWS_APART / rows), seed)
