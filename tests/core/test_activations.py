"""Every row of ACTIVATIONS through every property."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.special as special

from ellayer.core.activations import ACTIVATIONS, SELU_ALPHA, SELU_SCALE

SPECS = [*ACTIVATIONS, "leaky_relu(0.2)", "elu(1.7)"]
ELEMENTWISE = [spec for spec in SPECS if ACTIVATIONS[spec].elementwise]
EDGES = [0.0, 1e-8, -1e-8, 30.0, -30.0, 1e3, -1e3, math.inf, -math.inf, math.nan]
GRID = np.array([[-6.3, -3.1, -1.2, -0.4, -0.05], [0.02, 0.3, 0.9, 2.2, 5.7]])

# The same functions, written by others.
REFERENCES = {
    "identity": lambda z: z,
    "sigmoid": special.expit,
    "tanh": np.tanh,
    "relu": lambda z: z * (z > 0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "leaky_relu(0.2)": lambda z: np.where(z > 0, z, 0.2 * z),
    "elu": lambda z: np.where(z > 0, z, special.expm1(np.minimum(z, 0))),
    "elu(1.7)": lambda z: np.where(z > 0, z, 1.7 * special.expm1(np.minimum(z, 0))),
    "selu": lambda z: SELU_SCALE * np.where(z > 0, z, SELU_ALPHA * special.expm1(np.minimum(z, 0))),
    "gelu": lambda z: z * special.ndtr(z),
    "silu": lambda z: z * special.expit(z),
    "mish": lambda z: z * np.tanh(np.logaddexp(0, z)),
    "softplus": lambda z: np.logaddexp(0, z),
    "exp": lambda z: np.exp(np.minimum(z, 709)),
    "softmax": lambda z: special.softmax(z, axis=0),
}

# g(-inf), g(inf), g'(-inf), g'(inf)
LIMITS = {
    "identity": (-math.inf, math.inf, 1, 1),
    "sigmoid": (0, 1, 0, 0),
    "tanh": (-1, 1, 0, 0),
    "relu": (0, math.inf, 0, 1),
    "leaky_relu": (-math.inf, math.inf, 0.01, 1),
    "leaky_relu(0.2)": (-math.inf, math.inf, 0.2, 1),
    "elu": (-1, math.inf, 0, 1),
    "elu(1.7)": (-1.7, math.inf, 0, 1),
    "selu": (-SELU_SCALE * SELU_ALPHA, math.inf, 0, SELU_SCALE),
    "gelu": (0, math.inf, 0, 1),
    "silu": (0, math.inf, 0, 1),
    "mish": (0, math.inf, 0, 1),
    "softplus": (0, math.inf, 0, 1),
}


def test_every_row_has_a_reference():
    assert set(SPECS) == set(REFERENCES)
    assert {s for s in ELEMENTWISE if s != "exp"} == set(LIMITS)


@pytest.mark.parametrize("spec", SPECS)
def test_forward_equals_the_reference(spec):
    Z = np.array([[*GRID.ravel(), *(z for z in EDGES if math.isfinite(z))]] * 2)
    Z[1] = Z[1, ::-1]
    expected = REFERENCES[spec](Z)
    np.testing.assert_allclose(ACTIVATIONS[spec].forward(Z), expected, rtol=1e-13, atol=1e-300)


@pytest.mark.parametrize("spec", ELEMENTWISE)
def test_derivative_equals_finite_differences(spec):
    g = ACTIVATIONS[spec]
    h = 1e-6
    numeric = (g.forward(GRID + h) - g.forward(GRID - h)) / (2 * h)
    np.testing.assert_allclose(g.derivative(GRID), numeric, rtol=1e-7, atol=1e-9)


def test_softmax_backward_equals_the_jacobian_by_finite_differences():
    g, random, h = ACTIVATIONS["softmax"], np.random.default_rng(0), 1e-6
    Z, dA = random.standard_normal((4, 3)), random.standard_normal((4, 3))
    numeric = np.zeros_like(Z)
    for k in range(4):
        e = np.zeros_like(Z)
        e[k] = h
        numeric[k] = np.sum(dA * (g.forward(Z + e) - g.forward(Z - e)), axis=0) / (2 * h)
    np.testing.assert_allclose(g.backward(dA, Z, g.forward(Z)), numeric, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("spec", SPECS)
def test_backward_equals_jax(spec):
    import jax

    g = ACTIVATIONS[spec]
    points = [*GRID.ravel(), 30.0, -30.0, -1e3]
    if not g.kinks:  # there the rows take the slope from the left, jax the mean of both sides
        points += [0.0, 1e-8, -1e-8]
    if spec != "exp":  # held there: to jax constant, to the row as steep as it is high
        points += [1e3]
    Z = np.array([points] * 2)
    Z[1] = Z[1, ::-1]
    dA = np.random.default_rng(1).standard_normal(Z.shape)
    with jax.enable_x64(True):
        A, pull_back = jax.vjp(g.forward, jax.numpy.asarray(Z))
        (expected,) = pull_back(jax.numpy.asarray(dA))
    np.testing.assert_allclose(g.forward(Z), np.asarray(A), rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(g.backward(dA, Z, g.forward(Z)), np.asarray(expected), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("spec", SPECS)
def test_edge_values_are_silent_and_finite_where_the_mathematics_is(spec, dtype):
    g = ACTIVATIONS[spec]
    Z = np.array([EDGES, EDGES], dtype)
    A = g.forward(Z)
    dZ = g.backward(np.ones_like(Z), Z, A)
    assert A.dtype == dZ.dtype == np.dtype(dtype)
    finite = np.isfinite(Z)
    assert np.isfinite(A[finite]).all()
    assert np.isfinite(dZ[finite]).all()
    assert np.isnan(A[:, -1]).all()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("spec", LIMITS)
def test_limits(spec, dtype):
    g = ACTIVATIONS[spec]
    Z = np.array([[-np.inf, np.inf]], dtype)
    below, above, slope_below, slope_above = LIMITS[spec]
    np.testing.assert_allclose(g.forward(Z), [[below, above]], rtol=1e-6, atol=1e-30)
    np.testing.assert_allclose(g.derivative(Z), [[slope_below, slope_above]], rtol=1e-6, atol=1e-30)


@pytest.mark.parametrize(("dtype", "limit"), [("float64", 709.0), ("float32", 88.0)])
def test_exp_is_held_at_the_largest_finite_value(dtype, limit):
    A = ACTIVATIONS["exp"].forward(np.array([[-np.inf, 1e3, np.inf]], dtype))
    np.testing.assert_allclose(A, [[0.0, math.exp(limit), math.exp(limit)]], rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_sigmoid_is_never_exactly_0_and_its_digits_reach_far_below(dtype):
    A = ACTIVATIONS["sigmoid"].forward(np.array([[-80.0, -1e3, -np.inf]], dtype))
    assert (A > 0).all()
    assert A[0, 0] == pytest.approx(math.exp(-80), rel=1e-4)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ([1e3, 0.0, -1e3], [1, 0, 0]),
        ([np.inf, 0.0, 0.0], [1, 0, 0]),
        ([-np.inf, 0.0, 0.0], [0, 0.5, 0.5]),
        ([-np.inf, -np.inf, -np.inf], [1 / 3] * 3),
        ([np.inf, np.inf, -np.inf], [0.5, 0.5, 0]),
        ([1e30, 1e30, 0.0], [0.5, 0.5, 0]),
    ],
)
def test_softmax_of_extreme_columns(column, expected, dtype):
    Z = np.array(column, dtype)[:, None]
    A = ACTIVATIONS["softmax"].forward(Z)
    np.testing.assert_allclose(A[:, 0], expected, rtol=1e-6, atol=1e-30)
    assert np.isfinite(ACTIVATIONS["softmax"].backward(np.ones_like(Z), Z, A)).all()


@pytest.mark.parametrize("spec", SPECS)
def test_the_same_on_every_array_library(spec, library):
    g, random = ACTIVATIONS[spec], np.random.default_rng(2)
    Z, dA = 3 * random.standard_normal((3, 5)), random.standard_normal((3, 5))
    A = g.forward(library.array(Z))
    dZ = g.backward(library.array(dA), library.array(Z), A)
    np.testing.assert_allclose(library.numpy(A), g.forward(Z), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(library.numpy(dZ), g.backward(dA, Z, g.forward(Z)), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("spec", SPECS)
def test_inputs_are_not_changed_and_backward_can_be_called_twice(spec, frozen):
    g = ACTIVATIONS[spec]
    Z, dA = frozen(GRID), frozen(GRID + 1.0)
    A = frozen(g.forward(Z))
    np.testing.assert_array_equal(g.backward(dA, Z, A), g.backward(dA, Z, A))


@pytest.mark.parametrize("spec", SPECS)
def test_backward_is_linear_in_dA(spec):
    g, random = ACTIVATIONS[spec], np.random.default_rng(3)
    dA, other = random.standard_normal((2, *GRID.shape))
    A = g.forward(GRID)
    both = g.backward(2 * dA - 3 * other, GRID, A)
    apart = 2 * g.backward(dA, GRID, A) - 3 * g.backward(other, GRID, A)
    np.testing.assert_allclose(both, apart, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("spec", ELEMENTWISE)
def test_kinks_are_where_g_or_its_slope_is_not_smooth(spec):
    """A step of 1e-7 changes the slope, or the slope's slope, only at a declared kink."""
    g, h = ACTIVATIONS[spec], 1e-4
    grid = np.linspace(-5, 5, 201)[None]
    bend = [(g.derivative(grid + s) - g.derivative(grid)) / s for s in (h, -h)]
    unsmooth = np.abs(bend[0] - bend[1]) > 0.05 * np.maximum(1.0, np.abs(g.forward(grid)))
    np.testing.assert_array_equal(grid[unsmooth].round(9), g.kinks)


