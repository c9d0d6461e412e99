"""Table estimators of a preparation and a network that was trained on its inputs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ...core.network import Network
from ...engine.history import History
from .average_inputs import average_inputs
from .classifier import TabularClassifier
from .regressor import TabularRegressor

if TYPE_CHECKING:
    from ...engine.model import TargetScale
    from ...engine.result import TrainingResult
    from ...tables.preparation import TablePreparation


def classifier_of_network(
    preparation: TablePreparation, result: TrainingResult, X: np.ndarray, y: np.ndarray
) -> TabularClassifier | None:
    """Return the classifier of one network; None if its outputs are not the probabilities of the classes.

    A single output, the probability of the second of two classes, becomes two: the first is 0, as in a linear model.

    Parameters
    ----------
    preparation : TablePreparation
        Fitted.
    result : TrainingResult
    X : ndarray, shape (n_x, m)
        Prepared rows.
    y : ndarray
        The labels of all rows.
    """
    result = _with_two_outputs(result)
    network, hidden = result.network, result.network.layer_dims[1:-1]
    if (network.layer_dims[-1], network.activations[-1]) != (len(np.unique(y)), "softmax"):
        return None
    model = TabularClassifier(
        1, hidden_layer_sizes=list(hidden) or None, activation=list(network.activations[:-1]) or None, dtype="float64",
    )  # fmt: skip
    model._learn_targets(y)
    _settle(model, preparation, result, X, len(y))
    return model


def regressor_of_network(
    preparation: TablePreparation, result: TrainingResult, X: np.ndarray, count: int, scale: TargetScale
) -> TabularRegressor | None:
    """Return the regressor of one network; None if it has several outputs.

    Parameters
    ----------
    preparation : TablePreparation
        Fitted.
    result : TrainingResult
    X : ndarray, shape (n_x, m)
        Prepared rows.
    count : int
        The number of rows of the table.
    scale : TargetScale
        From the output to the number, which need not have limits.
    """
    network, hidden = result.network, result.network.layer_dims[1:-1]
    if (network.layer_dims[-1], network.activations[-1]) != (1, "identity"):
        return None
    model = TabularRegressor(
        1, hidden_layer_sizes=list(hidden) or None, activation=list(network.activations[:-1]) or None,
        loss=network.loss, dtype="float64",
    )  # fmt: skip
    most = float(np.finfo(np.float64).max)  # a file has finite limits
    limits = {"low": max(scale.low, -most), "high": min(scale.high, most)}
    model.target_ = {"center": float(scale.center), "scale": float(scale.scale), **limits}
    _settle(model, preparation, result, X, count)
    return model


def _settle(
    model: TabularClassifier | TabularRegressor,
    preparation: TablePreparation,
    result: TrainingResult,
    X: np.ndarray,
    count: int,
) -> None:
    """Set the fitted attributes that a fit without validation rows has."""
    model.preparation_, model.n_features_in_ = preparation, preparation.n_features_in_
    if hasattr(preparation, "feature_names_in_"):
        model.feature_names_in_ = preparation.feature_names_in_
    model.network_ = result.network
    model.members_ = [{name: np.asarray(theta, np.float64) for name, theta in result.parameters.items()}]
    columns = {name: column for name, column in result.history.items() if name != "loop"}  # which is text
    model.history_, model.best_epochs_ = History(columns), [0]
    model.stopped_by_, model.engine_ = result.stopped_by, result.engine
    model.average_inputs_ = average_inputs(result.network, model.members_, X.T)
    model._start_evaluation(count)


def _with_two_outputs(result: TrainingResult) -> TrainingResult:
    """Return a network of two classes with an output for each: sigmoid(z) is the second number of softmax([0, z])."""
    network = result.network
    if (network.layer_dims[-1], network.activations[-1]) != (1, "sigmoid"):
        return result
    # The losses of a sigmoid are those of a softmax for two classes.
    loss = network.loss.removeprefix("binary_")
    wider = Network(
        [*network.layer_dims[:-1], 2],
        network.activations[:-1],
        loss,
        parametric=network.parametric,
        inputs=network.inputs,
    )
    last = {
        name: np.asarray(result.parameters[name], np.float64) for name in (f"W{network.L}", f"b{network.L}")
    }
    last = {name: np.concatenate([np.zeros_like(theta), theta]) for name, theta in last.items()}
    return replace(result, network=wider, parameters=result.parameters | last)
