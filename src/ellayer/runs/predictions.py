"""Predictions of any model that Ellayer trains or stores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..estimators.tabular.recipes import TITLES
from ..inspection.any_model import predict_any
from ..inspection.calls import takes_columns
from ..report.run_facts import Predictions


def title_of(model: object) -> str:
    """Return the name of a table estimator for people, like "gradient boosting"."""
    return TITLES[getattr(model, "model", "network")]["classes" if hasattr(model, "classes_") else "numbers"]


def predict(name: str, model: Any, X: Any, classes: Sequence[object] = ()) -> Predictions:
    """Return a model's labels or numbers for rows, with probabilities if it has them.

    Parameters
    ----------
    name : str
        Name of the model, like "the network".
    model : estimator, TrainingResult, or (Network, parameters)
    X : frame or array, shape (m, n_x)
        Rows.
    classes : sequence
        Labels of the outputs of a network; by default their numbers.
    """
    prediction = predict_any(model, X.T if takes_columns(model) else X)
    values = prediction.values
    if takes_columns(model) and prediction.classes and classes:
        values = np.asarray(classes)[values]
    return Predictions(name, values, prediction.P)
