"""Predictions of a fitted model for examples: the input of the displays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..core.metrics import class_numbers
from ..errors import EllayerError
from ..inspection.any_model import AnyModel, predict_any, true_values
from ..report.decisions import positive_last
from ..report.run_facts import Predictions


@dataclass(frozen=True, eq=False)
class ModelPredictions:
    """True values and predictions of the same m examples.

    Attributes
    ----------
    name : str
        Name of the model.
    y, prediction : array, shape (m,)
    P : array, shape (m, K), or None
    classes : list
        Of two classes the second is the positive one; empty for numbers.
    """

    name: str
    y: np.ndarray
    prediction: np.ndarray
    P: np.ndarray | None
    classes: list[Any]


def name_of(model: object) -> str:
    """Return the name of a model in a legend: its class, or that of the last step of a pipeline."""
    steps = getattr(model, "steps", None)
    return "network" if isinstance(model, tuple) else type(steps[-1][1] if steps else model).__name__


def model_predictions(model: AnyModel, X: object, y: ArrayLike, name: str | None = None) -> ModelPredictions:
    """Return the true values and the prediction of a model for examples.

    Parameters
    ----------
    model : fitted estimator of any library, TrainingResult, or (Network, parameters)
    X, y : table or array
        In the form of the model: rows for an estimator, columns for a network.
    name : str, optional
        Name of the model.
    """
    prediction = predict_any(model, X)
    truth = true_values(model, y, prediction)
    classes, (one,) = positive_last(
        prediction.classes,
        [Predictions("", prediction.values, prediction.P)],
        getattr(model, "positive_", None),
    )
    return ModelPredictions(name or name_of(model), truth, one.prediction, one.P, classes)


def probabilities(
    y: ArrayLike, P: ArrayLike, classes: Sequence[Any] | None = None
) -> tuple[np.ndarray, np.ndarray, list[Any]]:
    """Return the class numbers (m,), the probabilities (m, K) and the K classes of predictions.

    Parameters
    ----------
    y : array of labels, shape (m,)
    P : array, shape (m, K), or (m,) of the second of two classes
    classes : sequence of K labels, optional
        Those of y by default, in ascending order.
    """
    P = np.asarray(P, dtype=float)
    P = np.column_stack([1.0 - P, P]) if P.ndim == 1 else P
    labels = np.unique(np.asarray(y)).tolist() if classes is None else list(classes)
    if P.ndim != 2 or P.shape != (len(np.asarray(y)), len(labels)):
        raise EllayerError(
            f"P: expected probabilities of shape {(len(np.asarray(y)), len(labels))}, a column for each of the classes "
            f"{labels[:10]}; received {P.shape}; pass classes= in the order of the columns"
        )
    return class_numbers(y, labels), P, labels


def need_probabilities(predictions: ModelPredictions, display: str) -> np.ndarray:
    """Return the probabilities, or raise for a model without them."""
    if not predictions.classes or predictions.P is None:
        kind = (
            "labels without probabilities; try confusion_matrix"
            if predictions.classes
            else "numbers; try residuals"
        )
        raise EllayerError(
            f"{display}: expected a classifier with predict_proba, received {predictions.name}, which predicts {kind}"
        )
    return predictions.P


def need_classes(predictions: ModelPredictions, display: str, instead: str) -> list[Any]:
    """Return the classes, or raise for a regressor."""
    if not predictions.classes:
        raise EllayerError(
            f"{display}: expected a classifier, received {predictions.name}, which predicts numbers; try {instead}"
        )
    return predictions.classes
