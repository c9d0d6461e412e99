"""Logistic regression under the notes' names, against values worked out by hand."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ellayer.steps import logistic

LN3 = math.log(3.0)
W, B = np.array([[1.0], [-1.0]]), 0.0
X = np.array([[LN3, 1.0], [0.0, 1.0]])  # z = ln 3 and 0, so a = 3/4 and 1/2
Y = np.array([[1.0, 0.0]])
DW = np.array([[(-0.25 * LN3 + 0.5) / 2], [0.25]])  # dz = -1/4 and 1/2
DB = 0.125
COST = -(math.log(0.75) + math.log(0.5)) / 2


def frozen(*arrays):
    """Return read-only copies."""
    copies = [np.array(array) for array in arrays]
    for copy in copies:
        copy.setflags(write=False)
    return copies


@pytest.mark.parametrize("z", [[0.0, LN3, -LN3], [[0.0], [LN3], [-LN3]]])
def test_sigmoid(z):
    np.testing.assert_allclose(np.ravel(logistic.sigmoid(np.array(z))), [0.5, 0.75, 0.25], rtol=1e-15)


def test_sigmoid_takes_numbers_lists_and_whole_numbers():
    assert logistic.sigmoid(0) == 0.5
    np.testing.assert_array_equal(logistic.sigmoid([0, 0]), [0.5, 0.5])
    np.testing.assert_allclose(logistic.sigmoid(np.array([0, 2])), [0.5, 0.8807970779778823], rtol=1e-15)


def test_sigmoid_is_silent_and_finite_far_out():
    a = logistic.sigmoid(np.array([-np.inf, -1e3, 1e3, np.inf]))
    np.testing.assert_allclose(a, [0, 0, 1, 1], atol=1e-300)
    assert logistic.sigmoid(np.float32([1.0])).dtype == np.float32


def test_initialize_with_zeros():
    w, b = logistic.initialize_with_zeros(3)
    np.testing.assert_array_equal(w, np.zeros((3, 1)))
    assert b == 0
    assert isinstance(b, float)
    w[0] = 1.0  # the caller's own


@pytest.mark.parametrize("propagate", [logistic.propagate, logistic.propagate_loop])
def test_propagate_by_hand(propagate):
    w, x, y = frozen(W, X, Y)
    grads, cost = propagate(w, B, x, y)
    assert set(grads) == {"dw", "db"}
    assert grads["dw"].shape == (2, 1)
    assert np.shape(grads["db"]) == np.shape(cost) == ()
    np.testing.assert_allclose(grads["dw"], DW, rtol=1e-14)
    np.testing.assert_allclose(grads["db"], DB, rtol=1e-14)
    np.testing.assert_allclose(cost, COST, rtol=1e-14)


@pytest.mark.parametrize("propagate", [logistic.propagate, logistic.propagate_loop])
@pytest.mark.parametrize(
    "labels", [Y.astype(int), Y.astype(np.uint8), Y == 1, Y[0], Y[0] == 1, [1, 0], [[True, False]]], ids=str
)
def test_labels_of_any_kind(propagate, labels):
    grads, cost = propagate(W, B, X, labels)
    np.testing.assert_allclose(grads["dw"], DW, rtol=1e-14)
    np.testing.assert_allclose(cost, COST, rtol=1e-14)


@pytest.mark.parametrize("propagate", [logistic.propagate, logistic.propagate_loop])
@pytest.mark.parametrize("y", [Y, Y.astype(int), Y == 1])
def test_float32_stays_float32(propagate, y):
    grads, cost = propagate(np.float32(W), 0.0, np.float32(X), y)
    assert grads["dw"].dtype == grads["db"].dtype == cost.dtype == np.float32
    params, _, _ = logistic.optimize(np.float32(W), 0.0, np.float32(X), y, 3, 0.1)
    assert params["w"].dtype == params["b"].dtype == np.float32
    assert logistic.predict(np.float32(W), 0.0, np.float32(X)).dtype == np.float32


def test_bias_as_array_of_one_number():
    for b in (np.float64(0.3), np.array(0.3), np.array([0.3]), np.array([[0.3]])):
        np.testing.assert_array_equal(
            logistic.propagate(W, b, X, Y)[0]["dw"], logistic.propagate(W, 0.3, X, Y)[0]["dw"]
        )


def test_saturated_units_cost_what_they_cost():
    x = np.array([[1e3, -1e3, 1e3, -1e3]])
    _, cost = logistic.propagate(np.ones((1, 1)), 0.0, x, np.array([[1, 0, 0, 1]]))
    assert cost == 500.0
    _, cost = logistic.propagate(np.ones((1, 1)), 0.0, x, np.array([[1, 0, 1, 0]]))
    assert cost == 0.0


@settings(max_examples=25, deadline=None)
@given(n_x=st.integers(1, 6), m=st.integers(1, 7), seed=st.integers(0, 99))
def test_loop_equals_vectorised(n_x, m, seed):
    random = np.random.RandomState(seed)
    w, b, x, y = random.randn(n_x, 1), random.randn(), random.randn(n_x, m), random.rand(1, m) < 0.5
    grads, cost = logistic.propagate(w, b, x, y)
    loop_grads, loop_cost = logistic.propagate_loop(w, b, x, y)
    np.testing.assert_allclose(loop_grads["dw"], grads["dw"], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(loop_grads["db"], grads["db"], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(loop_cost, cost, rtol=1e-12)


def test_gradients_equal_jax_grad():
    import jax
    import jax.numpy as jnp

    random = np.random.RandomState(0)
    w, b, x = random.randn(4, 1), 0.3, random.randn(4, 6)
    y = (random.rand(1, 6) < 0.5).astype(float)

    def J(w, b):
        A = 1 / (1 + jnp.exp(-(w.T @ x + b)))
        return -jnp.mean(y * jnp.log(A) + (1 - y) * jnp.log(1 - A))

    grads, cost = logistic.propagate(w, b, x, y)
    with jax.enable_x64(True):
        value, (dw, db) = jax.value_and_grad(J, argnums=(0, 1))(jnp.asarray(w), b)
        np.testing.assert_allclose(grads["dw"], dw, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(grads["db"], db, rtol=1e-12)
        np.testing.assert_allclose(cost, value, rtol=1e-12)
        compiled, _ = jax.jit(logistic.propagate)(jnp.asarray(w), b, jnp.asarray(x), jnp.asarray(y))
        np.testing.assert_allclose(grads["dw"], compiled["dw"], rtol=1e-12, atol=1e-14)


def test_jax_arrays_go_through():
    import jax
    import jax.numpy as jnp

    with jax.enable_x64(True):
        params, _, costs = logistic.optimize(jnp.asarray(W), 0.0, jnp.asarray(X), jnp.asarray(Y), 5, 0.1)
        expected, _, expected_costs = logistic.optimize(W, 0.0, X, Y, 5, 0.1)
        assert isinstance(params["w"], jax.Array)
        np.testing.assert_allclose(params["w"], expected["w"], rtol=1e-12)
        np.testing.assert_allclose(costs, expected_costs, rtol=1e-12)


def test_optimize_steps_downhill_by_hand():
    params, grads, costs = logistic.optimize(*frozen(W), B, *frozen(X, Y), 1, 0.5)
    np.testing.assert_allclose(params["w"], W - 0.5 * DW, rtol=1e-14)
    np.testing.assert_allclose(params["b"], -0.5 * DB, rtol=1e-14)
    np.testing.assert_allclose(grads["dw"], DW, rtol=1e-14)
    np.testing.assert_allclose(costs, [COST], rtol=1e-14)


def test_optimize_records_and_prints_every_hundred(capsys):
    _, _, costs = logistic.optimize(W, B, X, Y, 201, 0.1)
    assert capsys.readouterr().out == ""
    assert len(costs) == 3
    assert all(type(cost) is float for cost in costs)
    logistic.optimize(W, B, X, Y, 201, 0.1, print_cost=True)
    assert capsys.readouterr().out.splitlines() == [
        f"Cost after iteration {i}: {cost:.6f}" for i, cost in zip((0, 100, 200), costs, strict=True)
    ]


def test_optimize_returns_after_the_loop():
    long, _, _ = logistic.optimize(W, B, X, Y, 20, 0.1)
    half, _, _ = logistic.optimize(W, B, X, Y, 10, 0.1)
    rest, _, _ = logistic.optimize(half["w"], half["b"], X, Y, 10, 0.1)
    np.testing.assert_array_equal(rest["w"], long["w"])
    params, grads, costs = logistic.optimize(W, B, X, Y, 0, 0.1)
    np.testing.assert_array_equal(params["w"], W)
    assert (grads, costs) == ({}, [])


def test_predict():
    p = logistic.predict(*frozen(W), B, *frozen(X))
    np.testing.assert_array_equal(p, [[1.0, 0.0]])  # a = 1/2 is not above 1/2
    assert p.dtype == np.float64
    np.testing.assert_array_equal(logistic.predict(W[:, 0], B, X), p)


def test_model(capsys):
    x_train = np.array([[200, 10, 180, 30, 120]], np.uint8)
    y_train = np.array([1, 0, 1, 0, 0])
    d = logistic.model(x_train, y_train, x_train[:, :2], y_train[:2] == 1, 101, 1e-4, print_cost=True)
    assert list(d) == [
        "costs",
        "Y_prediction_test",
        "Y_prediction_train",
        "w",
        "b",
        "learning_rate",
        "num_iterations",
    ]
    assert (d["learning_rate"], d["num_iterations"], len(d["costs"])) == (1e-4, 101, 2)
    assert d["Y_prediction_train"].shape == (1, 5)
    train = 100 - np.mean(np.abs(d["Y_prediction_train"] - y_train)) * 100
    test = 100 - np.mean(np.abs(d["Y_prediction_test"] - y_train[:2])) * 100
    assert capsys.readouterr().out.splitlines() == [
        "Cost after iteration 0: 0.693147",
        f"Cost after iteration 100: {d['costs'][1]:.6f}",
        f"train accuracy: {float(train)} %",
        f"test accuracy: {float(test)} %",
    ]


def test_model_defaults_are_the_notes():
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(logistic.model).parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }
    assert defaults == {"num_iterations": 2000, "learning_rate": 0.5, "print_cost": False}


def test_model_says_which_array_is_turned(capsys):
    x, y = np.ones((3, 5)), np.ones((1, 5))
    with pytest.raises(ValueError, match=r"Y_train: .*with m = 3 as in X_train.*transpose\? try X_train\.T"):
        logistic.model(x.T, y, x.T, y)
    with pytest.raises(ValueError, match=r"X_test: .*with n_x = 3 as in w.*transpose\? try X_test\.T"):
        logistic.model(x, y, x.T, y)
    assert capsys.readouterr().out == ""


def test_nothing_here_is_random():
    np.random.seed(7)
    expected = np.random.RandomState(7).rand()
    logistic.optimize(*logistic.initialize_with_zeros(2), X, Y, 2, 0.1)
    logistic.propagate_loop(W, B, X, Y)
    assert np.random.rand() == expected


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_labels_of_a_frame_are_taken_as_a_list_is(library, capsys):
    frames = pytest.importorskip(library)
    labels = Y.ravel().astype(int).tolist()
    of_frame = logistic.model(X, frames.Series(labels), X, frames.Series(labels), 5, 0.1)
    of_list = logistic.model(X, labels, X, labels, 5, 0.1)
    assert of_frame["costs"] == of_list["costs"]
    assert (of_frame["w"] == of_list["w"]).all()
