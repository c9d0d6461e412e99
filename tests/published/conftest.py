"""The notes' two data sets."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest


class Cats(NamedTuple):
    X_train: np.ndarray
    Y_train: np.ndarray
    X_test: np.ndarray
    Y_test: np.ndarray


@pytest.fixture(scope="session")
def cats(shared_data) -> Cats:
    """Return the notes' cat pictures, flattened as ``reshape(m, -1).T`` and divided by 255."""
    import h5py

    arrays = []
    for part in ("train", "test"):
        with h5py.File(shared_data / "cats" / f"{part}_catvnoncat.h5") as file:
            pictures, labels = file[f"{part}_set_x"][:], file[f"{part}_set_y"][:]
        arrays += [pictures.reshape(len(pictures), -1).T / 255.0, labels.reshape(1, -1)]
    return Cats(*arrays)


@pytest.fixture(scope="session")
def flower() -> tuple[np.ndarray, np.ndarray]:
    """Return the notes' flower: 400 points on petals r = 4 sin(4 t), with noise, from seed 1."""
    random = np.random.RandomState(1)
    points, labels = [], []
    for j in (0, 1):
        t = np.linspace(j * 3.12, (j + 1) * 3.12, 200) + random.randn(200) * 0.2
        r = 4 * np.sin(4 * t) + random.randn(200) * 0.2
        points.append(np.stack([r * np.sin(t), r * np.cos(t)]))
        labels.append(np.full((1, 200), j, np.uint8))
    return np.hstack(points), np.hstack(labels)
