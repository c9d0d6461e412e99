"""Examples of the estimators: rows with targets and weights; and types of user input."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from ..engine.state import NUMBERS_OF_THREADS, sum_of_squares

if TYPE_CHECKING:
    from narwhals.typing import IntoDataFrame
    from numpy.typing import ArrayLike
    from scipy.sparse import csr_matrix, sparray, spmatrix

    Rows: TypeAlias = np.ndarray | csr_matrix
    TableLike: TypeAlias = ArrayLike | IntoDataFrame | spmatrix | sparray
    RandomState: TypeAlias = int | np.random.RandomState | None


class RowStream(Protocol):
    """A stream in place of X and y, such as ``data.TableStream``: it yields the same blocks at each call."""

    def blocks(self) -> Iterator[tuple[Any, np.ndarray]]:
        """Return (polars frame, targets) of each block of rows."""
        ...


BLOCK_BYTES = 1 << 20  # rows that stay in the cache for a second look


@dataclass(frozen=True)
class Examples:
    """Rows with their targets and weights.

    Attributes
    ----------
    X : array or csr matrix, shape (m, n_x)
    Y : ndarray, shape (m, n_L)
    weights : ndarray, shape (m,), or None
    """

    X: Rows
    Y: np.ndarray
    weights: np.ndarray | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.Y)

    @cached_property
    def scale(self) -> np.ndarray:
        """The largest magnitude of each column of X, (n_x,)."""
        if not len(self):
            return np.zeros(self.X.shape[1])
        ends = _ends_of_array(self.X) if isinstance(self.X, np.ndarray) else _ends_of_sparse(self.X)
        return np.maximum(ends[0], -ends[1])

    @cached_property
    def bound(self) -> float:
        """No number of X has a larger magnitude; nan or infinite if one is. It takes one pass of BLAS."""
        if not isinstance(self.X, np.ndarray):
            return float(self.scale.max())
        with np.errstate(all="ignore"):
            threads = self.X.size >= NUMBERS_OF_THREADS
            squares = [sum_of_squares(block.ravel(), threads) for block in _blocks(self.X)]
            # the norm of a block is at least its largest magnitude
            return float(np.sqrt(np.max(squares, initial=0.0)))

    def take(self, rows: np.ndarray | slice) -> Examples:
        """Return some of the rows, by their numbers, a mask or a slice."""
        return Examples(self.X[rows], self.Y[rows], None if self.weights is None else self.weights[rows])

    def keep_only(self, rows: np.ndarray) -> Examples:
        """Return some of the rows; their X is written over the memory of this X, which must not be used afterwards.

        Parameters
        ----------
        rows : ndarray of int
            In ascending order.

        Examples
        --------
        >>> Examples(np.arange(4.0).reshape(4, 1), np.ones((4, 1))).keep_only(np.array([1, 3])).X.tolist()
        [[1.0], [3.0]]
        """
        X, count = self.X, max(1, BLOCK_BYTES // max(1, self.X[:1].nbytes))
        for i in range(0, len(rows), count):
            some = rows[i : i + count]
            X[i : i + len(some)] = X[some]  # no row moves down
        return Examples(X[: len(rows)], self.Y[rows], None if self.weights is None else self.weights[rows])

    def columns(self) -> tuple[Rows, np.ndarray, np.ndarray | None]:
        """Return (X, Y, weights) for the engine: examples as columns, as views."""
        return self.X.T, self.Y.T, self.weights


def _blocks(X: np.ndarray) -> Iterator[np.ndarray]:
    """Return the rows in blocks of about ``BLOCK_BYTES``."""
    count = max(1, BLOCK_BYTES // max(1, X[:1].nbytes))
    return (X[i : i + count] for i in range(0, len(X), count))


def _ends_of_array(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest and the smallest value of each column, in one pass through memory."""
    ends = [(block.max(axis=0), block.min(axis=0)) for block in _blocks(X)]
    high, low = zip(*ends, strict=True)
    return np.max(high, axis=0), np.min(low, axis=0)


def _ends_of_sparse(X: csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    return X.max(axis=0).toarray().ravel(), X.min(axis=0).toarray().ravel()
