"""L2, L1 and dropout."""

from __future__ import annotations

import numpy as np
import pytest

from ellayer.core.regularizers import (
    dropout_backward,
    dropout_forward,
    dropout_mask,
    l1_backward,
    l1_forward,
    l2_backward,
    l2_forward,
)

PARAMETERS = {
    "W1": np.array([[1.0, -2.0], [0.0, 3.0]]),
    "b1": np.array([[7.0], [7.0]]),
    "W2": np.array([[-4.0, 0.5]]),
    "b2": np.array([[7.0]]),
}
GRADS = {f"d{k}": np.ones_like(v) for k, v in PARAMETERS.items()} | {"dA0": np.ones((2, 3))}


def test_l2_by_hand():
    """0.3 / (2 * 5) * (1 + 4 + 0 + 9 + 16 + 0.25)."""
    assert l2_forward(PARAMETERS, 0.3, 5) == pytest.approx(0.03 * 30.25)
    np.testing.assert_allclose(l2_backward(GRADS, PARAMETERS, 0.3, 5)["dW1"], [[1.06, 0.88], [1.0, 1.18]])


def test_l1_by_hand():
    assert l1_forward(PARAMETERS, 0.3, 5) == pytest.approx(0.06 * 10.5)
    np.testing.assert_allclose(l1_backward(GRADS, PARAMETERS, 0.3, 5)["dW1"], [[1.06, 0.94], [1.0, 1.06]])


@pytest.mark.parametrize(("forward", "backward"), [(l2_forward, l2_backward), (l1_forward, l1_backward)])
def test_penalties_equal_jax_on_weights_and_leave_biases_alone(forward, backward):
    import jax

    away_from_0 = {k: v + 0.25 for k, v in PARAMETERS.items()}
    with jax.enable_x64(True):
        held = {k: jax.numpy.asarray(v) for k, v in away_from_0.items()}
        expected = jax.grad(lambda p: forward(p, 0.7, 3.0))(held)
    obtained = backward(GRADS, away_from_0, 0.7, 3.0)
    for k in PARAMETERS:
        np.testing.assert_allclose(obtained[f"d{k}"] - 1.0, np.asarray(expected[k]), rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(obtained["db1"], GRADS["db1"])
    assert obtained["dA0"] is GRADS["dA0"]
    np.testing.assert_array_equal(GRADS["dW1"], np.ones((2, 2)))


@pytest.mark.parametrize("f", [l2_forward, l1_forward])
def test_penalties_keep_the_dtype(f):
    assert f({k: v.astype("float32") for k, v in PARAMETERS.items()}, 0.1, 4).dtype == np.float32


@pytest.mark.parametrize("f", [l2_backward, l1_backward])
def test_penalty_gradients_keep_the_dtype(f):
    narrow = [{k: v.astype("float32") for k, v in d.items()} for d in (GRADS, PARAMETERS)]
    assert all(g.dtype == np.float32 for g in f(*narrow, 0.1, 4).values())


def test_penalties_are_the_same_on_every_array_library(library):
    held = {k: library.array(v) for k, v in PARAMETERS.items()}
    grads = {k: library.array(v) for k, v in GRADS.items()}
    for forward, backward in ((l2_forward, l2_backward), (l1_forward, l1_backward)):
        assert float(forward(held, 0.3, 5)) == pytest.approx(float(forward(PARAMETERS, 0.3, 5)), rel=1e-14)
        expected = backward(GRADS, PARAMETERS, 0.3, 5)
        for k, g in backward(grads, held, 0.3, 5).items():
            np.testing.assert_allclose(library.numpy(g), expected[k], rtol=1e-14)


# Dropout.


def mask(n=200, m=500, rate=0.3, seed=1, step=2, layer=1, dtype="float64"):
    return dropout_mask(np.zeros((n, m), dtype), rate, seed, step, layer)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9])
def test_a_mask_is_0_or_1_over_keep_and_keeps_the_mean(rate, dtype):
    D = mask(rate=rate, dtype=dtype)
    assert D.dtype == np.dtype(dtype)
    np.testing.assert_allclose(np.unique(D), [1.0] if rate == 0 else [0.0, 1 / (1 - rate)], rtol=1e-6)
    deviation = (rate * (1 - rate) / D.size) ** 0.5
    assert abs((D == 0).mean() - rate) <= 4.5 * deviation
    assert D.mean() == pytest.approx(1, abs=5 * deviation / (1 - rate) + 1e-12)


def test_a_mask_does_not_depend_on_the_number_of_columns_or_rows():
    """Padding a batch, or widening a layer, changes no unit's mask."""
    np.testing.assert_array_equal(mask(20, 100)[:, :37], mask(20, 37))
    np.testing.assert_array_equal(mask(20, 100)[:7], mask(7, 100))
    assert mask(1, 1).shape == (1, 1)


@pytest.mark.parametrize("change", [{"seed": 2}, {"step": 3}, {"layer": 2}, {"seed": 2, "step": 1}])
def test_masks_of_other_seeds_steps_and_layers_are_independent(change):
    one, other = mask() == 0, mask(**change) == 0
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] == pytest.approx(0, abs=4.5 / one.size**0.5)


