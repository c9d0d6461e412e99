"""Scores as functions of what each row weighs, so that thousands of resamples are one product.

Every statistic takes weights of shape (B, m), one line per resample, and returns B values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Statistic = Callable[[np.ndarray], np.ndarray]
_ROWS_PER_BIN = 20  # as few say something of a share
_BINS = 10


def class_numbers(labels: Any, classes: Sequence[Any]) -> np.ndarray:
    """Return the place of each label among the classes, -1 where it is none of them.

    Examples
    --------
    >>> class_numbers(["no", "yes", "maybe"], ["no", "yes"])
    array([ 0,  1, -1])
    """
    place = {label: k for k, label in enumerate(np.asarray(classes, dtype=object).tolist())}
    return np.array([place.get(label, -1) for label in np.asarray(labels, dtype=object).tolist()], dtype=int)


def class_statistics(
    truth: np.ndarray, said: np.ndarray, P: np.ndarray | None, K: int
) -> dict[str, Statistic]:
    """Return the statistics of predicted classes.

    Parameters
    ----------
    truth, said : array of int, shape (m,)
        Class numbers; -1 is a class that is not known.
    P : array, shape (m, K), or None
    K : int

    Returns
    -------
    dict of str to callable
    """
    hit = (truth == said).astype(float)
    found: dict[str, Statistic] = {
        "accuracy": lambda W: _mean(W, hit),
        "balanced_accuracy": lambda W: _balanced_accuracy(W, hit, truth),
    }
    if K == 2:
        found["f1"] = lambda W: _f1(W, truth == 1, said == 1)
    if P is None:
        return found
    curves = [_ranking(P[:, k], truth == k) for k in ([1] if K == 2 else range(K))]
    surprise, distance = _surprise(P, truth), _distance(P, truth)
    confidence, right = reliability(P, truth)
    bins = equal_bins(confidence)
    found["roc_auc"] = lambda W: _mean_of([curve(W) for curve in curves])
    found["log_loss"] = lambda W: _mean(W, surprise)
    found["brier"] = lambda W: _mean(W, distance)
    found["calibration_error"] = lambda W: _calibration_error(W, confidence - right, bins)
    return found


def number_statistics(truth: np.ndarray, said: np.ndarray) -> dict[str, Statistic]:
    """Return the statistics of predicted numbers, shapes (m,)."""
    error = said - truth
    centred = truth - truth.mean()  # R2 does not change, and nothing is lost to a large mean

    def r2(W: np.ndarray) -> np.ndarray:
        spread = _mean(W, centred**2) - _mean(W, centred) ** 2
        spread[spread <= 1e-12 * float(np.mean(centred**2))] = np.nan
        return 1.0 - _mean(W, error**2) / spread

    return {
        "rmse": lambda W: np.sqrt(_mean(W, error**2)),
        "mae": lambda W: _mean(W, np.abs(error)),
        "r2": r2,
    }


def reliability(P: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what is promised and whether it came true: of two classes the second's probability, of more the largest.

    Parameters
    ----------
    P : array, shape (m, K)
    truth : array of int, shape (m,)

    Returns
    -------
    confidence, right : array, shape (m,)
    """
    if P.shape[1] == 2:
        return P[:, 1], (truth == 1).astype(float)
    return P.max(axis=1), (P.argmax(axis=1) == truth).astype(float)


def equal_bins(values: np.ndarray) -> list[np.ndarray]:
    """Return the rows of each bin: up to ten, of as many rows each, equal values together."""
    order = np.argsort(values, kind="stable")
    count = max(1, min(_BINS, len(values) // _ROWS_PER_BIN))
    cuts = np.searchsorted(values[order], values[order][np.arange(1, count) * len(values) // count])
    return [rows for rows in np.split(order, np.unique(cuts)) if len(rows)]


def _mean(W: np.ndarray, values: np.ndarray) -> np.ndarray:
    return W @ values / W.sum(axis=1)


def _mean_of(columns: list[np.ndarray]) -> np.ndarray:
    """The mean of what is there, line by line; nan where nothing is."""
    table = np.stack(columns)
    there = np.isfinite(table)
    return np.where(there, table, 0.0).sum(axis=0) / np.where(there.any(axis=0), there.sum(axis=0), np.nan)


def _balanced_accuracy(W: np.ndarray, hit: np.ndarray, truth: np.ndarray) -> np.ndarray:
    recalls = []
    for k in np.unique(truth):
        mass = W[:, truth == k].sum(axis=1)
        recalls.append(W[:, truth == k] @ hit[truth == k] / np.where(mass > 0, mass, np.nan))
    return _mean_of(recalls)


def _f1(W: np.ndarray, truth: np.ndarray, said: np.ndarray) -> np.ndarray:
    """2 TP / (2 TP + FP + FN); 0 where there is nothing to find and nothing found."""
    both, either = W @ (truth & said), W @ (truth.astype(float) + said)
    return 2.0 * both / np.where(either > 0, either, 1.0)


def _surprise(P: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """-log p of the true class, p held to [eps, 1] as scikit-learn holds it; a class not known has p = 0."""
    p = np.where(truth >= 0, P[np.arange(len(P)), truth], 0.0)
    return -np.log(np.clip(p, np.finfo(float).eps, 1.0))


def _distance(P: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Squared distance of the probabilities from the truth, half of it for two classes: within [0, 1]."""
    whole = ((P - (np.arange(P.shape[1]) == truth[:, None])) ** 2).sum(axis=1)
    return whole / 2 if P.shape[1] == 2 else whole


def _ranking(score: np.ndarray, positive: np.ndarray) -> Statistic:
    """The share of pairs that are ranked right, ties by half."""
    if not np.isfinite(score).all():
        return lambda W: np.full(len(W), np.nan)
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.diff(score[order], prepend=-np.inf))
    positive = positive[order]

    def area(W: np.ndarray) -> np.ndarray:
        W = W[:, order]
        up = np.add.reduceat(W * positive, starts, axis=1)
        down = np.add.reduceat(W * ~positive, starts, axis=1)
        pairs = up.sum(axis=1) * down.sum(axis=1)
        won = (up * (np.cumsum(down, axis=1) - down / 2)).sum(axis=1)
        return won / np.where(pairs > 0, pairs, np.nan)

    return area


def _calibration_error(W: np.ndarray, gap: np.ndarray, bins: list[np.ndarray]) -> np.ndarray:
    """Mean over the rows of |promised - came true| in their bin."""
    return sum(np.abs(W[:, rows] @ gap[rows]) for rows in bins) / W.sum(axis=1)
