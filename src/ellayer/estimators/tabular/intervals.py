"""Prediction intervals for regression by conformal prediction, from the residuals of held-out rows.

    [prediction + r_(l), prediction + r_(u)],  l = floor((n + 1) alpha / 2),  u = ceil((n + 1) (1 - alpha / 2))

with the n sorted residuals r = y - prediction. A new row from the same distribution is inside with a probability of at
least 1 - alpha (Vovk et al. 2005; Lei et al. 2018), whatever the model is.
"""

from __future__ import annotations

import math

import numpy as np

from ...errors import EllayerError

MOST = 2001  # maximum number of residuals; more are replaced by as many quantiles


def kept_residuals(residuals: np.ndarray) -> np.ndarray:
    """Return the finite residuals, sorted; more than 2001 are replaced by as many quantiles.

    Parameters
    ----------
    residuals : ndarray, shape (m,)
    """
    residuals = np.sort(residuals[np.isfinite(residuals)])
    if len(residuals) <= MOST:
        return residuals
    return residuals[np.linspace(0, len(residuals) - 1, MOST).round().astype(int)]


def interval_ends(residuals: np.ndarray, coverage: float) -> tuple[float, float]:
    """Return the distances of the ends of an interval from the prediction.

    Parameters
    ----------
    residuals : ndarray, shape (n,)
        Sorted.
    coverage : float
        Fraction of new rows inside, above 0 and below 1.

    Returns
    -------
    low, high : float
        To be added to a prediction.

    Examples
    --------
    >>> interval_ends(np.arange(-9.0, 10.0), 0.9)
    (-9.0, 9.0)
    """
    if not 0.0 < coverage < 1.0:
        raise EllayerError(
            f"coverage: expected a fraction above 0 and below 1, received {coverage!r}; try 0.9"
        )
    n = len(residuals)
    outside = (n + 1) * (1.0 - coverage) / 2.0
    rank = math.floor(outside + 1e-9)
    if rank < 1:
        fewest = math.ceil(2.0 / (1.0 - coverage) - 1.0 - 1e-9)
        raise EllayerError(
            f"coverage: expected at least {fewest} rows held out in training for {coverage:g}, received {n}; try a lower "
            "coverage, or fit on more rows"
        )
    return float(residuals[rank - 1]), float(residuals[n - rank])


def of_the_mean(residuals: np.ndarray, predictions: np.ndarray, members: int = 1) -> np.ndarray:
    """Return the residuals of a mean of few members scaled to those of the mean of all K.

    A held-out row is predicted by the members that were not trained on it, often one, a new row by the mean of K, which
    varies less: mean (y - a)^2 is sigma^2 + v / k for the mean of k members, with the variance v between members.
    Measured on rows on which all but one were trained, v is rather underestimated.

    Parameters
    ----------
    residuals : ndarray, shape (n,)
    predictions : ndarray, shape (K, r)
        Of each member for some rows.
    members : int
        The k of the residuals.
    """
    K = len(predictions)
    center, variance = residuals.mean(), residuals.var()
    between = float(predictions.var(axis=0, ddof=1).mean()) * (1.0 / members - 1.0 / K)
    if not variance > 0:
        return residuals
    return center + (residuals - center) * math.sqrt(max(1.0 - between / variance, members / K))
