"""explain: contributions of the columns of a table to each prediction, by integrated gradients.

    phi_j = sum over the inputs i of column j of (a_i - a'_i) * integral from 0 to 1 of dF/da_i dt

along the straight path from the average training row a' to the row a, in A^[0], the inputs after the embeddings.
The contributions add up to F(a) - F(a') (Sundararajan, Taly and Yan 2017). For a model without interactions they
are its Shapley values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import ArrayLike

from .._progress import check_progress, progress_phase
from .._progress_bars import StageInfo
from .._samples import even_sample
from .._views import contributions, html_table, shorten_rows
from .._wording import pluralize
from ..core.inference import class_index
from ..core.network import Network
from ..engine.validation import check_parameters
from ..errors import EllayerError
from .calls import as_examples, as_labels, either_form, takes_columns
from .ensemble import Ensemble
from .model_parts import ParametersLike, SupportedModel
from .path_integral import integrate_path

if TYPE_CHECKING:
    import polars as pl

_STEPS = (16, 512)  # points on the path, at first and at most
_AT_ONCE = 4096
ODDS = "log odds"


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """Contributions of columns to predictions: ``base + values.sum(axis=1)`` is ``output``.

    Attributes
    ----------
    values : array, shape (m, n)
        Contribution of each column to each row's prediction.
    base, output : array, shape (m,)
        Prediction of the average row, and of the rows: log odds of a class, or numbers.
    names : list of str
        Of the columns.
    labels : list, or None
        The class of which the log odds are explained, row by row; None for numbers.
    scale : str
        "log odds" or "number".
    gap : array, shape (m,)
        |base + sum of the values - output|: the error of the integral.
    """

    values: np.ndarray
    base: np.ndarray
    output: np.ndarray
    names: list[str]
    labels: list[Any] | None
    scale: str
    gap: np.ndarray

    @property
    def frame(self) -> pl.DataFrame:
        """Return a table with a row for each prediction: its class, the base, a value per column, and the output."""
        import polars as pl

        columns: dict[str, Any] = {} if self.labels is None else {"explained class": self.labels}
        columns |= {
            "base": self.base,
            **dict(zip(self.names, self.values.T, strict=True)),
            "output": self.output,
        }
        return pl.DataFrame(columns, strict=False)

    def top(self, row: int = 0, count: int = 5) -> list[tuple[str, float]]:
        """Return the columns with the largest contributions to a row's prediction, as (name, contribution)."""
        values = self.values[row]
        largest = np.argsort(-np.abs(values), kind="stable")[:count]
        return [(self.names[j], float(values[j])) for j in largest if values[j]]

    def __repr__(self) -> str:
        m, n = self.values.shape
        gap = self.gap.max(initial=0.0)
        return f"Explanation({pluralize(m, 'row')}, {pluralize(n, 'column')}, {self.scale}, completeness gap at most {gap:.1e})"

    def _repr_html_(self) -> str:
        head = (
            "row",
            *(() if self.labels is None else ("class",)),
            "output",
            "base",
            "largest contributions",
        )
        labels = [()] * len(self.output) if self.labels is None else [(str(label),) for label in self.labels]
        rows = [
            (
                str(i),
                *labels[i],
                f"{self.output[i]:.4g}",
                f"{self.base[i]:.4g}",
                contributions(self.top(i, 3)),
            )
            for i in range(len(self.output))
        ]
        return html_table(head, shorten_rows(rows), repr(self))


@overload
def explain(
    model: SupportedModel,
    X: object,
    Y: ArrayLike | None = None,
    *,
    y: ArrayLike | None = None,
    label: object = None,
    baseline: object = None,
    tolerance: float = 1e-3,
    most: int | None = None,
    progress: Callable[[StageInfo], object] | bool | None = None,
) -> Explanation: ...


@overload
def explain(
    network: Network,
    parameters: ParametersLike,
    X: ArrayLike,
    Y: ArrayLike | None = None,
    *,
    label: object = None,
    baseline: object = None,
    tolerance: float = 1e-3,
    most: int | None = None,
    progress: Callable[[StageInfo], object] | bool | None = None,
) -> Explanation: ...


