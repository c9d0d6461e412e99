"""The weights of a run on images as pictures: what the network multiplies the pixels by."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from ellayer import TabularClassifier
from ellayer.engine.model import unpack_model
from ellayer.runs.facts import _weight_pictures


@pytest.fixture
def run():
    """A run on images of 4 x 6 pixels, with as much of it as the pictures need."""
    random = np.random.RandomState(0)
    X = random.rand(80, 24)
    y = X[:, 5] > X[:, 9]
    model = TabularClassifier(1, epochs=2, hidden_layer_sizes=7, recipe="full", random_state=0).fit(X, y)
    return SimpleNamespace(model=model, parts=unpack_model(model), train=SimpleNamespace(image_shape=(4, 6)))


def without_embedding(run):
    """The same network, as one of so many pixels that none of them is embedded."""
    from ellayer.core import Inputs, Network

    random = np.random.RandomState(1)
    parameters = {"W1": random.randn(7, 24), "s0": random.uniform(0.5, 2.0, (24, 1))}
    network = Network([24, 7, 2], "relu", inputs=Inputs(scaling=True))
    run.parts = replace(run.parts, network=network, member_parameters=[parameters])
    return parameters


def test_the_learned_scaling_belongs_to_the_weights(run):
    parameters = without_embedding(run)
    W = parameters["W1"] * parameters["s0"].ravel()
    order = np.argsort(-np.linalg.norm(W, axis=1), kind="stable")
    np.testing.assert_allclose(_weight_pictures(run), W[order].reshape(7, 4, 6))
    parameters["s0"][3] *= 5.0
    assert not np.allclose(_weight_pictures(run), W[order].reshape(7, 4, 6))
