"""Test whether the text of a column helps: ridge regression with and without it, on held-out rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .column_encoder import ColumnEncoder
from .columns import Column, take_rows
from .ridge import PENALTIES, linear_columns, main_targets, ridge_residuals
from .target_statistics import RowTargets
from .text_encoders import SpelledEncoder

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
    rows = np.flatnonzero(targets.weights > 0)
    rows = np.sort(rows[np.argsort(targets.order[rows], kind="stable")[:ROWS]])
    table = take_rows(table, rows if fitted_on is None else fitted_on[rows])
    targets = targets.take(rows)
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


def held_out_error(X: np.ndarray, targets: RowTargets) -> float:
    """Return the mean squared error of ridge regression on held-out rows, for the best of several penalties.

    Rows of one group, or of one time, are in one fold.

    Parameters
    ----------
    X : ndarray, shape (m, n)
    targets : RowTargets
    """
    Y = main_targets(targets)
    fold = np.unique(targets.order, return_inverse=True)[1] % FOLDS
    errors = np.zeros(len(PENALTIES))
    for k in range(FOLDS):
        inside, outside = fold != k, fold == k
        if inside.any() and outside.any():
            errors += (ridge_residuals(X, Y, inside, outside) ** 2).sum(axis=(1, 2))
    return float(errors.min() / max(len(Y), 1))
