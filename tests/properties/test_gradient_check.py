"""check_gradients: finds what is wrong, passes what is right, says what it could not check."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest

from ellayer.core import (
    ACTIVATIONS,
    LOSSES,
    Network,
    initialize_parameters,
    inputs,
    objective,
    propagation,
    regularizers,
    update_parameters,
)
from ellayer.core.activations import Activation, tanh_backward, tanh_forward
from ellayer.core.inputs import Inputs
from ellayer.core.losses import Loss
from ellayer.inspection import check_gradients

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.standard_normal((3, 20)), RANDOM.integers(0, 2, (1, 20))


def start(network: Network, seed: int = 1) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    made = initialize_parameters(network, seed=seed)
    return {k: v + 0.1 * random.standard_normal(v.shape) for k, v in made.items()}


def test_a_right_network_passes_and_is_shown():
    network = Network([3, 4, 1], "tanh")
    check = check_gradients(network, start(network), X, Y, l2=0.5)
    assert check.passed
    assert [row.name for row in check.rows] == ["dW1", "db1", "dW2", "db2"]
    assert check.rows[0].shape == (4, 3)
    assert check.rows[0].checked == 12
    assert check.directions is None
    assert 0 < check.worst.relative_error < 1e-8
    assert all(abs(row.numeric - row.analytic) < 1e-8 for row in check.rows)
    text = str(check)
    assert "dW1" in text
    assert "PASSED" in text
    assert "every entry" in text
    with pytest.raises(dataclasses.FrozenInstanceError):
        check.epsilon = 1.0


@pytest.fixture
def wrong_activation():
    """A tanh whose derivative is a little off where z > 1."""

    def backward(dA, Z, A):
        return tanh_backward(dA, Z, A) * np.where(Z > 1, 1.001, 1.0)

    ACTIVATIONS.add("wrong_tanh", lambda name: Activation(name, tanh_forward, backward))
    yield "wrong_tanh"
    ACTIVATIONS.remove("wrong_tanh")


@pytest.mark.parametrize("directions", [None, 5])
def test_a_users_wrong_activation_is_found(wrong_activation, directions):
    network = Network([3, 5, 4, 1], [wrong_activation, "tanh"])
    check = check_gradients(network, start(network), X, Y, directions=directions)
    assert not check.passed
    verdicts = {row.name: row.verdict for row in check.rows}
    assert verdicts["dW1"] == verdicts["db1"] == "wrong"  # only the layer before the fault
    assert verdicts["dW2"] == verdicts["dW3"] == verdicts["db3"] == "ok"
    assert check.worst.name in ("dW1", "db1")
    assert "FAILED: dW1, db1" in str(check)


def test_a_users_wrong_loss_is_found():
    def make(name):
        return Loss(name, lambda A, Y: (A - Y) ** 2, lambda A, Y: A - Y, output="identity", targets="real")

    LOSSES.add("wrong_square", make)
    try:
        network = Network([3, 1], loss="wrong_square")
        check = check_gradients(network, start(network), X, Y)
    finally:
        LOSSES.remove("wrong_square")
    assert [row.verdict for row in check.rows] == ["wrong", "wrong"]
    assert check.worst.relative_error == pytest.approx(1 / 3, rel=1e-3)  # twice as large


def _wrong(grads, name, change):
    return grads | {name: change(grads[name])}


@pytest.mark.parametrize("directions", [None, 20])
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("dW1", lambda g: g * (1 + 1e-6)),
        ("dW1", lambda g: g + np.eye(*g.shape)[:, ::-1] * 1e-6),
        ("db1", lambda g: -g),
        ("dW2", lambda g: g * 0),
        ("db2", lambda g: g * 20),
    ],
)
def test_a_planted_fault_is_found_in_the_gradient_that_has_it(name, change, directions, monkeypatch):
    network, right = Network([3, 4, 1], "tanh"), propagation.L_model_backward
    monkeypatch.setattr(objective, "L_model_backward", lambda *a, **k: _wrong(right(*a, **k), name, change))
    check = check_gradients(network, start(network), X, Y, directions=directions)
    assert [row.name for row in check.rows if row.verdict == "wrong"] == [name]
    assert check.worst.name == name


def test_the_worst_entry_is_named(monkeypatch):
    def change(g):
        g = g.copy()
        g[2, 1] += 1e-3
        return g

    right = propagation.L_model_backward
    monkeypatch.setattr(objective, "L_model_backward", lambda *a, **k: _wrong(right(*a, **k), "dW1", change))
    network = Network([3, 4, 1], "tanh")
    worst = check_gradients(network, start(network), X, Y).worst
    assert worst.worst == (2, 1)
    assert worst.worst_analytic - worst.worst_numeric == pytest.approx(1e-3, rel=1e-4)


def test_a_forgotten_penalty_is_found(monkeypatch):
    monkeypatch.setattr(objective, "l2_backward", lambda grads, *rest: grads)
    network = Network([3, 4, 1], "tanh")
    check = check_gradients(network, start(network), X, Y, l2=0.1)
    assert [row.name for row in check.rows if row.verdict == "wrong"] == ["dW1", "dW2"]


def test_the_mean_and_not_the_sum_of_weighted_losses_is_checked():
    network = Network([3, 4, 1], "tanh")
    light, heavy = (
        check_gradients(network, start(network), X, Y, weights=np.full(20, w)) for w in (1.0, 7.0)
    )
    assert light.passed
    assert heavy.passed
    assert heavy.cost == pytest.approx(light.cost, rel=1e-12)
    penalised = [
        check_gradients(network, start(network), X, Y, weights=np.full(20, w), l2=1.0) for w in (1, 2)
    ]
    assert all(check.passed for check in penalised)
    assert penalised[0].cost - light.cost == pytest.approx(2 * (penalised[1].cost - light.cost))


def test_kinks_are_stepped_around_and_counted():
    """One unit's z at 3e-6, inside the step of 1e-5 and outside the one of 1e-6."""
    network = Network([1, 1, 1], ["relu", "identity"])
    parameters = {
        "W1": np.ones((1, 1)),
        "b1": np.zeros((1, 1)),
        "W2": np.ones((1, 1)),
        "b2": np.zeros((1, 1)),
    }
    check = check_gradients(network, parameters, [[3e-6, 2.0]], [[1.0, 1.0]])
    assert check.passed
    counts = {row.name: (row.checked, row.kinks, row.skipped) for row in check.rows}
    assert counts["db1"] == (1, 1, 0)
    assert counts["db2"] == (1, 0, 0)


