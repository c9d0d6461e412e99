"""Models to inspect."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ellayer import Network, TrainingResult, data, train
from ellayer.engine.history import History
from ellayer.engine.model import ModelParts, labels_as_columns, rows_as_columns


@pytest.fixture(scope="session")
def worked() -> SimpleNamespace:
    """The worked example: network, X, Y, parameters, and the step computed by hand in 50 digits."""
    text = (Path(__file__).parents[1] / "golden" / "worked_example.json").read_text(encoding="utf-8")
    example = SimpleNamespace(**json.loads(text))
    example.network = Network(**example.network)
    example.X, example.Y = np.array(example.X), np.array(example.Y)
    example.parameters = {name: np.array(value) for name, value in example.parameters.items()}
    return example


@pytest.fixture(scope="session")
def flower() -> tuple[TrainingResult, np.ndarray, np.ndarray]:
    """The notes' run on the flower: a healthy one."""
    F = data.load("flower")
    result = train(
        Network([2, 4, 1], "tanh"), F.X, F.Y, initializer="randn", seed=2, learning_rate=1.2, num_iterations=10000,
        record_every=1000,
    )  # fmt: skip
    return result, F.X, F.Y


class RowClassifier:
    """A trained model whose examples are rows and whose labels are text."""

    def __init__(self, network: Network, parameters: dict[str, np.ndarray], classes: np.ndarray):
        self.network_, self.parameters_, self.classes_ = network, parameters, classes
        self.history_ = History()

    def model_parts(self) -> ModelParts:
        """Return the network and the way from rows to its columns."""
        return ModelParts(
            network=self.network_,
            member_parameters=[self.parameters_],
            prepare=lambda X: rows_as_columns(self.network_, X),
            encode=lambda y, m: labels_as_columns(self.network_, y, m, self.classes_),
            decode=lambda AL: self.classes_[AL.argmax(axis=0)],
            target_kind="classes",
            classes=self.classes_,
            history=self.history_,
        )


@pytest.fixture
def estimator() -> RowClassifier:
    """A fitted classifier as estimators look from outside."""
    network = Network([3, 4, 3])
    rng = np.random.default_rng(3)
    parameters = {name: rng.standard_normal(shape) for name, shape in network.shapes.items()}
    return RowClassifier(network, parameters, np.array(["a", "b", "c"]))
