"""The compiled loop equals the NumPy loop: float64 to 1e-9 after 50 updates, float32 loosely."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from engine_cases import BATCH, BINARY, M, assert_close, problem
from hypothesis import HealthCheck, given, settings

import ellayer
from ellayer.core import (
    ACTIVATIONS,
    LOSSES,
    OPTIMIZERS,
    SCHEDULES,
    Inputs,
    Network,
    initialize_parameters,
)

WEIGHTS = np.linspace(0.0, 2.0, M)  # one example weighs nothing
RATES = {"gd": 0.3, "momentum": 0.1, "nesterov": 0.1, "velocity": 0.1}

SETTINGS = {
    "plain": {},
    "l2": {"l2": 0.7},
    "l1": {"l1": 0.3},
    "dropout": {"dropout": 0.4},
    "dropout of the input too": {"dropout": [0.2, 0.4]},
    "weights": {"sample_weight": WEIGHTS},
    "clipping": {"clip_norm": 0.1},
    "weight decay": {"weight_decay": 0.2},
    "factors": {"learning_rate_factors": {"b": 0.1, "W2": 3.0}},
    "everything": {
        "l2": 0.7,
        "l1": 0.3,
        "dropout": [0.2, 0.4],
        "sample_weight": WEIGHTS,
        "clip_norm": 0.1,
        "weight_decay": 0.2,
        "learning_rate_factors": {"W": 0.5},
    },
}


def both(network: Network, X, Y, tolerance: float = 1e-9, **options) -> tuple:
    """Train on both loops and compare them; return the two results."""
    options = {"num_iterations": 50, "record_every": 7, **options}
    slow = ellayer.train(network, X, Y, engine="numpy+direct", **options)
    fast = ellayer.train(network, X, Y, engine="jax+direct", **options)
    assert (slow.engine, fast.engine) == ("numpy", "jax")
    assert set(slow.history["loop"]) == {"numpy"}
    assert set(fast.history["loop"]) == {"jax"}
    assert len(slow.costs) == 8
    assert_close(slow, fast, tolerance)
    assert slow.costs[-1] != slow.costs[0]
    return slow, fast


@pytest.mark.parametrize(
    "optimizer", [*OPTIMIZERS, "velocity(nesterov=1)", "adam(epsilon_hat=1, epsilon=0.01)", "momentum(0.5)"]
)
def test_every_optimizer(optimizer):
    X, Y = problem(BINARY)
    rate = RATES.get(optimizer.partition("(")[0], 0.01)
    both(BINARY, X, Y, optimizer=optimizer, learning_rate=rate, batch_size=BATCH)


@pytest.mark.parametrize(
    "schedule", [None, *SCHEDULES, "step(every=9, factor=0.3)", lambda step: 1 / (1 + step)]
)
def test_every_schedule(schedule):
    X, Y = problem(BINARY)
    slow, _ = both(BINARY, X, Y, learning_rate=0.3, schedule=schedule, batch_size=BATCH)
    if schedule not in (None, "constant", "step", "adaptive"):
        assert len(set(slow.history["learning_rate"])) > 2


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_on_ragged_mini_batches(name):
    X, Y = problem(BINARY)
    plain = ellayer.train(
        BINARY, X, Y, learning_rate=0.3, batch_size=BATCH, num_iterations=50, engine="numpy"
    )
    slow, _ = both(BINARY, X, Y, learning_rate=0.3, batch_size=BATCH, **SETTINGS[name])
    assert (name == "plain") == bool(np.array_equal(slow.parameters["W1"], plain.parameters["W1"]))


@pytest.mark.parametrize("name", ["plain", "everything"])
def test_the_full_batch(name):
    X, Y = problem(BINARY)
    both(BINARY, X, Y, learning_rate=0.3, **SETTINGS[name])


def test_mini_batches_that_divide_the_examples_and_are_not_shuffled():
    X, Y = problem(BINARY, m=15)
    both(BINARY, X, Y, learning_rate=0.3, batch_size=BATCH, shuffle=False)


@pytest.mark.parametrize("loss", [*LOSSES, "huber(0.3)", "cross_entropy(smoothing=0.1)"])
def test_every_loss(loss):
    kind = LOSSES[loss].targets
    network = Network([3, 4, 3 if kind == "one_hot" else 2], "tanh", loss)
    X, Y = problem(network)
    both(network, X, Y, learning_rate=0.05)


@pytest.mark.parametrize(("loss", "output"), [("squared_error", "sigmoid"), ("absolute_error", "softmax")])
def test_a_loss_with_an_output_that_is_not_its_own(loss, output):
    network = Network([3, 4, 2], ["tanh", output], loss)
    both(network, *problem(network), learning_rate=0.05)


NAMES = list(ACTIVATIONS)


@pytest.mark.parametrize("names", [NAMES[:4], NAMES[4:8], NAMES[8:12], [*NAMES[12:], "leaky_relu(0.2)"]])
def test_every_activation(names):
    network = Network([3, *[4] * len(names), 1], [*names])
    both(network, *problem(network), learning_rate=0.02)


def test_no_hidden_layer():
    network = Network([3, 1])
    both(network, *problem(network), learning_rate=0.5)


@pytest.mark.parametrize("name", ["plain", "everything"])
def test_float32_stays_float32_and_goes_the_same_way(name):
    X, Y = problem(BINARY, dtype="float32")
    options = {"optimizer": "adam", "learning_rate": 0.01, "batch_size": BATCH, **SETTINGS[name]}
    for result in both(BINARY, X, Y, 2e-4, **options):
        assert {theta.dtype for theta in result.parameters.values()} == {np.dtype("float32")}
        for part in result.state.optimizer_state.values():
            assert {theta.dtype for theta in part.values()} == {np.dtype("float32")}
        assert result.predict_proba(X).dtype == np.float32


def test_validation_and_metrics():
    X, Y = problem(BINARY)
    X_held, Y_held = problem(BINARY, m=6, seed=1)
    slow, fast = both(
        BINARY, X, Y, learning_rate=0.3, validation=(X_held, Y_held, np.arange(6.0)),
        metrics={"accuracy": lambda AL, Y: np.mean((AL > 0.5) == Y)},
    )  # fmt: skip
    assert {"validation_loss", "accuracy", "validation_accuracy"} <= set(slow.history)
    assert slow.history.final.keys() == fast.history.final.keys()
    for name, value in slow.history.final.items():
        assert fast.history.final[name] == pytest.approx(value, rel=1e-9)


def test_parameters_come_back_in_the_networks_order():
    X, Y = problem(BINARY)
    for engine in ("numpy", "jax+direct"):
        result = ellayer.train(BINARY, X, Y, num_iterations=1, engine=engine)
        assert list(result.parameters) == list(result.state.parameters) == ["W1", "b1", "W2", "b2"]


def test_embedded_scaled_and_blended_networks():
    inputs = {"numbers": 1, "frequencies": 2, "width": 2, "categories": [3], "dimension": 2, "scaling": True}
    network = Network([3, 4, 1], "tanh", parametric=True, inputs=inputs)
    X, Y = problem(network)
    X = np.vstack([X[:2], np.arange(M) % 3])
    slow, _ = both(
        network, X, Y, optimizer="adam", learning_rate=0.01, batch_size=BATCH, l2=0.3,
        learning_rate_factors={"s0": 6.0, "a1": 0.1},
    )  # fmt: skip
    assert list(slow.parameters) == list(network.shapes)


def test_dropout_draws_the_same_masks():
    X, Y = problem(BINARY)
    options = {"learning_rate": 0.3, "dropout": 0.5, "record_every": 1}
    slow, fast = (
        ellayer.train(BINARY, X, Y, engine=loop, num_iterations=5, **options)
        for loop in ("numpy", "jax+direct")
    )
    np.testing.assert_allclose(slow.costs, fast.costs, rtol=1e-12)
    assert len(set(slow.costs)) == 5
    another = ellayer.train(
        BINARY, X, Y, engine="numpy", num_iterations=5, seed=0, parameters=slow.parameters, **options
    )
    assert another.costs != slow.costs


@pytest.mark.slow
@settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    hidden=st.lists(st.integers(1, 4), max_size=2),
    loss=st.sampled_from(list(LOSSES)),
    activation=st.sampled_from(["tanh", "relu", "gelu", "softplus"]),
    optimizer=st.sampled_from(["gd", "nesterov", "rmsprop", "adam", "adamw"]),
    batch_size=st.one_of(st.none(), st.integers(2, 16)),
    l2=st.sampled_from([0.0, 0.5]),
    dropout=st.sampled_from([0.0, 0.3]),
    weighted=st.booleans(),
    record_every=st.integers(7, 7),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_run(hidden, loss, activation, optimizer, batch_size, l2, dropout, weighted, record_every, seed):
    n_L = 2 if LOSSES[loss].targets == "one_hot" else 1
    network = Network([2, *hidden, n_L], activation, loss)
    X, Y = problem(network, seed=seed)
    both(
        network, X, Y, 1e-8, optimizer=optimizer, learning_rate=0.01, batch_size=batch_size, l2=l2, dropout=dropout,
        sample_weight=WEIGHTS + 0.1 if weighted else None, seed=seed, record_every=record_every,
    )  # fmt: skip


def test_fixed_thresholds_do_not_count_for_the_clipped_norm():
    """With the rate 0 for t0 its gradient is 0, so the update has the length rate * clip_norm without it."""
    network = Network([3, 4, 1], "tanh", inputs=Inputs(numbers=3, frequencies=0, ramps=4, scaling=True))
    start = network.inputs.draw(np.random.RandomState(0), 3) | initialize_parameters(network)
    start = {name: start[name] for name in network.shapes}
    options = {
        "clip_norm": 0.1, "learning_rate": 0.3, "parameters": start, "learning_rate_factors": {"t0": 0.0}
    }  # fmt: skip
    for result in both(network, *problem(network), **options):
        np.testing.assert_array_equal(result.parameters["t0"], start["t0"])
    once = ellayer.train(network, *problem(network), num_iterations=1, engine="numpy", **options)
    steps = [np.linalg.norm(once.parameters[name] - start[name]) for name in start]
    assert np.linalg.norm(steps) == pytest.approx(0.3 * 0.1)
