"""Columns and targets coded as integers, one for each distinct value, for the survey."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .columns import Column
from .kinds import ColumnKind


@dataclass(frozen=True, eq=False)
class CodedColumn:
    """A column and its kind, with integer codes for its values.

    Attributes
    ----------
    column : Column
    kind, note : str
    codes : ndarray of int64, shape (m,)
        0 .. levels - 1; missing values have the last code.
    levels : list
        The distinct values that occur.
    counts : ndarray of int64
        How often each occurs.
    """

    column: Column
    kind: str
    note: str
    codes: np.ndarray
    levels: list[Any]
    counts: np.ndarray

    @property
    def name(self) -> str:
        """The column's name."""
        return self.column.name

    @property
    def values(self) -> np.ndarray:
        """The column's values, shape (m,)."""
        return self.column.values

    @property
    def has_floats(self) -> bool:
        """Whether the values are numbers."""
        return self.values.dtype.kind == "f"

    @property
    def distinct(self) -> int:
        """The number of distinct values."""
        return len(self.levels)

    @cached_property
    def gaps(self) -> np.ndarray:
        """Mask of the missing values, shape (m,)."""
        return np.equal(self.codes, self.distinct)

    @cached_property
    def numbers(self) -> np.ndarray:
        """The finite numbers of a numeric column, in order of their rows."""
        values = self.values.astype(np.float64)
        return values[np.isfinite(values)]


def code_column(column: Column, kind: ColumnKind) -> CodedColumn:
    """Return a column with integer codes for its values.

    Examples
    --------
    >>> town = code_column(Column("town", np.array(["b", None, "b", "a"], dtype=object)), ColumnKind("categorical"))
    >>> town.codes.tolist(), town.levels, town.counts.tolist()
    ([0, 2, 0, 1], ['b', 'a'], [2, 1])
    """
    codes, levels = factorize(column.values)
    counts = np.bincount(codes, minlength=len(levels))[: len(levels)]
    return CodedColumn(column, kind.kind, kind.note, codes, levels, counts)


def factorize(values: np.ndarray) -> tuple[np.ndarray, list[Any]]:
    """Return the code of each value and the distinct values; None, nan and NaT get the last code.

    Parameters
    ----------
    values : ndarray, shape (m,)
        float64, int64, bool, datetime64, or objects that are text or None.
    """
    if values.dtype.kind == "O":
        places: dict[Any, int] = {}
        codes = np.array(
            [-1 if v is None else places.setdefault(v, len(places)) for v in values.tolist()], np.int64
        )
        return np.where(codes < 0, len(places), codes), list(places)
    different, codes = np.unique(values, return_inverse=True)
    nothing = int(different.dtype.kind in "fM" and len(different) > 0 and different[-1] != different[-1])
    return codes.astype(np.int64), different[: len(different) - nothing].tolist()


def count_pairs(a: np.ndarray, b: np.ndarray) -> int:
    """Return the number of distinct pairs of two codings: equal to the levels of one if it determines the other.

    Examples
    --------
    >>> count_pairs(np.array([0, 1, 1, 2]), np.array([0, 1, 1, 1]))
    3
    """
    return len(np.unique(a * (int(b.max(initial=0)) + 1) + b))


def share(part: int | float, whole: int) -> str:
    """Return a fraction as a percentage.

    Examples
    --------
    >>> share(687, 891), share(96, 1000), share(1, 32561)
    ('77%', '10%', '0.003%')
    """
    percent = 100 * part / whole
    return f"{percent:.0f}%" if percent >= 1 or percent == 0 else f"{percent:.1g}%"
