"""Examples as the estimators hold them: rows with their targets and weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    Rows: TypeAlias = np.ndarray | csr_matrix


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

    def take(self, rows: np.ndarray) -> Examples:
        """Return some of the rows, by their numbers or by a mask."""
        return Examples(self.X[rows], self.Y[rows], None if self.weights is None else self.weights[rows])

    def columns(self) -> tuple[Rows, np.ndarray, np.ndarray | None]:
        """Return (X, Y, weights) as the engine takes them: examples as columns, as views."""
        return self.X.T, self.Y.T, self.weights
