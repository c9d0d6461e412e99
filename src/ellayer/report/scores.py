"""Scores of predictions, each with its 95 % confidence interval."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .._views import html_table
from ..core.metrics import METRICS, Statistic, class_numbers, equal_bins, metric_names, reliability
from ..errors import EllayerError
from .number_text import format_interval, format_score
from .run_facts import Predictions, Score

LEVEL = 0.95
_Z = NormalDist().inv_cdf((1 + LEVEL) / 2)
_RESAMPLES = (200, 1000)  # fewer for more rows and classes: with many rows the interval is narrow anyway
_WORK = 2_500_000  # rows drawn for all resamples together
_CHUNK = 500_000  # of them at once
_ROWS = 5_000  # resampled at most; with more, the interval is scaled by the root of their share


class ScoreTable(dict[str, Score]):
    """Scores by the name of their metric, which a notebook shows as a table.

    Examples
    --------
    >>> scores([1.0, 2.0, 4.0], [1.0, 2.0, 3.0], names=["mae"])
    ScoreTable(mae 0.333 [0.00 to 1.00])
    """

    def __repr__(self) -> str:
        texts = [f"{name} {value} [{interval}]" for name, value, interval in self._rows()]
        return f"ScoreTable({', '.join(texts)})"

    def _repr_html_(self) -> str:
        rows = [
            (f"{METRICS[name].title} {'↑' if score.maximize else '↓'}", *row[1:])
            for (name, score), row in zip(self.items(), self._rows(), strict=True)
        ]
        return html_table(("score", "value", "95 % interval"), rows, "Scores (↑ higher is better)")

    def _rows(self) -> list[tuple[str, str, str]]:
        return [
            (name, format_score(name, score.value), format_interval(name, score))
            for name, score in self.items()
        ]


def scores(
    y: ArrayLike,
    prediction: ArrayLike,
    P: ArrayLike | None = None,
    classes: Sequence[object] | None = None,
    weights: ArrayLike | None = None,
    names: Sequence[str] | None = None,
) -> ScoreTable:
    """Return the scores of predictions, each with its 95 % confidence interval.

    The intervals are computed by the bootstrap over rows: percentiles of 200 to 1000 resamples with a fixed
    seed (with more than 5000 rows, 5000 are resampled, and the interval is scaled by the root of their
    share). For accuracy it is Wilson's interval; for the calibration error, which resampling biases
    upwards, it is value ± 1.96 standard deviations of the resamples.

    Parameters
    ----------
    y : array, shape (m,)
        True labels or numbers.
    prediction : array, shape (m,)
    P : array, shape (m, K), optional
        Probabilities; without them there are no scores of probabilities.
    classes : sequence of K labels, optional
        In the order of the columns of P, of two the positive one second. A label of y that is not among them counts as
        missed. Without it, targets that are text or Booleans, and those with P, are classes in ascending order; all
        others are numbers.
    weights : array, shape (m,), optional
    names : sequence of str, optional
        Rows of ``METRICS``; by default all of the task that take no number of their own.

    Returns
    -------
    ScoreTable
        A dict: Score by the name of the metric.

    Raises
    ------
    ValueError
        For arrays of different lengths, arrays without rows, or if y does not determine the classes.

    Examples
    --------
    >>> found = scores(["no", "no", "yes", "yes"], ["no", "no", "yes", "no"], classes=["no", "yes"])
    >>> found["accuracy"].value, round(found["accuracy"].low, 2), round(found["accuracy"].high, 2)
    (0.75, 0.3, 0.95)
    >>> list(scores([1.0, 2.0, 4.0], [1.0, 2.0, 3.0]))
    ['rmse', 'mae', 'r2']
    """
    classes = _classes_of(y, prediction, P) if classes is None else classes
    K = len(classes)
    arrays = _arrays(y, prediction, P, classes if K else None)
    W = _weights(weights, len(arrays["truth"]))
    values, draws = _evaluate(arrays, K, W, names)
    return ScoreTable({name: _score(name, value, draws[name], W) for name, value in values.items()})


def _classes_of(y: ArrayLike, prediction: ArrayLike, P: ArrayLike | None) -> list[object]:
    """Return the labels that occur, in ascending order, if they are labels; else none."""
    values = [*np.asarray(y).ravel().tolist(), *np.asarray(prediction).ravel().tolist()]
    if P is None and not (values and all(isinstance(value, (str, bool)) for value in values)):
        return []
    labels: list[object] = sorted(set(values))
    if P is not None and (np.ndim(P) != 2 or np.shape(P)[1] != len(labels)):
        raise EllayerError(
            f"classes: expected the label of each column of P, of shape {np.shape(P)}, received none and {len(labels)} "
            "labels in y and prediction; pass classes=model.classes_"
        )
    return labels


def score_values(
    y: ArrayLike, prediction: ArrayLike, P: ArrayLike | None = None, classes: Sequence[object] | None = None
) -> dict[str, float]:
    """Return the values of ``scores`` without their intervals."""
    K = 0 if classes is None else len(classes)
    arrays = _arrays(y, prediction, P, classes if K else None)
    W = _weights(None, len(arrays["truth"]))
    with np.errstate(all="ignore"):
        statistics = _statistics(arrays, K, metric_names("classes" if K else "numbers"))
        return {name: float(statistic(W)[0]) for name, statistic in statistics.items()}


def score_over_folds(name: str, values: ArrayLike, ratio: float) -> Score:
    """Return the mean of a metric over folds with its 95 % interval.

    The variance of the mean is (1/n + test rows / training rows) times that of the n values, because the training
    rows of the folds overlap: Nadeau and Bengio, Machine Learning 52 (2003), 239-281.

    Parameters
    ----------
    name : str
    values : array, shape (n,)
        Of each fold; those that are not finite are ignored.
    ratio : float
        Test rows over training rows of a fold.

    Examples
    --------
    >>> score = score_over_folds("accuracy", [0.8, 0.9, 0.85, 0.8, 0.9], ratio=0.25)
    >>> round(score.value, 3), round(score.low, 3), round(score.high, 3)
    (0.85, 0.757, 0.943)
    """
    from scipy.stats import t

    metric, scores = METRICS[name], np.asarray(values, dtype=float)
    scores = scores[np.isfinite(scores)]
    n = len(scores)
    if n < 2:
        return Score(float(scores[0]) if n else math.nan, math.nan, math.nan, metric.maximize)
    mean = float(scores.mean())
    half = float(t.ppf((1 + LEVEL) / 2, n - 1) * scores.std(ddof=1) * math.sqrt(1 / n + ratio))
    low, high = mean - half, mean + half
    if metric.share or metric.takes == "probabilities":
        low = max(low, 0.0)
    if metric.share or name == "roc_auc":
        high = min(high, 1.0)
    return Score(mean, low, high, metric.maximize)


def differences(
    y: ArrayLike,
    a: Predictions,
    b: Predictions,
    classes: Sequence[object] | None = None,
    names: Sequence[str] | None = None,
) -> dict[str, Score]:
    """Return how much better one model is than another on the same rows, with 95 % intervals.

    Parameters
    ----------
    y : array, shape (m,)
    a, b : Predictions
        Differences are ``a`` minus ``b`` where higher is better, else ``b`` minus ``a``.
    classes : sequence of labels, optional
    names : sequence of str, optional
        Rows of ``METRICS``; by default all that both have.

    Returns
    -------
    dict of str to Score
        Both are resampled alike, so that rows hard for both do not count.

    Examples
    --------
    >>> from ellayer.report import Predictions
    >>> better = differences([0.0, 1.0, 2.0], Predictions("a", np.arange(3.0)), Predictions("b", np.ones(3)))
    >>> round(better["rmse"].value, 3)
    0.816
    """
    K = 0 if classes is None else len(classes)
    both = [_arrays(y, model.prediction, model.P, classes if K else None) for model in (a, b)]
    W = _weights(None, len(both[0]["truth"]))
    (values, draws), (values_b, draws_b) = (_evaluate(arrays, K, W, names) for arrays in both)
    leads = {}
    for name in values:
        if name in values_b:
            sign = 1.0 if METRICS[name].maximize else -1.0
            low, high = _percentiles(sign * (draws[name] - draws_b[name]), W.shape[1])
            leads[name] = Score(sign * (values[name] - values_b[name]), low, high)
    return leads


class CalibrationBin(NamedTuple):
    """Rows of like predicted probability: their number, its mean, and the observed frequency with its 95 % interval."""

    rows: int
    predicted: float
    observed: float
    low: float
    high: float


def calibration_bins(P: ArrayLike, y: ArrayLike, classes: Sequence[object]) -> list[CalibrationBin]:
    """Return predicted and observed frequency in up to ten bins of as many rows each.

    Parameters
    ----------
    P : array, shape (m, K)
    y : array of labels, shape (m,)
    classes : sequence of K labels
    """
    predicted, right = reliability(np.asarray(P, dtype=float), class_numbers(y, classes))
    bins = []
    for rows in equal_bins(predicted):
        observed = float(right[rows].mean())
        ends = wilson(observed, len(rows))
        bins.append(CalibrationBin(len(rows), float(predicted[rows].mean()), observed, *ends))
    return bins


def _arrays(
    y: ArrayLike, prediction: ArrayLike, P: ArrayLike | None, classes: Sequence[object] | None
) -> dict[str, np.ndarray]:
    """Return the true values, and the predictions by the kind that a metric takes."""
    if classes is None:
        arrays = {"truth": np.asarray(y, dtype=float), "numbers": np.asarray(prediction, dtype=float).ravel()}
    else:
        arrays = {"truth": class_numbers(y, classes), "labels": class_numbers(prediction, classes)}
    m, predicted = (len(array) for array in arrays.values())
    if m == 0 or predicted != m:
        raise EllayerError(
            f"scores: expected a prediction for each of at least one row, received {m} rows and {predicted} "
            f"predictions"
        )
    if P is not None and classes is not None:
        arrays["probabilities"] = np.asarray(P, dtype=float)
        if np.shape(P) != (m, len(classes)):
            raise EllayerError(
                f"P: expected probabilities of shape {(m, len(classes))}, one column per class; received {np.shape(P)}"
            )
    return arrays


def _statistics(arrays: dict[str, np.ndarray], K: int, names: Iterable[str]) -> dict[str, Statistic]:
    """Return the statistics of the named metrics that can be computed of these predictions."""
    rows = dict.fromkeys(METRICS[name] for name in names)
    return {
        row.name: row.statistic(arrays["truth"], arrays[row.takes], K) for row in rows if row.takes in arrays
    }


def _weights(weights: ArrayLike | None, m: int) -> np.ndarray:
    W = np.ones(m) if weights is None else np.asarray(weights, dtype=float)
    if W.shape != (m,) or (m and not ((W >= 0).all() and W.any())):
        raise EllayerError(
            f"weights: expected {m} numbers of at least 0, not all of them 0; received shape {W.shape}"
        )
    return W[None, :]


def _evaluate(
    arrays: dict[str, np.ndarray], K: int, W: np.ndarray, names: Sequence[str] | None
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Return the value of each metric, and its values for the same resamples of the rows."""
    if names is None:
        names = metric_names("classes" if K else "numbers")
    random, whole = np.random.default_rng(0), W.shape[1]
    with np.errstate(all="ignore"):
        statistics = _statistics(arrays, K, names)
        values = {name: float(statistic(W)[0]) for name, statistic in statistics.items()}
        if whole > _ROWS:
            rows = np.sort(random.choice(whole, _ROWS, replace=False))
            W = W[:, rows]
            statistics = _statistics({name: array[rows] for name, array in arrays.items()}, K, names)
        m = W.shape[1]
        resamples = int(np.clip(_WORK // (m * max(1, K // 10)), *_RESAMPLES))
        parts: dict[str, list[np.ndarray]] = {name: [] for name in statistics}
        while resamples > 0:
            B = min(resamples, max(1, _CHUNK // m))
            rows_drawn = random.integers(0, m, (B, m)) + m * np.arange(B)[:, None]
            counts = np.bincount(rows_drawn.ravel(), minlength=B * m).reshape(B, m) * W
            for name, statistic in statistics.items():
                parts[name].append(statistic(counts))
            resamples -= B
        draws = {name: np.concatenate(part) for name, part in parts.items()}
        if m < whole:  # fewer rows spread more
            narrower = math.sqrt(m / whole)
            for name, statistic in statistics.items():
                draws[name] = values[name] + narrower * (draws[name] - float(statistic(W)[0]))
    return values, draws


def _score(name: str, value: float, draws: np.ndarray, W: np.ndarray) -> Score:
    interval = METRICS[name].interval
    if not math.isfinite(value):
        low = high = math.nan
    elif interval == "wilson":
        low, high = wilson(value, float(W.sum() ** 2 / (W**2).sum()))  # effective number of rows
    elif interval == "normal":
        spread = _Z * float(np.std(draws)) if len(W[0]) > 1 else math.nan
        low, high = max(0.0, value - spread), min(1.0, value + spread)
    else:
        low, high = _percentiles(draws, W.shape[1])
    return Score(value, low, high, METRICS[name].maximize)


def _percentiles(draws: np.ndarray, m: int) -> tuple[float, float]:
    draws = draws[np.isfinite(draws)]
    if m < 2 or not len(draws):
        return math.nan, math.nan
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def wilson(share: float, n: float) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share of n rows.

    Wilson, Journal of the American Statistical Association 22 (1927), 209-212.

    >>> [round(end, 3) for end in wilson(0.9, 100)]
    [0.826, 0.945]
    """
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    low, high = middle - half, middle + half
    # The share lies inside, whatever rounding does.
    return max(0.0, min(low, share)), min(1.0, max(high, share))
