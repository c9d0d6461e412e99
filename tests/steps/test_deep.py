"""The L-layer network under the notes' names, against values worked out by hand."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest

from ellayer.steps import deep

LN3 = math.log(3.0)

# Z1 = ((1, -1), (0, 2)), A1 = ((1, 0), (0, 2)), Z2 = ln 3 and 0, AL = 3/4 and 1/2.
X = np.array([[1.0, -1.0], [-1.0, 3.0]])
Y = np.array([[1.0, 0.0]])
PARAMETERS = {
    "W1": np.array([[1.0, 0.0], [1.0, 1.0]]),
    "b1": np.zeros((2, 1)),
    "W2": np.array([[LN3, 0.5]]),
    "b2": np.array([[0.0]]),
}
for _array in (X, Y, *PARAMETERS.values()):
    _array.setflags(write=False)
Z2 = [[LN3, 1.0]]
SIGMOID_OF_1 = 1 / (1 + math.exp(-1))


def notes_L_model(X, Y, parameters, num_iterations, learning_rate):
    """Return parameters and all costs as the notes' text computes them, written out anew."""
    L, m, costs = len(parameters) // 2, X.shape[1], []
    p = dict(parameters)
    for _ in range(num_iterations):
        A, caches = X, []
        for l in range(1, L + 1):
            Z = np.dot(p[f"W{l}"], A) + p[f"b{l}"]
            caches.append((A, Z))
            A = np.maximum(0, Z) if l < L else 1 / (1 + np.exp(-Z))
        costs.append((-1 / m) * np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)))
        dA = -(np.divide(Y, A) - np.divide(1 - Y, 1 - A))
        for l in range(L, 0, -1):
            A_prev, Z = caches[l - 1]
            if l == L:
                s = 1 / (1 + np.exp(-Z))
                dZ = dA * s * (1 - s)
            else:
                dZ = np.array(dA, copy=True)
                dZ[Z <= 0] = 0
            dA = np.dot(p[f"W{l}"].T, dZ)
            p[f"W{l}"] = p[f"W{l}"] - learning_rate * np.dot(dZ, A_prev.T) / m
            p[f"b{l}"] = p[f"b{l}"] - learning_rate * np.sum(dZ, axis=1, keepdims=True) / m
    return p, costs


def random_problem(dims, m, seed=0, dtype=float):
    random = np.random.RandomState(seed)
    parameters = {}
    for l in range(1, len(dims)):
        parameters[f"W{l}"] = random.randn(dims[l], dims[l - 1]).astype(dtype)
        parameters[f"b{l}"] = random.randn(dims[l], 1).astype(dtype)
    return random.randn(dims[0], m).astype(dtype), (random.rand(dims[-1], m) < 0.5).astype(dtype), parameters


def test_sigmoid_and_relu_return_value_and_cache():
    Z = np.array([[0.0, LN3, -1.0]])
    A, cache = deep.sigmoid(Z)
    assert cache is Z
    np.testing.assert_allclose(A[0, :2], [0.5, 0.75], rtol=1e-15)
    A, cache = deep.relu(Z)
    assert cache is Z
    np.testing.assert_array_equal(A, [[0.0, LN3, 0.0]])


def test_sigmoid_backward_and_relu_backward():
    Z = np.array([[0.0, LN3, -1.0]])
    dA = np.array([[4.0, 16.0, 1.0]])
    np.testing.assert_allclose(deep.sigmoid_backward(dA, Z)[0, :2], [1.0, 3.0], rtol=1e-14)
    dZ = deep.relu_backward(dA, Z)
    np.testing.assert_array_equal(dZ, [[0.0, 16.0, 0.0]])  # the slope at 0 is 0
    dZ[:] = 7  # a copy, not dA
    assert dA[0, 1] == 16.0


def test_activations_far_out_are_silent():
    Z = np.array([[-np.inf, -1e3, 1e3, np.inf]])
    np.testing.assert_allclose(deep.sigmoid(Z)[0], [[0, 0, 1, 1]], atol=1e-300)
    np.testing.assert_array_equal(deep.sigmoid_backward(np.ones((1, 4)), Z)[0, 2:], [0, 0])
    np.testing.assert_array_equal(deep.relu_backward(np.ones((1, 4)), Z), [[0, 0, 1, 1]])


