"""Generators of points in the plane: those of the notes, and others for trying networks out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import suggest
from .dataset import Dataset, one_hot
from .errors import DataError

Points = tuple[np.ndarray, np.ndarray]  # rows (m, 2), and their classes or numbers (m,)
MOST_POINTS = 1_000_000


@dataclass(frozen=True)
class PlaneSet:
    """One row of the table of generators.

    Parameters
    ----------
    name : str
    points : callable
        ``points(size, noise, seed)`` returns the points and their classes or numbers.
    about : str
        One line for a list of the generators.
    classes : tuple of str
        Empty for numbers.
    size : int
        The default number of points.
    noise : float
        The default spread.
    seed : int
        The default seed.
    source : str
        The origin of the points.
    """

    name: str
    points: Callable[[int, float, int], Points]
    about: str
    classes: tuple[str, ...]
    size: int = 200
    noise: float = 0.1
    seed: int = 1
    source: str = ""


def draw(
    name: str, *, size: int | None = None, noise: float | None = None, seed: int | None = None
) -> Dataset:
    """Return points in the plane, drawn by a generator of the table.

    Parameters
    ----------
    name : str
        A key of ``PLANE``.
    size : int, optional
        Number of points, from 2 on; by default the row's own. A set of equal parts may have fewer by one.
    noise : float, optional
        Spread of the points, at least 0.
    seed : int, optional
        By default the row's own.

    Raises
    ------
    DataError
        For a name that is not in the table, and for numbers outside their range.

    Examples
    --------
    >>> draw("moons", size=40, noise=0.0).X.shape
    (2, 40)
    """
    if name not in PLANE:
        raise DataError(
            f"expected a generator of points ({', '.join(PLANE)}), received {name!r}; {suggest(str(name), PLANE)}"
        )
    row = PLANE[name]
    row = replace(
        row,
        size=_whole("size", row.size if size is None else size, 2, MOST_POINTS),
        seed=_whole("seed", row.seed if seed is None else seed, 0, 2**32 - 1),
        noise=_spread(row.noise if noise is None else noise),
    )
    X, values = row.points(row.size, row.noise, row.seed)
    Y = one_hot(values, len(row.classes)) if row.classes else values.reshape(1, -1).astype(np.float64)
    source = f"{row.source}, {len(X)} points, seed {row.seed}"
    return Dataset(name, X.T, Y, classes=row.classes, feature_names=("x1", "x2"), source=source)


def _whole(name: str, value: object, low: int, high: int) -> int:
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or not low <= value <= high:
        raise DataError(f"{name}: expected a whole number from {low:,} to {high:,}, received {value!r}")
    return int(value)


def _spread(value: object) -> float:
    if not isinstance(value, (int, float, np.number)) or isinstance(value, bool) or not 0 <= value < math.inf:
        raise DataError(f"noise: expected a number that is at least 0, received {value!r}")
    return float(value)


def _flower(size: int, noise: float, seed: int) -> Points:
    """Draw points on the petals r = 4 sin(4t), one class after the other, in the notes' order."""
    random = np.random.RandomState(seed)
    N, a = size // 2, 4
    X = np.zeros((2 * N, 2))
    for j in range(2):
        t = np.linspace(j * 3.12, (j + 1) * 3.12, N) + random.randn(N) * noise
        r = a * np.sin(4 * t) + random.randn(N) * noise
        X[N * j : N * (j + 1)] = np.c_[r * np.sin(t), r * np.cos(t)]
    return X, np.repeat([0, 1], N)


def _scikit_learn(function: str, noise: str, **settings: Any) -> Callable[[int, float, int], Points]:
    """Return the generator of one of scikit-learn's functions; ``noise`` is its argument for the spread."""

    def points(size: int, spread: float, seed: int) -> Points:
        import sklearn.datasets

        arguments = {noise: spread, **settings}
        X, labels = getattr(sklearn.datasets, function)(n_samples=size, random_state=seed, **arguments)
        return X, labels % 2

    return points


def _around(centres: np.ndarray, shares: list[float]) -> Callable[[int, float, int], Points]:
    """Return a generator of one cloud for each class, with a share of the points."""

    def points(size: int, noise: float, seed: int) -> Points:
        random = np.random.RandomState(seed)
        ends = np.round(np.cumsum(shares) * size).astype(int)
        labels = np.searchsorted(ends, np.arange(size), side="right")
        return centres[labels] + noise * random.randn(size, 2), labels

    return points


