"""Leave out columns without a visible relation to the target, in tables of many columns, if held-out rows confirm it.

A column is kept if it has a linear or a quadratic relation to the target, or a product with another column has one with
what the linear relations leave over. The tests allow a false discovery in one table of twenty for each of the three. With
X standardised, and r the residual of one target, all products are tested by one matrix: X^T diag(r) X.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from .._warn import SelectionWarning, warn_user
from .._wording import quoted_list
from .column_encoder import ColumnEncoder
from .columns import Column
from .encoders import IgnoredEncoder
from .ridge import linear_columns, main_targets
from .target_statistics import RowTargets
from .text_gain import held_out_error, sample_rows

FEWEST, MOST = 100, 3000  # columns of a table for which the selection is tried
MOST_JUDGES = 1250  # rows for ridge regression on more columns than that: more rows take seconds
MOST_WITH_PRODUCTS = 1200  # columns of the matrix; more take seconds
GAIN = 0.05  # the minimum relative reduction of the squared error by leaving out columns
LEVEL = 0.05  # probability of a false discovery among all columns, for each of the three tests
LARGEST = 3.0  # magnitude of a standardised number: products of larger ones are far from normal
ROWS_OF_PRODUCT = 50  # in effect, below which a product is not tested
EXCLUDED = "no relation to the target was found among many columns"


def drop_unrelated(
    encoders: Sequence[ColumnEncoder],
    table: list[Column],
    targets: RowTargets | None,
    fitted_on: np.ndarray | None = None,
    fixed: Collection[str] = (),
) -> list[ColumnEncoder]:
    """Return the encoders; those of columns without a relation to the target ignore them, if held-out rows confirm it.

    Ridge regression on held-out rows, with the columns that the other rows select, must have an error lower by 5 % than with
    all.

    Parameters
    ----------
    encoders : sequence of ColumnEncoder
    table : list of Column
    targets : RowTargets or None
        Of the rows of the fit.
    fitted_on : ndarray of int, optional
        The rows of the table that the encoders are fitted on; by default all of them.
    fixed : collection of str
        Columns that are kept in any case.
    """
    if targets is None or not FEWEST <= len(encoders) <= MOST:
        return list(encoders)
    table, targets = sample_rows(table, targets, fitted_on)
    parts = [linear_columns(e, column, targets) for e, column in zip(encoders, table, strict=True)]
    owner = np.repeat(np.arange(len(parts)), [part.shape[1] for part in parts])
    keep = np.array([encoder.name in fixed for encoder in encoders])

    def select(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
        return np.isin(owner, owner[related_columns(X, Y)]) | keep[owner]

    X = np.concatenate(parts, axis=1)
    chosen = select(X, main_targets(targets))
    if not chosen.any() or chosen.all():
        return list(encoders)
    judges = np.arange(0, len(X), -(-len(X) // MOST_JUDGES) if X.shape[1] > MOST_JUDGES else 1)
    some, of_some = X[judges], targets.take(judges)
    if held_out_error(some, of_some, select) > (1.0 - GAIN) * held_out_error(some, of_some):
        return list(encoders)
    keep[owner[chosen]] = True
    excluded = [e.name for e, stays in zip(encoders, keep, strict=True) if not stays and any(e.names())]
    warn_user(
        f"{len(excluded)} of {len(encoders)} columns are left out, for no relation of them to the target was found, and held-out "
        f"rows are predicted better without them: {quoted_list(excluded)} (to use one: column_kinds={{{excluded[0]!r}: "
        f"'numeric'}}, ellayer train --kind {excluded[0]}=numeric)",
        SelectionWarning,
    )
    names = set(excluded)
    return [IgnoredEncoder(e.name, EXCLUDED) if e.name in names else e for e in encoders]


def related_columns(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Return a mask (n,) of the columns of X that have a relation to a column of Y.

    Parameters
    ----------
    X : ndarray, shape (m, n)
    Y : ndarray, shape (m, K)

    Examples
    --------
    >>> random = np.random.RandomState(0)
    >>> X = random.randn(500, 6)
    >>> Y = X[:, :1] + X[:, 1:2] ** 2 + X[:, 2:3] * X[:, 3:4]
    >>> related_columns(X, Y).tolist()
    [True, True, True, True, False, False]
    """
    m, n = X.shape
    Z, R = _standardise(np.clip(_standardise(X), -LARGEST, LARGEST)), _standardise(Y)
    related = (np.abs(Z.T @ R) > _limit(n * R.shape[1]) * np.sqrt(m)).any(axis=1)
    if related.sum() < m / 4:
        linear = np.concatenate([np.ones((m, 1)), Z[:, related]], axis=1)
        R = _standardise(R - linear @ np.linalg.lstsq(linear, R, rcond=None)[0])
    squares = Z * Z
    varies = squares.std(axis=0) > 1e-3
    strength = np.abs(_standardise(squares).T @ R) > _limit(n * R.shape[1]) * np.sqrt(m)
    related |= strength.any(axis=1) & varies
    return related | _in_products(Z, R) if n <= MOST_WITH_PRODUCTS else related


def _in_products(Z: np.ndarray, R: np.ndarray) -> np.ndarray:
    """Return a mask (n,) of the columns of which a product with another one has a relation to a column of R."""
    (m, n), squares = Z.shape, Z * Z
    variance = np.maximum(squares.T @ squares / m - (Z.T @ Z / m) ** 2, 1e-9)
    fourth = squares**2
    tested = fourth.T @ fourth / m < variance**2 * m / ROWS_OF_PRODUCT
    np.fill_diagonal(tested, False)
    limit = _limit(n * (n - 1) / 2 * R.shape[1]) * np.sqrt(m * variance)
    related = np.zeros(n, bool)
    for residual in R.T:
        related |= ((np.abs((Z * residual[:, None]).T @ Z) > limit) & tested).any(axis=1)
    return related


def _standardise(X: np.ndarray) -> np.ndarray:
    Z = X - X.mean(axis=0)
    return Z / np.maximum(Z.std(axis=0), 1e-9)


def _limit(count: float) -> float:
    """Return the magnitude that one of ``count`` standard normal numbers exceeds with the probability ``LEVEL``."""
    from scipy.special import ndtri

    return float(-ndtri(LEVEL / (2.0 * max(count, 1.0))))
