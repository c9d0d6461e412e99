"""Small real data, scaled, and the two classes side by side."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris


@pytest.fixture(scope="session")
def iris():
    X, y = load_iris(return_X_y=True)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


@pytest.fixture(scope="session")
def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


@pytest.fixture(scope="session")
def line():
    """Three numbers that follow from five inputs."""
    random = np.random.RandomState(0)
    X = random.randn(120, 5)
    return X, np.tanh(X @ random.randn(5, 3)) + 0.1 * random.randn(120, 3)
