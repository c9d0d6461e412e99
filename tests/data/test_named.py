"""The named sets: the notes' numbers, and the table's promises."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from ellayer.core import Network, compute_cost, initialize_parameters
from ellayer.core.propagation import L_model_forward
from ellayer.data import NAMED, DataError, Dataset, load


def _planar_set_of_the_notes() -> tuple[np.ndarray, np.ndarray]:
    """The notes' set drawn one point after the other with the global generator, as the notes draw it."""
    state = np.random.get_state()
    np.random.seed(1)
    rows = []
    for j in range(2):
        angles = np.linspace(j * 3.12, (j + 1) * 3.12, 200) + np.random.randn(200) * 0.2
        noise = np.random.randn(200) * 0.2
        for t, e in zip(angles, noise, strict=True):
            rows.append(((4 * np.sin(4 * t) + e) * np.sin(t), (4 * np.sin(4 * t) + e) * np.cos(t)))
    np.random.set_state(state)
    return np.array(rows).T, np.array([[0.0] * 200 + [1.0] * 200])


def test_flower_is_the_notes_set_to_the_digit():
    X, Y = _planar_set_of_the_notes()
    flower = load("flower")
    np.testing.assert_array_equal(flower.X, X)
    np.testing.assert_array_equal(flower.Y, Y)
    assert flower.X[:, 0].round(8).tolist() == [1.20444229, 3.57611415]


def test_flower_starts_at_the_published_cost():
    flower = load("flower")
    network = Network([2, 4, 1], "tanh")
    AL, _ = L_model_forward(flower.X, initialize_parameters(network, "randn", seed=2), network)
    assert f"{float(compute_cost(AL, flower.Y, network)):.6f}" == "0.693048"


@pytest.mark.parametrize("name", NAMED)
def test_every_row_is_ready_to_train_on(name):
    data = load(name)
    m = data.X.shape[1]
    assert data.name == name
    assert data.X.dtype == data.Y.dtype == np.float64
    assert data.X.T.flags.c_contiguous
    assert data.Y.shape == (1 if len(data.classes) == 2 else len(data.classes), m)
    assert set(np.unique(data.Y)) == {0.0, 1.0}
    assert data.Y.shape[0] == 1 or (data.Y.sum(axis=0) == 1).all()
    assert np.isfinite(data.X).all()
    assert len(data.feature_names) == data.X.shape[0]
    assert data.source
    assert repr(data).startswith(f"Dataset('{name}': X {data.X.shape}")
    if data.image_shape is not None:
        assert np.prod(data.image_shape) == data.X.shape[0]
        assert data.X.min() == 0
        assert data.X.max() == 1


@pytest.mark.parametrize("name", NAMED)
def test_loading_repeats_and_leaves_the_global_generator_alone(name):
    np.random.seed(7)
    before = np.random.get_state()[1].copy()
    first, second = load(name), load(name)
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    np.testing.assert_array_equal(first.X, second.X)
    np.testing.assert_array_equal(first.Y, second.Y)


@pytest.mark.parametrize("name", [row.name for row in NAMED.values() if row.seed is not None])
def test_a_seed_draws_another_set(name):
    own = load(name)
    np.testing.assert_array_equal(load(name, seed=NAMED[name].seed).X, own.X)
    assert not np.array_equal(load(name, seed=12).X, own.X)


def test_extra_sets_are_scikit_learns_with_the_notes_settings():
    from sklearn.datasets import make_blobs, make_circles, make_gaussian_quantiles, make_moons

    drawn = {
        "circles": make_circles(n_samples=200, factor=0.5, noise=0.3, random_state=1),
        "moons": make_moons(n_samples=200, noise=0.2, random_state=1),
        "blobs": make_blobs(n_samples=200, random_state=5, n_features=2, centers=6),
        "gaussian_quantiles": make_gaussian_quantiles(
            mean=None, cov=0.5, n_samples=200, n_features=2, n_classes=2, shuffle=True, random_state=1
        ),
    }
    for name, (X, y) in drawn.items():
        np.testing.assert_array_equal(load(name).X, X.T)
        np.testing.assert_array_equal(load(name).Y, (y % 2).reshape(1, -1))


def test_class_names_stand_beside_their_labels():
    from sklearn.datasets import load_breast_cancer, load_iris

    cancer = load("breast_cancer")
    assert cancer.classes == ("malignant", "benign")
    np.testing.assert_array_equal(cancer.Y[0], load_breast_cancer().target)
    iris = load("iris")
    assert iris.classes == ("setosa", "versicolor", "virginica")
    np.testing.assert_array_equal(iris.Y.argmax(axis=0), load_iris().target)
    assert load("digits").image_shape == (8, 8)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [("Flower", "flower"), ("gaussian-quantiles", "gaussian_quantiles"), ("noisy_moons", "moons")],
)
def test_other_spellings(spelling, name):
    assert load(spelling).name == name


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, True, "1"])
def test_a_seed_that_is_none(seed):
    with pytest.raises(DataError, match=r"expected a seed from 0 to .* received"):
        load("flower", seed=seed)


def test_a_seed_or_files_for_a_set_that_takes_none(tmp_path):
    with pytest.raises(DataError, match="'iris' is not drawn at random"):
        load("iris", seed=1)
    with pytest.raises(DataError, match="'flower' needs no files"):
        load("flower", data=tmp_path)


def test_a_data_set_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        load("flower").name = "rose"
    assert Dataset("a", np.ones((1, 1)), np.ones((1, 1))) != Dataset("a", np.ones((1, 1)), np.ones((1, 1)))


def test_the_flower_needs_no_heavy_library():
    code = (
        "import sys, ellayer.data; ellayer.data.load('flower');"
        "print([n for n in ('h5py', 'PIL', 'sklearn', 'jax', 'matplotlib', 'polars') if n in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
