"""The worked example: one fixture, recomputed by hand in 50 digits, equal to every way the house has."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ellayer import Network, core, train
from ellayer.core.arrays import to_numpy
from ellayer.steps import deep

EXAMPLE = json.loads((Path(__file__).parent / "worked_example.json").read_text())
STEP = ("Z1", "A1", "Z2", "A2", "J", "dA2", "dZ2", "dW2", "db2", "dA1", "dZ1", "dW1", "db1", "dA0")
NETWORK = Network(**EXAMPLE["network"])
STEPS = len(EXAMPLE["costs"])

Matrix = list[list[Decimal]]


def close(obtained: Any, expected: Any) -> None:
    obtained = to_numpy(obtained)
    assert obtained.shape == np.shape(expected)
    np.testing.assert_allclose(obtained, expected, rtol=1e-12, atol=1e-12)


def arrays(named: dict[str, Any], array: Callable = np.array) -> dict[str, Any]:
    return {name: array(np.array(value, dtype=float)) for name, value in named.items()}


# By hand: lists of decimals and for-statements, nothing of NumPy and nothing of the house.


def _product(A: Matrix, B: Matrix) -> Matrix:
    return [[sum((a * b for a, b in zip(row, column, strict=True)), Decimal(0)) for column in zip(*B, strict=True)]
            for row in A]  # fmt: skip


def _turned(A: Matrix) -> Matrix:
    return [list(column) for column in zip(*A, strict=True)]


def _each(f: Callable, *matrices: Matrix) -> Matrix:
    return [[f(*entries) for entries in zip(*rows, strict=True)] for rows in zip(*matrices, strict=True)]


def _layer(W: Matrix, A_prev: Matrix, b: Matrix) -> Matrix:
    return [[z + bias for z in row] for row, (bias,) in zip(_product(W, A_prev), b, strict=True)]


def _mean_rows(dZ: Matrix) -> Matrix:
    return [[sum(row, Decimal(0)) / len(row)] for row in dZ]


def _one_step_by_hand(X: Matrix, Y: Matrix, p: dict[str, Matrix], alpha: Decimal) -> tuple[dict, dict]:
    """Return every quantity of one step, and the parameters after it."""
    m, s = len(X[0]), {}
    s["Z1"] = _layer(p["W1"], X, p["b1"])
    s["A1"] = _each(lambda z: max(z, Decimal(0)), s["Z1"])
    s["Z2"] = _layer(p["W2"], s["A1"], p["b2"])
    s["A2"] = _each(lambda z: 1 / (1 + (-z).exp()), s["Z2"])
    losses = _each(lambda a, y: -(y * a.ln() + (1 - y) * (1 - a).ln()), s["A2"], Y)
    s["J"] = sum(losses[0], Decimal(0)) / m
    s["dA2"] = _each(lambda a, y: -(y / a - (1 - y) / (1 - a)), s["A2"], Y)
    s["dZ2"] = _each(lambda da, a: da * a * (1 - a), s["dA2"], s["A2"])
    s["dW2"] = _each(lambda d: d / m, _product(s["dZ2"], _turned(s["A1"])))
    s["db2"] = _mean_rows(s["dZ2"])
    s["dA1"] = _product(_turned(p["W2"]), s["dZ2"])
    s["dZ1"] = _each(lambda da, z: da if z > 0 else Decimal(0), s["dA1"], s["Z1"])
    s["dW1"] = _each(lambda d: d / m, _product(s["dZ1"], _turned(X)))
    s["db1"] = _mean_rows(s["dZ1"])
    s["dA0"] = _product(_turned(p["W1"]), s["dZ1"])
    return s, {k: _each(lambda theta, d: theta - alpha * d, p[k], s[f"d{k}"]) for k in p}


def _by_hand() -> dict[str, Any]:
    """Return the fixture's numbers, each rounded once, to the nearest float64."""

    def read(value: Any) -> Any:
        return [[Decimal(repr(float(x))) for x in row] for row in value]

    def written(value: Any) -> Any:
        return _each(float, value) if isinstance(value, list) else float(value)

    with localcontext() as context:
        context.prec = 50
        X, Y = read(EXAMPLE["X"]), read(EXAMPLE["Y"])
        alpha = Decimal(repr(EXAMPLE["learning_rate"]))
        parameters = {name: read(value) for name, value in EXAMPLE["parameters"].items()}
        costs, first = [], None
        for _ in range(STEPS):
            step, parameters = _one_step_by_hand(X, Y, parameters, alpha)
            costs.append(float(step["J"]))
            first = first or (step, parameters)
        step, updated = first  # type: ignore[misc]
        return {
            "step": {name: written(step[name]) for name in STEP},
            "updated": {name: written(value) for name, value in updated.items()},
            "costs": costs,
            "trained": {name: written(value) for name, value in parameters.items()},
        }


