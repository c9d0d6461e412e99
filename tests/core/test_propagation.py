"""The equations: by hand, in every dtype, on every library, with weights and dropout."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ellayer.core import (
    ACTIVATIONS,
    LOSSES,
    L_model_backward,
    L_model_forward,
    Network,
    compute_cost,
    initialize_parameters,
    linear_activation_backward,
    linear_activation_forward,
    linear_backward,
    linear_forward,
    relative_weights,
    update_parameters,
)
from ellayer.core.optimizers import OPTIMIZERS
from ellayer.core.propagation import linear_gradients
from ellayer.core.regularizers import dropout_mask

# A 3-2-1 network, two examples, worked out with pencil and paper.
X = np.array([[1.0, 0.0], [2.0, 1.0], [-1.0, 1.0]])
Y = np.array([[1.0, 0.0]])
PARAMETERS = {
    "W1": np.array([[1.0, 0.0, -1.0], [0.5, -1.0, 1.0]]),
    "b1": np.array([[0.0], [0.5]]),
    "W2": np.array([[1.0, 2.0]]),
    "b2": np.array([[-1.0]]),
}
NETWORK = Network([3, 2, 1])
S = 1 / (1 + math.exp(-1))  # sigmoid(1) = 0.7310585786300049


def test_forward_by_hand():
    AL, caches = L_model_forward(X, PARAMETERS, NETWORK)
    np.testing.assert_allclose(caches[0].Z, [[2, -1], [-2, 0.5]])
    np.testing.assert_allclose(caches[0].A, [[2, 0], [0, 0.5]])
    np.testing.assert_allclose(caches[1].Z, [[1, 0]])
    np.testing.assert_allclose(AL, [[S, 0.5]])


def test_cost_by_hand():
    AL, caches = L_model_forward(X, PARAMETERS, NETWORK)
    expected = (math.log1p(math.exp(-1)) + math.log(2)) / 2
    assert expected == pytest.approx(0.5032044340389, abs=1e-12)
    assert compute_cost(AL, Y, NETWORK) == pytest.approx(expected, rel=1e-14)
    assert compute_cost(AL, Y, NETWORK, ZL=caches[-1].Z) == pytest.approx(expected, rel=1e-14)
    weighted = compute_cost(AL, Y, NETWORK, relative_weights(np.array([[3.0, 1.0]])))
    assert weighted == pytest.approx((3 * math.log1p(math.exp(-1)) + math.log(2)) / 4, rel=1e-14)


def test_backward_by_hand():
    AL, caches = L_model_forward(X, PARAMETERS, NETWORK)
    grads = L_model_backward(AL, Y, caches, NETWORK)
    d = S - 1
    expected = {
        "dZ2": [[d, 0.5]],
        "dW2": [[d, 0.125]],
        "db2": [[(d + 0.5) / 2]],
        "dA1": [[d, 0.5], [2 * d, 1]],
        "dZ1": [[d, 0], [0, 1]],
        "dW1": [[d / 2, d, -d / 2], [0, 0.5, 0.5]],
        "db1": [[d / 2], [0.5]],
        "dA0": [[d, 0.5], [0, -1], [-d, 1]],
    }
    assert set(grads) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(grads[name], value, atol=1e-15, err_msg=name)


def test_update_by_hand():
    AL, caches = L_model_forward(X, PARAMETERS, NETWORK)
    grads = L_model_backward(AL, Y, caches, NETWORK)
    new = update_parameters(PARAMETERS, grads, 2.0)
    np.testing.assert_allclose(new["b1"], [[1 - S], [-0.5]])
    np.testing.assert_allclose(new["W2"], [[1 + 2 * (1 - S), 1.75]])
    assert PARAMETERS["W2"][0, 1] == 2.0
    other, _ = OPTIMIZERS["gd"].update(grads, {}, PARAMETERS, dict.fromkeys(PARAMETERS, 2.0), 1)
    for name in new:
        np.testing.assert_array_equal(new[name], other[name])


def test_without_the_input_gradient_the_rest_is_the_same():
    AL, caches = L_model_forward(X, PARAMETERS, NETWORK)
    full = L_model_backward(AL, Y, caches, NETWORK)
    short = L_model_backward(AL, Y, caches, NETWORK, input_gradient=False)
    assert set(full) - set(short) == {"dA0"}
    for name in short:
        np.testing.assert_array_equal(full[name], short[name])


def test_the_steps_of_one_layer_compose_to_the_model():
    A1, first = linear_activation_forward(X, PARAMETERS["W1"], PARAMETERS["b1"], ACTIVATIONS["relu"])
    AL, last = linear_activation_forward(A1, PARAMETERS["W2"], PARAMETERS["b2"], ACTIVATIONS["sigmoid"])
    dAL = LOSSES["binary_cross_entropy"].backward(AL, Y)
    dA1, dW2, db2 = linear_activation_backward(dAL, last, ACTIVATIONS["sigmoid"])
    dA0, dW1, db1 = linear_activation_backward(dA1, first, ACTIVATIONS["relu"])
    grads = L_model_backward(AL, Y, [first, last], NETWORK)
    for name, value in {"dA1": dA1, "dW2": dW2, "db2": db2, "dA0": dA0, "dW1": dW1, "db1": db1}.items():
        np.testing.assert_allclose(grads[name], value, rtol=1e-13, atol=1e-15)


def test_the_steps_of_one_layer_compose_with_blended_activations():
    network = Network([3, 2, 1], "tanh", parametric=True)
    parameters = PARAMETERS | {"a1": np.array([[0.3], [1.2]])}
    AL, caches = L_model_forward(X, parameters, network)
    grads = L_model_backward(AL, Y, caches, network)
    A1, first = linear_activation_forward(
        X, parameters["W1"], parameters["b1"], ACTIVATIONS["tanh"], alpha=parameters["a1"]
    )
    np.testing.assert_array_equal(A1, caches[1].A_prev)
    dA0, dW1, db1 = linear_activation_backward(grads["dA1"], first, ACTIVATIONS["tanh"])
    for name, value in {"dA0": dA0, "dW1": dW1, "db1": db1}.items():
        np.testing.assert_allclose(grads[name], value, rtol=1e-13, err_msg=name)


def test_linear_by_hand():
    Z, cache = linear_forward(X, PARAMETERS["W1"], PARAMETERS["b1"])
    np.testing.assert_allclose(Z, [[2, -1], [-2, 0.5]])
    assert cache[0] is X
    dZ = np.array([[1.0, 3.0], [0.0, 2.0]])
    dA_prev, dW, db = linear_backward(dZ, cache)
    np.testing.assert_allclose(dA_prev, [[1, 4], [0, -2], [-1, -1]])
    np.testing.assert_allclose(dW, [[0.5, 2.5, 1], [0, 1, 1]])
    np.testing.assert_allclose(db, [[2], [1]])
    for one, other in zip((dW, db), linear_gradients(dZ, cache), strict=True):
        np.testing.assert_array_equal(one, other)


def test_zero_initialised_logistic_regression_equals_jax():
    """Z = 0 everywhere: where a stable form of the cost is easily differentiated wrongly."""
    import jax

    network = Network([3, 1])
    random = np.random.default_rng(0)
    x, y = random.standard_normal((3, 9)), random.integers(0, 2, (1, 9)).astype(float)
    parameters = initialize_parameters(network, "zeros")
    AL, caches = L_model_forward(x, parameters, network)
    assert compute_cost(AL, y, network, ZL=caches[-1].Z) == pytest.approx(math.log(2), rel=1e-15)
    grads = L_model_backward(AL, y, caches, network)
    with jax.enable_x64(True):

        def J(p):
            A, c = L_model_forward(jax.numpy.asarray(x), p, network)
            return compute_cost(A, y, network, ZL=c[-1].Z)

        expected = jax.grad(J)({k: jax.numpy.asarray(v) for k, v in parameters.items()})
    np.testing.assert_allclose(grads["dW1"], expected["W1"], rtol=1e-12)
    np.testing.assert_allclose(grads["db1"], expected["b1"], rtol=1e-12)
    np.testing.assert_allclose(grads["dW1"], (0.5 - y) @ x.T / 9, rtol=1e-12)


def test_zeros_keep_hidden_units_identical():
    network = Network([3, 4, 1], "tanh")
    parameters = initialize_parameters(network, "zeros")
    parameters["W2"] += 1.0
    for _ in range(5):
        AL, caches = L_model_forward(X, parameters, network)
        parameters = update_parameters(parameters, L_model_backward(AL, Y, caches, network), 0.5)
    assert np.ptp(parameters["W1"], axis=0).max() == 0
    assert np.abs(parameters["W1"]).max() > 0


def test_no_log_of_0_when_the_output_saturates():
    network = Network([1, 1])
    parameters = {"W1": np.array([[1e4]]), "b1": np.array([[0.0]])}
    x, y = np.array([[1.0, -1.0, 1.0, -1.0]]), np.array([[1.0, 0.0, 0.0, 1.0]])
    AL, caches = L_model_forward(x, parameters, network)
    assert compute_cost(AL, y, network, ZL=caches[-1].Z) == pytest.approx(5000.0)
    assert math.isfinite(compute_cost(AL, y, network))
    np.testing.assert_allclose(L_model_backward(AL, y, caches, network)["dZ1"], [[0, 0, 1, -1]], atol=1e-300)


def one_step(spec: str, loss: str, array=np.asarray, dtype="float64", parametric=False):
    """Forward with dropout, cost, backward, update; everything that was made.

    All layers are equally wide: JAX compiles each operation once per shape, which is what takes the time.
    """
    output = LOSSES[loss].output
    network = Network([3, 3, 3, 3], [spec, spec, output], loss, parametric=parametric)
    random = np.random.default_rng(7)
    made = initialize_parameters(network, "auto", 1, dtype)
    parameters = {
        k: array((v + 0.1 * random.standard_normal(v.shape)).astype(dtype)) for k, v in made.items()
    }
    x = array(random.standard_normal((3, 5)).astype(dtype))
    y = array(np.eye(3, dtype=dtype)[random.integers(0, 3, 5)].T)
    w = relative_weights(array(random.random((1, 5)).astype(dtype)))
    masks = {l: dropout_mask(x, 0.3, 1, 0, l) for l in range(3)}
    AL, caches = L_model_forward(x, parameters, network, masks)
    cost = compute_cost(AL, y, network, w, caches[-1].Z)
    plain = compute_cost(AL, y, network, w)
    grads = L_model_backward(AL, y, caches, network, w)
    new = update_parameters(parameters, grads, 0.1)
    cached = {
        f"{field}{l}": getattr(c, field) for l, c in enumerate(caches) for field in ("A_prev", "Z", "A")
    }
    return {"AL": AL, "cost": cost, "plain": plain, "w": w, **cached, **grads, **new}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("spec", ACTIVATIONS)
def test_a_whole_step_keeps_float32(spec, loss):
    for parametric in (False, True):
        for name, value in one_step(spec, loss, dtype="float32", parametric=parametric).items():
            assert value.dtype == np.float32, name


@pytest.mark.parametrize("spec", ACTIVATIONS)
def test_a_whole_step_keeps_float32_on_jax_in_64_bits(spec):
    """Where weak types are all that keeps a Python number from widening an array."""
    import jax

    with jax.enable_x64(True):
        for loss in LOSSES if spec == "relu" else ["binary_cross_entropy"]:
            for name, value in one_step(spec, loss, jax.numpy.asarray, "float32").items():
                assert value.dtype == np.float32, (loss, name)


@pytest.mark.parametrize("spec", ACTIVATIONS)
def test_a_whole_step_is_the_same_on_every_array_library(spec, library):
    for loss in LOSSES if spec == "tanh" else ["cross_entropy"]:
        expected = one_step(spec, loss)
        for name, value in one_step(spec, loss, library.array).items():
            np.testing.assert_allclose(
                library.numpy(value), expected[name], rtol=1e-12, atol=1e-13, err_msg=f"{loss} {name}"
            )


def test_a_whole_step_is_the_same_inside_jit():
    import jax

    network = Network([3, 2, 1], "silu")

    @jax.jit
    def step(p, x, y):
        AL, caches = L_model_forward(x, p, network)
        grads = L_model_backward(AL, y, caches, network)
        return compute_cost(AL, y, network, ZL=caches[-1].Z), update_parameters(p, grads, 0.1)

    with jax.enable_x64(True):
        cost, new = step(PARAMETERS, X, Y)
    AL, caches = L_model_forward(X, PARAMETERS, network)
    assert float(cost) == pytest.approx(compute_cost(AL, Y, network), rel=1e-12)
    expected = update_parameters(PARAMETERS, L_model_backward(AL, Y, caches, network), 0.1)
    for name in new:
        np.testing.assert_allclose(new[name], expected[name], rtol=1e-12)


@pytest.mark.parametrize("spec", ACTIVATIONS)
def test_inputs_are_never_changed_and_backward_can_be_called_twice(spec, frozen):
    for loss in LOSSES:
        made = one_step(spec, loss, frozen)
        again = one_step(spec, loss, frozen)
        for name in made:
            np.testing.assert_array_equal(made[name], again[name])
    network = Network([3, 2, 2], [spec, "softmax"])
    parameters = {k: frozen(v) for k, v in initialize_parameters(network, seed=1).items()}
    AL, caches = L_model_forward(frozen(X), parameters, network)
    caches = [c._replace(A_prev=frozen(c.A_prev), Z=frozen(c.Z), A=frozen(c.A)) for c in caches]
    y = frozen(np.eye(2))
    one, other = (L_model_backward(frozen(AL), y, caches, network) for _ in range(2))
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def test_a_dropped_unit_takes_no_part():
    network = Network([3, 2, 1], "tanh")
    masks = {1: np.array([[0.0, 2.0], [2.0, 0.0]])}
    AL, caches = L_model_forward(X, PARAMETERS, network, masks)
    grads = L_model_backward(AL, Y, caches, network)
    A1 = np.tanh(PARAMETERS["W1"] @ X + PARAMETERS["b1"])
    np.testing.assert_allclose(caches[1].Z, PARAMETERS["W2"] @ (A1 * masks[1]) - 1.0)
    assert (grads["dA1"][masks[1] == 0] == 0).all()
    np.testing.assert_allclose(grads["dZ1"], grads["dA1"] * (1 - A1**2))


# Weights.

COUNTS = st.lists(st.integers(0, 4), min_size=2, max_size=7).filter(any)


def _model(seed: int, m: int, loss: str):
    output = LOSSES[loss].output
    network = Network([3, 4, 2], ["tanh", output], loss)
    random = np.random.default_rng(seed)
    parameters = {k: random.standard_normal(shape) for k, shape in network.shapes.items()}
    return network, parameters, random.standard_normal((3, m)), np.eye(2)[random.integers(0, 2, m)].T


def _cost_and_gradients(network, parameters, x, y, weights=None):
    AL, caches = L_model_forward(x, parameters, network)
    J = compute_cost(AL, y, network, weights, caches[-1].Z)
    grads = L_model_backward(AL, y, caches, network, weights)
    return J, {name: grads[f"d{name}"] for name in parameters}


@given(COUNTS, st.integers(0, 999), st.sampled_from(list(LOSSES)))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_whole_weights_are_repeated_examples_and_0_leaves_out(counts, seed, loss):
    network, parameters, x, y = _model(seed, len(counts), loss)
    weights = relative_weights(np.array([counts], float))
    J, grads = _cost_and_gradients(network, parameters, x, y, weights)
    repeated = np.repeat(np.arange(len(counts)), counts)
    J_expected, expected = _cost_and_gradients(network, parameters, x[:, repeated], y[:, repeated])
    assert float(J) == pytest.approx(J_expected, rel=1e-12)
    for name in parameters:
        np.testing.assert_allclose(grads[name], expected[name], rtol=1e-10, atol=1e-13)


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 999), st.sampled_from(list(LOSSES)))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_padding_of_weight_0_changes_nothing(m, padding, seed, loss):
    network, parameters, x, y = _model(seed, m, loss)
    J_expected, expected = _cost_and_gradients(network, parameters, x, y)
    x = np.concatenate([x, np.zeros((3, padding))], axis=1)
    y = np.concatenate([y, np.zeros((2, padding))], axis=1)
    weights = relative_weights(np.array([[1.0] * m + [0.0] * padding]))
    J, grads = _cost_and_gradients(network, parameters, x, y, weights)
    assert float(J) == pytest.approx(J_expected, rel=1e-12)
    for name in parameters:
        np.testing.assert_allclose(grads[name], expected[name], rtol=1e-10, atol=1e-13)


def test_equal_weights_are_none(library):
    w = relative_weights(library.array(np.full((1, 4), 0.37)))
    np.testing.assert_allclose(library.numpy(w), 1.0, rtol=1e-15)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_weights_that_are_all_0_leave_everything_out_in_silence(dtype):
    w = relative_weights(np.zeros((1, 5), dtype))
    assert w.dtype == np.dtype(dtype)
    assert (w == 0).all()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_relative_weights_do_not_depend_on_the_scale(dtype):
    w = np.array([[1, 0, 3]], dtype)
    for scale in (1e-30, 1, 1e30):
        np.testing.assert_allclose(relative_weights(w * np.array(scale, dtype)), [[0.75, 0, 2.25]], rtol=1e-6)
