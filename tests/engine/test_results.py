"""What a ``TrainingResult`` says, and what seeds mean."""

from __future__ import annotations

import numpy as np
import pytest
from engine_cases import BATCH, BINARY, assert_same, problem

import ellayer
from ellayer.core import L_model_forward, Network

LOOPS = ("numpy", "jax+direct")
KINDS = {
    "one binary output": (Network([3, 4, 1]), (1, 7)),
    "several binary outputs": (Network([3, 4, 2], loss="binary_cross_entropy"), (2, 7)),
    "classes": (Network([3, 4, 5]), (1, 7)),
    "classes, focal": (Network([3, 4, 5], loss="focal"), (1, 7)),
    "numbers": (Network([3, 4, 2], loss="squared_error"), (2, 7)),
    "counts": (Network([3, 4, 1], ["relu", "exp"]), (1, 7)),
    "binary, squared error": (Network([3, 4, 1], ["relu", "sigmoid"], "squared_error"), (1, 7)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_of_every_kind(kind):
    network, shape = KINDS[kind]
    X, Y = problem(network)
    result = ellayer.train(network, X, Y, num_iterations=5)
    X_new, _ = problem(network, m=7, seed=1)
    AL = result.predict_proba(X_new)
    predictions = result.predict(X_new)
    assert AL.shape == (network.layer_dims[-1], 7)
    assert predictions.shape == shape
    np.testing.assert_array_equal(AL, L_model_forward(X_new, result.parameters, network)[0])
    targets = network.loss_row.targets
    if targets == "binary":
        assert predictions.dtype.kind == "i"
        np.testing.assert_array_equal(predictions, AL > 0.5)
    elif targets == "one_hot":
        np.testing.assert_allclose(AL.sum(axis=0), 1)
        np.testing.assert_array_equal(AL[predictions[0], range(7)], AL.max(axis=0))
    else:
        np.testing.assert_array_equal(predictions, AL)


def test_predictions_take_one_example_and_whole_numbers():
    X, Y = problem(BINARY)
    result = ellayer.train(BINARY, X, Y, num_iterations=5)
    assert result.predict(X[:, :1]).shape == (1, 1)
    assert result.predict([[1], [0], [2]]).shape == (1, 1)


def test_a_trained_network_knows_its_examples():
    network = Network([2, 8, 1], "tanh")
    X = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]])
    for engine in LOOPS:
        result = ellayer.train(
            network, X, [0, 1, 1, 0], learning_rate=0.5, num_iterations=2000, seed=1, engine=engine
        )
        assert result.predict(X).tolist() == [[0, 1, 1, 0]]
        assert result.costs[-1] < 0.05
        assert result.network is network


@pytest.mark.parametrize("engine", LOOPS)
def test_a_seed_is_a_run(engine):
    X, Y = problem(BINARY)
    options = {"batch_size": BATCH, "dropout": 0.3, "num_iterations": 20, "record_every": 4, "engine": engine}
    first, again, other = (ellayer.train(BINARY, X, Y, seed=seed, **options) for seed in (3, 3, 4))
    assert_same(first, again)
    assert not np.array_equal(first.parameters["W1"], other.parameters["W1"])
    start = ellayer.initialize_parameters(BINARY)
    same_start = [ellayer.train(BINARY, X, Y, seed=seed, parameters=start, **options) for seed in (3, 4)]
    assert same_start[0].costs != same_start[1].costs  # another order of the examples, other masks


def test_the_global_random_state_is_left_alone():
    X, Y = problem(BINARY)
    np.random.seed(5)
    expected = np.random.rand()
    np.random.seed(5)
    ellayer.train(BINARY, X, Y, num_iterations=5, batch_size=BATCH, dropout=0.2)
    assert np.random.rand() == expected


@pytest.mark.parametrize("seed", [0, 2**31, 2**32 - 1])
def test_the_largest_seeds(seed):
    X, Y = problem(BINARY)
    runs = [
        ellayer.train(BINARY, X, Y, seed=seed, dropout=0.3, batch_size=BATCH, num_iterations=8, engine=engine)
        for engine in LOOPS
    ]
    np.testing.assert_allclose(runs[0].parameters["W1"], runs[1].parameters["W1"], rtol=1e-10)


def test_seconds():
    X, Y = problem(BINARY)
    slow = ellayer.train(BINARY, X, Y, num_iterations=20, record_every=5, engine="numpy")
    assert slow.compile_seconds == 0
    assert 0 < slow.history["seconds"][-1] <= slow.seconds
    more = ellayer.train(BINARY, X, Y, num_iterations=20, record_every=5, engine="numpy", state=slow.state)
    assert more.history["seconds"] == sorted(more.history["seconds"])
    assert ellayer.train(BINARY, X, Y, num_iterations=20, engine="jax+direct").compile_seconds > 0