@pytest.mark.parametrize("spec", ["relu", "leaky_relu", "elu", "selu"])
def test_the_slope_at_the_kink_is_the_one_from_the_left(spec):
    g = ACTIVATIONS[spec]
    zero, left = np.array([[0.0, -0.0]]), np.array([[-1e-12, -1e-12]])
    np.testing.assert_allclose(g.derivative(zero), g.derivative(left), rtol=1e-9)


@pytest.mark.parametrize("spec", SPECS)
def test_row_carries_what_trace_export_and_initializers_need(spec):
    import onnx

    row = ACTIVATIONS[spec]
    assert row.gain > 0
    assert row.latex
    assert row.latex_prime
    assert all(onnx.defs.has(operator) for operator in row.onnx.split(","))


@pytest.mark.parametrize(
    ("spec", "gain"),
    [
        ("identity", 1),
        ("sigmoid", 1),
        ("tanh", 5 / 3),
        ("relu", 2**0.5),
        ("leaky_relu(2)", 0.4**0.5),
        ("selu", 1),
    ],
)
def test_gain_is_the_customary_one(spec, gain):
    assert ACTIVATIONS[spec].gain == pytest.approx(gain, rel=1e-12)


def test_gain_keeps_a_signals_size():
    """He's gain: relu and leaky ReLU keep E[a^2] = 1 of a normal z, times gain^2."""
    z = np.random.default_rng(4).standard_normal((1, 200_000))
    for spec in ("relu", "leaky_relu", "leaky_relu(0.2)", "identity"):
        row = ACTIVATIONS[spec]
        assert row.gain**2 * np.mean(row.forward(z) ** 2) == pytest.approx(1, rel=0.02)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_mish_is_the_identity_of_large_numbers_in_every_precision(dtype):
    Z = np.array([[4.0, 6.0, 8.0, 30.0, 1000.0]], dtype)
    A = ACTIVATIONS["mish"].forward(Z)
    assert A.dtype == Z.dtype
    assert np.allclose(A, Z, rtol=2e-3)
    assert np.allclose(ACTIVATIONS["mish"].backward(np.ones_like(Z), Z, A), 1.0, atol=1e-2)
