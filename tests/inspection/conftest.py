"""Models to look at."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ellayer import Network, TrainingResult, data, train


@pytest.fixture(scope="session")
def worked() -> SimpleNamespace:
    """The worked example: network, X, Y, parameters, and the step computed by hand in 50 digits."""
    text = (Path(__file__).parents[1] / "golden" / "worked_example.json").read_text(encoding="utf-8")
    held = SimpleNamespace(**json.loads(text))
    held.network = Network(**held.network)
    held.X, held.Y = np.array(held.X), np.array(held.Y)
    held.parameters = {name: np.array(value) for name, value in held.parameters.items()}
    return held


@pytest.fixture(scope="session")
def flower() -> tuple[TrainingResult, np.ndarray, np.ndarray]:
    """The notes' run on the flower: a healthy one."""
    F = data.load("flower")
    result = train(
        Network([2, 4, 1], "tanh"), F.X, F.Y, initializer="randn", seed=2, learning_rate=1.2, num_iterations=10000,
        record_every=1000,
    )  # fmt: skip
    return result, F.X, F.Y


@pytest.fixture
def estimator():
    """A fitted classifier as the house's estimators look from outside: rows, and labels that are text."""
    network = Network([3, 4, 3])
    rng = np.random.default_rng(3)
    parameters = {name: rng.standard_normal(shape) for name, shape in network.shapes.items()}
    return SimpleNamespace(
        network_=network, parameters_=parameters, classes_=np.array(["a", "b", "c"]), loss_curve_=None
    )
