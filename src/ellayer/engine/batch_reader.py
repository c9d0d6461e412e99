"""Mini-batches read on demand: from rows in memory, from a file, or from a sparse matrix."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager

import numpy as np

from .batches import Batches
from .step import Batch

ALIGNED = 64  # bytes: jax's requirement for memory that it uses without a copy


class BatchReader(ABC):
    """Mini-batches read by a loop.

    The examples depend only on the step, so that a run can go back and continue.

    Parameters
    ----------
    batches : Batches
    n_x, n_y : int
        Number of inputs and of targets of an example.
    dtype : dtype
    weighted : bool
        Whether each example has a weight.
    """

    batches: Batches
    n_x: int
    n_y: int
    dtype: np.dtype
    weighted: bool

    def __init__(self, batches: Batches, n_x: int, n_y: int, dtype: np.dtype, weighted: bool):
        self.batches, self.n_x, self.n_y, self.dtype, self.weighted = batches, n_x, n_y, dtype, weighted

    @property
    def width(self) -> int:
        """Number of values of an example, including its weight."""
        return self.n_x + self.n_y + self.weighted

    @abstractmethod
    def reading(self) -> AbstractContextManager[object]:
        """Return a context in which ``batch`` may be called."""

    @abstractmethod
    def batch(self, step: int) -> Batch:
        """Return the examples of update number ``step``, counted from 0."""

    def places(self, step: int) -> np.ndarray | None:
        """Return the places in the update of the examples of ``batch``, if it omits any."""
        return None

    def stack(self, first: int, count: int, length: int, weighted: bool) -> Batch:
        """Return ``count`` mini-batches as X (length, batch_size, n_x), Y and weights alike, padded with 0."""
        X, Y, weights = self._empty_stack(length, weighted)
        for i in range(count):
            batch = self.batch(first + i)
            m = batch.X.shape[1]
            X[i, :m], Y[i, :m] = batch.X.T, batch.Y.T
            weights[i, :m] = 1.0 if batch.weights is None else batch.weights.T
        return Batch(X, Y, weights if weighted else None)

    def _empty_stack(self, length: int, weighted: bool) -> list[np.ndarray]:
        size = self.batches.batch_size
        return [aligned_zeros((length, size, n), self.dtype) for n in (self.n_x, self.n_y, int(weighted))]


class RowReader(BatchReader):
    """The mini-batches of examples in memory, in the order of ``Batches``.

    Parameters
    ----------
    examples : Batch
        Columns; X is read without a copy if its transpose is contiguous in memory, as for a transposed table.
    batches : Batches
    omit : bool
        Whether ``batch`` omits the examples of weight 0, unless all of a mini-batch are.
    """

    def __init__(self, examples: Batch, batches: Batches, omit: bool = False):
        X, Y, weights, _ = examples
        super().__init__(batches, len(X), len(Y), X.dtype, weights is not None)
        self._X, self._Y, self._weights = np.ascontiguousarray(X.T), np.ascontiguousarray(Y.T), weights
        self._counts = weights[0] > 0.0 if omit and weights is not None else None
        self._unequal = weights is not None and bool(((weights != 0.0) & (weights != 1.0)).any())
        self._stacks: list[list[np.ndarray]] = []
        self._thread: ThreadPoolExecutor | None = None
        self._ahead: tuple[int, Future[None]] | None = None

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Start the thread that gathers the next stack while the loop works on the last one."""
        with ThreadPoolExecutor(1, "ellayer-gather") as self._thread:
            try:
                yield
            finally:
                self._thread, self._ahead = None, None

    def batch(self, step: int) -> Batch:
        """Return the examples of update number ``step``, counted from 0."""
        rows, weights = self.batches.indices(step), self._weights
        if self._counts is not None and (counting := rows[self._counts[rows]]).size:
            rows, weights = counting, weights if self._unequal else None
        return Batch(self._X[rows].T, self._Y[rows].T, None if weights is None else weights[:, rows])

    def places(self, step: int) -> np.ndarray | None:
        """Return the places in the update of the examples of ``batch``, if it omits any."""
        if self._counts is None:
            return None
        places = np.flatnonzero(self._counts[self.batches.indices(step)])
        return places if places.size else None

    def stack(self, first: int, count: int, length: int, weighted: bool) -> Batch:
        """Return ``count`` mini-batches as ``BatchReader.stack`` does, in memory that the call after the next overwrites."""
        if not self._stacks:
            self._stacks = [self._empty_stack(length, weighted) for _ in range(2)]
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead[1].result()
        self._stacks.reverse()  # the first was gathered ahead, the second is no longer in use
        if ahead is None or ahead[0] != first:
            self._gather(self._stacks[0], first, count)
        if self._thread is not None:
            second = first + count
            self._ahead = second, self._thread.submit(self._gather, self._stacks[1], second, length)
        X, Y, weights = self._stacks[0]
        return Batch(X, Y, weights if weighted else None)

    def _gather(self, stack: list[np.ndarray], first: int, count: int) -> None:
        X, Y, weights = stack
        for i in range(count):
            rows = self.batches.indices(first + i)
            m = len(rows)
            self._X.take(rows, axis=0, out=X[i, :m], mode="clip")  # "raise" would copy first
            self._Y.take(rows, axis=0, out=Y[i, :m], mode="clip")
            weights[i, :m] = 1.0 if self._weights is None else self._weights[:, rows].T
            weights[i, m:] = 0.0


def extend_in_place(rows: np.ndarray, height: int) -> np.ndarray | None:
    """Return the first rows of an array of ``aligned_zeros`` with zeros below, without a copy; None for other arrays.

    Examples
    --------
    >>> room = aligned_zeros((3, 2), np.dtype("float32"))
    >>> room[:2] = 1
    >>> extend_in_place(room[:2], 3).tolist(), extend_in_place(np.ones((2, 2)), 3)
    ([[1.0, 1.0], [1.0, 1.0], [0.0, 0.0]], None)
    """
    memory = rows.base
    if not isinstance(memory, np.ndarray) or memory.dtype != np.uint8 or not rows.flags.c_contiguous:
        return None
    if not rows.size:  # the size of a row is not known from them
        return None
    begin, row_bytes = rows.ctypes.data - memory.ctypes.data, rows[:1].nbytes
    below = memory[begin + rows.nbytes : begin + height * row_bytes]
    if rows.nbytes + below.nbytes < height * row_bytes or below.any():
        return None
    return memory[begin : begin + height * row_bytes].view(rows.dtype).reshape(height, *rows.shape[1:])


def aligned_zeros(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Return zeros that jax's CPU backend uses without a copy."""
    memory = np.zeros(math.prod(shape) * dtype.itemsize + ALIGNED - 1, np.uint8)
    begin = -memory.ctypes.data % ALIGNED
    return memory[begin : begin + math.prod(shape) * dtype.itemsize].view(dtype).reshape(shape)
