"""Every row of INITIALIZERS: spread, shape, seed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ellayer.core import ACTIVATIONS, INITIALIZERS, Network, initialize_parameters

N_IN, N_OUT = 300, 200
RELU = math.sqrt(2)

# Standard deviation of W of an N_OUT x N_IN ReLU layer, and whether it is uniform (bounded by sqrt(3) of it).
SPREADS = {
    "auto": (RELU / math.sqrt(N_IN), False),
    "zeros": (0.0, False),
    "randn": (0.01, False),
    "randn_over_sqrt": (1 / math.sqrt(N_IN), False),
    "lecun_normal": (1 / math.sqrt(N_IN), False),
    "lecun_uniform": (1 / math.sqrt(N_IN), True),
    "xavier_normal": (math.sqrt(2 / (N_IN + N_OUT)), False),
    "xavier_uniform": (math.sqrt(2 / (N_IN + N_OUT)), True),
    "he_normal": (math.sqrt(2 / N_IN), False),
    "he_uniform": (math.sqrt(2 / N_IN), True),
    "orthogonal": (RELU / math.sqrt(N_IN), False),
}


def test_every_row_has_a_spread():
    assert set(SPREADS) == set(INITIALIZERS)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_spread(name):
    W = initialize_parameters(Network([N_IN, N_OUT, 1]), name, seed=3)["W1"]
    deviation, uniform = SPREADS[name]
    assert W.std() == pytest.approx(deviation, rel=0.01)
    assert abs(W.mean()) <= 4 * deviation / math.sqrt(W.size)
    if uniform:
        assert 0.999 < np.abs(W).max() / (math.sqrt(3) * deviation) <= 1
    elif name != "zeros":
        assert np.abs(W).max() > 3.5 * deviation  # the tails of a normal


@pytest.mark.parametrize(("n_in", "n_out"), [(5, 5), (3, 7), (7, 3), (1, 4), (4, 1), (1, 1)])
def test_orthogonal_rows_or_columns(n_in, n_out):
    W = (
        initialize_parameters(Network([n_in, n_out, 1], "tanh"), "orthogonal", seed=1)["W1"]
        / ACTIVATIONS["tanh"].gain
    )
    product = W @ W.T if n_out <= n_in else W.T @ W
    np.testing.assert_allclose(product, np.eye(min(n_in, n_out)), atol=1e-12)


def test_orthogonal_signs_are_uniform():
    """QR alone gives a fixed sign; the correction makes every orthogonal matrix as likely (Haar)."""
    signs = [
        initialize_parameters(Network([1, 1]), "orthogonal", seed=s)["W1"].item() > 0 for s in range(200)
    ]
    assert 70 < sum(signs) < 130


@pytest.mark.parametrize("name", ["auto", "orthogonal"])
def test_spread_follows_the_activations_gain(name):
    relu, tanh = (
        initialize_parameters(Network([20, 10, 1], g), name, seed=5)["W1"] for g in ("relu", "tanh")
    )
    np.testing.assert_allclose(relu / ACTIVATIONS["relu"].gain, tanh / ACTIVATIONS["tanh"].gain, rtol=1e-14)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_shapes_biases_and_dtype(name):
    network = Network([5, 4, 3, 2])
    parameters = initialize_parameters(network, name, seed=0, dtype="float32")
    assert {k: v.shape for k, v in parameters.items()} == network.shapes
    assert all(v.dtype == np.float32 for v in parameters.values())
    assert all((parameters[f"b{l}"] == 0).all() for l in (1, 2, 3))
    rounded = {k: v.astype("float32") for k, v in initialize_parameters(network, name, seed=0).items()}
    assert all((parameters[k] == rounded[k]).all() for k in parameters)


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 2**32 - 1])
def test_a_seed_gives_what_np_random_seed_gives(seed):
    np.random.seed(seed)
    W1, W2 = np.random.randn(4, 2) * 0.01, np.random.randn(1, 4) * 0.01
    before = np.random.get_state()[1].copy()
    parameters = initialize_parameters(Network([2, 4, 1], "tanh"), "randn", seed=seed)
    np.testing.assert_array_equal(parameters["W1"], W1)
    np.testing.assert_array_equal(parameters["W2"], W2)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # the global generator is left alone


def test_randn_over_sqrt_is_the_notes_to_the_last_bit():
    np.random.seed(1)
    expected = np.random.randn(20, 12288) / np.sqrt(12288)
    np.testing.assert_array_equal(
        initialize_parameters(Network([12288, 20, 1]), "randn_over_sqrt", seed=1)["W1"], expected
    )


@pytest.mark.parametrize("name", [n for n in INITIALIZERS if n != "zeros"])
def test_seeds_differ_and_repeat(name):
    network = Network([5, 4, 1])
    one, again, other = (initialize_parameters(network, name, seed=s)["W1"] for s in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0


def test_a_scale_of_ones_own():
    network = Network([5, 4, 1])
    ten, one = (initialize_parameters(network, spec, seed=1)["W1"] for spec in ("randn(0.1)", "randn"))
    np.testing.assert_allclose(ten, 10 * one)


def test_unknown_initializer():
    with pytest.raises(ValueError, match=r"unknown initializer: expected one of auto, .*received 'glorott'"):
        initialize_parameters(Network([2, 1]), "glorott")
