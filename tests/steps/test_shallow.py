"""The network with one hidden layer under the notes' names, against values worked out by hand."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest

from ellayer.steps import shallow

LN3 = math.log(3.0)
T = math.atanh(0.5)

# tanh(T) = 1/2, so A1 = (1/2, -1/2) and (0, 0), Z2 = ln 3 and 0, A2 = 3/4 and 1/2.
X = np.array([[T, 0.0]])
Y = np.array([[1.0, 0.0]])
PARAMETERS = {
    "W1": np.array([[1.0], [-1.0]]),
    "b1": np.zeros((2, 1)),
    "W2": np.array([[LN3, -LN3]]),
    "b2": np.zeros((1, 1)),
}
for _array in (X, Y, *PARAMETERS.values()):
    _array.setflags(write=False)


def random_problem(n_x=3, n_h=4, n_y=2, m=5, dtype=float):
    random = np.random.RandomState(0)
    parameters = {
        "W1": random.randn(n_h, n_x),
        "b1": random.randn(n_h, 1),
        "W2": random.randn(n_y, n_h),
        "b2": random.randn(n_y, 1),
    }
    return (
        random.randn(n_x, m).astype(dtype),
        (random.rand(n_y, m) < 0.5).astype(dtype),
        {name: theta.astype(dtype) for name, theta in parameters.items()},
    )


def notes_nn_model(X, Y, n_h, num_iterations):
    """Train as the notes' text does, written out anew."""
    np.random.seed(3)
    np.random.seed(2)
    m = X.shape[1]
    W1, b1 = np.random.randn(n_h, X.shape[0]) * 0.01, np.zeros((n_h, 1))
    W2, b2 = np.random.randn(Y.shape[0], n_h) * 0.01, np.zeros((Y.shape[0], 1))
    for _ in range(num_iterations):
        A1 = np.tanh(np.dot(W1, X) + b1)
        A2 = 1 / (1 + np.exp(-(np.dot(W2, A1) + b2)))
        dZ2 = A2 - Y
        dZ1 = np.dot(W2.T, dZ2) * (1 - np.power(A1, 2))
        W2, b2 = W2 - 1.2 * np.dot(dZ2, A1.T) / m, b2 - 1.2 * np.sum(dZ2, axis=1, keepdims=True) / m
        W1, b1 = W1 - 1.2 * np.dot(dZ1, X.T) / m, b1 - 1.2 * np.sum(dZ1, axis=1, keepdims=True) / m
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}


def test_layer_sizes():
    assert shallow.layer_sizes(np.zeros((5, 3)), np.zeros((2, 3))) == (5, 4, 2)
    assert shallow.layer_sizes(np.zeros((5, 3)), np.zeros(3, bool)) == (5, 4, 1)


def test_initialize_parameters_draws_as_the_notes_do():
    parameters = shallow.initialize_parameters(2, 4, 1)
    after = np.random.randn()
    np.random.seed(2)
    np.testing.assert_array_equal(parameters["W1"], np.random.randn(4, 2) * 0.01)
    np.testing.assert_array_equal(parameters["W2"], np.random.randn(1, 4) * 0.01)
    assert after == np.random.randn()
    np.testing.assert_array_equal(parameters["b1"], np.zeros((4, 1)))
    np.testing.assert_array_equal(parameters["b2"], np.zeros((1, 1)))
    assert list(parameters) == ["W1", "b1", "W2", "b2"]


def test_initialize_parameters_with_another_seed():
    W1 = shallow.initialize_parameters(3, 3, 1, seed=11)["W1"]  # an odd count: half a pair stays in store
    after = np.random.randn(4)
    np.random.seed(11)
    np.testing.assert_array_equal(W1, np.random.randn(3, 3) * 0.01)
    np.random.randn(1, 3)
    np.testing.assert_array_equal(after, np.random.randn(4))


