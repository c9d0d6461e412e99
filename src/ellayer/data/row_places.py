"""Places of the rows of a table in its file: lines of a text, rows of another table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, eq=False)
class RowPlaces:
    """The places of rows in their file, or in one of several files.

    Attributes
    ----------
    numbers : ndarray of int, shape (m,)
        From 1: the line on which a row begins, the header included; or the row below the header.
    noun : str
        "line" or "row".
    files : sequence of str
        The names of several files; empty for one.
    file : ndarray of int, shape (m,), or None
        The place of each row's file among ``files``.
    """

    numbers: np.ndarray
    noun: str = "row"
    files: Sequence[str] = ()
    file: np.ndarray | None = None

    def take(self, rows: np.ndarray) -> RowPlaces:
        """Return the places of some rows, by index or mask."""
        return replace(self, numbers=self.numbers[rows], file=None if self.file is None else self.file[rows])

    def names(self) -> list[str]:
        """Return the place of each row as text.

        Examples
        --------
        >>> RowPlaces(np.array([2, 5]), "line", ["a.csv", "b.csv"], np.array([0, 1])).names()
        ['a.csv, line 2', 'b.csv, line 5']
        """
        names = [f"{self.noun} {number:,}" for number in self.numbers.tolist()]
        if self.file is None:
            return names
        return [f"{self.files[k]}, {name}" for k, name in zip(self.file.tolist(), names, strict=True)]


def rows_from_one(m: int) -> RowPlaces:
    """Return the places of the m rows of a table that is no text."""
    return RowPlaces(np.arange(1, m + 1))


def of_several_files(names: Sequence[str], parts: Sequence[RowPlaces]) -> RowPlaces:
    """Return the places of the rows of several files, one after another.

    Parameters
    ----------
    names : sequence of str
    parts : sequence of RowPlaces
    """
    numbers = np.concatenate([part.numbers for part in parts])
    file = np.repeat(np.arange(len(parts)), [len(part.numbers) for part in parts])
    return RowPlaces(numbers, parts[0].noun, names, file)
