"""Test whether columns help: ridge regression with and without them, on held-out rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .column_encoder import ColumnEncoder
from .columns import Column, take_rows
from .ridge import PENALTIES, linear_columns, main_targets, ridge_residuals
from .target_statistics import RowTargets
from .text_encoders import SpelledEncoder

Select = Callable[[np.ndarray, np.ndarray], np.ndarray]
ROWS, COLUMNS = 4_000, 500  # limits, so that a test takes less than a second
FOLDS = 5
GAIN = 0.05  # the minimum relative reduction of the squared error by a text


def keep_helpful(
    encoders: Sequence[ColumnEncoder],
    table: list[Column],
    targets: RowTargets | None,
    fitted_on: np.ndarray | None = None,
) -> list[ColumnEncoder]:
    """Return the encoders, those of texts without factors if these do not improve on the other columns.

    Parameters
    ----------
    encoders : sequence of ColumnEncoder
    table : list of Column
    targets : RowTargets or None
        Of the rows of the fit.
    fitted_on : ndarray of int, optional
        The rows of the table that the encoders are fitted on; by default all of them.
    """
    drafts = [i for i, e in enumerate(encoders) if isinstance(e, SpelledEncoder) and e.factors is not None]
    if not drafts or targets is None:
        return list(encoders)
    table, targets = sample_rows(table, targets, fitted_on)
    chosen = [e.without_factors() if isinstance(e, SpelledEncoder) else e for e in encoders]
    others = [linear_columns(e, column, targets) for e, column in zip(chosen, table, strict=True)]
    X = np.concatenate(others, axis=1)[:, :COLUMNS]
    error = held_out_error(X, targets)
    for i in drafts:
        wider = np.concatenate([X, linear_columns(encoders[i], table[i], targets)], axis=1)
        less = held_out_error(wider, targets)
        if less < (1.0 - GAIN) * error:
            chosen[i], X, error = encoders[i], wider, less
    return chosen


def sample_rows(
    table: list[Column], targets: RowTargets, fitted_on: np.ndarray | None
) -> tuple[list[Column], RowTargets]:
    """Return at most ``ROWS`` of the rows of the fit with a weight, and their targets."""
    rows = np.flatnonzero(targets.weights > 0)
    rows = np.sort(rows[np.argsort(targets.order[rows], kind="stable")[:ROWS]])
    return take_rows(table, rows if fitted_on is None else fitted_on[rows]), targets.take(rows)


def held_out_error(X: np.ndarray, targets: RowTargets, select: Select | None = None) -> float:
    """Return the mean squared error of ridge regression on held-out rows, for the best of several penalties.

    Rows of one group, or of one time, are in one fold.

    Parameters
    ----------
    X : ndarray, shape (m, n)
    targets : RowTargets
    select : function, optional
        ``select(X, Y)`` returns a mask of the columns to use, from the rows that are not held out.
    """
    Y = main_targets(targets)
    fold = np.unique(targets.order, return_inverse=True)[1] % FOLDS
    errors = np.zeros(len(PENALTIES))
    for k in range(FOLDS):
        inside, outside = fold != k, fold == k
        if inside.any() and outside.any():
            used = X if select is None else X[:, select(X[inside], Y[inside])]
            errors += (ridge_residuals(used, Y, inside, outside) ** 2).sum(axis=(1, 2))
    return float(errors.min() / max(len(Y), 1))
