"""Metrics of predictions, one row each, for training, scores, reports and the command line.

A metric is a function of row weights, so that its value and thousands of bootstrap resamples are one matrix
product: ``statistic(truth, prediction, K)`` returns a function of weights (B, m), one row per resample, that returns B
values; nan if the metric is undefined.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from .registry import Registry

Statistic = Callable[[np.ndarray], np.ndarray]
_ROWS_PER_BIN = 20  # fewer say little of a frequency
_BINS = 10


@dataclass(frozen=True)
class Metric:
    """A row of ``METRICS``.

    Parameters
    ----------
    name : str
    title : str
        Its name in words.
    meaning : str
        A short description.
    takes : str
        The kind of prediction it is computed from: "labels", "probabilities" or "numbers".
    statistic : callable
        ``statistic(truth, prediction, K)``: class indices (m,) with -1 for a class that is not known, and
        class indices (m,) or probabilities (m, K) of K classes; or numbers (m,) and numbers (m,).
    maximize : bool
        Whether higher is better.
    share : bool
        Whether it is a fraction, shown as a percentage.
    in_units : bool
        Whether it has the unit of the target.
    interval : str
        How its confidence interval is computed: "percentiles" of resamples, "wilson" for a fraction of rows, or
        "normal" (from the standard deviation of resamples, for metrics that resampling biases upwards).
    decision : str
        The decision rule suited to it, from probabilities to labels: "largest", "prior" (largest p_k /
        frequency of class k) or "tuned" (two classes: the threshold that is best on held-out rows).
    loss : str
        The loss for regression with this metric.
    """

    name: str
    title: str
    meaning: str
    takes: str
    statistic: Callable[..., Statistic]
    maximize: bool = False
    share: bool = False
    in_units: bool = False
    interval: str = "percentiles"
    decision: str = "largest"
    loss: str = "squared_error"

    @property
    def task(self) -> str:
        """The task it belongs to: "classes" or "numbers"."""
        return "numbers" if self.takes == "numbers" else "classes"

    def value(
        self, truth: np.ndarray, prediction: np.ndarray, weights: np.ndarray | None = None, K: int = 0
    ) -> float:
        """Return the metric of predictions.

        Parameters
        ----------
        truth : array, shape (m,)
            Class indices or numbers.
        prediction : array, shape (m,) or (m, K)
            As ``takes`` says.
        weights : array, shape (m,), optional
        K : int
            Number of classes, if there are any.

        Examples
        --------
        >>> METRICS["accuracy"].value(np.array([0, 1, 1, 1]), np.array([0, 1, 1, 0]), K=2)
        0.75
        """
        W = np.ones(len(truth)) if weights is None else np.asarray(weights, np.float64)
        if self.takes != "labels":
            prediction = np.asarray(prediction, np.float64)
        with np.errstate(all="ignore"):
            return float(self.statistic(truth, prediction, K)(W[None, :])[0])


METRICS: Registry[Metric] = Registry("metric", aliases={"auc": "roc_auc"})


def metric_names(task: str) -> list[str]:
    """Return the names of the metrics of a task that have no parameters, aliases included.

    >>> metric_names("numbers")
    ['rmse', 'mae', 'r2']
    """
    plain = [name for name in METRICS if not METRICS.numbers(name) and METRICS[name].task == task]
    return plain + [alias for alias, name in METRICS.aliases.items() if name in plain]


def class_numbers(labels: ArrayLike, classes: Sequence[object]) -> np.ndarray:
    """Return the index of each label among the classes, -1 for an unknown label.

    Examples
    --------
    >>> class_numbers(["no", "yes", "maybe"], ["no", "yes"])
    array([ 0,  1, -1])
    """
    place = {label: k for k, label in enumerate(np.asarray(classes, dtype=object).tolist())}
    return np.array([place.get(label, -1) for label in np.asarray(labels, dtype=object).tolist()], dtype=int)


# Labels


def accuracy(truth: np.ndarray, labels: np.ndarray, K: int) -> Statistic:
    """Fraction of the rows predicted correctly."""
    return partial(_mean, values=(truth == labels).astype(float))


def balanced_accuracy(truth: np.ndarray, labels: np.ndarray, K: int) -> Statistic:
    """Mean recall over the classes that occur."""
    hit = (truth == labels).astype(float)
    classes = [np.flatnonzero(truth == k) for k in np.unique(truth)]

    def mean_recall(W: np.ndarray) -> np.ndarray:
        recalls = []
        for rows in classes:
            mass = W[:, rows].sum(axis=1)
            recalls.append(W[:, rows] @ hit[rows] / np.where(mass > 0, mass, np.nan))
        return _mean_of(recalls)

    return mean_recall


def f1(truth: np.ndarray, labels: np.ndarray, K: int) -> Statistic:
    """2 TP / (2 TP + FP + FN) of the second of two classes, 0 for 0 / 0; with more classes the mean over them."""
    if K == 2:
        return lambda W: np.nan_to_num(_f1(W, truth == 1, labels == 1), nan=0.0)
    return lambda W: _mean_of([_f1(W, truth == k, labels == k) for k in range(K)])


def _f1(W: np.ndarray, truth: np.ndarray, labels: np.ndarray) -> np.ndarray:
    both, either = W @ (truth & labels), W @ (truth.astype(float) + labels)
    return 2.0 * both / np.where(either > 0, either, np.nan)


# Probabilities


def roc_auc(truth: np.ndarray, P: np.ndarray, K: int) -> Statistic:
    """Probability that p ranks a positive row above a negative one; with more than two classes the mean."""
    curves = [_ranking(P[:, k], truth == k) for k in ([1] if K == 2 else range(K))]
    return lambda W: _mean_of([curve(W) for curve in curves])


def _ranking(score: np.ndarray, positive: np.ndarray) -> Statistic:
    """Return the fraction of pairs in which the positive row is ranked above; ties count half."""
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


def surprisal(P: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return -log p of the true class, row by row; p is clipped to [2.2e-16, 1], and 0 for an unknown class.

    Parameters
    ----------
    P : array, shape (m, K)
    truth : array of int, shape (m,)
    """
    p = np.where(truth >= 0, P[np.arange(len(P)), truth], 0.0).astype(np.float64)
    return -np.log(np.clip(p, np.finfo(np.float64).eps, 1.0))


