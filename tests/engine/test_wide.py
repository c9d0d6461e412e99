"""Training in the span of the examples equals training directly."""

from __future__ import annotations

import numpy as np
import pytest
from engine_cases import assert_close, assert_parameters_close, problem

import ellayer
from ellayer.core import OPTIMIZERS, Network
from ellayer.engine.wide import ExampleSpan, pays

WIDE = Network([60, 4, 3, 1], "tanh")
M = 7
LOOPS = ("numpy", "jax")
SETTINGS = {
    "plain": {},
    "momentum": {"optimizer": "momentum", "learning_rate": 0.05},
    "nesterov": {"optimizer": "nesterov", "learning_rate": 0.05},
    "velocity": {"optimizer": "velocity", "learning_rate": 0.05},
    "velocity, nesterov": {"optimizer": "velocity(nesterov=1)", "learning_rate": 0.05},
    "l2": {"l2": 0.6},
    "weights": {"sample_weight": np.linspace(0.0, 2.0, M)},
    "dropout of hidden layers": {"dropout": 0.3},
    "dropout of one": {"dropout": [0.0, 0.3]},
    "weight decay": {"weight_decay": 0.2},
    "factors": {"learning_rate_factors": {"W1": 0.5, "b": 2.0}},
    "schedule": {"schedule": "cosine"},
    "everything": {
        "optimizer": "nesterov(0.8)",
        "learning_rate": 0.05,
        "l2": 0.6,
        "sample_weight": np.linspace(0.1, 2.0, M),
        "dropout": 0.3,
        "weight_decay": 0.1,
        "learning_rate_factors": {"W1": 0.5},
        "schedule": "warm_up(10)",
    },
}


def ways(engine: str, network=WIDE, X=None, Y=None, **options) -> tuple:
    """Train in the span and directly on one loop."""
    if X is None:
        X, Y = problem(network, m=M)
    options = {"learning_rate": 0.2, "num_iterations": 50, "record_every": 7, **options}
    wide = ellayer.train(network, X, Y, engine=f"{engine}+wide", **options)
    direct = ellayer.train(network, X, Y, engine=f"{engine}+direct", **options)
    assert (wide.engine, direct.engine) == (f"{engine} wide", engine)
    assert set(wide.history["loop"]) == {f"{engine} wide"}
    assert set(direct.history["loop"]) == {engine}
    return wide, direct


@pytest.mark.parametrize("name", SETTINGS)
def test_wide_is_direct_on_numpy(name):
    wide, direct = ways("numpy", **SETTINGS[name])
    assert_close(wide, direct)
    assert wide.costs[-1] != wide.costs[0]


@pytest.mark.parametrize("name", ["plain", "everything"])
def test_wide_is_direct_when_compiled(name):
    X, Y = problem(WIDE, m=M)
    wide, direct = ways("jax", X=X, Y=Y, validation=(X[:, :3], Y[:, :3]), **SETTINGS[name])
    assert_close(wide, direct)
    assert wide.history.final == pytest.approx(direct.history.final, rel=1e-9)


@pytest.mark.parametrize("engine", LOOPS)
def test_validation_and_metrics_see_the_real_network(engine):
    X, Y = problem(WIDE, m=M)
    X_held, Y_held = problem(WIDE, m=5, seed=1)
    wide, direct = ways(
        engine, X=X, Y=Y, validation=(X_held, Y_held, np.arange(5.0)), patience=3,
        metrics={"error": lambda AL, Y: np.abs(AL - Y).mean()},
    )  # fmt: skip
    assert_close(wide, direct)
    assert wide.stopped_by == direct.stopped_by
    assert_parameters_close(wide.state.best_parameters, direct.state.best_parameters)


def test_callbacks_and_predictions_see_real_parameters():
    X, Y = problem(WIDE, m=M)
    seen = []
    options = {
        "num_iterations": 20,
        "record_every": 5,
        "callbacks": [lambda info: seen.append(info.parameters)],
    }
    result = ellayer.train(WIDE, X, Y, engine="numpy+wide", **options)
    assert [theta["W1"].shape for theta in seen] == [(4, 60)] * 4
    assert_parameters_close(seen[-1], result.parameters, 0.0)
    assert list(result.parameters) == list(WIDE.shapes)
    assert result.predict_proba(X).shape == (1, M)


