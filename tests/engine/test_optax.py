"""Rules of optax on the compiled loop, and ellayer's own against optax's."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from engine_cases import BINARY, assert_parameters_close, problem

import ellayer
from ellayer.core import L_model_backward, L_model_forward, compute_cost, initialize_parameters
from ellayer.engine import find_optimizer
from ellayer.engine.optax_rules import OPTAX_RATES

STEPS = 12


def by_optax(rule, factor: float) -> tuple[list, dict]:
    """Return costs and parameters of a loop written with optax over the functions of ``core``."""
    import jax
    import optax

    X, Y = problem(BINARY)
    with jax.enable_x64(True):
        parameters = {k: jax.numpy.asarray(v) for k, v in initialize_parameters(BINARY).items()}
        state, costs = rule.init(parameters), []

        @jax.jit
        def step(parameters, state):
            AL, caches = L_model_forward(X, parameters, BINARY)
            grads = L_model_backward(AL, Y, caches, BINARY)
            changes, state = rule.update({k: grads[f"d{k}"] for k in parameters}, state, parameters)
            changes = jax.tree.map(lambda change: factor * change, changes)
            return optax.apply_updates(parameters, changes), state, compute_cost(AL, Y, BINARY)

        for _ in range(STEPS):
            parameters, state, J = step(parameters, state)
            costs.append(float(J))
        return costs, {k: np.asarray(parameters[k]) for k in BINARY.shapes}


@pytest.mark.parametrize(
    "name",
    [
        name if name in ("adagrad", "lion", "muon") else pytest.param(name, marks=pytest.mark.slow)
        for name in OPTAX_RATES
    ],
)
def test_every_name_is_optaxs_rule(name):
    import optax

    make = getattr(optax, name, None) or getattr(optax.contrib, name)
    options: dict = {"weight_decay": 0.0} if "weight_decay" in inspect.signature(make).parameters else {}
    if name == "muon":  # its matrices are the weights; biases go by Adam, as it has it for what is no matrix
        matrix = optax.contrib.MuonDimensionNumbers(reduction_axis=1, output_axis=0)
        options["muon_weight_dimension_numbers"] = {"W1": matrix, "b1": None, "W2": matrix, "b2": None}
    rate = OPTAX_RATES[name]
    costs, parameters = by_optax(make(learning_rate=1.0, **options), rate)
    result = ellayer.train(
        BINARY, *problem(BINARY), optimizer=name, weight_decay=0.0, num_iterations=STEPS, record_every=1
    )
    assert result.engine == "jax"
    assert result.history["learning_rate"][0] == rate
    np.testing.assert_allclose(result.costs, costs, rtol=1e-7)  # float32 numbers inside some rules
    assert_parameters_close(result.parameters, parameters, 1e-6)
    assert result.costs[-1] != result.costs[0]


@pytest.mark.parametrize(("name", "decay"), [("lion", 1e-3), ("nadamw", 1e-4)])
def test_the_default_decay_is_applied_once_and_to_the_weights_alone(name, decay):
    X, Y = problem(BINARY)
    start = {k: theta + 1.0 for k, theta in initialize_parameters(BINARY, seed=1).items()}
    options = {"optimizer": name, "parameters": start, "learning_rate": 0.5, "num_iterations": 1}
    default = ellayer.train(BINARY, X, Y, **options).parameters
    without = ellayer.train(BINARY, X, Y, weight_decay=0.0, **options).parameters
    for parameter, theta in start.items():
        expected = -0.5 * decay * theta if parameter[0] == "W" else 0.0 * theta
        np.testing.assert_allclose(default[parameter] - without[parameter], expected, rtol=1e-6, atol=1e-12)
    many = ellayer.train_many(BINARY, X, Y, **options | {"parameters": [start]})[0].parameters
    assert_parameters_close(many, default, 1e-12)


def test_no_decay_is_left_inside_the_rule():
    """Where nothing but decay can move a weight, none does."""
    X, Y = problem(BINARY)
    start = initialize_parameters(BINARY, seed=1) | {"W2": np.zeros((1, 4))}  # so that dW1 = 0
    for name in ("lion", "nadamw"):
        options = {"optimizer": name, "parameters": start, "learning_rate": 0.5, "num_iterations": 1}
        moved = ellayer.train(BINARY, X, Y, weight_decay=0.0, **options).parameters
        np.testing.assert_array_equal(moved["W1"], start["W1"], err_msg=name)


def test_own_rules_are_optaxs():
    import optax

    rules = {
        "gd": (optax.sgd(1.0), 0.3),
        "momentum": (optax.sgd(1.0, momentum=0.9), 0.1),
        "nesterov": (optax.sgd(1.0, momentum=0.9, nesterov=True), 0.1),
        "adam": (optax.adam(1.0), 0.05),
        "rmsprop": (optax.rmsprop(1.0), 0.02),
    }
    for name, (rule, rate) in rules.items():
        costs, parameters = by_optax(rule, rate)
        result = ellayer.train(
            BINARY, *problem(BINARY), optimizer=name, learning_rate=rate, num_iterations=STEPS, record_every=1,
            engine="numpy",
        )  # fmt: skip
        np.testing.assert_allclose(result.costs, costs, rtol=1e-9, err_msg=name)
        assert_parameters_close(result.parameters, parameters, 1e-8)


def test_a_transformation_of_ones_own():
    import optax

    X, Y = problem(BINARY)
    rule = optax.chain(optax.clip_by_global_norm(0.1), optax.adam(0.01))
    options = {"num_iterations": 30, "record_every": 5, "schedule": "cosine"}
    own = ellayer.train(BINARY, X, Y, optimizer=rule, **options)
    same = ellayer.train(
        BINARY, X, Y, optimizer="adam", learning_rate=0.01, clip_norm=0.1, engine="numpy", **options
    )
    assert_parameters_close(own.parameters, same.parameters, 1e-6)
    np.testing.assert_allclose(np.multiply(own.history["learning_rate"], 0.01), same.history["learning_rate"])


def test_decay_clipping_and_factors_work_around_any_rule():
    import optax

    X, Y = problem(BINARY)
    options = {
        "learning_rate": 0.3,
        "num_iterations": 20,
        "weight_decay": 0.1,
        "learning_rate_factors": {"W2": 0.0},
    }
    start = initialize_parameters(BINARY)
    optaxs = ellayer.train(BINARY, X, Y, optimizer=optax.sgd(1.0), clip_norm=0.2, **options)
    own = ellayer.train(BINARY, X, Y, optimizer="gd", clip_norm=0.2, engine="numpy", **options)
    assert_parameters_close(optaxs.parameters, own.parameters, 1e-9)
    np.testing.assert_array_equal(own.parameters["W2"], start["W2"])


def test_float32_stays_float32():
    X, Y = problem(BINARY, dtype="float32")
    result = ellayer.train(BINARY, X, Y, optimizer="lion", num_iterations=10)
    assert {theta.dtype for theta in result.parameters.values()} == {np.dtype("float32")}


def test_rules_are_found_once():
    assert find_optimizer("lion") is find_optimizer("lion")
    assert find_optimizer("lion").compiled_only
    assert find_optimizer(find_optimizer("adam")) is find_optimizer("adam")