def _xor(size: int, noise: float, seed: int) -> Points:
    """Draw points of a square; their class is whether both coordinates have the same sign."""
    random = np.random.RandomState(seed)
    X = random.uniform(-1.0, 1.0, (size, 2))
    return X + noise * random.randn(size, 2), (X[:, 0] * X[:, 1] > 0).astype(int)


def _spirals(size: int, noise: float, seed: int) -> Points:
    """Draw two spirals around each other."""
    random = np.random.RandomState(seed)
    labels = np.arange(size) % 2
    r = np.sqrt(random.uniform(0.02, 1.0, size))
    angle = 3.5 * np.pi * r + np.pi * labels
    return np.c_[r * np.sin(angle), r * np.cos(angle)] + 0.1 * noise * random.randn(size, 2), labels


def _waves(size: int, noise: float, seed: int) -> Points:
    """Draw numbers sin(2 x1) cos(2 x2)."""
    random = np.random.RandomState(seed)
    X = random.uniform(-1.5, 1.5, (size, 2))
    return X, np.sin(2 * X[:, 0]) * np.cos(2 * X[:, 1]) + noise * random.randn(size)


def _slope(size: int, noise: float, seed: int) -> Points:
    """Draw numbers x1 - x2 / 2."""
    random = np.random.RandomState(seed)
    X = random.uniform(-1.5, 1.5, (size, 2))
    return X, X[:, 0] - X[:, 1] / 2 + noise * random.randn(size)


_TWO = np.array([[-1.0, -1.0], [1.0, 1.0]])
_FOUR = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])

PLANE: dict[str, PlaneSet] = {
    row.name: row
    for row in (
        PlaneSet("flower", _flower, "the notes' planar set: 400 points, two classes", ("red", "blue"), 400, 0.2,
                 source="the notes' planar set"),
        PlaneSet("circles", _scikit_learn("make_circles", "noise", factor=0.5),
                 "two noisy rings: 200 points, two classes", ("outer", "inner"), noise=0.3,
                 source="scikit-learn's make_circles"),
        PlaneSet("moons", _scikit_learn("make_moons", "noise"), "two noisy half moons: 200 points, two classes",
                 ("upper", "lower"), noise=0.2, source="scikit-learn's make_moons"),
        PlaneSet("blobs", _scikit_learn("make_blobs", "cluster_std", n_features=2, centers=6),
                 "six clouds in two classes: 200 points", ("even", "odd"), noise=1.0, seed=5,
                 source="scikit-learn's make_blobs"),
        PlaneSet("gaussian_quantiles", _scikit_learn("make_gaussian_quantiles", "cov", mean=None, n_features=2,
                 n_classes=2, shuffle=True), "a cloud within a cloud: 200 points, two classes",
                 ("inner", "outer"), noise=0.5, source="scikit-learn's make_gaussian_quantiles"),
        PlaneSet("two_clouds", _around(_TWO, [0.5, 0.5]), "two clouds that a line separates", ("left", "right"),
                 noise=0.5, source="two normal clouds"),
        PlaneSet("rare", _around(0.6 * _TWO, [0.95, 0.05]), "one point in twenty belongs to the second class",
                 ("usual", "rare"), size=400, noise=0.5, source="two normal clouds of 95 % and 5 %"),
        PlaneSet("four_clouds", _around(_FOUR, [0.25] * 4), "four clouds, four classes",
                 ("south-west", "south-east", "north-east", "north-west"), noise=0.4, source="four normal clouds"),
        PlaneSet("xor", _xor, "a square in four parts, two classes", ("different signs", "same sign"), noise=0.05,
                 source="a square in four parts"),
        PlaneSet("spirals", _spirals, "two spirals, two classes", ("first", "second"), size=400, noise=0.3,
                 source="two spirals"),
        PlaneSet("waves", _waves, "numbers: sin(2 x1) cos(2 x2)", (), size=400, source="sin(2 x1) cos(2 x2)"),
        PlaneSet("slope", _slope, "numbers on a plane: x1 - x2 / 2", (), source="x1 - x2 / 2"),
    )
}  # fmt: skip
