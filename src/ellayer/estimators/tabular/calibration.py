"""Calibrated probabilities and labels from the outputs of a table classifier."""

from __future__ import annotations

import numpy as np

from ...core.metrics import Metric, surprisal


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

    Of equal ones that nearest to fp / (fp + fn), which is best for probabilities that are calibrated.

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
    """Return quantiles of probabilities as candidates of a threshold, and one more."""
    candidates = np.unique(np.append(np.quantile(p, np.linspace(0.01, 0.99, 99)), near))
    inside: np.ndarray = candidates[(candidates > 0.0) & (candidates < 1.0)]
    return inside


def _best_of(candidates: np.ndarray, values: np.ndarray, near: float) -> float:
    """Return the candidate of the largest value; of equal ones the nearest to a number."""
    best = np.flatnonzero(values == max(values.tolist()))
    return float(candidates[best[np.argmin(np.abs(candidates[best] - near))]])


def temperature_for(log_P: np.ndarray, numbers: np.ndarray, weights: np.ndarray | None) -> float:
    """Return T for which softmax(log P / T) has the lowest log loss, shrunk towards 1 for few rows.

    The penalty 2 (log T)^2 / m is a normal prior of log T with standard deviation 1/2; 1 if T does not lower the loss.

    Parameters
    ----------
    log_P : ndarray, shape (m, K)
    numbers : ndarray, shape (m,)
    weights : ndarray, shape (m,), or None

    Returns
    -------
    float
    """
    from scipy.optimize import minimize_scalar

    def cost(log_T: float) -> float:
        losses = surprisal(soften(log_P, np.exp(log_T)), numbers)
        return float(np.average(losses, weights=weights)) + 2.0 * log_T**2 / len(log_P)

    best = minimize_scalar(cost, bounds=(-2.0, 2.0), method="bounded")
    return float(np.exp(best.x)) if best.fun < cost(0.0) else 1.0


def soften(log_P: np.ndarray, temperature: float) -> np.ndarray:
    """Return softmax(log P / T), one row per example."""
    Z = log_P / temperature
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


def softened(Z: np.ndarray, temperature: float) -> np.ndarray:
    """Return the probabilities of outputs (K, m, n_classes)."""
    K, m, classes = Z.shape
    return soften(Z.reshape(K * m, classes), temperature).reshape(K, m, classes)
