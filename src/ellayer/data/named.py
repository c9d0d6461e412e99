"""The named data sets: points in the plane from the notes, and small ones of scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .dataset import Dataset, one_hot
from .errors import DataError
from .planar import PLANE, draw


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


def _plane(name: str) -> NamedSet:
    """Return the row of a generator of the plane, with its own size and noise."""
    row = PLANE[name]
    return NamedSet(name, lambda name, seed: draw(name, seed=seed), row.about, row.seed)


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
        *map(_plane, ("flower", "circles", "moons", "blobs", "gaussian_quantiles")),
        NamedSet("digits", _scikit_learn("load_digits", 16.0), "1797 handwritten digits of 8 x 8, ten classes"),
        NamedSet("iris", _scikit_learn("load_iris"), "150 flowers, 4 measures, three classes"),
        NamedSet("breast_cancer", _scikit_learn("load_breast_cancer"), "569 tumours, 30 measures, two classes"),
    )
}  # fmt: skip
