"""Partial dependence: predictions as one column varies and all others are unchanged.

    PD(v) = mean over the rows of f(row with v in the column)        ICE: the same, row by row

(Friedman 2001; Goldstein et al. 2015.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._samples import even_sample
from ..core.metrics import class_numbers
from .any_model import AnyModel, OurModel, Rows, is_ours, predict_any, rows_of
from .calls import takes_columns
from .ensemble import Predictor

_GRID, _LEVELS, _ROWS = 24, 12, 200
_RANGE = (0.05, 0.95)  # quantiles between which numbers are varied


@dataclass(frozen=True, eq=False)
class Dependence:
    """Predictions as one column varies.

    Attributes
    ----------
    name : str
        Of the column.
    grid : array, shape (g,)
        Its values: numbers or dates in ascending order, or the most frequent categories.
    average : array, shape (g, K)
        Partial dependence: mean probability of each class, or mean prediction (K = 1).
    individual : array, shape (r, g, K)
        The same for some individual rows.
    labels : sequence, or None
        The classes; None for numbers.
    """

    name: str
    grid: np.ndarray
    average: np.ndarray
    individual: np.ndarray
    labels: list[Any] | None

    @property
    def is_ordered(self) -> bool:
        """Whether the values are numbers or dates."""
        return self.grid.dtype.kind in "iufM"


def partial_dependence(model: AnyModel, X: object, column: str | int) -> Dependence:
    """Return predictions for rows in which one column takes each of its values in turn.

    Parameters
    ----------
    model : fitted estimator, of this or another library
    X : table or array
        Rows (columns for a network); up to 200 of them, evenly spread, are used. Values of the column are taken from them: up to 24 between
        the 5 % and the 95 % quantile of numbers, and the 12 most frequent categories.
    column : str or int
        Name or position of a column.

    Returns
    -------
    Dependence

    Examples
    --------
    >>> import polars as pl
    >>> from ellayer import TabularRegressor
    >>> X = pl.DataFrame({"a": [k / 10 for k in range(60)], "b": ["u", "v", "w"] * 20})
    >>> model = TabularRegressor(epochs=20, hidden_layer_sizes=8, random_state=0).fit(X, X["a"])
    >>> partial_dependence(model, X, "b").grid.tolist()
    ['u', 'v', 'w']
    """
    rows = rows_of(np.asarray(X).T if takes_columns(model) else X)
    place = rows.place(column)
    values = rows.values(place)
    places = _grid_rows(values)
    some = even_sample(len(values), _ROWS)
    individual, labels = (
        _of_prepared(model, X, place, places, some)
        if is_ours(model)
        else _of_rows(model, rows, place, places, some)
    )
    return Dependence(rows.names[place], values[places], individual.mean(axis=0), individual, labels)


def _of_prepared(
    model: OurModel, X: object, place: int, places: np.ndarray, some: np.ndarray
) -> tuple[np.ndarray, list[Any] | None]:
    """Return the predictions (r, g, K) of one of our models: rows are prepared once, then varied."""
    predictor = Predictor.of(model)
    prepared = predictor.parts.prepare(X)
    inputs = np.flatnonzero(predictor.input_columns() == place)
    r, g = len(some), len(places)
    varied = np.tile(prepared[:, some], g)
    varied[inputs] = np.repeat(prepared[np.ix_(inputs, places)], r, axis=1)
    individual = predictor.predict(varied).reshape(g, r, -1).swapaxes(0, 1)
    return individual, list(predictor.labels()) if predictor.has_odds else None


def _of_rows(
    model: AnyModel, rows: Rows, place: int, places: np.ndarray, some: np.ndarray
) -> tuple[np.ndarray, list[Any] | None]:
    """Return the predictions (r, g, K) of any other model for rows of the table with another value."""
    r, g = len(some), len(places)
    prediction = predict_any(model, rows.take(np.tile(some, g), place, np.repeat(places, r)))
    outputs = prediction.P if prediction.P is not None else prediction.values
    if prediction.classes and prediction.P is None:
        K = len(prediction.classes)
        outputs = np.eye(K)[class_numbers(prediction.values, prediction.classes)]
    return outputs.reshape(g, r, -1).swapaxes(0, 1), prediction.classes or None


def _grid_rows(values: np.ndarray) -> np.ndarray:
    """Return rows that hold the values of the grid."""
    if values.dtype.kind in "iufM":
        known = np.flatnonzero(~np.isnat(values) if values.dtype.kind == "M" else np.isfinite(values))
        order = known[np.argsort(values[known], kind="stable")]
        low, high = (int(q * (len(order) - 1)) for q in _RANGE)
        chosen = order[np.unique(np.linspace(low, high, _GRID).astype(int))] if len(order) else order
        return chosen[np.unique(values[chosen], return_index=True)[1]]
    texts = values.astype(str)
    known = np.array([value is not None for value in values.tolist()], bool)
    levels, first, counts = np.unique(texts[known], return_index=True, return_counts=True)
    frequent = np.sort(np.argsort(-counts, kind="stable")[:_LEVELS])
    return np.flatnonzero(known)[first[frequent]] if len(levels) else np.zeros(0, int)
