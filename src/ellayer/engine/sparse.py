"""Sparse examples: kept sparse, and made dense one mini-batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from ..core.network import Network
from ..errors import EllayerError
from . import validation as checks
from .batches import Batches
from .disk_rows import Feed
from .step import Batch


class _Rows(NamedTuple):
    """What a feed says of its rows."""

    n_x: int
    n_y: int
    dtype: np.dtype
    weighted: bool

    @property
    def width(self) -> int:
        return self.n_x + self.n_y + self.weighted


class SparseFeed(Feed):
    """The mini-batches of sparse examples, in the order of ``Batches``.

    Parameters
    ----------
    data : Batch
        X a sparse matrix (n_x, m) of scipy's, Y (n_L, m), weights (1, m) or None.
    batches : Batches
    """

    def __init__(self, data: Batch, batches: Batches):  # another source, of the same batches
        self._X, self._Y, self._weights = data.X.T.tocsr(), np.ascontiguousarray(data.Y.T), data.weights
        self.batches: Any = batches
        self.source: Any = _Rows(data.X.shape[0], len(data.Y), data.Y.dtype, data.weights is not None)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Return a context that needs nothing: all of it is in memory."""
        yield

    def batch(self, step: int) -> Batch:
        """Return the examples of the update after ``step`` others."""
        rows = self.batches.indices(step)
        weights = None if self._weights is None else self._weights[:, rows]
        return Batch(self._X[rows].toarray().T, self._Y[rows].T, weights)


def is_sparse(X: Any) -> bool:
    """Tell whether X is a sparse matrix or array of scipy's."""
    return hasattr(X, "tocsr") and hasattr(X, "toarray")


def check_sparse(network: Network, X: Any, dtype: str | None) -> Any:
    """Return sparse X as floats, or say what is wrong with it."""
    checks.check_shape_of_X(network, X, "X")
    X = X.astype(checks.float_type(X.dtype, dtype), copy=False)
    if not np.isfinite(X.tocsr().data).all():
        raise EllayerError(
            "X: expected finite numbers, received nan or infinite ones among those a sparse X stores; fill or drop them"
        )
    return X
