"""Ridge regression on the columns of a table, to test quickly whether further columns help."""

from __future__ import annotations

import numpy as np

from .column_encoder import QUIET, ColumnEncoder
from .columns import Column
from .scaling import squash
from .target_statistics import MOST_TARGETS, RowTargets

PENALTIES = (1.0, 10.0, 100.0, 1000.0)


def linear_columns(encoder: ColumnEncoder, column: Column, targets: RowTargets) -> np.ndarray:
    """Return the columns of an encoder for rows of the fit, the numbers first, with one-hot columns for codes.

    Parameters
    ----------
    encoder : ColumnEncoder
    column : Column
    targets : RowTargets

    Returns
    -------
    ndarray, shape (m, n)
    """
    blocks = encoder.encode_fitted(column, targets, QUIET)
    m = len(column.values)
    numbers = np.array([*blocks.numbers, *blocks.plain]).reshape(-1, m)
    levels = [code == np.arange(encoder.code_levels).reshape(-1, 1) for code in blocks.codes]
    scaled = squash((numbers.T - encoder.center) / encoder.scale)
    flags = [np.asarray(block, np.float64).reshape(-1, m) for block in (list(blocks.flags), *levels)]
    return np.concatenate([scaled, *(block.T for block in flags)], axis=1)


def main_targets(targets: RowTargets) -> np.ndarray:
    """Return the columns of the targets, those of the most frequent classes if there are many."""
    largest = np.argsort(-np.abs(targets.Y.sum(axis=0)), kind="stable")[:MOST_TARGETS]
    Y: np.ndarray = targets.Y[:, largest]
    return Y


def ridge_residuals(X: np.ndarray, Y: np.ndarray, inside: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return what ridge regression on the rows inside leaves of some rows, for each of ``PENALTIES``.

    Parameters
    ----------
    X : ndarray, shape (m, n)
    Y : ndarray, shape (m, targets)
    inside, rows : ndarray of bool, shape (m,)

    Returns
    -------
    ndarray, shape (penalties, rows, targets)

    Examples
    --------
    >>> X, inside = np.arange(6.0).reshape(-1, 1), np.array([True] * 4 + [False] * 2)
    >>> ridge_residuals(X, 2.0 * X, inside, ~inside)[0, :, 0].round(2).tolist()
    [1.0, 1.4]
    """
    center, middle = X[inside].mean(axis=0), Y[inside].mean(axis=0)
    spread = np.maximum(X[inside].std(axis=0), 1e-9)
    Z, new = (X[inside] - center) / spread, (X[rows] - center) / spread
    if Z.shape[1] <= len(Z):
        values, vectors = np.linalg.eigh(Z.T @ Z)
        projected, right = new @ vectors, vectors.T @ (Z.T @ (Y[inside] - middle))
    else:  # the same by the smaller matrix
        values, vectors = np.linalg.eigh(Z @ Z.T)
        projected, right = new @ (Z.T @ vectors), vectors.T @ (Y[inside] - middle)
    factors = [right / (np.maximum(values, 0.0) + penalty)[:, None] for penalty in PENALTIES]
    return np.stack([Y[rows] - (middle + projected @ factor) for factor in factors])


def best_residuals(X: np.ndarray, Y: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return the residuals of all rows with the penalty that is best for the rows outside, shape (m, targets)."""
    residuals = ridge_residuals(X, Y, inside, np.ones(len(X), bool))
    best: np.ndarray = residuals[np.argmin((residuals[:, ~inside] ** 2).sum(axis=(1, 2)))]
    return best
