"""Calibrated probabilities and labels from the outputs of a table classifier."""

from __future__ import annotations

import math

import numpy as np

from ...core.metrics import Metric

SMALL_STEP = 1e-3  # of log T, for a difference
LEAST = float(np.finfo(np.float64).eps)  # probability of the true class, as in the log loss


def labels_of(P: np.ndarray, decision: np.ndarray | float = 1.0) -> np.ndarray:
    """Return the class index of each row of probabilities (m, K): that of the largest p / decision."""
    return (P / decision).argmax(axis=1)


def score(
    metric: Metric,
    P: np.ndarray,
    numbers: np.ndarray,
    weights: np.ndarray | None,
    decision: np.ndarray | float = 1.0,
) -> float:
    """Return the metric of probabilities (m, K), or of the resulting labels.

    Parameters
    ----------
    metric : Metric
    P : ndarray, shape (m, K)
    numbers : ndarray, shape (m,)
        True class indices.
    weights : ndarray, shape (m,), or None
    decision : ndarray, shape (K,), or 1
    """
    prediction = labels_of(P, decision) if metric.takes == "labels" else P
    return metric.value(numbers, prediction, weights, P.shape[1])


def prior(numbers: np.ndarray, weights: np.ndarray | None, K: int) -> np.ndarray:
    """Return the total weight of each class, clipped above 0: the decision rule for balanced recall."""
    return np.maximum(np.bincount(numbers, weights, minlength=K), 1e-12)


def best_threshold(metric: Metric, P: np.ndarray, numbers: np.ndarray, weights: np.ndarray | None) -> float:
    """Return the probability of the second of two classes above which the metric is best.

    Parameters
    ----------
    metric : Metric
    P : ndarray, shape (m, 2)
    numbers : ndarray, shape (m,)
    weights : ndarray, shape (m,), or None

    Returns
    -------
    float
    """
    candidates = _thresholds(P[:, 1], 0.5)
    values = [score(metric, P, numbers, weights, np.array([1.0 - t, t])) for t in candidates.tolist()]
    return _best_of(candidates, np.asarray(values), 0.5)


def cheapest_threshold(
    p: np.ndarray, positive: np.ndarray, weights: np.ndarray | None, fp: float, fn: float
) -> float:
    """Return the probability of the positive class above which errors cost least.

    Ties are broken by the distance to fp / (fp + fn), which is optimal for calibrated probabilities.

    Parameters
    ----------
    p : ndarray, shape (m,)
    positive : ndarray of bool, shape (m,)
    weights : ndarray, shape (m,), or None
    fp, fn : float
        Cost of a false positive and of a false negative.

    Examples
    --------
    >>> p = np.array([0.1, 0.3, 0.3, 0.8])
    >>> cheapest_threshold(p, np.array([False, True, False, True]), None, 1.0, 4.0) < 0.3
    True
    """
    calibrated = fp / (fp + fn)
    candidates = _thresholds(p, calibrated)
    mass = np.ones(len(p)) if weights is None else weights
    savings = np.where(positive, fn * mass, -fp * mass) * (p > candidates[:, None])
    costs = np.where(positive, fn * mass, 0.0) - savings
    return _best_of(candidates, -costs.sum(axis=1).round(9), calibrated)


def _thresholds(p: np.ndarray, near: float) -> np.ndarray:
    """Return quantiles of probabilities and ``near`` as candidates of a threshold."""
    candidates = np.unique(np.append(np.quantile(p, np.linspace(0.01, 0.99, 99)), near))
    inside: np.ndarray = candidates[(candidates > 0.0) & (candidates < 1.0)]
    return inside


def _best_of(candidates: np.ndarray, values: np.ndarray, near: float) -> float:
    """Return the candidate with the largest value; ties are broken by the distance to ``near``."""
    best = np.flatnonzero(values == max(values.tolist()))
    return float(candidates[best[np.argmin(np.abs(candidates[best] - near))]])


