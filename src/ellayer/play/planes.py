"""The plane that a page draws: two features of the examples, and the inputs of the network for each of its points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from ..tables.column_encoder import output_columns
from ..tables.columns import Column, as_texts
from ..tables.fitted_encoders import FittedEncoders
from .errors import StateError

MARGIN = 0.08  # of the picture around the points
MOST_LEVELS = 12  # of a category that can be an axis
DAYS = np.timedelta64(1, "D")


class Plane(Protocol):
    """A picture of the examples."""

    @property
    def names(self) -> tuple[str, str]:
        """The two features."""

    @property
    def places(self) -> np.ndarray:
        """The points of the training and then of the test examples, (2, m), in the units of the source."""

    def points(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Return the inputs of the network (n_x, len(b) * len(a)) on a grid, row by row; other features are typical."""


def bounds(plane: Plane) -> np.ndarray:
    """Return the limits of the picture, [[lower, upper]] of each axis in the units of the source."""
    low, high = plane.places.min(axis=1), plane.places.max(axis=1)
    margin = MARGIN * np.where(high > low, high - low, 1.0)
    return np.stack([low - margin, high + margin], axis=1)


def grid(plane: Plane, size: int) -> np.ndarray:
    """Return the inputs of the network on a square grid over the picture, (n_x, size * size), the top row first."""
    (left, right), (low, high) = bounds(plane)
    return plane.points(np.linspace(left, right, size), np.linspace(high, low, size))