def test_initialize_parameters_draws_from_seed_1():
    parameters = deep.initialize_parameters(3, 2, 1)
    after = np.random.randn()
    np.random.seed(1)
    np.testing.assert_array_equal(parameters["W1"], np.random.randn(2, 3) * 0.01)
    np.testing.assert_array_equal(parameters["W2"], np.random.randn(1, 2) * 0.01)
    assert after == np.random.randn()
    assert {k: v.shape for k, v in parameters.items()} == {
        "W1": (2, 3),
        "b1": (2, 1),
        "W2": (1, 2),
        "b2": (1, 1),
    }


def test_initialize_parameters_deep_draws_from_seed_3_in_layer_order():
    parameters = deep.initialize_parameters_deep([5, 4, 3])
    after = np.random.randn()
    np.random.seed(3)
    np.testing.assert_array_equal(parameters["W1"], np.random.randn(4, 5) * 0.01)
    np.testing.assert_array_equal(parameters["W2"], np.random.randn(3, 4) * 0.01)
    assert after == np.random.randn()
    assert not any(parameters[b].any() for b in ("b1", "b2"))
    assert list(parameters) == ["W1", "b1", "W2", "b2"]


def test_linear_forward_and_backward():
    A, W, b = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([[2.0, -1.0]]), np.array([[0.5]])
    Z, cache = deep.linear_forward(A, W, b)
    np.testing.assert_array_equal(Z, [[-0.5, 5.5]])
    assert all(one is other for one, other in zip(cache, (A, W, b), strict=True))
    dA_prev, dW, db = deep.linear_backward(np.array([[1.0, 3.0]]), cache)
    np.testing.assert_array_equal(dA_prev, [[2.0, 6.0], [-1.0, -3.0]])
    np.testing.assert_array_equal(dW, [[3.5, 0.0]])
    np.testing.assert_array_equal(db, [[2.0]])


@pytest.mark.parametrize(
    ("activation", "A", "dZ"), [("relu", 2.0, 1.0), ("sigmoid", 0.8807970779778823, None)]
)
def test_linear_activation_pair(activation, A, dZ):
    A_prev, W, b = np.array([[1.0]]), np.array([[3.0]]), np.array([[-1.0]])
    got, ((cached_A, cached_W, cached_b), Z) = deep.linear_activation_forward(A_prev, W, b, activation)
    np.testing.assert_allclose(got, [[A]], rtol=1e-15)
    assert (cached_A is A_prev, cached_W is W, cached_b is b, Z.item()) == (True, True, True, 2.0)
    dZ = A * (1 - A) if dZ is None else dZ
    dA_prev, dW, db = deep.linear_activation_backward(np.array([[1.0]]), ((A_prev, W, b), Z), activation)
    np.testing.assert_allclose([dA_prev.item(), dW.item(), db.item()], [3 * dZ, dZ, dZ], rtol=1e-14)


def test_L_model_forward_by_hand():
    AL, caches = deep.L_model_forward(X, PARAMETERS)
    np.testing.assert_allclose(AL, [[0.75, SIGMOID_OF_1]], rtol=1e-14)
    (A0, W1, b1), Z1 = caches[0]
    (A1, W2, _), ZL = caches[1]
    assert A0 is X
    assert W1 is PARAMETERS["W1"]
    assert W2 is PARAMETERS["W2"]
    assert b1 is PARAMETERS["b1"]
    np.testing.assert_array_equal(Z1, [[1, -1], [0, 2]])
    np.testing.assert_array_equal(A1, [[1, 0], [0, 2]])
    np.testing.assert_array_equal(ZL, Z2)
    assert len(caches) == 2


def test_compute_cost_by_hand_and_at_the_ends():
    AL = np.array([[0.75, 0.5]])
    expected = -(math.log(0.75) + math.log(0.5)) / 2
    assert deep.compute_cost(AL, Y) == pytest.approx(expected, rel=1e-14)
    assert deep.compute_cost(AL, [1, 0]) == deep.compute_cost(AL, Y == 1) == deep.compute_cost(AL, Y)
    assert np.shape(deep.compute_cost(AL, Y)) == ()
    assert deep.compute_cost(np.array([[1.0, 0.0]]), Y) == 0.0
    assert math.isfinite(deep.compute_cost(np.array([[0.0, 1.0]]), Y))
    assert deep.compute_cost(np.full((3, 2), 0.5), np.ones((3, 2))) == pytest.approx(3 * math.log(2))