def test_a_value_on_the_kink_is_skipped_and_said():
    network = Network([3, 4, 1], "relu")
    check = check_gradients(network, initialize_parameters(network, "zeros"), X, Y)
    assert not check.passed
    assert [row.verdict for row in check.rows] == ["not checked", "not checked", "ok", "ok"]
    assert check.rows[0].skipped == check.rows[0].kinks == 12
    assert check.worst.name == "dW1"
    assert "NOT CHECKED: for dW1, db1 every step crosses a kink" in str(check)
    assert "Change the parameters" in str(check)


@pytest.mark.parametrize("loss", ["absolute_error", "huber(0.5)", "quantile(0.2)"])
def test_kinks_of_the_loss_are_stepped_around(loss):
    """a - y within a step of every kink: without stepping around, absolute error would be 100 % off."""
    network = Network([1, 1], loss=loss)
    kinks = np.array([[*LOSSES[loss].kinks]])
    parameters = {"W1": np.ones((1, 1)), "b1": np.zeros((1, 1))}
    x = np.linspace(1, 2, kinks.size)[None]
    check = check_gradients(network, parameters, x, x - kinks - 4e-6)
    assert check.passed
    assert check.rows[1].kinks == 1
    on_it = check_gradients(network, parameters, x, x - kinks)
    assert on_it.rows[1].verdict == "not checked"


def test_kinks_of_l1_are_stepped_around():
    network = Network([2, 1], ["identity"])
    parameters = {"W1": np.array([[0.0, 4e-6]]), "b1": np.zeros((1, 1))}
    check = check_gradients(network, parameters, [[1.0, 2.0], [0.5, -1.0]], [[1.0, 0.0]], l1=0.5)
    row = check.rows[0]
    assert check.passed
    assert (row.checked, row.kinks, row.skipped) == (1, 2, 1)


def test_a_gradient_of_0_is_right():
    """At the minimum, where both norms are rounding, the relative error of the two says nothing."""
    network = Network([2, 1], ["identity"])
    x = np.random.default_rng(2).standard_normal((2, 30))
    y = np.array([[1.0, -2.0]]) @ x + 0.5
    check = check_gradients(network, {"W1": np.array([[1.0, -2.0]]), "b1": np.array([[0.5]])}, x, y)
    assert check.passed


def test_a_trained_network_passes():
    network = Network([3, 4, 1], "tanh")
    parameters = start(network)
    for _ in range(3000):
        AL, caches = propagation.L_model_forward(X, parameters, network)
        grads = propagation.L_model_backward(AL, Y, caches, network)
        grads = regularizers.l2_backward(grads, parameters, 0.5, 20)
        parameters = update_parameters(parameters, grads, 0.5)
    check = check_gradients(network, parameters, X, Y, l2=0.5)
    assert max(row.analytic for row in check.rows) < 1e-3
    assert check.passed, str(check)


@pytest.mark.parametrize("scale", [1e-4, 1e4])
def test_targets_of_any_scale_pass(scale):
    network = Network([3, 4, 1], ["tanh", "identity"])
    y = scale * (3 + np.random.default_rng(3).standard_normal((1, 20)))
    check = check_gradients(network, start(network), X, y)
    assert check.passed, str(check)


def test_saturated_outputs_pass():
    network = Network([3, 1])
    check = check_gradients(network, {"W1": np.full((1, 3), 30.0), "b1": np.zeros((1, 1))}, X, Y)
    assert check.passed, str(check)