@dataclass(frozen=True)
class NumberPlane:
    """Two rows of X; the others are at their mean.

    Attributes
    ----------
    names : (str, str)
    axes : tuple of int
    X, X_test : array, shape (n_x, m)
    center, spread : array, shape (n_x, 1)
        X = (x - center) / spread, for x in the units of the source.
    """

    names: tuple[str, str]
    axes: tuple[int, int]
    X: np.ndarray
    X_test: np.ndarray
    center: np.ndarray
    spread: np.ndarray

    @cached_property
    def places(self) -> np.ndarray:
        """The points of the examples."""
        rows = list(self.axes)
        X = np.hstack([self.X[rows], self.X_test[rows]])
        return np.asarray(X * self.spread[rows] + self.center[rows])

    def points(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Return the inputs of the network on a grid."""
        A, B = np.meshgrid(a, b)
        X = np.repeat(self.X.mean(axis=1, keepdims=True), A.size, axis=1)
        rows = list(self.axes)
        X[rows] = (np.stack([A.ravel(), B.ravel()]) - self.center[rows]) / self.spread[rows]
        return X


@dataclass(frozen=True)
class Axis:
    """A column of a table as an axis: numbers, days since 1970, or the numbers of levels.

    Attributes
    ----------
    column : Column
    levels : list of str
        Of a category or a truth value; empty for others.
    """

    column: Column
    levels: tuple[str, ...]

    def numbers(self, values: np.ndarray) -> np.ndarray:
        """Return values of the column as places on the axis; nan where missing."""
        if self.levels:
            place = {level: float(k) for k, level in enumerate(self.levels)}
            return np.array([place.get(text or "", np.nan) for text in as_texts(values).tolist()])
        if values.dtype.kind == "M":
            return np.asarray((values - np.datetime64(0, "D")) / DAYS, np.float64)
        return values.astype(np.float64)

    def values(self, numbers: np.ndarray) -> np.ndarray:
        """Return places on the axis as values of the column; between two levels the nearer one."""
        if self.levels:
            nearest = np.clip(np.round(numbers), 0, len(self.levels) - 1).astype(int)
            texts = as_texts(self.column.values).tolist()
            first = [texts.index(level) for level in self.levels]
            return self.column.values[np.array(first)[nearest]]
        if self.column.values.dtype.kind == "M":
            return np.datetime64(0, "us") + (numbers * 86_400e6).astype("timedelta64[us]")
        return numbers

    @property
    def note(self) -> str:
        """Type in which the axis is read; "" for numbers."""
        if self.levels:
            return f"{self.column.name} is drawn by number: " + ", ".join(
                f"{k} {level}" for k, level in enumerate(self.levels)
            )
        return (
            f"{self.column.name} is drawn in days since 1970" if self.column.values.dtype.kind == "M" else ""
        )


def table_axes(columns: Sequence[Column], encoders: FittedEncoders) -> dict[str, Axis]:
    """Return the columns of a table that can be an axis, numbers first: those that the network uses, but for free text."""
    axes = [
        axis
        for column, encoder in zip(columns, encoders.columns_, strict=True)
        if any(encoder.names()) and (axis := _axis(column, encoder.reads)) is not None
    ]
    return {axis.column.name: axis for axis in sorted(axes, key=lambda axis: bool(axis.levels))}


def _axis(column: Column, reads: str) -> Axis | None:
    kind = column.values.dtype.kind
    if (kind, reads) in (("f", "number"), ("M", "days")):
        return Axis(column, ()) if (~np.isnan(column.values)).any() else None
    texts = sorted({text for text in as_texts(column.values).tolist() if text is not None})
    return Axis(column, tuple(texts)) if 2 <= len(texts) <= MOST_LEVELS else None


@dataclass(frozen=True)
class TablePlane:
    """Two columns of a table; the others are typical: the median, or the most frequent value.

    Attributes
    ----------
    encoders : FittedEncoders
        From the columns to the inputs of the network.
    columns : sequence of Column
        Of the training and then of the test rows, in the order of the encoders.
    axes : (Axis, Axis)
    center, spread : array, shape (n_x, 1)
        X = (encoded - center) / spread.
    """

    encoders: FittedEncoders
    columns: Sequence[Column]
    axes: tuple[Axis, Axis]
    center: np.ndarray
    spread: np.ndarray

    @property
    def names(self) -> tuple[str, str]:
        """The two columns."""
        return self.axes[0].column.name, self.axes[1].column.name

    @property
    def notes(self) -> list[str]:
        """Types in which the axes are read."""
        return [axis.note for axis in self.axes if axis.note]

    @cached_property
    def places(self) -> np.ndarray:
        """The points of the examples; a missing value is drawn at the typical one."""
        return np.stack([self._places(axis) for axis in self.axes])

    def _places(self, axis: Axis) -> np.ndarray:
        numbers = axis.numbers(axis.column.values)
        typical = axis.numbers(_typical(axis.column))
        return np.where(np.isfinite(numbers), numbers, typical)

    def points(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Return the inputs of the network on a grid; each column has inputs of its own."""
        typical = [Column(one.name, _typical(one), one.declared) for one in self.columns]
        X = np.repeat(_encode(self.encoders, typical)[:, :, None], len(b), axis=1)
        X = np.repeat(X, len(a), axis=2)
        owners = np.array(output_columns(self.encoders.columns_))
        names = [one.name for one in self.columns]
        for axis, numbers in zip(self.axes, (a, b), strict=True):
            place = names.index(axis.column.name)
            column = Column(axis.column.name, axis.values(numbers), axis.column.declared)
            inputs = _encode(self.encoders.of_column(place), [column])
            X[owners == place] = inputs[:, None, :] if axis is self.axes[0] else inputs[:, :, None]
        return np.asarray((X.reshape(len(X), -1) - self.center) / self.spread)


def _encode(encoders: FittedEncoders, table: list[Column]) -> np.ndarray:
    """Return the inputs (n_x, m) of some rows."""
    return encoders.transform_columns(table, warn=False, warn_of_levels=False).T


def _typical(column: Column) -> np.ndarray:
    """Return the median of numbers and dates, or the most frequent value, as an array of one."""
    values = column.values
    if values.dtype.kind in "fM":
        present = np.sort(values[~np.isnan(values)])
        return present[(len(present) - 1) // 2 :][:1] if len(present) else values[:1]
    texts = as_texts(values)
    most = Counter(text for text in texts.tolist() if text is not None).most_common(1)
    return values[texts == most[0][0]][:1] if most else values[:1]


def choose_axes(names: Sequence[str], wish: Sequence[str]) -> tuple[str, str]:
    """Return two features by their names, by default the first two.

    Raises
    ------
    StateError
    """
    unknown = [name for name in wish if name not in names]
    if unknown:
        raise StateError("data.axes", f"axes: expected names of features, received {unknown[0][:50]!r}")
    first, second = wish or names[:2]
    return first, second
