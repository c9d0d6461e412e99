"""Predictions of any model that Ellayer trains or stores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.inference import class_index, class_probabilities, outputs
from ..core.network import Network
from ..engine.result import TrainingResult
from ..engine.validation import check_X
from ..report.run_facts import Predictions


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
        Labels of the outputs of a model that does not know its own; by default their numbers.
    """
    if not isinstance(model, (TrainingResult, tuple)):
        P = model.predict_proba(X) if hasattr(model, "predict_proba") else None
        return Predictions(name, model.predict(X), None if isinstance(P, list) else P)
    network, AL = _outputs(model, X.T)
    targets = network.loss_row.targets
    if targets != "one_hot" and not (targets == "binary" and len(AL) == 1):
        return Predictions(name, AL[0] if len(AL) == 1 else AL.T)
    P = class_probabilities(AL).T
    return Predictions(name, np.asarray(classes or range(P.shape[1]))[class_index(AL)], P)


def _outputs(model: TrainingResult | tuple[Any, Any], X: np.ndarray) -> tuple[Network, np.ndarray]:
    if isinstance(model, TrainingResult):
        return model.network, model.predict_proba(X)
    network, parameters = model
    return network, outputs(check_X(network, X, "float64"), parameters, network)[0]
