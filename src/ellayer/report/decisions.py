"""Decisions: scores of each class, the most frequent confusions, thresholds with their costs, coverage of intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..core.metrics import class_numbers
from .decision_facts import ClassScore, Confusion, Coverage, Decisions, ThresholdRow
from .run_facts import Predictions
from .scores import wilson

THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


def class_scores(y: ArrayLike, prediction: ArrayLike, classes: Sequence[Any]) -> list[ClassScore]:
    """Return precision, recall, F1 and support of each class.

    Parameters
    ----------
    y, prediction : array of labels, shape (m,)
    classes : sequence of labels
        A label of y that is not among them counts as a wrong prediction of another class.

    Examples
    --------
    >>> class_scores(["a", "a", "b"], ["a", "b", "b"], ["a", "b"])[0]
    ClassScore(label='a', precision=1.0, recall=0.5, f1=0.6666666666666666, support=2)
    """
    from sklearn.metrics import precision_recall_fscore_support

    columns = precision_recall_fscore_support(
        class_numbers(y, classes),
        class_numbers(prediction, classes),
        labels=range(len(classes)),
        zero_division=0,
    )
    return [
        ClassScore(str(label), float(p), float(r), float(f), int(n))
        for label, p, r, f, n in zip(classes, *columns, strict=True)
    ]


def count_pairs(y: ArrayLike, prediction: ArrayLike, classes: Sequence[Any]) -> np.ndarray:
    """Return how often class i was predicted as class j, shape (K, K); unknown labels are ignored.

    >>> count_pairs(["a", "a", "b"], ["a", "b", "b"], ["a", "b"])
    array([[1, 1],
           [0, 1]])
    """
    K, truth, predicted = len(classes), class_numbers(y, classes), class_numbers(prediction, classes)
    known = (truth >= 0) & (predicted >= 0)
    return np.bincount(K * truth[known] + predicted[known], minlength=K * K).reshape(K, K)


def top_confusions(counts: np.ndarray, classes: Sequence[Any], most: int = 10) -> list[Confusion]:
    """Return the most frequent errors.

    Parameters
    ----------
    counts : array of int, shape (K, K)
        Of true classes (rows) and predicted ones.
    classes : sequence of labels
    most : int

    Examples
    --------
    >>> top_confusions(np.array([[3, 1], [0, 2]]), ["a", "b"])
    [Confusion(truth='a', prediction='b', count=1, share=0.25)]
    """
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = [(int(i), int(j)) for i, j in zip(*np.unravel_index(order, wrong.shape), strict=True)]
    return [
        Confusion(str(classes[i]), str(classes[j]), int(wrong[i, j]), float(wrong[i, j] / counts[i].sum()))
        for i, j in pairs
        if wrong[i, j]
    ]


def threshold_table(
    p: np.ndarray, positive: np.ndarray, costs: Mapping[str, float], used: float | None = None
) -> list[ThresholdRow]:
    """Return precision, recall and cost for some thresholds and the model's own.

    Parameters
    ----------
    p : array, shape (m,)
        Probabilities of the positive class.
    positive : array of bool, shape (m,)
    costs : mapping
        "fp" and "fn"; 1 if not named.
    used : float, optional
        The model's threshold.

    Examples
    --------
    >>> rows = threshold_table(np.array([0.2, 0.8]), np.array([False, True]), {"fn": 5}, 0.5)
    >>> [(row.threshold, row.precision, row.recall, row.cost) for row in rows if row.used]
    [(0.5, 1.0, 1.0, 0.0)]
    """
    others = [t for t in THRESHOLDS if used is None or abs(t - used) > 0.005]
    fp, fn = costs.get("fp", 1.0), costs.get("fn", 1.0)
    rows = []
    for t in sorted([*others, *([] if used is None else [used])]):
        is_positive = p > t
        hits, false, missed = (
            (is_positive & positive).sum(),
            (is_positive & ~positive).sum(),
            (~is_positive & positive).sum(),
        )
        rows.append(
            ThresholdRow(
                threshold=float(t),
                positives=float(is_positive.mean()),
                precision=float(hits / max(hits + false, 1)),
                recall=float(hits / max(hits + missed, 1)),
                f1=float(2 * hits / max(2 * hits + false + missed, 1)),
                cost=float((fp * false + fn * missed) / len(p)),
                used=t == used,
            )
        )
    return rows


def coverage_of(y: np.ndarray, prediction: np.ndarray, coverage: float, low: float, high: float) -> Coverage:
    """Return the share of the rows in which the truth lies from prediction + low to prediction + high.

    Parameters
    ----------
    y, prediction : array, shape (m,)
    coverage, low, high : float

    Examples
    --------
    >>> coverage_of(np.array([1.0, 5.0]), np.array([1.5, 1.0]), 0.9, -1.0, 1.0).observed
    0.5
    """
    error = y - prediction
    observed = float(((error >= low) & (error <= high)).mean())
    return Coverage(coverage, low, high, observed, wilson(observed, len(y)))


def positive_last(
    classes: list[Any], models: list[Predictions], positive: object
) -> tuple[list[Any], list[Predictions]]:
    """Return two classes with the positive one as the second, and predictions with their probabilities in that order.

    Scores and pictures speak of the second of two classes.

    Parameters
    ----------
    classes : list
    models : list of Predictions
    positive : object
        A label; None leaves everything as it is.

    Examples
    --------
    >>> classes, _ = positive_last(["bad", "good"], [], "bad")
    >>> classes
    ['good', 'bad']
    """
    if len(classes) != 2 or positive is None or positive != classes[0]:
        return classes, models
    reordered = [
        model if model.P is None else replace(model, P=np.asarray(model.P)[:, ::-1]) for model in models
    ]
    return classes[::-1], reordered


def decisions(
    y: np.ndarray,
    model: Predictions,
    classes: Sequence[Any],
    *,
    threshold: float | None = None,
    costs: Mapping[str, float] | None = None,
    intervals: Mapping[float, tuple[float, float]] | None = None,
) -> Decisions:
    """Return the facts about the decisions of one model.

    Parameters
    ----------
    y : array, shape (m,)
        Labels, or numbers.
    model : Predictions
    classes : sequence of labels
        In the order of the columns of P, the positive one of two second; empty for numbers.
    threshold : float, optional
        Of two classes: the model's own.
    costs : mapping, optional
        "fp" and "fn".
    intervals : mapping of float to (float, float), optional
        Coverage -> what is added to a prediction for the ends of its interval.
    """
    costs = {"fp": 1.0, "fn": 1.0, **(costs or {})}
    if not classes:
        prediction, y = np.asarray(model.prediction, float).ravel(), np.asarray(y, float)
        coverages = [coverage_of(y, prediction, share, *ends) for share, ends in (intervals or {}).items()]
        return Decisions(None, [], [], [], costs, coverages)
    counts = count_pairs(y, model.prediction, classes)
    rows: list[ThresholdRow] = []
    if len(classes) == 2 and model.P is not None and np.isfinite(model.P).all():
        rows = threshold_table(model.P[:, 1], class_numbers(y, classes) == 1, costs, threshold)
    return Decisions(
        positive=str(classes[1]) if len(classes) == 2 else None,
        classes=class_scores(y, model.prediction, classes),
        confusions=top_confusions(counts, classes) if len(classes) > 2 else [],
        thresholds=rows,
        costs=dict(costs),
        intervals=[],
    )
