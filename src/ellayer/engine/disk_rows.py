"""Examples larger than memory: rows in a file, read in windows of blocks during training."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import IO, cast

import numpy as np

from ..core.network import Network
from ..errors import EllayerError
from . import validation as checks
from .batch_reader import BatchReader, aligned_zeros
from .batches import BlockBatches
from .group import current_group
from .step import Batch

BLOCK_BYTES = 1 << 18  # read at once
WINDOW_BYTES = 1 << 25  # in memory at once; another window is read ahead


class DiskRows:
    """Examples in a file, for training in place of X and Y: rows [x | y | weight] of numbers.

    The file is read in windows, so that two windows of 32 MB are in memory, not the whole file.

    Parameters
    ----------
    file : str, path or binary file
        Rows as written by ``array.tofile``; an open file is not closed.
    n_x, n_y : int
        Number of inputs and of targets in a row.
    dtype : {"float32", "float64"}
    weighted : bool
        Whether each row ends with its weight.
    block_bytes, window_bytes : int
        Bytes read at once, and bytes shuffled together.

    Attributes
    ----------
    m : int
        Number of rows.

    Raises
    ------
    ValueError
        If the file is empty or its size is not a multiple of the size of a row.

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

    file: str | os.PathLike[str] | IO[bytes]
    n_x: int
    n_y: int
    weighted: bool

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
        self.dtype: np.dtype = np.dtype(checks.check_dtype(dtype))
        self.width: int = n_x + n_y + weighted
        self._row_bytes = self.width * self.dtype.itemsize
        self.block: int = max(1, block_bytes // self._row_bytes)
        self.window: int = max(1, window_bytes // (self.block * self._row_bytes))
        with self.open() as file_handle:
            size = file_handle.seek(0, os.SEEK_END)
        is_empty = not size and current_group() is None  # a process of a group may have no rows
        if is_empty or size % self._row_bytes:
            raise EllayerError(
                f"rows on disk: expected rows of {self.width} {self.dtype} numbers, {self._row_bytes} bytes each; received "
                f"{size} bytes; are n_x = {n_x}, n_y = {n_y}, the dtype and weighted = {weighted} those of the file?"
            )
        self.m: int = size // self._row_bytes

    @contextmanager
    def open(self) -> Iterator[io.RawIOBase]:
        """Return the file, opened unless it is open already."""
        if isinstance(self.file, (str, os.PathLike)):
            with open(self.file, "rb", buffering=0) as stream:
                yield stream
        else:
            self.file.flush()
            yield cast(io.RawIOBase, self.file)

    def read(self, file: io.RawIOBase, spans: list[tuple[int, int]]) -> np.ndarray:
        """Return the concatenated rows of several ranges (first row, count)."""
        rows = np.empty((sum(count for _, count in spans), self.width), self.dtype)
        at = 0
        for first, count in spans:
            file.seek(first * self._row_bytes)
            view = rows[at : at + count].data.cast("B")
            while view:
                count_read = file.readinto(view)
                if not count_read:
                    raise EllayerError(
                        f"rows on disk: expected {self.m} rows, but the file is shorter; is it truncated?"
                    )
                view = view[count_read:]
            at += count
        return rows

    def load(self, room: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Return all rows in memory: X (m, n_x), Y (m, n_y) and the weights (m,), which jax uses without a copy.

        ``room`` is the number of rows for which there is memory, if that is more than m.
        """
        X, Y, weights = (
            aligned_zeros((max(self.m, room), n), self.dtype)[: self.m]
            for n in (self.n_x, self.n_y, int(self.weighted))
        )
        at_once = self.block * self.window
        with self.open() as file:
            for first in range(0, self.m, at_once):
                block = self.read(file, [(first, min(at_once, self.m - first))])
                parts = np.split(block, [self.n_x, self.n_x + self.n_y], axis=1)
                for array, part in zip((X, Y, weights), parts, strict=True):
                    array[first : first + len(block)] = part
        return X, Y, weights[:, 0] if self.weighted else None


class DiskReader(BatchReader):
    """The mini-batches of rows on disk, in the order of ``BlockBatches``; a thread reads a window ahead.

    Parameters
    ----------
    rows : DiskRows
    batches : BlockBatches
    network : Network
        The network for which inputs and targets are checked while reading.
    """

    rows: DiskRows
    blocks: BlockBatches
    network: Network

    def __init__(self, rows: DiskRows, batches: BlockBatches, network: Network):
        super().__init__(batches, rows.n_x, rows.n_y, rows.dtype, rows.weighted)
        self.rows, self.blocks, self.network = rows, batches, network
        self._windows: dict[tuple[int, int], Future[tuple[np.ndarray, np.ndarray]]] = {}

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Open the file and start the thread that reads ahead."""
        with self.rows.open() as self._file, ThreadPoolExecutor(1, "ellayer-read") as self._thread:
            try:
                yield
            finally:
                for future in self._windows.values():
                    future.cancel()
                self._windows = {}

    def batch(self, step: int) -> Batch:
        """Return the examples of the update after ``step`` others."""
        parts = [self._take(*part) for part in self.blocks.parts(step)]
        X, Y, weights = (np.concatenate(p) if len(p) > 1 else p[0] for p in zip(*parts, strict=True))
        return Batch(X.T, Y.T, weights.T if self.weighted else None)

    def _take(self, epoch: int, k: int, first: int, last: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows, order = self._window(epoch, k)
        taken, n_x, n_y = order[first:last], self.n_x, self.n_y
        return rows[:, :n_x][taken], rows[:, n_x : n_x + n_y][taken], rows[:, n_x + n_y :][taken]

    def _window(self, epoch: int, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a window, and let the thread read the next one."""
        following = (epoch, k + 1) if k + 1 < self.blocks.windows else (epoch + 1, 0)
        needed = ((epoch, k), following)
        for old in set(self._windows) - set(needed):
            self._windows.pop(old).cancel()
        for new in needed:
            if new not in self._windows:
                self._windows[new] = self._thread.submit(self._read, *new)
        return self._windows[epoch, k].result()

    def _read(self, epoch: int, k: int) -> tuple[np.ndarray, np.ndarray]:
        spans, order = self.blocks.window(epoch, k)
        rows = self.rows.read(self._file, spans)
        self._check(rows)
        return rows, order

    def _check(self, rows: np.ndarray) -> None:
        """Raise an error for numbers that ``train`` does not accept in arrays."""
        X, Y, weights = np.split(rows.T, [self.n_x, self.n_x + self.n_y])
        checks.check_finite(X, "X on disk")
        checks.check_Y(self.network, Y, len(rows), self.dtype, "Y on disk")
        if self.weighted and not (np.isfinite(weights).all() and (weights >= 0).all()):
            raise EllayerError("weights on disk: expected finite numbers >= 0")