@either_form
def explain(
    model: SupportedModel,
    X: object,
    Y: ArrayLike | None = None,
    parameters: ParametersLike | None = None,
    *,
    label: object = None,
    baseline: object = None,
    tolerance: float = 1e-3,
    most: int | None = None,
    progress: Callable[[StageInfo], object] | bool | None = None,
) -> Explanation:
    """Return the contribution of each column to each prediction.

    ``explain(model, X)``, ``explain(model, X, y)``, or ``explain(network, parameters, X, Y)``.

    For classification the log odds log p / (1 - p) of one class are explained, for regression the prediction itself.
    Members of an ensemble are averaged as in a prediction; all inputs of a column (embeddings, dates, missing values)
    contribute to that column.

    Parameters
    ----------
    model : fitted estimator, TrainingResult, or (Network, parameters)
    X : table, or array
        As for ``predict``; columns (n_x, m) for a network. One example alone may be a flat array, a Series or a dict.
    Y : array, optional
        Labels: the log odds of the label of each row are explained. Numbers change nothing.
    parameters : dict, optional
        Parameters to use instead of the model's, for all members.
    label : object, optional
        The class to explain; by default the second of two, or with more classes the one with the largest
        probability in each row. For several outputs in regression the position of one.
    baseline : table or array, optional
        Rows whose average is the baseline; by default the training rows, or zeros if the model does not store them.
    tolerance : float
        Largest gap between the sum of the contributions and the difference that they explain, relative to
        the contributions. Points are added to the path, up to 512, until it is reached.
    most : int, optional
        Maximum number of rows to explain, evenly spread; by default all.
    progress : bool or callable, optional
        True shows a bar with the time left, in a terminal or a notebook; a function is called with the points on
        the paths that are done.

    Returns
    -------
    Explanation

    Examples
    --------
    >>> from ellayer.core import Network
    >>> model = Network([2, 1]), {"W1": np.array([[3.0, -1.0]]), "b1": np.array([[0.5]])}
    >>> explanation = explain(model, [[2.0], [4.0]])
    >>> explanation.values.round(6).tolist(), float(explanation.base[0])
    ([[6.0, -4.0]], 0.5)
    """
    if parameters is not None and isinstance(model, Network):
        model, parameters = (model, parameters), None
    ensemble = Ensemble.of(model)
    if parameters is not None:
        own = check_parameters(ensemble.network, parameters, "float64")
        ensemble = replace(ensemble, members=[own])
    columns, count = takes_columns(model), len(ensemble.column_names())
    X = ensemble.parts.prepare(as_examples(X, count, columns))
    some = slice(None) if most is None else even_sample(X.shape[1], most)
    truth = None if Y is None else _truth(ensemble, as_labels(Y), X.shape[1])
    X = X[:, some]
    units = _units(ensemble, X, label) if truth is None or label is not None else truth[some]
    S = ensemble.features(X)
    if baseline is not None:
        baseline = as_examples(baseline, count, columns)
    start = np.broadcast_to(_start(ensemble, baseline)[:, None], S.shape)
    base, output = ensemble.value(start, units), ensemble.value(S, units)
    names = ensemble.column_names()
    with progress_phase(check_progress(progress), "explaining") as report:
        values = _integrate(ensemble, start, S, units, output - base, tolerance, report)
    return Explanation(
        values=values,
        base=base,
        output=output,
        names=names,
        labels=_labels(ensemble, units),
        scale=ODDS if ensemble.has_odds else "number",
        gap=np.abs(base + values.sum(axis=1) - output),
    )


def _integrate(
    ensemble: Ensemble,
    start: np.ndarray,
    S: np.ndarray,
    units: np.ndarray,
    difference: np.ndarray,
    tolerance: float,
    report: Callable[[StageInfo], object] | None,
) -> np.ndarray:
    """Return the contributions of the columns (m, n), doubling the points for rows with a large gap."""
    columns, n = ensemble.feature_columns(), len(ensemble.column_names())
    values, open_rows, steps = np.zeros((S.shape[1], n)), np.arange(S.shape[1]), _STEPS[0]
    points = done = 0

    def slopes(path: np.ndarray, examples: np.ndarray) -> np.ndarray:
        nonlocal done
        done += path.shape[1]
        if report is not None:
            report(StageInfo(done, points, "points"))
        return ensemble.slopes(path, units[open_rows][examples])

    while len(open_rows) and steps <= _STEPS[1]:
        points += steps * len(open_rows)
        of_features = integrate_path(slopes, start[:, open_rows], S[:, open_rows], steps, _AT_ONCE)
        of_columns = np.zeros((n, len(open_rows)))
        np.add.at(of_columns, columns, of_features)
        values[open_rows] = of_columns.T
        gap = np.abs(of_columns.sum(axis=0) - difference[open_rows])
        open_rows = open_rows[gap > tolerance * np.abs(of_columns).sum(axis=0) + 1e-12]
        steps *= 2
    return values


def _start(ensemble: Ensemble, baseline: object) -> np.ndarray:
    """Return the stacked A^[0] of the average row."""
    if baseline is not None:
        return ensemble.features(ensemble.parts.prepare(baseline)).mean(axis=1)
    if len(ensemble.parts.average_inputs):
        return np.concatenate(list(ensemble.parts.average_inputs))
    neutral = np.zeros((ensemble.network.layer_dims[0], 1))
    if ensemble.network.inputs is not None and (codes := len(ensemble.network.inputs.categories)):
        neutral[-codes:] = -1.0  # unknown categories
    return ensemble.features(neutral)[:, 0]


def _units(ensemble: Ensemble, X: np.ndarray, label: object) -> np.ndarray:
    m, K = X.shape[1], ensemble.class_count
    if label is None and ensemble.has_odds and K > 2:
        return class_index(ensemble.predict(X).T)
    if label is None:
        return np.full(m, ensemble.parts.positive if ensemble.has_odds else 0)
    labels = ensemble.labels()
    if label not in labels:
        raise EllayerError(f"label: expected one of {', '.join(map(str, labels[:10]))}, received {label!r}")
    return np.full(m, labels.index(label))


def _truth(ensemble: Ensemble, Y: ArrayLike, m: int) -> np.ndarray | None:
    """Return the position of the label of each row; None for numbers."""
    targets = ensemble.parts.encode(Y, m)
    return class_index(targets) if ensemble.has_odds else None


def _labels(ensemble: Ensemble, units: np.ndarray) -> list[Any] | None:
    if not ensemble.has_odds:
        return None
    labels = ensemble.labels()
    return [labels[unit] for unit in units.tolist()]