def test_the_fixture_holds_what_50_digits_by_hand_give():
    assert _by_hand() == {key: EXAMPLE[key] for key in ("step", "updated", "costs", "trained")}


def test_the_fixture_meets_both_sides_of_relu_and_learns():
    Z1 = np.array(EXAMPLE["step"]["Z1"])
    assert (Z1 < 0).any()
    assert (Z1 > 0).any()
    assert STEPS == 10
    assert EXAMPLE["costs"] == sorted(EXAMPLE["costs"], reverse=True)


@pytest.fixture(params=["numpy", "jax"])
def array(request: pytest.FixtureRequest):
    if request.param == "numpy":
        yield np.array
        return
    import jax

    with jax.enable_x64(True):
        yield jax.numpy.asarray


def test_core_gives_the_fixture(array):
    X, Y = array(np.array(EXAMPLE["X"])), array(np.array(EXAMPLE["Y"]))
    parameters, expected = arrays(EXAMPLE["parameters"], array), EXAMPLE["step"]
    AL, caches = core.L_model_forward(X, parameters, NETWORK)
    for l, cache in enumerate(caches, start=1):
        close(cache.Z, expected[f"Z{l}"])
        close(cache.A, expected[f"A{l}"])
    close(core.compute_cost(AL, Y, NETWORK), expected["J"])
    close(core.compute_cost(AL, Y, NETWORK, ZL=caches[-1].Z), expected["J"])
    close(NETWORK.loss_row.backward(AL, Y), expected["dA2"])
    grads = core.L_model_backward(AL, Y, caches, NETWORK)
    assert {*grads, "dA2"} == {name for name in expected if name[0] == "d"}
    for name, grad in grads.items():
        close(grad, expected[name])
    for name, theta in core.update_parameters(parameters, grads, EXAMPLE["learning_rate"]).items():
        close(theta, EXAMPLE["updated"][name])


def test_the_notes_functions_give_the_fixture():
    X, Y, parameters = np.array(EXAMPLE["X"]), np.array(EXAMPLE["Y"]), arrays(EXAMPLE["parameters"])
    AL, caches = deep.L_model_forward(X, parameters)
    close(deep.compute_cost(AL, Y), EXAMPLE["step"]["J"])
    grads = deep.L_model_backward(AL, Y, caches)
    for name, grad in grads.items():
        close(grad, EXAMPLE["step"][name])
    for name, theta in deep.update_parameters(parameters, grads, EXAMPLE["learning_rate"]).items():
        close(theta, EXAMPLE["updated"][name])


@pytest.mark.parametrize("engine", ["numpy", "jax", "numpy+wide", "jax+wide"])
def test_training_follows_the_golden_costs(engine):
    result = train(
        NETWORK, EXAMPLE["X"], EXAMPLE["Y"], parameters=EXAMPLE["parameters"], num_iterations=STEPS,
        learning_rate=EXAMPLE["learning_rate"], record_every=1, engine=engine,
    )  # fmt: skip
    close(result.costs, EXAMPLE["costs"])
    for name, theta in result.parameters.items():
        close(theta, EXAMPLE["trained"][name])
