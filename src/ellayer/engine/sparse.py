"""Sparse examples: kept sparse; mini-batches for products by their non-zeros, or dense ones."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import cast

import numpy as np

from ..core.arrays import (
    NONZERO_SHARE,
    Array,
    SparseMatrix,
    dense,
    has_few_nonzeros,
    is_sparse,
    sparse_columns,
)
from ..core.network import Network
from ..errors import EllayerError
from . import validation as checks
from .batch_reader import BatchReader
from .batches import Batches
from .state import is_finite
from .step import Batch


class SparseReader(BatchReader):
    """The mini-batches of sparse examples, in the order of ``Batches``.

    Parameters
    ----------
    examples : Batch
        Columns, with a sparse X.
    batches : Batches
    by_nonzeros : bool
        Whether ``batch`` returns a sparse X, for products by its non-zeros.
    """

    weights: np.ndarray | None

    def __init__(self, examples: Batch, batches: Batches, by_nonzeros: bool = False):
        X, Y, weights, _ = examples
        super().__init__(batches, X.shape[0], len(Y), Y.dtype, weights is not None)
        self._X = cast(SparseMatrix, X).T.tocsr()
        self._Y, self.weights = np.ascontiguousarray(Y.T), weights
        self._by_nonzeros = by_nonzeros

    def reading(self) -> AbstractContextManager[None]:
        """Return a context that does nothing: all examples are in memory."""
        return nullcontext()

    def batch(self, step: int) -> Batch:
        """Return the examples of the update after ``step`` others."""
        rows = self.batches.indices(step)
        weights = None if self.weights is None else self.weights[:, rows]
        X = self._X[rows]
        return Batch(X.T if self._by_nonzeros else X.toarray().T, self._Y[rows].T, weights)

    def rows(self, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return some examples as rows of inputs and of targets, and their weights (1, m)."""
        weights = np.ones((1, len(self._Y)), self.dtype) if self.weights is None else self.weights
        return self._X[numbers].toarray(), self._Y[numbers], weights[:, numbers]


def dense_batch(batch: Batch) -> Batch:
    """Return examples with a sparse X made dense."""
    return batch._replace(X=dense(batch.X))


def check_columns(network: Network, X: object, dtype: str | None, name: str = "X") -> Array:
    """Return X as floats, a sparse X as a ``csc_array``; raise for a wrong shape or numbers that are not finite."""
    if not is_sparse(X):
        return checks.check_X(network, X, dtype, name)
    checks.check_shape_of_X(network, X.shape, X.dtype, name)
    with np.errstate(over="ignore"):  # an overflow is detected below
        columns = sparse_columns(X).astype(checks.float_type(X.dtype, dtype), copy=False)
    if not is_finite(columns.data):
        raise EllayerError(
            f"{name}: expected finite numbers, received nan or infinity among the stored values; fill or drop them"
        )
    return columns


def nonzeros_per_example(network: Network, examples: object) -> float | None:
    """Return the mean number of non-zeros of an example if layer 1 of a network on NumPy is computed by them, else None."""
    if not isinstance(examples, Batch) or not is_sparse(examples.X) or network.inputs is not None:
        return None
    return examples.X.nnz / examples.X.shape[1] if has_few_nonzeros(examples.X) else None


def direct_share(examples: object) -> float:
    """Return the time of the products of layer 1 on NumPy over that of dense ones: below 1 for few non-zeros."""
    if not isinstance(examples, Batch) or not is_sparse(X := examples.X):
        return 1.0
    return min(1.0, X.nnz / (NONZERO_SHARE * X.shape[0] * X.shape[1]))
