"""Scaling of numbers: robust against outliers, and compressed far from the median."""

from __future__ import annotations

import numpy as np

SPREAD = 3.0  # the scaled value beyond which numbers are compressed


def center_and_scale(values: np.ndarray) -> tuple[float, float]:
    """Return the median and q75 - q25; if that is 0, the median distance of the other values.

    For a column that is mostly one value, RealMLP uses half of the range, which a single huge value can
    increase until all others are nearly 0. Missing and infinite values are ignored.

    Parameters
    ----------
    values : ndarray, shape (m,)

    Examples
    --------
    >>> center_and_scale(np.array([0.0, 1.0, 2.0, 3.0, np.inf])), center_and_scale(np.array([0.0] * 9 + [4.0]))
    ((1.5, 1.5), (0.0, 4.0))
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0, 1.0
    q25, center, q75 = np.quantile(known, [0.25, 0.5, 0.75])
    half = q75 / 2 - q25 / 2  # the difference may overflow
    if not half > 0:
        distance = np.abs(known / 2 - center / 2)
        half = np.median(distance[distance > 0]) if (distance > 0).any() else 0.5
    return float(center), float(np.clip(2.0 * half, None, np.finfo(float).max))


def has_two_values(values: np.ndarray) -> bool:
    """Return whether there are exactly two different values, apart from missing ones.

    Examples
    --------
    >>> has_two_values(np.array([0.0, 1.0, np.nan])), has_two_values(np.array([0.0, 1.0, 2.0]))
    (True, False)
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return False
    low, high = known.min(), known.max()
    return bool(low < high and ((known == low) | (known == high)).all())


def squash(X: np.ndarray) -> np.ndarray:
    """Return x / sqrt(1 + (x/3)^2), from -3 to 3; 0 for a missing x.

    Parameters
    ----------
    X : ndarray

    Returns
    -------
    ndarray

    Examples
    --------
    >>> squash(np.array([0.0, 3.0, np.inf, np.nan])).round(2).tolist()
    [0.0, 2.12, 3.0, 0.0]
    """
    with np.errstate(invalid="ignore"):
        squashed = X / np.hypot(1.0, X / SPREAD)
    return np.where(np.isinf(X), SPREAD * np.sign(X), np.nan_to_num(squashed, nan=0.0))


def quantile_places(counts: np.ndarray, parts: int) -> np.ndarray:
    """Return the positions of ``parts`` + 1 quantiles of distinct values, in which a value with n rows has the weight sqrt(n).

    Parameters
    ----------
    counts : ndarray of int, shape (values,)
        How often each of the values occurs, in ascending order of these.
    parts : int

    Returns
    -------
    ndarray of int
        Ascending; all positions if there are fewer values.

    Examples
    --------
    >>> quantile_places(np.array([96, 1, 1, 1, 1]), 2).tolist()
    [0, 2, 4]
    """
    if len(counts) <= parts + 1:
        return np.arange(len(counts))
    mass = np.cumsum(np.sqrt(counts))
    share = (mass - mass[0]) / (mass[-1] - mass[0])
    return np.searchsorted(share, np.linspace(0.0, 1.0, parts + 1))
