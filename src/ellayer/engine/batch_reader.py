"""Examples that are not in memory as dense arrays: mini-batches are read when they are needed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager

import numpy as np

from .batches import Batches
from .step import Batch


class BatchReader(ABC):
    """Mini-batches read from a file or from a sparse matrix.

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
        """Return the examples of the update after ``step`` others."""

    def stack(self, first: int, count: int, length: int, weighted: bool) -> Batch:
        """Return ``count`` mini-batches as X (length, batch_size, n_x), Y and weights alike, padded with 0."""
        size = self.batches.batch_size
        X, Y, weights = (np.zeros((length, size, n), self.dtype) for n in (self.n_x, self.n_y, int(weighted)))
        for i in range(count):
            batch = self.batch(first + i)
            m = batch.X.shape[1]
            X[i, :m], Y[i, :m] = batch.X.T, batch.Y.T
            weights[i, :m] = 1.0 if batch.weights is None else batch.weights.T
        return Batch(X, Y, weights if weighted else None)