def test_forward_propagation_by_hand():
    A2, cache = shallow.forward_propagation(X, PARAMETERS)
    assert list(cache) == ["Z1", "A1", "Z2", "A2"]
    np.testing.assert_allclose(cache["Z1"], [[T, 0], [-T, 0]], rtol=1e-14)
    np.testing.assert_allclose(cache["A1"], [[0.5, 0], [-0.5, 0]], rtol=1e-14)
    np.testing.assert_allclose(cache["Z2"], [[LN3, 0]], rtol=1e-14)
    np.testing.assert_allclose(A2, [[0.75, 0.5]], rtol=1e-14)
    assert cache["A2"] is A2


def test_compute_cost_by_hand():
    A2 = np.array([[0.75, 0.5]])
    cost = shallow.compute_cost(A2, Y, PARAMETERS)
    assert type(cost) is float
    assert cost == pytest.approx(-(math.log(0.75) + math.log(0.5)) / 2, rel=1e-14)
    assert shallow.compute_cost(A2, Y[0].astype(bool)) == cost
    assert shallow.compute_cost(np.array([[1.0, 0.0]]), Y) == 0.0
    assert math.isfinite(shallow.compute_cost(np.array([[0.0, 1.0]]), Y))


def test_backward_propagation_by_hand():
    _, cache = shallow.forward_propagation(X, PARAMETERS)
    grads = shallow.backward_propagation(PARAMETERS, cache, X, Y)
    # dZ2 = (-1/4, 1/2); dZ1 = +-ln 3 (-1/4 * 3/4, 1/2)
    assert list(grads) == ["dW1", "db1", "dW2", "db2"]
    np.testing.assert_allclose(grads["dW2"], [[-0.0625, 0.0625]], rtol=1e-14)
    np.testing.assert_allclose(grads["db2"], [[0.125]], rtol=1e-14)
    dw, db = LN3 * -0.1875 * T / 2, LN3 * (0.5 - 0.1875) / 2
    np.testing.assert_allclose(grads["dW1"], [[dw], [-dw]], rtol=1e-14)
    np.testing.assert_allclose(grads["db1"], [[db], [-db]], rtol=1e-14)


@pytest.mark.parametrize("y", [Y.astype(int), Y == 1, Y[0], Y[0].astype(np.uint8)])
def test_labels_of_any_kind(y):
    _, cache = shallow.forward_propagation(X, PARAMETERS)
    expected = shallow.backward_propagation(PARAMETERS, cache, X, Y)
    for name, gradient in shallow.backward_propagation(PARAMETERS, cache, X, y).items():
        np.testing.assert_array_equal(gradient, expected[name])


def test_gradients_equal_jax_grad():
    import jax
    import jax.numpy as jnp

    x, y, parameters = random_problem()

    def J(p):
        A2 = jax.nn.sigmoid(p["W2"] @ jnp.tanh(p["W1"] @ x + p["b1"]) + p["b2"])
        return -jnp.sum(y * jnp.log(A2) + (1 - y) * jnp.log(1 - A2)) / x.shape[1]

    A2, cache = shallow.forward_propagation(x, parameters)
    grads = shallow.backward_propagation(parameters, cache, x, y)
    with jax.enable_x64(True):
        value, expected = jax.value_and_grad(J)({k: jnp.asarray(v) for k, v in parameters.items()})
        assert shallow.compute_cost(A2, y) == pytest.approx(float(value), rel=1e-12)
        for name, gradient in expected.items():
            np.testing.assert_allclose(grads[f"d{name}"], gradient, rtol=1e-12, atol=1e-14)


