"""Simple models to compare a network with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .messages import no_warnings
from .predictions import predict

if TYPE_CHECKING:
    from ..data import Examples
    from ..report.run_facts import Predictions
    from .trained_run import TrainedRun

MOST_ROWS = 20_000  # to fit a simple model on


def simple_models(run: TrainedRun, test: Examples) -> list[Predictions]:
    """Return the predictions of a linear model on the prepared columns, and of a constant.

    Parameters
    ----------
    run : TrainedRun
    test : Examples
        Rows to predict.
    """
    from sklearn.dummy import DummyClassifier, DummyRegressor
    from sklearn.linear_model import LogisticRegression, Ridge

    from ..tables.preparation import TablePreparation

    settings, y = run.settings, np.asarray(run.train.y)
    rows = np.arange(len(y))
    if len(y) > MOST_ROWS:
        rows = np.sort(np.random.RandomState(settings["seed"]).permutation(len(y))[:MOST_ROWS])
    train, y = run.train.take(rows), y[rows]
    predictions = []
    with no_warnings():  # the preparation of the network has warned about the same columns
        preparation = TablePreparation(settings.get("kinds")).fit(train.X)
        X, X_test = preparation.transform(train.X), preparation.transform(test.X)
        if run.survey.task == "classes":
            # newton-cg reaches the same optimum ten times faster on images
            linear = LogisticRegression(solver="newton-cg" if X.shape[1] > len(X) else "lbfgs", max_iter=1000)
            models = {
                "logistic regression": linear,
                "the most frequent class": DummyClassifier(strategy="prior"),
            }
        else:
            models = {"linear regression": Ridge(1e-3), "the mean": DummyRegressor()}
        if not X.shape[1]:
            del models[next(iter(models))]
        for name, model in models.items():
            predictions.append(_all_classes(predict(name, model.fit(X, y), X_test), model, run.classes))
    return predictions


def _all_classes(predictions: Predictions, model: Any, classes: list[Any]) -> Predictions:
    """Give classes that a sample of the rows lacks a probability of 0."""
    from ..report.run_facts import Predictions

    if predictions.P is None or len(model.classes_) == len(classes):
        return predictions
    P = np.zeros((len(predictions.P), len(classes)))
    P[:, np.searchsorted(np.asarray(classes), model.classes_)] = predictions.P
    return Predictions(predictions.name, predictions.prediction, P)