def test_L_model_backward_by_hand():
    AL, caches = deep.L_model_forward(X, PARAMETERS)
    grads = deep.L_model_backward(AL, Y, caches)
    assert sorted(grads) == ["dA0", "dA1", "dW1", "dW2", "db1", "db2"]
    d1, d2 = -0.25, SIGMOID_OF_1  # dZ2 = a - y
    np.testing.assert_allclose(grads["dW2"], [[d1 / 2, d2]], rtol=1e-14)
    np.testing.assert_allclose(grads["db2"], [[(d1 + d2) / 2]], rtol=1e-14)
    np.testing.assert_allclose(grads["dA1"], [[d1 * LN3, d2 * LN3], [d1 * 0.5, d2 * 0.5]], rtol=1e-14)
    # dZ1 = ((d1 ln 3, 0), (0, d2 / 2)): the unit at Z = 0 passes nothing on
    np.testing.assert_allclose(
        grads["dW1"], [[d1 * LN3 / 2, -d1 * LN3 / 2], [-d2 / 4, 3 * d2 / 4]], rtol=1e-14
    )
    np.testing.assert_allclose(grads["db1"], [[d1 * LN3 / 2], [d2 / 4]], rtol=1e-14)
    np.testing.assert_allclose(grads["dA0"], [[d1 * LN3, d2 / 2], [0, d2 / 2]], rtol=1e-14)


def test_L_model_backward_starts_from_dAL_whatever_AL_is():
    cache = ((np.array([[1.0, 2.0]]), np.array([[2.0]]), np.array([[0.0]])), np.zeros((1, 2)))
    grads = deep.L_model_backward(np.array([[0.8, 0.4]]), Y, [cache])
    dZ = np.array([-1.25, 1 / 0.6]) * 0.25  # dAL s (1 - s) with s = sigmoid(0), not with AL
    np.testing.assert_allclose(grads["dW1"], [[(dZ[0] + 2 * dZ[1]) / 2]], rtol=1e-14)
    np.testing.assert_allclose(grads["db1"], [[dZ.mean()]], rtol=1e-14)
    np.testing.assert_allclose(grads["dA0"], [2 * dZ], rtol=1e-14)


@pytest.mark.parametrize("labels", [Y, 1 - Y])
def test_L_model_backward_is_finite_at_the_ends(labels):
    x, parameters = np.array([[1e3, -1e3]]), {"W1": np.ones((1, 1)), "b1": np.zeros((1, 1))}
    AL, caches = deep.L_model_forward(x, parameters)
    for exact in (AL, np.array([[1.0, 0.0]])):
        assert all(np.isfinite(g).all() for g in deep.L_model_backward(exact, labels, caches).values())


@pytest.mark.parametrize("y", [Y.astype(int), Y == 1, Y[0], Y[0].astype(np.uint8), [1, 0]], ids=str)
def test_labels_of_any_kind(y):
    AL, caches = deep.L_model_forward(X, PARAMETERS)
    expected = deep.L_model_backward(AL, Y, caches)
    for name, gradient in deep.L_model_backward(AL, y, caches).items():
        np.testing.assert_array_equal(gradient, expected[name])


