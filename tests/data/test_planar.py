"""The generators of the plane: their sizes, noise and seeds, and the named sets that they draw."""

from __future__ import annotations

import numpy as np
import pytest

from ellayer.data import NAMED, PLANE, DataError, draw, load


@pytest.mark.parametrize("name", PLANE)
def test_a_generator_takes_size_noise_and_seed(name):
    row = PLANE[name]
    own = draw(name)
    assert own.X.shape == (2, row.size)
    assert own.Y.shape == (len(row.classes) if len(row.classes) > 2 else 1, row.size)
    assert own.classes == row.classes
    np.testing.assert_array_equal(own.X, draw(name, size=row.size, noise=row.noise, seed=row.seed).X)
    assert not np.array_equal(own.X, draw(name, seed=row.seed + 7).X)
    small, still = draw(name, size=40), draw(name, size=40, noise=0.0)
    assert small.X.shape == still.X.shape == (2, 40)
    assert np.isfinite(still.X).all()
    if name in NAMED:
        np.testing.assert_array_equal(load(name).X, own.X)
        np.testing.assert_array_equal(load(name).Y, own.Y)


def test_noise_spreads_the_points():
    spread = [draw("two_clouds", noise=noise).X[0, :100].std() for noise in (0.0, 0.1, 1.0)]
    assert spread[0] == 0
    assert spread == sorted(spread)


def test_one_point_in_twenty_is_rare():
    assert draw("rare").Y.mean() == 0.05


@pytest.mark.parametrize("arguments", [
    {"name": "roses"}, {"name": "moons", "size": 1}, {"name": "moons", "size": 2.0}, {"name": "moons", "noise": -1},
    {"name": "moons", "noise": float("nan")}, {"name": "moons", "seed": -1}, {"name": "moons", "seed": True},
])  # fmt: skip
def test_other_values_are_refused(arguments):
    with pytest.raises(DataError, match="expected"):
        draw(**arguments)