def log_loss(truth: np.ndarray, P: np.ndarray, K: int) -> Statistic:
    """Mean of -log p of the true class."""
    return partial(_mean, values=surprisal(P, truth))


def brier(truth: np.ndarray, P: np.ndarray, K: int) -> Statistic:
    """Mean of (p - y)^2 for the second of two classes; with more classes summed over them, within [0, 2]."""
    distance = ((P - (np.arange(K) == truth[:, None])) ** 2).sum(axis=1)
    return partial(_mean, values=distance / 2 if K == 2 else distance)


def calibration_error(truth: np.ndarray, P: np.ndarray, K: int) -> Statistic:
    """Mean over the rows of |mean predicted probability - observed frequency| in their bin."""
    predicted, observed = reliability(P, truth)
    gap, bins = predicted - observed, equal_bins(predicted)
    return lambda W: sum(np.abs(W[:, rows] @ gap[rows]) for rows in bins) / W.sum(axis=1)


def reliability(P: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return predicted probability and outcome of the second of two classes, with more of the most probable.

    Parameters
    ----------
    P : array, shape (m, K)
    truth : array of int, shape (m,)

    Returns
    -------
    predicted, observed : array, shape (m,)
        A probability, and 1 if that class is the true one, else 0.
    """
    if P.shape[1] == 2:
        return P[:, 1], (truth == 1).astype(float)
    return P.max(axis=1), (P.argmax(axis=1) == truth).astype(float)


def equal_bins(values: np.ndarray) -> list[np.ndarray]:
    """Return the rows of each bin: up to ten of equal size, with equal values in the same bin."""
    order = np.argsort(values, kind="stable")
    count = max(1, min(_BINS, len(values) // _ROWS_PER_BIN))
    cuts = np.searchsorted(values[order], values[order][np.arange(1, count) * len(values) // count])
    return [rows for rows in np.split(order, np.unique(cuts)) if len(rows)]


# Numbers


def rmse(y: np.ndarray, a: np.ndarray, K: int) -> Statistic:
    """sqrt(mean (a - y)^2)."""
    squares = (a - y) ** 2
    return lambda W: np.sqrt(_mean(W, squares))


def mae(y: np.ndarray, a: np.ndarray, K: int) -> Statistic:
    """Mean of |a - y|."""
    return partial(_mean, values=np.abs(a - y))


def r2(y: np.ndarray, a: np.ndarray, K: int) -> Statistic:
    """1 - mean (a - y)^2 / variance of y; undefined for a constant y."""
    squares = (a - y) ** 2
    centred = y - y.mean()  # R2 does not change, and nothing is lost to a large mean
    least = 1e-12 * float(np.mean(centred**2))

    def share_of_variance(W: np.ndarray) -> np.ndarray:
        variance = _mean(W, centred**2) - _mean(W, centred) ** 2
        return 1.0 - _mean(W, squares) / np.where(variance > least, variance, np.nan)

    return share_of_variance


def pinball(y: np.ndarray, a: np.ndarray, K: int, q: float) -> Statistic:
    """Mean of q (y - a) where y > a, else (1 - q)(a - y): the loss of a quantile."""
    return partial(_mean, values=np.maximum(q * (y - a), (q - 1.0) * (y - a)))


def _mean(W: np.ndarray, values: np.ndarray) -> np.ndarray:
    return W @ values / W.sum(axis=1)


def _mean_of(columns: list[np.ndarray]) -> np.ndarray:
    """Return the mean of the defined values of each row; nan if there are none."""
    table = np.stack(columns)
    is_defined = np.isfinite(table)
    return np.where(is_defined, table, 0.0).sum(axis=0) / np.where(
        is_defined.any(axis=0), is_defined.sum(axis=0), np.nan
    )


def _row(row: Metric, **numbers: float) -> None:
    """Add a row; its numbers fill in its title and go to its statistic."""

    def make(name: str, **values: float) -> Metric:
        if not values:
            return row
        statistic = partial(row.statistic, **values)
        return replace(row, name=name, title=row.title.format(**values), statistic=statistic)

    METRICS.add(row.name, make, **numbers)


_row(Metric("accuracy", "accuracy", "fraction of the rows predicted correctly", "labels", accuracy,
            maximize=True, share=True, interval="wilson"))  # fmt: skip
_row(Metric("balanced_accuracy", "balanced accuracy", "mean recall over the classes", "labels", balanced_accuracy,
            maximize=True, share=True, decision="prior"))  # fmt: skip
_row(Metric("f1", "F1", "harmonic mean of precision and recall, of the positive class; of more than two the mean (macro)",
            "labels", f1, maximize=True, share=True, decision="tuned"))  # fmt: skip
_row(Metric("roc_auc", "ROC AUC", "probability that a positive row is ranked above a negative one; 0.5 is chance",
            "probabilities", roc_auc, maximize=True))  # fmt: skip
_row(Metric("log_loss", "log loss", "mean of -log of the true class's predicted probability", "probabilities",
            log_loss))  # fmt: skip
_row(Metric("brier", "Brier score", "mean squared error of the predicted probabilities", "probabilities",
            brier))  # fmt: skip
_row(Metric("calibration_error", "calibration error", "mean distance between predicted and observed frequency",
            "probabilities", calibration_error, share=True, interval="normal"))  # fmt: skip
_row(Metric("rmse", "RMSE", "root mean squared error, in the target's unit", "numbers", rmse, in_units=True))
_row(Metric("mae", "MAE", "mean absolute error, in the target's unit", "numbers", mae, in_units=True,
            loss="absolute_error"))  # fmt: skip
_row(Metric("r2", "R²", "fraction of the target's variance that is explained", "numbers", r2, maximize=True))
_row(Metric("pinball", "pinball loss of the {q:g} quantile", "mean loss of a predicted quantile, in the target's unit",
            "numbers", pinball, in_units=True), q=0.5)  # fmt: skip