def temperature_for(Z: np.ndarray, numbers: np.ndarray, weights: np.ndarray | None) -> float:
    """Return T for which the mean of softmax(Z / T) has the lowest log loss, shrunk towards 1 for few rows.

    The penalty 2 (log T)^2 / m is a normal prior of log T with standard deviation 1/2; 1 if T does not lower the loss.

    Parameters
    ----------
    Z : ndarray, shape (K, m, C)
        Outputs of each member; nan where a row has fewer.
    numbers : ndarray, shape (m,)
    weights : ndarray, shape (m,), or None

    Returns
    -------
    float
    """
    from scipy.optimize import minimize_scalar

    below = Z - Z.max(axis=2, keepdims=True)
    of_truth = below[:, np.arange(len(numbers)), numbers]

    def cost(log_T: float) -> float:  # of the true classes alone, as it is computed many times
        over_T = math.exp(-log_T)
        P = np.exp(over_T * of_truth) / np.exp(over_T * below).sum(axis=2)
        losses = -np.log(np.maximum(P[0] if len(P) == 1 else np.nanmean(P, axis=0), LEAST))
        mean = losses.mean() if weights is None else np.average(losses, weights=weights)
        return float(mean) + 2.0 * log_T**2 / len(numbers)

    best = minimize_scalar(cost, bounds=(-2.0, 2.0), method="bounded")
    return math.exp(best.x) if best.fun < cost(0.0) else 1.0


def temperature_of_more(temperature: float, Z: np.ndarray, members: int) -> float:
    """Return the temperature for the mean of K members from the best one for the mean of fewer.

    A row held out in training is predicted by one member of K or by a few, a new row by all of them. Their mean is less
    confident than each of them and more accurate, so that it needs a lower temperature. The labels are assumed to be
    drawn from q = softmax(mean Z / tau), with the tau for which the given temperature is optimal for fewer members. The
    returned temperature, at least half of the given one, has the lowest expected log loss for the mean of all members.

    Parameters
    ----------
    temperature : float
        Temperature for the mean of ``members`` members.
    Z : ndarray, shape (K, m, C)
        Outputs of all members for some rows.
    members : int

    Returns
    -------
    float

    Examples
    --------
    >>> Z = np.random.RandomState(0).normal(0.0, 2.0, (8, 500, 2))
    >>> temperature_of_more(2.0, Z, 8), 1.0 <= temperature_of_more(2.0, Z, 1) < 1.5
    (2.0, True)
    """
    from scipy.optimize import minimize_scalar

    if members >= len(Z):
        return temperature
    groups = Z[: len(Z) - len(Z) % members].reshape(-1, members, *Z.shape[1:])
    center, log_fewer = Z.mean(axis=0), math.log(temperature)

    def loss(log_T: float, q: np.ndarray, groups: np.ndarray) -> float:
        P = np.stack([mean_probabilities(group, math.exp(log_T)) for group in groups])
        return -float((q * np.log(np.maximum(P, 1e-300))).sum(axis=2).mean())

    def slope(log_tau: float) -> float:
        """Return the slope of the loss of fewer members in the temperature, if labels are drawn with tau."""
        q = soften(center, math.exp(log_tau))
        return loss(log_fewer + SMALL_STEP, q, groups) - loss(log_fewer - SMALL_STEP, q, groups)

    low, high = -4.0, 4.0  # the slope decreases with tau: less certain labels require less confident members
    for _ in range(20):
        middle = (low + high) / 2.0
        low, high = (middle, high) if slope(middle) > 0.0 else (low, middle)
    q = soften(center, math.exp(low))
    bounds = (log_fewer - math.log(2.0), log_fewer)
    best = minimize_scalar(lambda log_T: loss(log_T, q, Z[None]), bounds=bounds, method="bounded")
    return math.exp(best.x)


def mean_probabilities(Z: np.ndarray, temperature: float) -> np.ndarray:
    """Return the mean of softmax(Z / T) over members, (m, C); rows of nan do not count."""
    P = softmax_of_outputs(Z, temperature)
    return P[0] if len(P) == 1 else np.nanmean(P, axis=0)


def outputs_per_row(Z: np.ndarray) -> np.ndarray:
    """Return the outputs of each row without the nan of other members, as far as possible.

    Parameters
    ----------
    Z : ndarray, shape (K, m, C)
        nan for members without an output for a row.

    Returns
    -------
    ndarray, shape (most outputs of a row, m, C)

    Examples
    --------
    >>> outputs_per_row(np.array([[[1.0], [np.nan]], [[np.nan], [2.0]]])).tolist()
    [[[1.0], [2.0]]]
    """
    missing = np.isnan(Z[:, :, 0])
    first = np.argsort(missing, axis=0, kind="stable")[: int((~missing).sum(axis=0).max(initial=1))]
    return np.take_along_axis(Z, first[:, :, None], axis=0)


def soften(log_P: np.ndarray, temperature: float) -> np.ndarray:
    """Return softmax(log P / T), one row per example."""
    Z = log_P / temperature
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


def softmax_of_outputs(Z: np.ndarray, temperature: float) -> np.ndarray:
    """Return softmax(Z / T) of outputs (K, m, C)."""
    K, m, C = Z.shape
    return soften(Z.reshape(K * m, C), temperature).reshape(K, m, C)
