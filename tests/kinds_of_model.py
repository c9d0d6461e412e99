"""One small trained model of each kind, for the tests that read files of all of them."""

from __future__ import annotations

import warnings
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from ellayer import (
    MLPClassifier,
    MLPRegressor,
    Network,
    TabularClassifier,
    TabularRegressor,
    data,
    initialize_parameters,
    train,
)

RANDOM = np.random.RandomState(0)
TABLE = pd.DataFrame(
    {
        "age": np.where(np.arange(60) % 7 == 0, np.nan, RANDOM.uniform(20, 60, 60)),
        "town": RANDOM.choice(["Bern", "Ulm", "Graz"], 60),
        "same": 1.0,
    }
)
ANSWER = np.where(TABLE.town == "Ulm", "yes", "no")
X, Y = RANDOM.randn(60, 3), RANDOM.randn(60, 2)
QUICK: dict[str, Any] = {"epochs": 2, "hidden_layer_sizes": (6, 5), "random_state": 3}
TableModel = TypeVar("TableModel", TabularClassifier, TabularRegressor)


def with_members(model: TableModel, n_members: int) -> TableModel:
    """Add members to a fitted model of one: the first one with noise.

    Members that differ are what most tests need. Training several at once is compiled, which takes seconds.
    """
    random, (first,) = np.random.RandomState(0), model.members_
    for _ in range(n_members - 1):
        noise = {name: 0.1 * random.randn(*theta.shape).astype(theta.dtype) for name, theta in first.items()}
        model.members_.append({name: theta + noise[name] for name, theta in first.items()})
    model.best_epochs_ = model.best_epochs_ * n_members
    model.average_inputs_ = model.average_inputs_ * n_members
    return model


def make_models() -> dict[str, Any]:
    """Train a model of each kind; "pair" is a network with its parameters, one of them 0."""
    F, network = data.load("flower"), Network([3, 4, 1])
    weights = initialize_parameters(network, seed=1)
    weights["W1"][0, 0] = 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            "result": train(Network([2, 4, 1], "leaky_relu(0.2)"), F.X, F.Y, num_iterations=20, seed=2),
            "pair": (network, weights),
            "classifier": MLPClassifier((4,), max_iter=3, random_state=0).fit(X, np.arange(60) % 3),
            "labels": MLPClassifier((4,), activation="leaky_relu", max_iter=3).fit(X, X[:, :2] > 0),
            "regressor": MLPRegressor(hidden_layer_sizes=(4,), max_iter=3, random_state=0).fit(X, Y),
            "table": with_members(TabularClassifier(1, recipe="full", **QUICK).fit(TABLE, ANSWER), 3),
            "numbers": TabularRegressor(1, **QUICK).fit(TABLE, TABLE.age.fillna(3.0)),
            "constant": TabularClassifier(1, **QUICK).fit(TABLE, np.full(60, "only")),
        }
