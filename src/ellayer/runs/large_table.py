"""A table larger than memory: test rows are held out, the others streamed in blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from ..data import Examples, TableStream

ROWS_APART = 20_000  # maximum number of test rows, and of rows of the sample


class TrainingRows(Protocol):
    """The training rows of a table as a stream; the test rows and a sample can be taken out."""

    @property
    def share(self) -> float:
        """Fraction of test rows."""

    @property
    def count(self) -> int:
        """Number of training rows."""

    @property
    def sample(self) -> tuple[float, float]:
        """The random keys of the rows of the sample."""

    def blocks(self) -> Iterator[tuple[Any, np.ndarray]]:
        """Return the training rows."""

    def apart(self, low: float, high: float) -> Examples:
        """Return the rows whose random key lies in a range, as examples in memory."""


class TrainingStream:
    """The training rows of a stream: all except the test rows, the same at each pass.

    Parameters
    ----------
    stream : TableStream
    share : float
        Fraction of test rows.
    seed : int

    Attributes
    ----------
    count : int
        Number of rows of the last complete pass.
    """

    stream: TableStream
    share: float
    seed: int
    count: int

    def __init__(self, stream: TableStream, share: float, seed: int):
        self.stream, self.share, self.seed, self.count = stream, share, seed, 0

    @property
    def sample(self) -> tuple[float, float]:
        """The random keys of the rows of the sample."""
        return self.share, 2 * self.share or 0.01

    @property
    def notes(self) -> list[str]:
        """Messages about the blocks read so far."""
        return self.stream.notes

    def blocks(self) -> Iterator[tuple[Any, np.ndarray]]:
        """Return the training rows."""
        count = 0
        for X, y, keys in self._keyed_blocks():
            rest = keys >= self.share
            count += int(rest.sum())
            if rest.any():  # the last block may have a few rows, all held out
                yield X.filter(rest), y[rest]
        self.count = count

    def apart(self, low: float, high: float) -> Examples:
        """Return the rows whose random key lies in a range, as examples in memory.

        Parameters
        ----------
        low, high : float
            From 0 to 1; the test rows are those below ``share``.
        """
        import polars as pl

        from ..data import Examples

        blocks = [
            (X.filter(rows), y[rows])
            for X, y, keys in self._keyed_blocks()
            if (rows := (keys >= low) & (keys < high)).any()
        ]
        frame = pl.concat([X for X, _ in blocks], how="vertical_relaxed")
        return Examples(
            self.stream.name,
            frame,
            np.concatenate([y for _, y in blocks]),
            self.stream.target,
            reading=self.stream.reading,
        )

    def _keyed_blocks(self) -> Iterator[tuple[Any, np.ndarray, np.ndarray]]:
        random = np.random.Generator(np.random.Philox([self.seed, 1]))
        for X, y in self.stream.blocks():
            yield X, y, random.random(len(y))


def open_large(
    path: str, target: str | int, share: float, seed: int, options: dict[str, Any]
) -> TrainingStream:
    """Return the stream of a table with a fraction of its rows held out.

    Parameters
    ----------
    path : str
    target : str or int
    share : float
        Fraction of test rows; at most ``ROWS_APART`` rows are used.
    seed : int
    options : dict
        Reading options, instead of detection.
    """
    from ..data import TableStream
    from ..data.table_size import table_bytes

    stream = TableStream(path, target, **options)
    rows = max(1.0, table_bytes(path) / (8.0 * (len(stream.columns) + 1)))
    return TrainingStream(stream, min(share, ROWS_APART / rows), seed)