def test_a_large_network_takes_random_directions_and_little_time():
    network = Network([2000, 20, 7, 5, 1])
    random = np.random.default_rng(4)
    x, y = random.random((2000, 100)), random.integers(0, 2, (1, 100))
    before = time.perf_counter()
    check = check_gradients(network, initialize_parameters(network, seed=1), x, y)
    assert check.passed, str(check)
    assert check.directions == 20
    assert "20 random directions" in str(check)
    assert check.rows[0].worst is None
    assert time.perf_counter() - before < 10


def test_directions_of_ones_own_choice():
    network = Network([3, 4, 1], "tanh")
    check = check_gradients(network, start(network), X, Y, directions=3)
    assert check.passed
    assert {row.checked for row in check.rows} == {3}


def test_float32_and_flat_integer_targets_are_taken_and_checked_in_float64():
    network = Network([3, 4, 1], "tanh")
    narrow = {k: v.astype("float32") for k, v in start(network).items()}
    assert check_gradients(network, narrow, X.astype("float32"), Y[0].tolist()).passed


def test_inputs_are_not_changed():
    network = Network([3, 4, 1], "tanh")
    parameters, x = start(network), X.copy()
    for array in (x, *parameters.values()):
        array.flags.writeable = False
    assert check_gradients(network, parameters, x, Y, l1=0.1, l2=0.1).passed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"X": X.T},
            r"X: expected \(3, m\), examples as columns; received \(20, 3\); X.T has the right shape",
        ),
        ({"X": X[0]}, "X: expected shape .*received"),
        ({"X": X[:, :0], "Y": Y[:, :0]}, "at least one example"),
        (
            {"X": X * np.nan},
            r"X: expected finite numbers, received nan at feature 0 of example 0 \(60 nan or infinite in total\)",
        ),
        ({"Y": Y[:, :5]}, r"Y: expected shape \(1, 20\), received \(1, 5\)"),
        ({"Y": Y.T}, r"Y: expected shape \(1, 20\), received \(20, 1\)"),
        ({"parameters": {}}, r"parameters: expected a dict with W1, b1, W2, b2; received \[\]"),
        (
            {"parameters": start(Network([3, 4, 1])) | {"W1": np.ones((3, 4))}},
            r"parameters\['W1'\]: expected shape \(4, 3\), received \(3, 4\)",
        ),
        ({"weights": [1.0, 2.0]}, r"weights: expected shape \(1, 20\), received \(1, 2\)"),
        ({"weights": np.zeros(20)}, "weights: expected numbers of at least 0, not all 0"),
        ({"weights": -np.ones(20)}, "weights: expected numbers of at least 0"),
        ({"masks": {1: np.ones((3, 20))}}, r"masks\[1\]: expected shape \(4, 20\), received \(3, 20\)"),
        ({"masks": {2: np.ones((1, 20))}}, r"masks: expected layers 0 to 1, received 2"),
        ({"epsilon": 0.0}, "expected epsilon and threshold above 0, received 0.0"),
        ({"threshold": float("nan")}, "expected epsilon and threshold above 0"),
        ({"directions": 0}, "expected directions to be at least 1, or None"),
    ],
)
def test_wrong_input_is_told_what_was_expected(change, message):
    network = Network([3, 4, 1], "tanh")
    arguments = {"parameters": start(network), "X": X, "Y": Y} | change
    with pytest.raises(ValueError, match=message):
        check_gradients(network, **arguments)


def test_a_cost_that_is_not_finite_is_refused():
    network = Network([3, 1], ["identity"])
    with pytest.raises(ValueError, match="expected a finite cost, received J = inf"):
        check_gradients(network, {"W1": np.full((1, 3), 1e200), "b1": np.zeros((1, 1))}, X, Y)


@pytest.mark.parametrize("directions", [None, 5])
def test_thresholds_that_stand_at_examples_are_checked_beside_them(directions):
    network = Network([2, 3, 1], "tanh", inputs=Inputs(numbers=2, frequencies=0, ramps=4))
    start = initialize_parameters(network, seed=1)
    X = np.random.default_rng(0).uniform(-1.9, 1.9, (2, 30))
    start["t0"] = np.sort(X[:, :5], axis=1)[:, :, None]
    check = check_gradients(network, start, X, np.arange(30) % 2, directions=directions)
    (row,) = (row for row in check.rows if row.name == "dt0")
    assert row.verdict == "ok"
    assert row.checked == (directions or 10)
    assert check.passed


def test_a_wrong_derivative_of_thresholds_shows_beside_the_examples(monkeypatch):
    network = Network([2, 3, 1], "tanh", inputs=Inputs(numbers=2, frequencies=0, ramps=4))
    start = initialize_parameters(network, seed=1)
    X = np.random.default_rng(0).uniform(-1.9, 1.9, (2, 30))
    start["t0"] = np.sort(X[:, :5], axis=1)[:, :, None]
    right = inputs.ramps_backward
    monkeypatch.setattr(
        inputs,
        "ramps_backward",
        lambda dA, cache: (right(dA, cache)[0], {"dt0": 1.01 * right(dA, cache)[1]["dt0"]}),
    )
    check = check_gradients(network, start, X, np.arange(30) % 2)
    assert [row.name for row in check.rows if row.verdict == "wrong"] == ["dt0"]
