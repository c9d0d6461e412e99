"""Permutation importance: how much worse predictions get when the values of one column are shuffled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl


def permutation_importance(
    score: Callable[[pl.DataFrame, np.ndarray], float],
    X: pl.DataFrame,
    y: np.ndarray,
    *,
    repeats: int = 5,
    seed: int = 0,
) -> list[tuple[str, float, float]]:
    """Return each column with the mean increase of the error when it is shuffled, and its standard deviation.

    Parameters
    ----------
    score : callable
        ``score(X, y)`` returns an error: lower is better.
    X : polars.DataFrame, shape (m, n)
    y : array, shape (m,)
    repeats : int
        Shuffles per column.
    seed : int

    Returns
    -------
    list of (str, float, float)
        The most important column first.

    References
    ----------
    Breiman, Random forests, Machine Learning 45 (2001).

    Examples
    --------
    >>> import polars as pl
    >>> X = pl.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": [0.0, 0.0, 1.0, 1.0]})
    >>> error = lambda X, y: float(np.mean((X["a"].to_numpy() - y) ** 2))
    >>> [name for name, mean, _ in permutation_importance(error, X, np.arange(1.0, 5.0)) if mean > 0]
    ['a']
    """
    random, base = np.random.RandomState(seed), score(X, y)
    rows = []
    for column in X.columns:
        increases = []
        for _ in range(repeats):
            shuffled = X[column][random.permutation(len(y))]
            increases.append(score(X.with_columns(shuffled.alias(column)), y) - base)
        rows.append((column, float(np.mean(increases)), float(np.std(increases))))
    return sorted(rows, key=lambda row: -row[1])
