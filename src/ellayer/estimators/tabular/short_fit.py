"""Fits whose time limit ended the first epoch: the members, or a constant model if that is better."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.base import BaseEstimator

from ..._warn import UnderfitWarning, warn_user
from ...core.inference import EXAMPLES_AT_ONCE, outputs
from ...core.network import Network
from ...engine.result import TrainingResult
from ...engine.state import Parameters
from .recipes import steps_per_epoch
from .training import TableData


def trained_members(
    estimator: BaseEstimator, data: TableData, results: Sequence[TrainingResult]
) -> list[Parameters]:
    """Return the parameters of the members; after less than one epoch, a constant model replaces those that are worse.

    Parameters
    ----------
    estimator : TabularClassifier or TabularRegressor
    data : TableData
    results : sequence of TrainingResult

    Returns
    -------
    list of dict
    """
    members = [result.parameters for result in results]
    steps, done = steps_per_epoch(data.m, data.plan.batch_size), results[0].state.step
    if results[0].stopped_by != "time" or done >= steps:
        return members
    warn_user(
        f"time_limit: {estimator.time_limit:g} seconds were enough for {done} updates, and one epoch has {steps}; the model "
        "is hardly better than a constant. Try a longer limit, or fit on fewer rows",
        UnderfitWarning,
    )
    network = results[0].network
    constants = [theta | _constant(estimator, network, data) for theta in members]
    if not data.validation:
        return constants
    return [
        min(pair, key=lambda theta: _loss(estimator, network, theta, data, k))
        for k, pair in enumerate(zip(constants, members, strict=True))
    ]


def _constant(estimator: BaseEstimator, network: Network, data: TableData) -> Parameters:
    """Return a last layer whose outputs are the log frequencies of the classes, or the mean of the numbers."""
    W, b = (np.zeros(network.shapes[f"{kind}{network.L}"], estimator.dtype) for kind in "Wb")
    if estimator._task == "classes":
        share = np.average(data.Y, axis=0, weights=data.weights)
        b[:, 0] = np.log(np.maximum(share, 1e-12))
    return {f"W{network.L}": W, f"b{network.L}": b}


def _loss(estimator: BaseEstimator, network: Network, theta: Parameters, data: TableData, k: int) -> float:
    """Return the score of a member for its validation rows; lower is better."""
    X, Y, weights = data.validation[k].columns()
    A, _ = outputs(X, theta, network, EXAMPLES_AT_ONCE)
    row = None if weights is None else weights[None, :]
    score: float = estimator._score_of_epoch(A, Y, row)
    return -score if estimator._metric.maximize else score
