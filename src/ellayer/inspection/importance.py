"""Permutation importance: the increase of the loss when the values of a column are shuffled.

Strongly correlated columns are shuffled together: alone each would seem unimportant, because the others replace it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from .._samples import even_sample
from ..core.metrics import METRICS, Metric, class_numbers
from ..errors import EllayerError
from .any_model import AnyModel, flat_targets, is_ours, predict_any, rows_of, true_values
from .ensemble import Predictor
from .explain import explain
from .model_parts import SupportedModel

CORRELATED = 0.8
_CORRELATION_ROWS = 1000
PRECISE = 0.02  # standard error in units of the largest importance, at which no more shuffles are needed
_RANKING_ROWS = 64  # explained to rank the columns, so that the most important ones are measured first


@dataclass(frozen=True)
class ColumnImportance:
    """Importance of a column, or of several that are shuffled together.

    Attributes
    ----------
    columns : tuple of str
    mean, spread : float
        Mean and standard deviation over the shuffles of the deterioration of the metric.
    """

    columns: tuple[str, ...]
    mean: float
    spread: float

    @property
    def name(self) -> str:
        """The names of the columns, joined."""
        return " + ".join(self.columns)


@dataclass(frozen=True)
class Importance:
    """Permutation importance of the columns of a table.

    Attributes
    ----------
    rows : list of ColumnImportance
        The most important first.
    metric : str
        Name of the metric.
    m : int
        Rows that were shuffled.
    repeats : int
        Number of shuffles of each column within the time limit; fewer if the means are precise.
    error : float
        Largest standard error of a mean; nan for one shuffle.
    seconds : float
        The time limit.
    unmeasured : list of str
        Columns not measured within the time limit; their contributions to predictions are smaller.
    """

    rows: list[ColumnImportance]
    metric: str
    m: int
    repeats: int
    error: float
    seconds: float
    unmeasured: list[str]

    def description(self) -> str:
        """Return a description of the measurement, in sentences."""
        shuffles = f"{self.repeats} shuffle{'' if self.repeats == 1 else 's'}"
        precision = f" (standard error at most {self.error:.2g})" if self.error == self.error else ""
        text = f"Mean of {shuffles} on {self.m:,} rows{precision}; the time limit was {self.seconds:.3g} s"
        if count := len(self.unmeasured):
            text += f", too short for {count:,} columns that contribute less to the predictions"
        groups = sum(len(row.columns) > 1 for row in self.rows)
        if groups:
            text += (
                f". Columns with a rank correlation of {CORRELATED:g} or more are shuffled together "
                f"({groups} group{'' if groups == 1 else 's'})"
            )
        return text + "."


def permutation_importance(
    model: AnyModel,
    X: object,
    y: ArrayLike,
    metric: str | None = None,
    *,
    repeats: int = 5,
    seconds: float = 10.0,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Importance:
    """Return the deterioration of a metric when the values of each column are shuffled.

    The encoded values of a column are shuffled, which is equivalent to shuffling the column. Each round shuffles
    every column once, those with large contributions first, until the time limit or until the means are precise.
    For a model of another library, each column of the table is shuffled separately.

    Parameters
    ----------
    model : fitted estimator, of this or another library, TrainingResult, or (Network, parameters)
    X : table or array
        As for ``predict``.
    y : array, shape (m,)
    metric : str, optional
        A row of ``METRICS`` for the task; by default "rmse", or "log_loss" ("accuracy" without probabilities).
    repeats : int
        Maximum number of shuffles of a column.
    seconds : float
        Time limit; at least one column is shuffled once.
    seed : int
    progress : callable, optional
        Called with the number of shuffles done, and in total.

    Returns
    -------
    Importance

    References
    ----------
    Breiman, Random forests, Machine Learning 45 (2001).

    Examples
    --------
    >>> from ellayer.core import Network
    >>> model = Network([2, 1], "identity", "squared_error"), {"W1": np.array([[1.0, 0.0]]), "b1": np.zeros((1, 1))}
    >>> X = np.array([[1.0, 2.0, 3.0, 4.0], [0.0, 1.0, 1.0, 0.0]])
    >>> [row.columns for row in permutation_importance(model, X, X[0], "rmse").rows if row.mean > 0]
    [('x0',)]
    """
    shuffler = _Prepared(model, X, y, metric) if is_ours(model) else _Table(model, X, y, metric)
    changes = _shuffle(shuffler, repeats, seconds, seed, progress)
    names, groups = shuffler.names, shuffler.groups
    rows = [
        ColumnImportance(tuple(names[j] for j in group), float(np.mean(values)), float(np.std(values)))
        for group, values in zip(groups, changes, strict=True)
        if values
    ]
    return Importance(
        rows=sorted(rows, key=lambda row: -row.mean),
        metric=shuffler.metric.name,
        m=shuffler.m,
        repeats=max(map(len, changes), default=0),
        error=_standard_error(changes),
        seconds=seconds,
        unmeasured=[names[j] for group in groups[len(rows) :] for j in group],
    )


class _Shuffler(Protocol):
    """A model, and rows whose groups of columns are shuffled."""

    names: list[str]
    groups: list[list[int]]
    metric: Metric
    m: int

    def error(self, group: list[int], order: np.ndarray | None) -> float:
        """Return the metric with the values of a group shuffled, with a sign such that lower is better."""


class _Prepared:
    """Rows of one of our models, prepared once."""

    def __init__(self, model: SupportedModel, X: object, y: ArrayLike, metric: str | None):
        self._predictor = predictor = Predictor.of(model)
        self.metric = METRICS[metric or ("log_loss" if predictor.has_odds else "rmse")]
        self._rows, self.names = np.array(predictor.parts.prepare(X)), predictor.column_names()
        y = flat_targets(model, y, predictor.has_odds)
        self._truth = class_numbers(y, predictor.labels()) if predictor.has_odds else y.astype(float).ravel()
        self._columns, self.m = predictor.input_columns(), self._rows.shape[1]
        groups = correlated_columns(self._rows, self._columns)
        self.groups = _rank_groups(groups, model, X) if predictor.parts.outputs is None else groups

    def error(self, group: list[int], order: np.ndarray | None) -> float:
        inputs = np.flatnonzero(np.isin(self._columns, group))
        unshuffled = self._rows[inputs]
        if order is not None:
            self._rows[inputs] = unshuffled[:, order]
        prediction = self._predictor.predict(self._rows)
        self._rows[inputs] = unshuffled
        if self.metric.takes != "probabilities":
            prediction = prediction.argmax(axis=1) if self.metric.takes == "labels" else prediction[:, 0]
        return _error(self.metric, self._truth, prediction, self._predictor.class_count)


class _Table:
    """Rows of a model of another library, in the form that it takes."""

    def __init__(self, model: AnyModel, X: object, y: ArrayLike, metric: str | None):
        self._model, self._rows = model, rows_of(X)
        first = predict_any(model, X)
        default = "rmse" if not first.classes else "accuracy" if first.P is None else "log_loss"
        self.metric, self._classes = METRICS[metric or default], first.classes
        truth = true_values(model, y, first)
        self._truth = class_numbers(truth, first.classes) if first.classes else np.asarray(truth, dtype=float)
        self.names, self.m = self._rows.names, len(self._truth)
        self.groups = [[j] for j in range(len(self.names))]

    def error(self, group: list[int], order: np.ndarray | None) -> float:
        prediction = predict_any(self._model, self._rows.take(np.arange(self.m), group[0], order))
        values = prediction.P if self.metric.takes == "probabilities" else prediction.values
        if values is None:
            raise EllayerError(
                f"metric: expected a metric of labels for a model without probabilities, received {self.metric.name!r}; "
                "try 'accuracy'"
            )
        if self.metric.takes == "labels":
            values = class_numbers(values, self._classes)
        return _error(self.metric, self._truth, values, len(self._classes) or 1)


def _error(metric: Metric, truth: np.ndarray, prediction: np.ndarray, K: int) -> float:
    value = metric.value(truth, prediction, K=K)
    return -value if metric.maximize else value


def _shuffle(
    shuffler: _Shuffler, repeats: int, seconds: float, seed: int, progress: Callable[[int, int], None] | None
) -> list[list[float]]:
    """Return the changes of the metric for each group, measured until the time limit or until the means are precise."""
    end, groups = time.monotonic() + seconds, shuffler.groups
    base, total = shuffler.error(groups[0], None), repeats * len(groups)
    changes: list[list[float]] = [[] for _ in groups]
    for repeat in range(repeats):
        for k, (group, measured) in enumerate(zip(groups, changes, strict=True)):
            if changes[0] and time.monotonic() > end:
                break
            order = np.random.default_rng([seed, repeat, group[0]]).permutation(shuffler.m)
            measured.append(shuffler.error(group, order) - base)
            if progress is not None:
                progress(repeat * len(groups) + k + 1, total)
        if _standard_error(changes) <= PRECISE * max(np.mean(values) for values in changes if values):
            break
    if progress is not None:
        progress(total, total)
    return changes


def _standard_error(changes: list[list[float]]) -> float:
    """Return the largest standard error of a mean; nan if a column was shuffled less than twice."""
    if min(map(len, changes), default=0) < 2:
        return math.nan
    return max(float(np.std(values, ddof=1)) / math.sqrt(len(values)) for values in changes)


def correlated_columns(X: np.ndarray, columns: np.ndarray) -> list[list[int]]:
    """Return groups of strongly correlated columns, as positions in the table.

    Two columns belong together if sqrt(RV) of the ranks of their inputs reaches 0.8: for two numbers that is
    |Spearman's correlation|, for several inputs each, such as the levels of categories, its generalisation (Robert and
    Escoufier 1976). It holds for every pair of columns of a group (complete linkage).

    Parameters
    ----------
    X : array, shape (n_x, m)
        Prepared rows.
    columns : array of int, shape (n_x,)
        For each input the position of its column.

    Returns
    -------
    list of list of int

    Examples
    --------
    >>> a, b = np.arange(6.0), np.array([1.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    >>> correlated_columns(np.stack([a, b, a**3]), np.array([0, 1, 2]))
    [[0, 2], [1]]
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform
    from scipy.stats import rankdata

    present = np.unique(columns)
    if len(present) < 2 or X.shape[1] < 3:
        return [[int(j)] for j in present]
    some = X[:, even_sample(X.shape[1], _CORRELATION_ROWS)]
    ranks = rankdata(some, axis=1) / some.shape[1]
    ranks -= ranks.mean(axis=1, keepdims=True)
    order = np.argsort(columns, kind="stable")
    starts = np.searchsorted(columns[order], present)
    squares = np.square(ranks[order] @ ranks[order].T)
    between = np.add.reduceat(np.add.reduceat(squares, starts, axis=0), starts, axis=1)
    size = np.sqrt(np.diag(between))
    alike = np.sqrt(between / np.maximum(np.outer(size, size), 1e-300)).clip(0.0, 1.0)
    distance = 1.0 - alike
    np.fill_diagonal(distance, 0.0)
    clusters = fcluster(
        linkage(squareform(distance, checks=False), "complete"), 1.0 - CORRELATED + 1e-9, "distance"
    )
    groups: dict[int, list[int]] = {}
    for j, cluster in zip(present.tolist(), clusters.tolist(), strict=True):
        groups.setdefault(cluster, []).append(j)
    return sorted(groups.values())


def _rank_groups(groups: list[list[int]], model: SupportedModel, X: object) -> list[list[int]]:
    """Return the groups with the largest contributions to the predictions first."""
    explanation = explain(model, X, most=_RANKING_ROWS, tolerance=1e9)
    size = np.abs(explanation.values).mean(axis=0)
    return sorted(groups, key=lambda group: -size[group].sum())