@pytest.mark.parametrize("dims", [[3, 1], [3, 4, 1], [3, 5, 4, 2, 2]], ids=str)
def test_gradients_equal_jax_grad(dims):
    import jax
    import jax.numpy as jnp

    m = 5
    x, y, parameters = random_problem(dims, m)

    def J(p, A):
        for l in range(1, len(dims)):
            Z = p[f"W{l}"] @ A + p[f"b{l}"]
            A = jax.nn.relu(Z)
        return jnp.sum(jax.nn.softplus(Z) - y * Z) / m

    AL, caches = deep.L_model_forward(x, parameters)
    grads = deep.L_model_backward(AL, y, caches)
    with jax.enable_x64(True):
        theta = {k: jnp.asarray(v) for k, v in parameters.items()}
        value, (expected, dX) = jax.value_and_grad(J, argnums=(0, 1))(theta, jnp.asarray(x))
        np.testing.assert_allclose(deep.compute_cost(AL, y), value, rtol=1e-12)
        for name, gradient in expected.items():
            np.testing.assert_allclose(grads[f"d{name}"], gradient, rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose(grads["dA0"] / m, dX, rtol=1e-11, atol=1e-13)


def test_update_parameters_by_hand():
    grads = {f"d{name}": np.full_like(theta, 2.0) for name, theta in PARAMETERS.items()} | {"dA0": None}
    new = deep.update_parameters(PARAMETERS, grads, 0.25)
    np.testing.assert_array_equal(new["W1"], [[0.5, -0.5], [0.5, 0.5]])
    np.testing.assert_array_equal(new["b2"], [[-0.5]])
    assert new is not PARAMETERS
    assert PARAMETERS["W1"][0, 0] == 1.0


@pytest.mark.parametrize("y_dtype", [np.float64, np.int64, np.bool_])
def test_float32_stays_float32(y_dtype):
    x, y, parameters = random_problem([3, 4, 2, 1], 5, dtype=np.float32)
    y = y.astype(y_dtype)
    AL, caches = deep.L_model_forward(x, parameters)
    grads = deep.L_model_backward(AL, y, caches)
    new = deep.update_parameters(parameters, grads, 0.1)
    arrays = [AL, deep.compute_cost(AL, y), deep.predict(x, y, parameters), *grads.values(), *new.values()]
    arrays += [array for (linear, Z) in caches for array in (*linear, Z)]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def test_whole_numbers_are_taken_as_floats():
    as_ints = {name: np.rint(theta).astype(int) for name, theta in PARAMETERS.items()}
    as_floats = {name: theta.astype(float) for name, theta in as_ints.items()}
    AL, _ = deep.L_model_forward(X.astype(int), as_ints)
    np.testing.assert_array_equal(AL, deep.L_model_forward(X, as_floats)[0])


def test_jax_and_strict_arrays_go_through():
    import array_api_strict
    import jax
    import jax.numpy as jnp

    x, y, parameters = random_problem([3, 4, 2, 1], 5)
    AL, caches = deep.L_model_forward(x, parameters)
    expected = deep.L_model_backward(AL, y, caches)
    with jax.enable_x64(True):
        for xp in (jnp, array_api_strict):
            theta = {name: xp.asarray(value) for name, value in parameters.items()}
            AL, caches = deep.L_model_forward(xp.asarray(x), theta)
            grads = deep.L_model_backward(AL, xp.asarray(y != 0), caches)
            assert set(grads) == set(expected)
            for name, gradient in grads.items():
                assert type(gradient) is type(AL)
                np.testing.assert_allclose(np.from_dlpack(gradient), expected[name], rtol=1e-10, atol=1e-13)
        costs = deep.L_layer_model(jnp.asarray(x), jnp.asarray(y), [3, 4, 1], num_iterations=2)[1]
        np.testing.assert_allclose(costs, deep.L_layer_model(x, y, [3, 4, 1], num_iterations=2)[1])
        assert isinstance(jax.jit(deep.compute_cost)(jnp.asarray(y) * 0.5, jnp.asarray(y)), jax.Array)


def problem_to_learn():
    random = np.random.RandomState(3)
    x = random.randn(4, 40)
    return x, (x[:1] * x[1:2] > 0).astype(float)


def test_two_layer_model_is_the_notes_loop():
    x, y = problem_to_learn()
    trained, costs = deep.two_layer_model(x, y, (4, 7, 1), num_iterations=101)
    after = np.random.randn()
    np.random.seed(1)
    W1, W2 = np.random.randn(7, 4) * 0.01, np.random.randn(1, 7) * 0.01
    assert after == np.random.randn()
    first = {"W1": W1, "b1": np.zeros((7, 1)), "W2": W2, "b2": np.zeros((1, 1))}
    expected, every_cost = notes_L_model(x, y, first, 101, 0.0075)
    np.testing.assert_allclose(costs, [every_cost[0], every_cost[100]], rtol=1e-12)
    for name, theta in expected.items():
        np.testing.assert_allclose(trained[name], theta, rtol=1e-9, atol=1e-14)


def test_L_layer_model_is_the_notes_loop():
    x, y = problem_to_learn()
    trained, costs = deep.L_layer_model(x, y, [4, 6, 3, 1], num_iterations=101, learning_rate=0.05)
    after = np.random.randn()
    np.random.seed(1)
    first = {}
    for l, (n_prev, n) in enumerate([(4, 6), (6, 3), (3, 1)], start=1):
        first |= {f"W{l}": np.random.randn(n, n_prev) / np.sqrt(n_prev), f"b{l}": np.zeros((n, 1))}
    assert after == np.random.randn()
    expected, every_cost = notes_L_model(x, y, first, 101, 0.05)
    np.testing.assert_allclose(costs, [every_cost[0], every_cost[100]], rtol=1e-10)
    for name, theta in expected.items():
        np.testing.assert_allclose(trained[name], theta, rtol=1e-8, atol=1e-13)


@pytest.mark.parametrize("model", [deep.two_layer_model, deep.L_layer_model])
def test_models_print_and_record_every_hundred(model, capsys):
    x, y = problem_to_learn()
    _, costs = model(x, y.astype(bool)[0], [4, 3, 1], 0.01, 201, True)
    assert capsys.readouterr().out.splitlines() == [
        f"Cost after iteration {i}: {cost:.6f}" for i, cost in zip((0, 100, 200), costs, strict=True)
    ]
    assert all(type(cost) is float for cost in costs)
    assert len(model(x, y, [4, 3, 1], num_iterations=5)[1]) == 1
    assert capsys.readouterr().out == ""
    signature = inspect.signature(model)
    assert [p.default for p in signature.parameters.values()][3:] == [0.0075, 3000, False]


def test_deep_start_of_a_hundredth_does_not_move_where_the_models_start_does():
    x, y = problem_to_learn()
    small = deep.initialize_parameters_deep([4, 6, 6, 6, 1])
    AL, caches = deep.L_model_forward(x, small)
    grads = deep.L_model_backward(AL, y, caches)
    assert np.abs(grads["dW1"]).max() < 1e-6
    _, costs = deep.L_layer_model(x, y, [4, 6, 6, 6, 1], learning_rate=0.3, num_iterations=1001)
    assert costs[-1] < 0.7 * costs[0]


def test_predict(capsys):
    p = deep.predict(X, np.array([1, 0]), PARAMETERS)
    np.testing.assert_array_equal(p, [[1.0, 1.0]])
    assert p.dtype == np.float64
    assert capsys.readouterr().out == "Accuracy: 0.5\n"
    deep.predict(X, np.array([[True, True]]), PARAMETERS)
    assert capsys.readouterr().out == "Accuracy: 1.0\n"


def test_predict_of_one_half_is_0():
    p = deep.predict(np.zeros((1, 1)), [[0]], {"W1": np.ones((1, 1)), "b1": np.zeros((1, 1))})
    np.testing.assert_array_equal(p, [[0.0]])


def test_unknown_activation_lists_the_known():
    one = np.ones((1, 1))
    with pytest.raises(
        ValueError, match=r"expected one of .*relu.*sigmoid.*received 'reul'.*did you mean 'relu'"
    ):
        deep.linear_activation_forward(one, one, one, "reul")
    with pytest.raises(ValueError, match=r"received 'sigmoidal'"):
        deep.linear_activation_backward(one, ((one, one, one), one), "sigmoidal")


@pytest.mark.parametrize("cache", [None, (1, 2), (np.ones(2), np.ones(2), np.ones(2), np.ones(2)), {"Z": 1}])
def test_caches_of_another_make_are_refused(cache):
    one = np.ones((1, 1))
    with pytest.raises(ValueError, match=r"cache: expected .* received .*try"):
        deep.linear_backward(one, cache)
    with pytest.raises(ValueError, match=r"expected .*received .*try"):
        deep.linear_activation_backward(one, cache, "relu")
    with pytest.raises(ValueError, match=r"expected .*received .*try"):
        deep.L_model_backward(one, one, [cache])


def test_bad_sizes_and_names_are_refused():
    x, y = problem_to_learn()
    with pytest.raises(
        ValueError, match=r"layers_dims: expected \(n_x, n_h, n_y\), received \(4, 3, 2, 1\); try L_layer"
    ):
        deep.two_layer_model(x, y, [4, 3, 2, 1])
    with pytest.raises(ValueError, match=r"X: expected .*n_x = 5 as in W1, received \(4, 40\)"):
        deep.L_layer_model(x, y, [5, 3, 1])
    with pytest.raises(ValueError, match=r"layer_dims: .*received 0 in layer 1"):
        deep.initialize_parameters(2, 0, 1)
    with pytest.raises(ValueError, match=r"caches: expected one per layer, received none; try"):
        deep.L_model_backward(Y, Y, [])
    with pytest.raises(ValueError, match=r"parameters: expected W1, b1, received w1, b1 \(without W1\); try"):
        deep.L_model_forward(x, {"w1": 1, "b1": 1})
