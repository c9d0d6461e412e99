"""Every row of LOSSES through every property."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.special as special

from ellayer.core.activations import ACTIVATIONS
from ellayer.core.losses import LOSSES

SPECS = [
    *LOSSES,
    "binary_cross_entropy(smoothing=0.1)",
    "cross_entropy(smoothing=0.1)",
    "huber(0.3)",
    "quantile(0.8)",
    "focal(0.5)",
    "focal(0)",
    "binary_focal(0.5)",
]
FUSED = [spec for spec in SPECS if LOSSES[spec].fused is not None]


def targets(kind: str, n: int, m: int, seed: int = 0) -> np.ndarray:
    """Return targets of a kind."""
    random = np.random.default_rng(seed)
    if kind == "one_hot":
        return np.eye(n)[random.integers(0, n, m)].T
    if kind == "binary":
        return random.integers(0, 2, (n, m)).astype(float)
    if kind == "count":
        return random.poisson(1.5, (n, m)).astype(float)
    return 2 * random.standard_normal((n, m))


def outputs(kind: str, n: int, m: int, seed: int = 1) -> np.ndarray:
    """Return outputs of a network that suit a kind of targets."""
    Z = 1.5 * np.random.default_rng(seed).standard_normal((n, m))
    return ACTIVATIONS[
        {"one_hot": "softmax", "binary": "sigmoid", "count": "exp", "real": "identity"}[kind]
    ].forward(Z)


def xlogy(y, a):
    return special.xlogy(y, a)


# The same losses, written by others.
REFERENCES = {
    "binary_cross_entropy": lambda a, y: -xlogy(y, a) - special.xlog1py(1 - y, -a),
    "binary_cross_entropy(smoothing=0.1)": lambda a, y: (
        -xlogy(0.9 * y + 0.05, a) - special.xlog1py(0.95 - 0.9 * y, -a)
    ),
    "cross_entropy": lambda a, y: -xlogy(y, a),
    "cross_entropy(smoothing=0.1)": lambda a, y: -xlogy(0.9 * y + 0.1 / y.shape[0], a),
    "squared_error": lambda a, y: (a - y) ** 2 / 2,
    "absolute_error": lambda a, y: np.maximum(a - y, y - a),
    "huber": lambda a, y: special.huber(1.0, a - y),
    "huber(0.3)": lambda a, y: special.huber(0.3, a - y),
    "quantile": lambda a, y: np.abs(a - y) / 2,
    "quantile(0.8)": lambda a, y: np.where(y > a, 0.8, -0.2) * (y - a),
    "poisson": lambda a, y: special.kl_div(y, a),
    "focal": lambda a, y: -y * (1 - a) ** 2 * np.log(a),
    "focal(0.5)": lambda a, y: -y * np.sqrt(1 - a) * np.log(a),
    "focal(0)": lambda a, y: -xlogy(y, a),
    "binary_focal": lambda a, y: -np.where(y > 0, (1 - a) ** 2 * np.log(a), a**2 * np.log1p(-a)),
    "binary_focal(0.5)": lambda a, y: -np.where(y > 0, (1 - a) ** 0.5 * np.log(a), a**0.5 * np.log1p(-a)),
}


def case(spec: str, n: int = 3, m: int = 8):
    """Return a row with outputs and targets that suit it."""
    row = LOSSES[spec]
    return row, outputs(row.targets, n, m), targets(row.targets, n, m)


def test_every_row_has_a_reference():
    assert set(SPECS) == set(REFERENCES)


@pytest.mark.parametrize("spec", SPECS)
def test_forward_equals_the_reference(spec):
    row, A, Y = case(spec, 3, 40)
    np.testing.assert_allclose(row.forward(A, Y), REFERENCES[spec](A, Y), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("spec", SPECS)
def test_backward_equals_finite_differences(spec):
    row, A, Y = case(spec)
    h = 1e-7 * np.abs(A)
    assert all((np.abs(A - Y - kink) > h).all() for kink in row.kinks)
    numeric = (row.forward(A + h, Y) - row.forward(A - h, Y)) / (2 * h)
    np.testing.assert_allclose(row.backward(A, Y), numeric, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("spec", SPECS)
def test_backward_equals_jax(spec):
    import jax

    row, A, Y = case(spec)
    with jax.enable_x64(True):
        dA = jax.grad(lambda A: row.forward(A, jax.numpy.asarray(Y)).sum())(jax.numpy.asarray(A))
    np.testing.assert_allclose(row.backward(A, Y), np.asarray(dA), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("spec", FUSED)
def test_fused_equals_unfused(spec):
    row = LOSSES[spec]
    g = ACTIVATIONS[row.output]
    Z, Y = 2 * np.random.default_rng(5).standard_normal((4, 30)), targets(row.targets, 4, 30)
    A = g.forward(Z)
    np.testing.assert_allclose(row.fused.forward(Z, Y), row.forward(A, Y), rtol=1e-12, atol=1e-12)
    dZ = g.backward(row.backward(A, Y), Z, A)
    np.testing.assert_allclose(row.fused.backward(A, Y), dZ, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("spec", FUSED)
def test_fused_backward_equals_jax_of_fused_forward(spec):
    import jax

    row = LOSSES[spec]
    Z, Y = 2 * np.random.default_rng(6).standard_normal((3, 8)), targets(row.targets, 3, 8)
    Z[:, 0] = 0.0
    with jax.enable_x64(True):
        expected = jax.grad(lambda Z: row.fused.forward(Z, jax.numpy.asarray(Y)).sum())(jax.numpy.asarray(Z))
    dZ = row.fused.backward(ACTIVATIONS[row.output].forward(Z), Y)
    np.testing.assert_allclose(dZ, np.asarray(expected), rtol=1e-12, atol=1e-12)


def test_which_pairs_fuse():
    pairs = {(g, spec) for g in ACTIVATIONS for spec in LOSSES if LOSSES[spec].fuses_with(g)}
    assert pairs == {
        ("sigmoid", "binary_cross_entropy"),
        ("softmax", "cross_entropy"),
        ("identity", "squared_error"),
        ("exp", "poisson"),
    }


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("spec", [s for s in SPECS if LOSSES[s].targets in ("binary", "one_hot")])
def test_no_log_of_0_at_saturated_outputs(spec, dtype):
    """a and y in every corner of {0, 1}: finite and silent, 0 where they agree."""
    row = LOSSES[spec]
    A = np.array([[0, 1, 0, 1], [1, 0, 1, 0]], dtype)
    Y = np.array([[0, 1, 1, 0], [1, 0, 0, 1]], dtype)
    losses, dA = row.forward(A, Y), row.backward(A, Y)
    assert losses.dtype == dA.dtype == np.dtype(dtype)
    assert np.isfinite(losses).all()
    assert np.isfinite(dA).all()
    if "smoothing" not in spec:
        np.testing.assert_array_equal(losses[:, :2], 0)
    assert (losses[:, 2:].sum(axis=0) > 50).all()
    right = dA[:, :2] if "smoothing" not in spec else np.zeros(1)
    assert (np.abs(right) < 10).all()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_poisson_at_its_edges(dtype):
    row = LOSSES["poisson"]
    A = np.array([[0.0, 0.0, 3.0, np.inf, np.inf]], dtype)
    Y = np.array([[0.0, 3.0, 3.0, 0.0, 3.0]], dtype)
    losses = row.forward(A, Y)
    assert losses.dtype == row.backward(A, Y).dtype == np.dtype(dtype)
    np.testing.assert_allclose(losses[0, [0, 2]], 0, atol=1e-6)
    assert (losses[0, [1, 3, 4]] > 200).all()
    assert not np.isnan(losses).any()
    np.testing.assert_allclose(row.backward(A, Y)[0, [0, 2, 3, 4]], [1, 0, 1, 1], atol=1e-6)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_sigmoid_cross_entropy_from_extreme_z(dtype):
    row = LOSSES["binary_cross_entropy"]
    Z = np.array([[0, 30, -30, 1e3, -1e3, np.inf, -np.inf, np.nan]], dtype)
    ones = np.ones_like(Z)
    losses = row.fused.forward(Z, ones)
    assert losses.dtype == np.dtype(dtype)
    expected = [math.log(2), math.log1p(math.exp(-30)), 30, 0, 1e3, 0]
    np.testing.assert_allclose(losses[0, :6], expected, rtol=1e-6, atol=2e-6)
    assert losses[0, 6] > 1e30
    assert np.isnan(losses[0, 7])
    np.testing.assert_allclose(row.fused.forward(-Z, 1 - ones), losses, rtol=1e-6, atol=2e-6)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("column", "loss_of_class_0"),
    [
        ([1e3, 0, 0], 0),
        ([0, 1e3, 0], 1e3),
        ([-1e3, -1e3, -1e3], math.log(3)),
        ([np.inf, 0, 0], 0),
        ([-np.inf, -np.inf, -np.inf], math.log(3)),
    ],
)
def test_softmax_cross_entropy_from_extreme_z(column, loss_of_class_0, dtype):
    row, Z, Y = LOSSES["cross_entropy"], np.array(column, dtype)[:, None], np.array([[1], [0], [0]], dtype)
    losses = row.fused.forward(Z, Y)
    assert losses.dtype == np.dtype(dtype)
    assert losses.sum() == pytest.approx(loss_of_class_0, rel=1e-6, abs=1e-30)
    wrong = row.fused.forward(np.array([[-np.inf], [0], [0]], dtype), Y).sum()
    assert wrong > 1e30
    assert not np.isnan(wrong)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_exp_poisson_from_extreme_z(dtype):
    row = LOSSES["poisson"]
    Z, Y = np.array([[-np.inf, np.inf, -1e3, 1e3, 0]], dtype), np.array([[0, 0, 2, 2, 1]], dtype)
    losses = row.fused.forward(Z, Y)
    assert losses.dtype == np.dtype(dtype)
    assert np.isfinite(losses).all()
    np.testing.assert_allclose(losses[0, [0, 2, 4]], [0, 2000 - 2 + 2 * math.log(2), 0], atol=1e-3)


@pytest.mark.parametrize("spec", [s for s in SPECS if LOSSES[s].targets == "real"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_real_losses_at_extreme_outputs(spec, dtype):
    row = LOSSES[spec]
    A = np.array([[0, 1e-8, -1e-8, 30, -30, 1e3, -1e3, np.inf, -np.inf, np.nan]], dtype)
    Y = np.zeros_like(A)
    losses, dA = row.forward(A, Y), row.backward(A, Y)
    assert losses.dtype == dA.dtype == np.dtype(dtype)
    assert np.isfinite(losses[0, :7]).all()
    assert np.isfinite(dA[0, :7]).all()
    assert (losses[0, 7:9] == np.inf).all()
    assert np.isnan(losses[0, 9])
    assert losses[0, 0] == dA[0, 0] == 0


@pytest.mark.parametrize("spec", SPECS)
def test_nan_is_passed_on_in_silence(spec):
    row, A, Y = case(spec)
    A[0, 0] = np.nan
    assert np.isnan(row.forward(A, Y)[0, 0]) or Y[0, 0] == 0
    row.backward(A, Y)


@pytest.mark.parametrize("spec", SPECS)
def test_the_same_on_every_array_library(spec, library):
    row, A, Y = case(spec)
    for f in (row.forward, row.backward, *(row.fused or (None, None))):
        if f is not None:
            result = library.numpy(f(library.array(A), library.array(Y)))
            np.testing.assert_allclose(result, f(A, Y), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("spec", SPECS)
def test_dtype_is_kept(spec):
    row, A, Y = case(spec)
    for f in (row.forward, row.backward, *(row.fused or (None, None))):
        if f is not None:
            assert f(A.astype("float32"), Y.astype("float32")).dtype == np.float32


@pytest.mark.parametrize("spec", SPECS)
def test_loss_is_smallest_at_the_target(spec):
    """At least 0, and 0 at a = y (but for smoothed labels)."""
    row, A, Y = case(spec, 3, 40)
    assert (row.forward(A, Y) >= -1e-15).all()
    if "smoothing" not in spec:
        np.testing.assert_allclose(row.forward(Y, Y), 0, atol=1e-15)


@pytest.mark.parametrize("spec", SPECS)
def test_kinks_are_where_the_slope_is_not_smooth(spec):
    row = LOSSES[spec]
    if row.targets != "real":
        assert row.kinks == ()
        return
    h, grid = 1e-5, np.linspace(-3, 3, 121)[None]
    zero = np.zeros_like(grid)
    after, at, before = (row.backward(grid + s, zero) for s in (h, 0, -h))
    unsmooth = (np.abs(after - before) > 0.1) | (np.abs(after - 2 * at + before) > 0.1 * h)
    np.testing.assert_allclose(grid[unsmooth], row.kinks, atol=1e-9)


@pytest.mark.parametrize("spec", SPECS)
def test_row_carries_what_trace_and_network_need(spec):
    row = LOSSES[spec]
    assert row.latex
    assert row.latex_prime
    assert row.output in ACTIVATIONS
    assert row.targets in ("binary", "one_hot", "count", "real")
