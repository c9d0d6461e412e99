"""Outputs by blocks, and outputs as classes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from ellayer.core import Inputs, L_model_forward, Network, initialize_parameters
from ellayer.core.inference import (
    class_index,
    class_probabilities,
    dead_share,
    fold_scaling,
    outputs,
    predictions,
)

PLAIN = Network([5, 7, 3], "tanh")
BLENDED = Network([5, 7, 1], "relu", parametric=True)
EMBEDDED = Network([5, 7, 3], "relu", inputs=Inputs(numbers=2, frequencies=3, width=4))


@pytest.mark.parametrize("network", [PLAIN, BLENDED, EMBEDDED], ids=["plain", "parametric", "inputs"])
@pytest.mark.parametrize("block", [1, 64, 100, 1000, None])
def test_blocks_change_nothing(network, block):
    X = np.random.RandomState(0).randn(5, 200)
    parameters = initialize_parameters(network, seed=1)
    AL, caches = L_model_forward(X, parameters, network)
    A, Z = outputs(X, parameters, network, block)
    np.testing.assert_allclose(A, AL, rtol=1e-13)
    np.testing.assert_allclose(Z, caches[-1].Z, rtol=1e-12, atol=1e-15)
    if block is None:
        assert np.array_equal(A, AL)
    np.testing.assert_allclose(outputs(sparse.csc_array(X), parameters, network, block)[0], AL, rtol=1e-13)
    for layer in range(1, network.L):
        inner = outputs(X, parameters, network, block, layer)[0]
        np.testing.assert_allclose(inner, caches[layer].A_prev, rtol=1e-13)


def test_large_blocks_are_whole_tiles(monkeypatch):
    monkeypatch.setattr("ellayer.core.inference.NUMBERS_AT_ONCE", 7 * 130)
    X = np.random.RandomState(0).randn(5, 300)
    parameters = initialize_parameters(PLAIN, seed=1)
    assert np.array_equal(outputs(X, parameters, PLAIN)[0], L_model_forward(X, parameters, PLAIN)[0])


def test_no_examples_give_no_outputs():
    parameters = initialize_parameters(PLAIN, seed=1)
    assert outputs(np.zeros((5, 0)), parameters, PLAIN)[0].shape == (3, 0)


def test_layer_0_is_the_input():
    X = np.random.RandomState(0).randn(5, 20)
    assert np.array_equal(outputs(X, initialize_parameters(PLAIN, seed=1), PLAIN, layer=0)[0], X)


def test_classes_of_one_output_and_of_several_agree():
    AL = np.array([[0.2, 0.5, 0.7, 1.0]])
    P = class_probabilities(AL)
    assert class_index(AL).tolist() == class_index(P).tolist() == [0, 0, 1, 1]
    assert class_probabilities(P) is P
    assert class_index(np.eye(3, dtype=int)[:, [2, 0, 1]]).tolist() == [2, 0, 1]


def test_the_dead_share_is_that_of_a_hidden_relu_layer_alone():
    network = Network([2, 3, 4, 1], ["relu", "tanh", "relu"], loss="squared_error")
    parameters = initialize_parameters(network, seed=1)
    X = np.abs(np.random.RandomState(0).randn(2, 9))
    parameters["W1"] = np.array([[-1.0, -1.0], [1.0, 1.0], [-1.0, 0.0]])  # the first and the last are below 0
    caches = L_model_forward(X, parameters, network)[1]
    assert dead_share(network, caches, 1) == pytest.approx(2 / 3)
    assert np.isnan([dead_share(network, caches, layer) for layer in (2, 3)]).all()
    blended = initialize_parameters(BLENDED, seed=1)
    assert np.isnan(dead_share(BLENDED, L_model_forward(np.zeros((5, 3)), blended, BLENDED)[1], 1))


def test_a_unit_that_is_zero_for_all_examples_is_dead():
    network = Network([2, 3, 1], "relu")
    parameters = {name: 0.0 * theta for name, theta in initialize_parameters(network).items()}
    assert dead_share(network, L_model_forward(np.ones((2, 3)), parameters, network)[1], 1) == 1.0


def test_predictions_are_what_the_targets_are():
    AL = np.array([[0.2, 0.7, 0.5], [0.5, 0.6, 0.9]])
    assert predictions(AL, "one_hot").tolist() == [[1, 0, 1]]
    assert predictions(AL, "binary").tolist() == [[0, 1, 0], [0, 1, 1]]
    assert predictions(AL, "real") is AL


def test_folding_a_scaling_into_layer_1_changes_no_output():
    X = 100.0 + np.random.RandomState(0).randn(5, 20) * np.arange(1, 6)[:, None]
    mean, scale = X.mean(axis=1), X.std(axis=1)
    parameters = initialize_parameters(PLAIN, seed=1)
    folded = fold_scaling(parameters, mean, scale)
    scaled = (X - mean[:, None]) / scale[:, None]
    np.testing.assert_allclose(
        outputs(X, folded, PLAIN)[0], outputs(scaled, parameters, PLAIN)[0], rtol=1e-11
    )
