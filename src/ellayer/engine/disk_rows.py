"""Examples larger than memory: rows in a file, read by windows of blocks while training goes on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import IO, Any

import numpy as np

from ..core.network import Network
from ..errors import EllayerError
from . import validation as checks
from .batches import BlockBatches
from .step import Batch

BLOCK_BYTES = 1 << 18  # read in one piece
WINDOW_BYTES = 1 << 25  # in memory at once, and as much again read ahead


class DiskRows:
    """Examples in a file, to train on in place of X and Y: rows [x | y | weight] of numbers, one after another.

    Plain reads, so that memory holds two windows of 32 MB and not the file.

    Parameters
    ----------
    file : str, path or binary file
        The rows as ``array.tofile`` writes them; a file that is open stays so.
    n_x, n_y : int
        Numbers of x and of y in a row.
    dtype : {"float32", "float64"}
    weighted : bool
        Whether each row ends with its weight.
    block_bytes, window_bytes : int
        Bytes read in one piece, and bytes shuffled at once.

    Attributes
    ----------
    m : int
        Number of rows.

    Raises
    ------
    ValueError
        For a file that is not a whole number of rows, or holds none.

    Examples
    --------
    >>> import tempfile, ellayer
    >>> X, Y = np.random.default_rng(0).random((2, 1000, 3)), np.ones((1000, 1))
    >>> with tempfile.TemporaryFile() as file:
    ...     np.concatenate([X[0], Y], axis=1).tofile(file)
    ...     rows = DiskRows(file, n_x=3, n_y=1, dtype="float64")
    ...     result = ellayer.train(ellayer.Network([3, 2, 1]), rows, batch_size=100, num_iterations=20)
    >>> rows.m, result.stopped_by
    (1000, 'iterations')
    """

    def __init__(
        self,
        file: str | os.PathLike[str] | IO[bytes],
        n_x: int,
        n_y: int,
        dtype: str = "float32",
        weighted: bool = False,
        *,
        block_bytes: int = BLOCK_BYTES,
        window_bytes: int = WINDOW_BYTES,
    ):
        self.file, self.n_x, self.n_y, self.weighted = file, n_x, n_y, weighted
        self.dtype = np.dtype(checks.check_dtype(dtype))
        self.width = n_x + n_y + weighted
        self._row_bytes = self.width * self.dtype.itemsize
        self.block = max(1, block_bytes // self._row_bytes)
        self.window = max(1, window_bytes // (self.block * self._row_bytes))
        with self.open() as opened:
            size = opened.seek(0, os.SEEK_END)
        if not size or size % self._row_bytes:
            raise EllayerError(
                f"rows on disk: expected rows of {self.width} {self.dtype} numbers, {self._row_bytes} bytes each; received "
                f"{size} bytes; are n_x = {n_x}, n_y = {n_y}, the dtype and weighted = {weighted} those of the file?"
            )
        self.m = size // self._row_bytes

    @contextmanager
    def open(self) -> Iterator[Any]:
        """Return the file to read from, its own or one opened for the time being."""
        if isinstance(self.file, (str, os.PathLike)):
            with open(self.file, "rb", buffering=0) as opened:
                yield opened
        else:
            self.file.flush()
            yield self.file

    def read(self, opened: Any, spans: list[tuple[int, int]]) -> np.ndarray:
        """Return the rows of some (first row, count), one after another."""
        rows = np.empty((sum(count for _, count in spans), self.width), self.dtype)
        at = 0
        for first, count in spans:
            opened.seek(first * self._row_bytes)
            view = rows[at : at + count].data.cast("B")
            while view:
                got = opened.readinto(view)
                if not got:
                    raise EllayerError(
                        f"rows on disk: expected {self.m} rows, but the file ends before; was it cut?"
                    )
                view = view[got:]
            at += count
        return rows


class Feed:
    """The mini-batches of rows on disk, in the order of ``BlockBatches``; a thread reads a window ahead.

    What comes depends on the step alone, so that a run may go back and continue.

    Parameters
    ----------
    source : DiskRows
    batches : BlockBatches
    network : Network
        What the numbers are checked against as they come.
    """

    def __init__(self, source: DiskRows, batches: BlockBatches, network: Network):
        self.source, self.batches, self.network = source, batches, network
        self._windows: dict[tuple[int, int], Future] = {}

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Return a context in which there are batches: the file is open and the thread runs."""
        with self.source.open() as self._opened, ThreadPoolExecutor(1, "ellayer-read") as self._thread:
            try:
                yield
            finally:
                for future in self._windows.values():
                    future.cancel()
                self._windows = {}

    def batch(self, step: int) -> Batch:
        """Return the examples of the update after ``step`` others."""
        parts = [self._take(*part) for part in self.batches.parts(step)]
        X, Y, weights = (np.concatenate(p) if len(p) > 1 else p[0] for p in zip(*parts, strict=True))
        return Batch(X.T, Y.T, weights.T if self.source.weighted else None)

    def stack(self, first: int, count: int, length: int, weighted: bool) -> Batch:
        """Return ``count`` mini-batches as X (length, batch_size, n_x), Y and weights alike, 0 where there is none."""
        source, size = self.source, self.batches.batch_size
        X, Y, weights = (
            np.zeros((length, size, n), source.dtype) for n in (source.n_x, source.n_y, int(weighted))
        )
        for i in range(count):
            batch = self.batch(first + i)
            m = batch.X.shape[1]
            X[i, :m], Y[i, :m] = batch.X.T, batch.Y.T
            weights[i, :m] = 1.0 if batch.weights is None else batch.weights.T
        return Batch(X, Y, weights if weighted else None)

    def _take(self, epoch: int, k: int, first: int, last: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows, order = self._window(epoch, k)
        taken, n_x, n_y = order[first:last], self.source.n_x, self.source.n_y
        return rows[:, :n_x][taken], rows[:, n_x : n_x + n_y][taken], rows[:, n_x + n_y :][taken]

    def _window(self, epoch: int, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a window, and have the next one read meanwhile."""
        following = (epoch, k + 1) if k + 1 < self.batches.windows else (epoch + 1, 0)
        wanted = ((epoch, k), following)
        for old in set(self._windows) - set(wanted):
            self._windows.pop(old).cancel()
        for new in wanted:
            if new not in self._windows:
                self._windows[new] = self._thread.submit(self._read, *new)
        return self._windows[epoch, k].result()

    def _read(self, epoch: int, k: int) -> tuple[np.ndarray, np.ndarray]:
        spans, order = self.batches.window(epoch, k)
        rows = self.source.read(self._opened, spans)
        self._check(rows)
        return rows, order

    def _check(self, rows: np.ndarray) -> None:
        """Refuse what ``train`` refuses of arrays."""
        source, m = self.source, len(rows)
        X, Y, weights = np.split(rows.T, [source.n_x, source.n_x + source.n_y])
        checks.check_finite(X, "X on disk")
        checks.check_Y(self.network, Y, m, source.dtype, "Y on disk")
        if source.weighted and not (np.isfinite(weights).all() and (weights >= 0).all()):
            raise EllayerError("weights on disk: expected finite numbers >= 0")