def test_jax_arrays_go_through():
    import jax
    import jax.numpy as jnp

    with jax.enable_x64(True):
        trained = shallow.nn_model(jnp.asarray(X), jnp.asarray(Y), 3, num_iterations=3)
        assert isinstance(trained["W1"], jax.Array)
        for name, theta in shallow.nn_model(X, Y, 3, num_iterations=3).items():
            np.testing.assert_allclose(trained[name], theta, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("y_dtype", [np.float64, np.int64, np.bool_])
def test_float32_stays_float32(y_dtype):
    x, y, parameters = random_problem(dtype=np.float32)
    y = y.astype(y_dtype)
    _, cache = shallow.forward_propagation(x, parameters)
    grads = shallow.backward_propagation(parameters, cache, x, y)
    new = shallow.update_parameters(parameters, grads)
    assert {array.dtype for d in (cache, grads, new) for array in d.values()} == {np.dtype(np.float32)}


def test_update_parameters_by_hand():
    grads = {f"d{name}": np.full_like(theta, 0.5) for name, theta in PARAMETERS.items()}
    new = shallow.update_parameters(PARAMETERS, grads)
    np.testing.assert_allclose(new["W1"], [[0.4], [-1.6]], rtol=1e-14)
    np.testing.assert_allclose(shallow.update_parameters(PARAMETERS, grads, 2.0)["b2"], [[-1.0]], rtol=1e-14)
    assert PARAMETERS["W1"][0, 0] == 1.0


def test_nn_model_is_the_notes_loop():
    random = np.random.RandomState(5)
    x, y = random.randn(2, 30), (random.rand(1, 30) < 0.5).astype(float)
    trained = shallow.nn_model(x, y, n_h=4, num_iterations=50)
    after = np.random.randn()
    for name, theta in notes_nn_model(x, y, 4, 50).items():
        np.testing.assert_allclose(trained[name], theta, rtol=1e-10, atol=1e-14)
    assert after == np.random.randn()


def test_nn_model_prints_every_thousand(capsys):
    shallow.nn_model(X, Y, 2, num_iterations=1001, print_cost=True)
    lines = capsys.readouterr().out.splitlines()
    A2, _ = shallow.forward_propagation(X, shallow.initialize_parameters(1, 2, 1))
    assert lines[0] == f"Cost after iteration 0: {shallow.compute_cost(A2, Y):.6f}"
    assert [line.split(":")[0] for line in lines] == ["Cost after iteration 0", "Cost after iteration 1000"]
    shallow.nn_model(X, Y, 2, num_iterations=2)
    assert capsys.readouterr().out == ""


def test_predict():
    predictions = shallow.predict(PARAMETERS, X)
    assert predictions.dtype == bool
    np.testing.assert_array_equal(predictions, [[True, False]])


def test_defaults_are_the_notes():
    def default(function, name):
        return inspect.signature(function).parameters[name].default

    assert default(shallow.initialize_parameters, "seed") == 2
    assert default(shallow.update_parameters, "learning_rate") == 1.2
    assert default(shallow.nn_model, "num_iterations") == 10000
    assert default(shallow.nn_model, "print_cost") is False


def test_missing_names_are_named():
    with pytest.raises(ValueError, match=r"expected W1, b1, W2, b2, received W1 .*without b1, W2, b2.*try"):
        shallow.forward_propagation(X, {"W1": PARAMETERS["W1"]})
    with pytest.raises(ValueError, match=r"cache: expected Z1, A1, Z2, A2, received an empty dict .*try"):
        shallow.backward_propagation(PARAMETERS, {}, X, Y)
    with pytest.raises(ValueError, match=r"grads: expected dW1, db1, dW2, db2, received W1.*try"):
        shallow.update_parameters(PARAMETERS, {"W1": 1})
    with pytest.raises(
        ValueError, match=r"parameters: expected a dict with W1, b1, W2, b2, received a list; try"
    ):
        shallow.predict([], X)
    with pytest.raises(ValueError, match=r"parameters: expected W1, b1, W2, b2, received .*W3, b3; try"):
        shallow.predict(PARAMETERS | {"W3": np.ones((1, 1)), "b3": np.ones((1, 1))}, X)
