"""Fit scikit-learn's linear model or gradient boosting in place of a network, and keep it as plain arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from ..._sklearn_compat import boosted_trees, threads_of_trees
from ...core.network import Network
from ...engine.history import History
from ...engine.workers import Workers, job_count
from ..examples import Examples
from .average_inputs import average_inputs
from .trees import LEAF

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

    from ...engine.state import Parameters
    from ..examples import RandomState
    from .recipes import Recipe
    from .training import TableData

ModelKind = Literal["network", "linear", "boosting"]
IMPOSSIBLE = -1e3  # the output of a class that the rows of a fit lack; its probability is 0


class SimpleFit(NamedTuple):
    """A fitted model: a network without hidden layers and its parameters, or no network and trees."""

    network: Network | None
    parameters: Parameters


def make_simple(kind: str, task: str, shape: tuple[int, int], random_state: RandomState) -> BaseEstimator:
    """Return scikit-learn's linear model or gradient boosting, not fitted.

    Parameters
    ----------
    kind : "linear" or "boosting"
    task : "classes" or "numbers"
    shape : (int, int)
        Of the prepared rows.
    random_state : int, RandomState or None
    """
    if kind == "boosting":
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        trees = HistGradientBoostingClassifier if task == "classes" else HistGradientBoostingRegressor
        return trees(random_state=random_state)
    from sklearn.linear_model import LogisticRegression, Ridge

    if task == "numbers":
        return Ridge(1e-3)
    # newton-cg reaches the same optimum ten times faster on images
    return LogisticRegression(solver="newton-cg" if shape[1] > shape[0] else "lbfgs", max_iter=1000)


def fit_simple(kind: str, task: str, rows: Examples, random_state: RandomState) -> SimpleFit:
    """Fit the model to prepared rows.

    Parameters
    ----------
    kind : "linear" or "boosting"
    task : "classes" or "numbers"
    rows : Examples
        Y is one-hot for classes, (m, K), and numbers, (m, 1), otherwise.
    random_state : int, RandomState or None
    """
    y = rows.Y.argmax(axis=1) if task == "classes" else rows.Y[:, 0]
    outputs = rows.Y.shape[1]
    labels = np.arange(1) if task == "numbers" else np.unique(y)
    places = labels[1:] if len(labels) == 2 else labels  # of two classes the first has the output 0
    start = np.full(outputs, IMPOSSIBLE)
    start[labels] = 0.0
    if task == "classes" and len(labels) == 1:
        if kind == "linear":
            return _linear(np.zeros((outputs, rows.X.shape[1])), start, task)
        return SimpleFit(None, {**LEAF, "places": places.astype(np.int32), "baseline": start})
    model = make_simple(kind, task, rows.X.shape, random_state)
    with threads_of_trees(rows.X.size):
        model.fit(rows.X, y, sample_weight=rows.weights)
    if kind == "boosting":
        trees, start[places] = boosted_trees(model)
        return SimpleFit(None, {**trees, "places": places.astype(np.int32), "baseline": start})
    W = np.zeros((outputs, rows.X.shape[1]))
    W[places], start[places] = np.atleast_2d(model.coef_), np.ravel(model.intercept_)
    return _linear(W, start, task)


def fit_simple_models(estimator: BaseEstimator, data: TableData, recipe: Recipe) -> None:
    """Fit a table estimator's model to the training rows of each fold, evaluate it on the others, and fit it to all rows.

    Parameters
    ----------
    estimator : TabularClassifier or TabularRegressor
    data : TableData
    recipe : Recipe
        Of the preparation.
    """

    def fit(parts: list[Examples]) -> None:
        fits = _fit_parts(estimator, parts)
        estimator.network_, estimator.members_ = fits[0].network, [fit.parameters for fit in fits]

    estimator.history_, estimator.best_epochs_ = History(), [0]
    estimator.stopped_by_, estimator.engine_ = "converged", "scikit-learn"
    X = data.start
    if data.held_out is not None:
        fit(_training_parts(data))
        estimator.members_ = (estimator.members_ * len(data.held_out))[: len(data.held_out)]
        estimator._evaluate_held_out(data)
        if data.m < len(data.Y):  # the preparation was fitted to a part of the rows
            assert data.raw is not None
            table, targets = data.raw.table, data.raw.targets
            estimator._prepare(table, recipe, targets)
            X = estimator._matrix(table, "float64", new=False, warn=False, targets=targets)
    fit([Examples(X, data.Y, data.weights)])
    if data.held_out is None and data.validation:
        estimator._evaluate_held_out(data)
    network = estimator.network_
    estimator.average_inputs_ = [] if network is None else average_inputs(network, estimator.members_, X)


def _fit_parts(estimator: BaseEstimator, parts: list[Examples]) -> list[SimpleFit]:
    """Return the fit to each of several parts of the rows, by workers unless one random generator serves all."""
    arguments = [(estimator._task, rows, estimator.random_state) for rows in parts]
    one_generator = isinstance(estimator.random_state, np.random.RandomState)
    if len(parts) == 1 or one_generator or job_count(estimator.n_jobs) == 1:
        return [fit_simple(estimator.model, *part) for part in arguments]
    with Workers(estimator.n_jobs, estimator.model) as workers:
        return workers.map(fit_simple, arguments)


def _training_parts(data: TableData) -> list[Examples]:
    """Return the training rows of each fold, or those that all folds share."""
    assert isinstance(data.rows, Examples)
    if data.m < len(data.Y) or data.held_out is None:
        return [data.rows]
    return [data.rows.take(np.setdiff1d(np.arange(data.m), rows)) for rows in data.held_out]


def _linear(W: np.ndarray, b: np.ndarray, task: str) -> SimpleFit:
    loss = "cross_entropy" if task == "classes" else "squared_error"
    network = Network([W.shape[1], len(W)], "identity", loss)
    return SimpleFit(network, {"W1": W, "b1": b.reshape(-1, 1)})