def test_a_mask_is_the_hash_of_its_seed_step_unit_layer_and_place():
    """A run that is continued later drops the units of this formula, in whole numbers modulo 2^32."""

    def mix(x: int) -> int:
        x = (x ^ x >> 16) * 0x7FEB352D % 2**32
        x = (x ^ x >> 15) * 0x846CA68B % 2**32
        return x ^ x >> 16

    seed, step, layer = 12, 345, 2
    key = mix((mix(seed) + step) % 2**32)
    units = [mix((key + row * 0x9E3779B1 + layer) % 2**32) for row in range(40)]
    cells = [[mix((unit + place) % 2**32) for place in range(50)] for unit in units]
    expected = np.where(np.array(cells) >> 8 >= 0.3 * 2.0**24, 1 / 0.7, 0.0)
    np.testing.assert_array_equal(dropout_mask(np.ones((40, 50)), 0.3, seed, step, layer), expected)


def test_masks_repeat():
    np.testing.assert_array_equal(mask(), mask())


def test_the_largest_words_are_taken_in_silence():
    assert mask(seed=2**32 - 1, step=2**32 - 1, layer=2**16).any()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_masks_are_the_same_on_every_array_library(library, dtype):
    like = library.array(np.zeros((13, 29), dtype))
    np.testing.assert_array_equal(library.numpy(dropout_mask(like, 0.3, 1, 2, 1)), mask(13, 29, dtype=dtype))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("rate", [0.0, 0.1, 1 / 3, 0.5, 0.9999999, 1 - 2.0**-24, 1 - 2.0**-26])
def test_numpy_compares_whole_numbers_with_the_same_result(rate, dtype):
    if dtype == "float32":
        rate = min(rate, 1 - 2.0**-24)  # the largest below 1
    as_fractions = mask(40, 50, np.dtype(dtype).type(rate), dtype=dtype)
    np.testing.assert_array_equal(mask(40, 50, rate, dtype=dtype) == 0, as_fractions == 0)


def test_masks_are_the_same_inside_jit_with_traced_seed_step_and_rate():
    import jax

    f = jax.jit(lambda A, rate, seed, step: dropout_mask(A, rate, seed, step, 1))
    D = f(np.zeros((13, 29), "float32"), 0.25, np.uint32(1), np.uint32(2))
    np.testing.assert_array_equal(np.asarray(D), mask(13, 29, 0.25, dtype="float32"))


def _worst_correlation(dropped: np.ndarray) -> float:
    """Largest correlation between two rows, in standard deviations of one by chance."""
    pairs = np.corrcoef(dropped)
    np.fill_diagonal(pairs, 0)
    return float(np.abs(pairs).max()) * dropped.shape[1] ** 0.5


def test_units_examples_and_steps_are_uncorrelated():
    """Each family has 19,900 pairs: chance alone reaches about 4.1 deviations, never 6."""
    for seed in (0, 1, 12345):
        D = (mask(200, 2000, 0.5, seed=seed) == 0).astype(float)
        assert _worst_correlation(D) < 6  # units
        D = (mask(2000, 200, 0.5, seed=seed) == 0).astype(float)
        assert _worst_correlation(D.T) < 6  # examples
        steps = np.stack([mask(20, 100, 0.5, seed=seed, step=s).ravel() == 0 for s in range(200)])
        assert _worst_correlation(steps.astype(float)) < 6
        layers = np.stack([mask(20, 100, 0.5, seed=seed, layer=l).ravel() == 0 for l in range(50)])
        assert _worst_correlation(layers.astype(float)) < 6


def test_every_unit_and_example_is_dropped_at_the_rate():
    D = mask(500, 2000, 0.3) == 0
    by_unit, by_example = D.mean(axis=1), D.mean(axis=0)
    for rates, n in ((by_unit, 2000), (by_example, 500)):
        z = (rates - 0.3) / (0.21 / n) ** 0.5
        assert np.abs(z).max() < 5
        assert z.std() == pytest.approx(1, abs=0.12)  # as scattered as chance: neither clumped nor too even


def test_neighbouring_cells_are_uncorrelated():
    D = (mask(500, 1000, 0.5) == 0) - 0.5
    for one, other in (
        (D[1:], D[:-1]),
        (D[:, 1:], D[:, :-1]),
        (D[1:, 1:], D[:-1, :-1]),
        (D[1:, :-1], D[:-1, 1:]),
    ):
        assert abs(np.mean(4 * one * other)) < 4.5 / one.size**0.5


def test_dropout_forward_and_backward_multiply_by_the_mask():
    A, D = np.arange(6.0).reshape(2, 3), np.array([[0.0, 2.0, 2.0], [2.0, 0.0, 0.0]])
    np.testing.assert_array_equal(dropout_forward(A, D), [[0, 2, 4], [6, 0, 0]])
    np.testing.assert_array_equal(dropout_backward(A, D), [[0, 2, 4], [6, 0, 0]])
