"""What stands before the first layer: periodic embeddings, categories, scaling; and blended activations."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ellayer.core import ACTIVATIONS, Network, initialize_parameters
from ellayer.core.activations import blend_backward, blend_forward
from ellayer.core.inputs import (
    Inputs,
    embedding_backward,
    embedding_forward,
    inputs_backward,
    inputs_forward,
    periodic_forward,
    ramps_backward,
    ramps_forward,
    scaling_backward,
    scaling_forward,
)

M = 6
KINDS = {
    "nothing": Inputs(),
    "numbers": Inputs(numbers=2, frequencies=4, width=3),
    "all numbers": Inputs(numbers=5, frequencies=2, width=1),
    "ramps": Inputs(numbers=3, frequencies=0, ramps=5),
    "categories": Inputs(categories=(3, 2), dimension=4),
    "scaling": Inputs(scaling=True),
    "everything": Inputs(
        numbers=2, frequencies=4, width=3, categories=(3, 2), dimension=4, scaling=True, ramps=3
    ),
}


def case(inputs: Inputs, dtype="float64"):
    """X with codes in its last rows (one unknown), parameters, and a dA0."""
    random = np.random.default_rng(0)
    X = random.standard_normal((5, M))
    for j, levels in enumerate(inputs.categories):
        X[5 - len(inputs.categories) + j] = random.integers(0, levels, M)
        X[5 - len(inputs.categories) + j, j] = -1
    drawn = inputs.draw(np.random.RandomState(1), 5)
    parameters = {k: (v + 0.1 * random.standard_normal(v.shape)).astype(dtype) for k, v in drawn.items()}
    return X.astype(dtype), parameters, random.standard_normal((inputs.size(5), M)).astype(dtype)


def test_periodic_by_hand():
    """x = 0.25 with f = 1, p = 0: cos(pi / 2) = 0; with f = 2: cos(pi) = -1."""
    A, _ = periodic_forward(
        np.array([[0.25]]),
        np.array([[[1.0], [2.0]]]),
        np.array([[[0.0], [0.0]]]),
        np.array([[[5.0, 3.0]]]),
        np.array([[[0.5]]]),
    )
    np.testing.assert_allclose(A, [[5 * math.cos(math.pi / 2) - 3 + 0.5]])


def test_ramps_by_hand():
    """Below, on and above each of two ramps; a third has no width and is 0, whatever x is."""
    t = np.array([[[0.0], [1.0], [3.0], [3.0]]])
    X = np.array([[-1.0, 0.25, 2.0, 9.0]])
    A, cache = ramps_forward(X, t)
    np.testing.assert_array_equal(A, [[0, 0.25, 1, 1], [0, 0, 0.5, 1], [0, 0, 0, 0]])
    dX, grads = ramps_backward(np.ones((3, 4)), cache)
    np.testing.assert_array_equal(dX, [[0, 1, 0.5, 0]])
    # 1/4 of: t0 (0.25 - 1) / 1;  t1 -0.25 / 1 + (0.5 - 1) / 2;  t2 -0.5 / 2
    np.testing.assert_allclose(grads["dt0"].ravel(), np.array([-0.75, -0.5, -0.25, 0]) / 4)


def test_a_number_at_the_end_of_a_ramp_has_the_slope_of_that_ramp():
    A, cache = ramps_forward(np.array([[2.0]]), np.array([[[0.0], [2.0], [3.0]]]))
    np.testing.assert_array_equal(A, [[1], [0]])
    dX, _ = ramps_backward(np.array([[1.0], [1.0]]), cache)
    np.testing.assert_array_equal(dX, [[0.5]])


def test_the_ramps_stand_after_the_numbers_and_their_cosines():
    inputs = Inputs(numbers=2, frequencies=1, width=3, ramps=4)
    assert inputs.ramp_rows == slice(8, 16)
    assert inputs.size(3) == 1 + 16


def test_ramps_are_silent_at_every_edge():
    t = np.array([[[-1.0], [1.0]], [[2.0], [2.0]]])
    X = np.array([[0.0, 30, -30, 1e3, -1e3, np.inf, -np.inf], [2.0, 2, 2, 2, 2, np.inf, -np.inf]])
    with np.errstate(all="raise"):
        A, cache = ramps_forward(X[:1], t[:1])
        dX, grads = ramps_backward(np.ones((1, 7)), cache)
    np.testing.assert_array_equal(A, [[0.5, 1, 0, 1, 0, 1, 0]])
    assert np.isfinite(dX).all()
    assert np.isfinite(grads["dt0"]).all()
    np.testing.assert_array_equal(ramps_forward(X[1:], t[1:])[0], np.zeros((1, 7)))


def test_fixed_thresholds_cost_no_derivatives_and_change_no_other():
    inputs = Inputs(numbers=2, frequencies=0, ramps=3, categories=(4,), scaling=True)
    random = np.random.RandomState(0)
    parameters = inputs.draw(random, 4)
    X = np.vstack([random.randn(3, 5), [[0.0, 3.0, -1.0, 1.0, 1.0]]])
    A0, cache = inputs_forward(X, parameters, inputs)
    dA0 = random.randn(*A0.shape)
    _, grads = inputs_backward(dA0, cache, inputs)
    dX, fixed = inputs_backward(dA0, cache, inputs, ("t0",))
    assert dX is None
    assert fixed["dt0"].shape == parameters["t0"].shape
    assert not fixed["dt0"].any()
    assert grads["dt0"].any()
    assert fixed.keys() == grads.keys()
    for name in ("ds0", "dE1"):
        np.testing.assert_array_equal(fixed[name], grads[name])


def test_a_code_takes_its_column_and_an_unknown_one_0():
    E = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    A, one_hot = embedding_forward(np.array([2.0, 0.0, -1.0, 2.0]), E)
    np.testing.assert_array_equal(A, [[3, 1, 0, 3], [6, 4, 0, 6]])
    dE = embedding_backward(np.ones((2, 4)), one_hot)
    np.testing.assert_allclose(dE, [[0.25, 0, 0.5], [0.25, 0, 0.5]])


def test_each_category_is_read_from_its_own_row():
    """One plain row, then the codes of two categories; the rows of A0 and of dX stand in the same order."""
    inputs = Inputs(categories=(3, 2), dimension=1)
    parameters = {"E1": np.array([[1.0, 2.0, 3.0]]), "E2": np.array([[10.0, 20.0]])}
    X = np.array([[0.5, 0.25], [2.0, 0.0], [0.0, 1.0]])
    A0, cache = inputs_forward(X, parameters, inputs)
    np.testing.assert_array_equal(A0, [[0.5, 0.25], [3, 1], [10, 20]])
    dX, grads = inputs_backward(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), cache, inputs)
    np.testing.assert_array_equal(dX, [[1, 2], [0, 0], [0, 0]])
    np.testing.assert_array_equal(grads["dE1"], np.array([[4, 0, 3]]) / 2)
    np.testing.assert_array_equal(grads["dE2"], np.array([[5, 6]]) / 2)
    one = Inputs(categories=(3,), dimension=1)
    np.testing.assert_array_equal(inputs_forward(X[:2], parameters, one)[0], [[0.5, 0.25], [3, 1]])


def test_scaling_by_hand():
    A, s = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[2.0], [-1.0]])
    np.testing.assert_array_equal(scaling_forward(A, s), [[2, 4], [-3, -4]])
    dA, ds = scaling_backward(np.ones((2, 2)), A, s)
    np.testing.assert_array_equal(dA, [[2, 2], [-1, -1]])
    np.testing.assert_array_equal(ds, [[1.5], [3.5]])


def test_blend_by_hand():
    Z, alpha = np.array([[-2.0, 3.0]]), np.array([[0.25]])
    np.testing.assert_array_equal(blend_forward(Z, np.maximum(Z, 0), alpha), [[-1.5, 3.0]])
    dZ, dalpha = blend_backward(np.ones((1, 2)), Z, np.maximum(Z, 0), alpha, ACTIVATIONS["relu"].backward)
    np.testing.assert_array_equal(dZ, [[0.75, 1.0]])
    np.testing.assert_array_equal(dalpha, [[1.0]])  # (2 + 0) / 2


@pytest.mark.parametrize("spec", ["tanh", "softmax"])
def test_blended_with_0_and_1_is_the_identity_and_the_activation(spec):
    g = ACTIVATIONS[spec]
    Z, dA = np.random.default_rng(0).standard_normal((2, 3, 4))
    G = g.forward(Z)
    for alpha, expected, slope in ((0.0, Z, dA), (1.0, G, g.backward(dA, Z, G))):
        alphas = np.full((3, 1), alpha)
        np.testing.assert_allclose(blend_forward(Z, G, alphas), expected, rtol=1e-13)
        np.testing.assert_allclose(blend_backward(dA, Z, G, alphas, g.backward)[0], slope, rtol=1e-13)


@pytest.mark.parametrize("kind", ["all numbers", "everything"])
def test_backward_equals_jax(kind):
    import jax

    inputs = KINDS[kind]
    X, parameters, dA0 = case(inputs)
    A0, cache = inputs_forward(X, parameters, inputs)
    assert A0.shape == dA0.shape
    dX, grads = inputs_backward(dA0, cache, inputs)

    with jax.enable_x64(True):
        held = {k: jax.numpy.asarray(v) for k, v in parameters.items()}
        gradient = jax.jit(
            jax.grad(lambda x, p: (dA0 * inputs_forward(x, p, inputs)[0]).sum(), argnums=(0, 1))
        )
        dX_expected, expected = gradient(jax.numpy.asarray(X), held)
    np.testing.assert_allclose(dX, np.asarray(dX_expected), rtol=1e-12, atol=1e-13)
    assert {k[1:] for k in grads} == set(parameters)
    for k in parameters:
        assert grads[f"d{k}"].shape == parameters[k].shape
        np.testing.assert_allclose(M * grads[f"d{k}"], np.asarray(expected[k]), rtol=1e-11, atol=1e-13)


def test_the_same_on_every_array_library_and_inputs_unchanged(library):
    inputs = KINDS["everything"]
    X, parameters, dA0 = case(inputs)

    def both(array):
        A0, cache = inputs_forward(array(X), {k: array(v) for k, v in parameters.items()}, inputs)
        dX, grads = inputs_backward(array(dA0), cache, inputs)
        return {"A0": A0, "dX": dX, **grads}

    expected = both(np.asarray)
    for name, value in both(library.array).items():
        np.testing.assert_allclose(library.numpy(value), expected[name], rtol=1e-12, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("kind", KINDS)
def test_derivatives_equal_finite_differences(kind):
    """Of the sum of dA0 * A0, by every parameter and by the rows of X that are no codes."""
    inputs = KINDS[kind]
    X, parameters, dA0 = case(inputs)
    dX, grads = inputs_backward(dA0, inputs_forward(X, parameters, inputs)[1], inputs)

    def slope(x, p, h):
        return (np.sum(dA0 * inputs_forward(x(h), p(h), inputs)[0])
                - np.sum(dA0 * inputs_forward(x(-h), p(-h), inputs)[0])) / (2 * h)  # fmt: skip

    v = np.random.default_rng(3).standard_normal(X.shape)
    v[5 - len(inputs.categories) :] = 0
    assert slope(lambda h: X + h * v, lambda h: parameters, 1e-5) == pytest.approx(np.sum(dX * v), rel=1e-7)
    assert (dX[5 - len(inputs.categories) :] == 0).all()
    for k, theta in parameters.items():
        v = np.random.default_rng(4).standard_normal(theta.shape)
        numeric = slope(lambda h: X, lambda h, k=k, v=v: parameters | {k: parameters[k] + h * v}, 1e-5)
        assert numeric == pytest.approx(M * np.sum(grads[f"d{k}"] * v), rel=1e-7), k


@pytest.mark.parametrize("kind", KINDS)
def test_dtype_is_kept(kind):
    inputs = KINDS[kind]
    X, parameters, dA0 = case(inputs, "float32")
    A0, cache = inputs_forward(X, parameters, inputs)
    dX, grads = inputs_backward(dA0, cache, inputs)
    assert all(a.dtype == np.float32 for a in (A0, dX, *grads.values()))


def test_starting_values_are_realmlps():
    inputs = Inputs(numbers=40, frequencies=16, width=3, categories=(500,), dimension=8, scaling=True)
    network = Network([60, 10, 1], parametric=True, inputs=inputs)
    start = initialize_parameters(network, seed=1)
    assert {k: v.shape for k, v in start.items()} == network.shapes
    assert start["f0"].std() == pytest.approx(0.1, rel=0.1)
    assert start["E1"].std() == pytest.approx(1, rel=0.05)
    assert 0.45 < np.abs(start["p0"]).max() <= 0.5
    assert 0.22 < np.abs(start["V0"]).max() <= 0.25
    assert (start["s0"] == 1).all()
    assert (start["a1"] == 1).all()
    assert "a2" not in start  # the output is left as the loss needs it
    plain = initialize_parameters(Network([60, 10, 1], inputs=Inputs(scaling=True)), seed=1)
    np.testing.assert_array_equal(plain["W1"], initialize_parameters(Network([60, 10, 1]), seed=1)["W1"])