@pytest.mark.parametrize("engine", LOOPS)
def test_a_float32_network(engine):
    X, Y = problem(WIDE, m=M, dtype="float32")
    wide, direct = ways(engine, X=X, Y=Y, optimizer="momentum", learning_rate=0.02, l2=0.3)
    assert {theta.dtype for theta in wide.parameters.values()} == {np.dtype("float32")}
    assert wide.predict_proba(X).dtype == np.float32
    assert_close(wide, direct, 1e-4)
    exact = ellayer.train(
        WIDE, X.astype(float), Y.astype(float), optimizer="momentum", learning_rate=0.02, l2=0.3, num_iterations=50,
        record_every=7, parameters=ellayer.initialize_parameters(WIDE, dtype="float32"), engine="numpy+direct",
    )  # fmt: skip
    np.testing.assert_allclose(wide.costs, exact.costs, rtol=1e-12)  # the coordinates are float64


def test_given_parameters_and_more_examples_than_features():
    network = Network([3, 4, 1], "tanh")
    X, Y = problem(network)
    start = {name: 0.5 * theta for name, theta in ellayer.initialize_parameters(network, seed=5).items()}
    assert_close(*ways("numpy", network, X, Y, parameters=start))


def test_examples_that_are_the_same_twice():
    X, Y = problem(WIDE, m=M)
    X = np.concatenate([X, X], axis=1)
    assert_close(
        *ways("numpy", X=X, Y=np.concatenate([Y, Y], axis=1), optimizer="momentum", learning_rate=0.05)
    )


def test_logistic_regression_from_zeros():
    network = Network([60, 1])
    X, Y = problem(network, m=M)
    wide, direct = ways("numpy", network, X, Y, initializer="zeros", learning_rate=0.01)
    assert_close(wide, direct)
    assert wide.costs[0] == pytest.approx(np.log(2))


def test_it_is_chosen_where_it_pays_and_only_there():
    wide = Network([3000, 20, 1], "tanh")
    X, Y = problem(wide, m=20)
    assert ellayer.train(wide, X, Y, num_iterations=100).engine.endswith(" wide")
    assert ellayer.train(wide, X, Y, num_iterations=100, engine="numpy").engine == "numpy wide"
    assert "wide" not in ellayer.train(wide, X, Y, num_iterations=100, engine="direct").engine
    assert (
        "wide" not in ellayer.train(wide, X, Y, num_iterations=1).engine
    )  # the Gram matrix alone costs more
    for options in (
        {"optimizer": "adam"},
        {"batch_size": 10},
        {"l1": 0.1},
        {"clip_norm": 1.0},
        {"dropout": [0.1, 0.1]},
    ):
        assert ellayer.train(wide, X, Y, num_iterations=100, engine="numpy", **options).engine == "numpy"
        with pytest.raises(ValueError, match="engine 'wide': expected the full batch"):
            ellayer.train(wide, X, Y, num_iterations=100, engine="wide", **options)
    low = Network([3, 4, 1], "tanh")
    assert "wide" not in ellayer.train(low, *problem(low), num_iterations=1000).engine


def test_pays_counts_the_preparation():
    cats = Network([12288, 20, 7, 5, 1])
    assert pays(cats, 209, 2500)
    assert not pays(cats, 209, 1)
    assert not pays(Network([784, 128, 10]), 60000, 1000)


def test_pays_breaks_even_at_half_of_the_direct_way():
    """One update costs n_1 m (m + n_1) products in the span and 2 n_1 n_x m directly, half of which is n_1 n_x m."""
    m, n_1 = 7, 4
    assert not pays(Network([m + n_1, n_1, 1]), m, 10**9)
    assert pays(Network([m + n_1 + 1, n_1, 1]), m, 10**9)
    n_x = 100
    preparation = m * n_x * (m + 2 * n_1) + n_1 * n_x * m  # the Gram matrix, and W1 at the end
    steps = preparation / (n_1 * m * (n_x - m - n_1))
    assert not pays(Network([n_x, n_1, 1]), m, int(steps))
    assert pays(Network([n_x, n_1, 1]), m, int(steps) + 1)


def test_linear_rules_are_the_ones_that_stay_in_the_span():
    assert {name for name in OPTIMIZERS if OPTIMIZERS[name].linear} == {
        "gd",
        "momentum",
        "nesterov",
        "velocity",
    }


def test_the_span_forms_the_first_layer():
    random = np.random.default_rng(0)
    X, W0 = random.standard_normal((9, 4)), random.standard_normal((2, 9))
    span = ExampleSpan(X, W0)
    np.testing.assert_allclose(span.W1(span.start), W0)
    np.testing.assert_allclose(span.start @ span.X, W0 @ X, rtol=1e-12)
    B = random.standard_normal((2, 4))
    Theta = np.concatenate([B, 0.3 * np.eye(2)], axis=1)
    np.testing.assert_allclose(span.W1(Theta), B @ X.T + 0.3 * W0, rtol=1e-12)
