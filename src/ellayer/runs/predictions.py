"""Predictions of any model that Ellayer trains or stores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.inference import class_index, class_probabilities, outputs
from ..core.network import Network
from ..engine.model import unpack_model
from ..engine.result import TrainingResult
from ..estimators.tabular.recipes import TITLES
from ..report.run_facts import Predictions


def title_of(model: object) -> str:
    """Return the name of a table estimator for people, like "gradient boosting"."""
    return TITLES[getattr(model, "model", "network")]["classes" if hasattr(model, "classes_") else "numbers"]


def is_network(model: object) -> bool:
    """Return whether a model takes examples as columns: a ``TrainingResult`` or a pair (network, parameters)."""
    return isinstance(model, (TrainingResult, tuple))


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
    if not is_network(model):
        P = model.predict_proba(X) if hasattr(model, "predict_proba") else None
        return Predictions(name, model.predict(X), None if isinstance(P, list) else P)
    AL = _outputs(model, X.T)
    if unpack_model(model).target_kind not in ("binary", "classes"):
        return Predictions(name, AL[0] if len(AL) == 1 else AL.T)
    P = class_probabilities(AL).T
    return Predictions(name, np.asarray(classes or range(P.shape[1]))[class_index(AL)], P)


def _outputs(model: TrainingResult | tuple[Network, dict[str, np.ndarray]], X: np.ndarray) -> np.ndarray:
    """Return A^[L] (n_L, m), in the dtype of the training if it is known."""
    if isinstance(model, TrainingResult):
        return model.predict_proba(X)
    network, parameters = model
    return outputs(unpack_model(model).prepare(X), parameters, network)[0]
