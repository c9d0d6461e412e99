"""Sparse examples: kept sparse, and made dense one mini-batch at a time."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from ..core.network import Network
from ..errors import EllayerError
from . import validation as checks
from .batch_reader import BatchReader
from .batches import Batches
from .step import Batch

SparseMatrix = Any  # from scipy, which has no type annotations


class SparseReader(BatchReader):
    """The mini-batches of sparse examples, in the order of ``Batches``.

    Parameters
    ----------
    X : sparse matrix, shape (n_x, m)
    Y : array, shape (n_L, m)
    weights : array, shape (1, m), or None
    batches : Batches
    """

    weights: np.ndarray | None

    def __init__(self, X: SparseMatrix, Y: np.ndarray, weights: np.ndarray | None, batches: Batches):
        super().__init__(batches, X.shape[0], len(Y), Y.dtype, weights is not None)
        self._X, self._Y, self.weights = X.T.tocsr(), np.ascontiguousarray(Y.T), weights

    def reading(self) -> AbstractContextManager[None]:
        """Return a context that does nothing: all examples are in memory."""
        return nullcontext()

    def batch(self, step: int) -> Batch:
        """Return the examples of the update after ``step`` others."""
        rows = self.batches.indices(step)
        weights = None if self.weights is None else self.weights[:, rows]
        return Batch(self._X[rows].toarray().T, self._Y[rows].T, weights)

    def dense(self) -> Batch:
        """Return all examples as columns."""
        return Batch(self._X.toarray().T, self._Y.T, self.weights)

    def rows(self, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return some examples as rows of inputs and of targets, and their weights (1, m)."""
        weights = np.ones((1, len(self._Y)), self.dtype) if self.weights is None else self.weights
        return self._X[numbers].toarray(), self._Y[numbers], weights[:, numbers]


def is_sparse(X: object) -> bool:
    """Return True if X is a sparse matrix or array of scipy."""
    return hasattr(X, "tocsr") and hasattr(X, "toarray")


def check_sparse(network: Network, X: SparseMatrix, dtype: str | None) -> SparseMatrix:
    """Return sparse X as floats; raise for a wrong shape or numbers that are not finite."""
    checks.check_shape_of_X(network, X.shape, X.dtype, "X")
    X = X.astype(checks.float_type(X.dtype, dtype), copy=False)
    if not np.isfinite(X.tocsr().data).all():
        raise EllayerError(
            "X: expected finite numbers, received nan or infinity among the stored values; fill or drop them"
        )
    return X
