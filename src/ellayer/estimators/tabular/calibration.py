"""What a table estimator is judged by: one row per metric, the same for choosing epochs and for scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import metrics as sklearn_metrics

Weights = np.ndarray | None


@dataclass(frozen=True)
class TableMetric:
    """One metric.

    Attributes
    ----------
    name : str
    value : callable
        ``value(P, numbers, weights)`` of probabilities (m, K) and class numbers (m,), or of predicted
        and true numbers (m,).
    maximize : bool
    smooth : bool
        Whether label smoothing serves it: where only the most probable class counts.
    decision : str
        How labels follow from probabilities: "largest", "prior" (of p_k / share of class k) or "tuned"
        (two classes: the threshold that is best on held-out rows).
    loss : str
        The loss that numbers are trained with.
    """

    name: str
    value: Callable[[np.ndarray, np.ndarray, Weights], float]
    maximize: bool
    smooth: bool = False
    decision: str = "largest"
    loss: str = "squared_error"


def log_loss(P: np.ndarray, numbers: np.ndarray, weights: Weights = None) -> float:
    """Return the weighted mean of -log p of the true class."""
    p = P[np.arange(len(P)), numbers].astype(np.float64)
    return float(np.average(-np.log(np.maximum(p, np.finfo(np.float32).tiny)), weights=weights))


def _accuracy(P: np.ndarray, numbers: np.ndarray, weights: Weights) -> float:
    return float(np.average(P.argmax(axis=1) == numbers, weights=weights))


def _brier(P: np.ndarray, numbers: np.ndarray, weights: Weights) -> float:
    one_hot = np.arange(P.shape[1]) == numbers[:, None]
    return float(np.average(((P - one_hot) ** 2).sum(axis=1), weights=weights))


def _auc(P: np.ndarray, numbers: np.ndarray, weights: Weights) -> float:
    """One against the rest, averaged over the classes that are there; 0.5 where there is but one."""
    present = np.unique(numbers)
    if len(present) < 2 or not np.isfinite(P).all():
        return 0.5
    classes = present[-1:] if P.shape[1] == 2 else present
    return float(
        np.mean(
            [sklearn_metrics.roc_auc_score(numbers == k, P[:, k], sample_weight=weights) for k in classes]
        )
    )


def _balanced_accuracy(P: np.ndarray, numbers: np.ndarray, weights: Weights) -> float:
    """Mean recall of the best cut for it: the largest p_k / share of class k."""
    weights = np.ones(len(P)) if weights is None else weights
    mass = np.bincount(numbers, weights, minlength=P.shape[1])
    hit = (P / np.maximum(mass, 1e-12)).argmax(axis=1) == numbers
    hits = np.bincount(numbers, weights * hit, minlength=P.shape[1])
    return float(np.mean(hits[mass > 0] / mass[mass > 0]))


def _f1(P: np.ndarray, numbers: np.ndarray, weights: Weights) -> float:
    """F1 of the second of two classes, or the mean over several, at the most probable class."""
    average = "binary" if P.shape[1] == 2 else "macro"
    return float(
        sklearn_metrics.f1_score(
            numbers, P.argmax(axis=1), average=average, sample_weight=weights, zero_division=0.0
        )
    )


def _rmse(a: np.ndarray, y: np.ndarray, weights: Weights) -> float:
    return float(np.sqrt(np.average((a - y) ** 2, weights=weights)))


def _mae(a: np.ndarray, y: np.ndarray, weights: Weights) -> float:
    return float(np.average(np.abs(a - y), weights=weights))


def _r2(a: np.ndarray, y: np.ndarray, weights: Weights) -> float:
    total = np.average((y - np.average(y, weights=weights)) ** 2, weights=weights)
    return float(1.0 - np.average((a - y) ** 2, weights=weights) / total) if total > 0 else 0.0


CLASS_METRICS = {
    row.name: row
    for row in (
        TableMetric("log_loss", log_loss, maximize=False),
        TableMetric("brier", _brier, maximize=False),
        TableMetric("auc", _auc, maximize=True),
        TableMetric("accuracy", _accuracy, maximize=True, smooth=True),
        TableMetric("balanced_accuracy", _balanced_accuracy, maximize=True, smooth=True, decision="prior"),
        TableMetric("f1", _f1, maximize=True, smooth=True, decision="tuned"),
    )
}
NUMBER_METRICS = {
    row.name: row
    for row in (
        TableMetric("rmse", _rmse, maximize=False),
        TableMetric("mae", _mae, maximize=False, loss="absolute_error"),
        TableMetric("r2", _r2, maximize=True),
    )
}


def quantile_metric(q: float, loss: str) -> TableMetric:
    """Return the mean pinball loss of a quantile as a metric."""

    def pinball(a: np.ndarray, y: np.ndarray, weights: Weights) -> float:
        return float(np.average(np.maximum(q * (y - a), (q - 1.0) * (y - a)), weights=weights))

    return TableMetric(f"pinball({q:g})", pinball, maximize=False, loss=loss)


def best_threshold(metric: TableMetric, P: np.ndarray, numbers: np.ndarray, weights: Weights) -> float:
    """Return the probability of the second of two classes above which the metric is best.

    Parameters
    ----------
    metric : TableMetric
    P : ndarray, shape (m, 2)
    numbers : ndarray, shape (m,)
    weights : ndarray, shape (m,), or None

    Returns
    -------
    float
    """
    candidates = np.unique(np.append(np.quantile(P[:, 1], np.linspace(0.01, 0.99, 99)), 0.5))
    candidates = candidates[(candidates > 0.0) & (candidates < 1.0)]
    values = [metric.value(P / np.array([1.0 - t, t]), numbers, weights) for t in candidates.tolist()]
    best = np.flatnonzero(np.asarray(values) == max(values))
    return float(candidates[best[np.argmin(np.abs(candidates[best] - 0.5))]])


def temperature_for(log_P: np.ndarray, numbers: np.ndarray, weights: Any) -> float:
    """Return T for which softmax(log P / T) has the lowest log loss, held near 1 where rows are few.

    The penalty 2 (log T)^2 / m is a normal prior of log T with spread 1/2; 1 where T brings nothing.

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
        return log_loss(soften(log_P, np.exp(log_T)), numbers, weights) + 2.0 * log_T**2 / len(log_P)

    found = minimize_scalar(cost, bounds=(-2.0, 2.0), method="bounded")
    return float(np.exp(found.x)) if found.fun < cost(0.0) else 1.0


def soften(log_P: np.ndarray, temperature: float) -> np.ndarray:
    """Return softmax(log P / T), one row per example."""
    Z = log_P / temperature
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)
