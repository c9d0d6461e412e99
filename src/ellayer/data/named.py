"""The named data sets: points in the plane from the notes, and small ones of scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .dataset import Dataset, one_hot
from .errors import DataError


@dataclass(frozen=True)
class NamedSet:
    """One row of the table of named sets.

    Parameters
    ----------
    name : str
    make : callable
        ``make(name, seed)`` returns the Dataset.
    about : str
        One line for a list of the sets.
    seed : int, optional
        The default seed; None if the data set is not random.
    """

    name: str
    make: Callable[[str, int], Dataset]
    about: str
    seed: int | None = None


def load_named(name: str, seed: int | None = None) -> Dataset:
    """Return a set of the table.

    Parameters
    ----------
    name : str
        A key of ``NAMED``.
    seed : int, optional
        For the drawn ones; the row's own by default.

    Raises
    ------
    DataError
        A seed for a set that is not drawn, or one that is not an integer from 0 to 2^32 - 1.

    Examples
    --------
    >>> load_named("flower")
    Dataset('flower': X (2, 400), Y (1, 400); classes red, blue)
    """
    row = NAMED[name]
    if seed is None:
        return row.make(name, row.seed or 0)
    if row.seed is None:
        raise DataError(f"the set {name!r} is not drawn at random: expected no seed, received {seed!r}")
    whole = isinstance(seed, (int, np.integer)) and not isinstance(seed, bool)
    if not whole or not 0 <= seed < 2**32:
        raise DataError(f"expected a seed from 0 to 2^32 - 1, received {seed!r}; try {row.seed}")
    return row.make(name, int(seed))


def _flower(name: str, seed: int) -> Dataset:
    """Draw the notes' planar set: 400 points on the petals r = 4 sin(4t), in the notes' order."""
    random = np.random.RandomState(seed)
    N, a = 200, 4
    X = np.zeros((2 * N, 2))
    for j in range(2):
        t = np.linspace(j * 3.12, (j + 1) * 3.12, N) + random.randn(N) * 0.2
        r = a * np.sin(4 * t) + random.randn(N) * 0.2
        X[N * j : N * (j + 1)] = np.c_[r * np.sin(t), r * np.cos(t)]
    labels = np.repeat([0, 1], N)
    return _planar(name, X, labels, ("red", "blue"), f"the notes' planar set, 400 points, seed {seed}")


def _extra(function: str, classes: tuple[str, str], **settings: Any) -> Callable[[str, int], Dataset]:
    """Return the maker of one of the notes' extra sets: 200 points of a scikit-learn generator."""

    def make(name: str, seed: int) -> Dataset:
        import sklearn.datasets

        X, labels = getattr(sklearn.datasets, function)(n_samples=200, random_state=seed, **settings)
        return _planar(name, X, labels % 2, classes, f"scikit-learn's {function}, 200 points, seed {seed}")

    return make


def _planar(name: str, X: np.ndarray, labels: np.ndarray, classes: tuple[str, str], source: str) -> Dataset:
    return Dataset(name, X.T, one_hot(labels, 2), classes=classes, feature_names=("x1", "x2"), source=source)


def _scikit_learn(function: str, divisor: float = 1.0) -> Callable[[str, int], Dataset]:
    """Return the maker of one of scikit-learn's own sets."""

    def make(name: str, seed: int) -> Dataset:
        import sklearn.datasets

        bunch = getattr(sklearn.datasets, function)()
        images = getattr(bunch, "images", None)
        return Dataset(
            name,
            (np.asarray(bunch.data, np.float64) / divisor).T,
            one_hot(bunch.target, len(bunch.target_names)),
            classes=tuple(str(label) for label in bunch.target_names),
            feature_names=tuple(str(feature) for feature in bunch.feature_names),
            image_shape=None if images is None else images.shape[1:],
            source=f"scikit-learn's {function}" + (f", divided by {divisor:g}" if divisor != 1 else ""),
        )

    return make


NAMED: dict[str, NamedSet] = {
    row.name: row
    for row in (
        NamedSet("flower", _flower, "the notes' planar set: 400 points, two classes", seed=1),
        NamedSet("circles", _extra("make_circles", ("outer", "inner"), factor=0.5, noise=0.3),
                 "two noisy rings: 200 points, two classes", seed=1),
        NamedSet("moons", _extra("make_moons", ("upper", "lower"), noise=0.2),
                 "two noisy half moons: 200 points, two classes", seed=1),
        NamedSet("blobs", _extra("make_blobs", ("even", "odd"), n_features=2, centers=6),
                 "six clouds in two classes: 200 points", seed=5),
        NamedSet("gaussian_quantiles", _extra("make_gaussian_quantiles", ("inner", "outer"), mean=None,
                 cov=0.5, n_features=2, n_classes=2, shuffle=True),
                 "a cloud within a cloud: 200 points, two classes", seed=1),
        NamedSet("digits", _scikit_learn("load_digits", 16.0), "1797 handwritten digits of 8 x 8, ten classes"),
        NamedSet("iris", _scikit_learn("load_iris"), "150 flowers, 4 measures, three classes"),
        NamedSet("breast_cancer", _scikit_learn("load_breast_cancer"), "569 tumours, 30 measures, two classes"),
    )
}  # fmt: skip
