"""Models to compare a network with: gradient boosting, a linear model and a constant."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..estimators.tabular.recipes import TITLES
from ..estimators.tabular.simple_fit import make_simple
from .messages import no_warnings
from .predictions import predict

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator

    from ..data import Examples
    from ..report.run_facts import Predictions
    from ..tables.columns import TableLike

LINEAR_ROWS = 20_000  # to fit a linear model on
BOOSTED_VALUES = 2e7  # rows times columns times classes to fit trees on
CONSTANTS = ("the most frequent class", "the mean")


def simple_models(
    train: Examples,
    X: TableLike,
    task: str,
    settings: Mapping[str, Any],
    classes: list[Any],
    leave_out: Collection[str] = (),
) -> list[Predictions]:
    """Return the predictions of scikit-learn's models, fitted on the same rows as the network.

    The columns are prepared as for the network, without its embeddings. Images have no boosted trees.

    Parameters
    ----------
    train : Examples
    X : frame or array
        Rows to predict.
    task : "classes" or "numbers"
    settings : mapping
        "seed" and "kinds" of the run.
    classes : list
        Labels in the order of the columns of probabilities.
    leave_out : collection of str
        Names of models that there are predictions of already.
    """
    from ..tables.preparation import TablePreparation

    y, predictions = np.asarray(train.y), []
    order = np.random.RandomState(settings["seed"]).permutation(len(y))
    with no_warnings():  # the preparation of the network has warned about the same columns
        preparation = TablePreparation(settings.get("kinds"))
        matrix = preparation.fit_transform(train.X)
        rows = preparation.transform(X)
        trees = len(classes) if len(classes) > 2 else 1  # of one iteration
        values = 0.0 if train.image_shape else BOOSTED_VALUES / trees
        for name, model, most in _models(task, matrix.shape, values, settings["seed"]):
            rows_to_fit = np.sort(order[:most]) if len(y) > most else np.arange(len(y))
            if name in leave_out:
                continue
            if name not in CONSTANTS and (not matrix.shape[1] or len(np.unique(y[rows_to_fit])) < 2):
                continue
            estimator = model.fit(matrix[rows_to_fit], y[rows_to_fit])
            predictions.append(
                all_classes(predict(name, estimator, rows), getattr(estimator, "classes_", []), classes)
            )
    return predictions


def _models(
    task: str, shape: tuple[int, int], values: float, seed: int
) -> list[tuple[str, BaseEstimator, int]]:
    """Return the name of each model, the model, and the number of rows that it is fitted on at most."""
    from sklearn.dummy import DummyClassifier, DummyRegressor

    m, columns = shape
    boosted = int(values / max(columns, 1))
    rows = {"linear": LINEAR_ROWS, "boosting": boosted if boosted >= min(m, LINEAR_ROWS) else 0}
    models: list[tuple[str, BaseEstimator, int]] = [
        (TITLES[kind][task], make_simple(kind, task, (min(m, LINEAR_ROWS), columns), seed), most)
        for kind, most in rows.items()
    ]
    constant = DummyRegressor() if task == "numbers" else DummyClassifier(strategy="prior")
    return [*models, (CONSTANTS[task == "numbers"], constant, m)]


def all_classes(predictions: Predictions, known: ArrayLike, classes: list[Any]) -> Predictions:
    """Return predictions in which classes that the rows of the model lacked have a probability of 0.

    Parameters
    ----------
    predictions : Predictions
    known : array of labels, sorted
        Those of the model.
    classes : list
        All labels, sorted.
    """
    from ..report.run_facts import Predictions

    if predictions.P is None or len(np.asarray(known)) == len(classes):
        return predictions
    P = np.zeros((len(predictions.P), len(classes)))
    P[:, np.searchsorted(np.asarray(classes), np.asarray(known))] = predictions.P
    return Predictions(predictions.name, predictions.prediction, P)
