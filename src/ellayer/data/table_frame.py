"""A table as it comes from a file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from .._wording import quoted_list
from .errors import DataError
from .row_places import RowPlaces


@dataclass(frozen=True, eq=False)
class TableFrame:
    """The columns of a file.

    Attributes
    ----------
    frame : polars.DataFrame
    reading : dict
        How the file was read, as plain JSON.
    notes : list of str
    raw : polars.DataFrame or None
        The columns as they stand in the file: texts of a text, if an earlier file's schema is followed.
    names : list of str, or None
        Of all columns of the file, if some are ignored of the frame.
    y : ndarray, shape (m,), or None
        The targets, if the file keeps them apart.
    target : str or None
        Their name.
    places : RowPlaces or None
        Where the rows stand in the file; None if each is one further from 1.
    """

    frame: pl.DataFrame
    reading: dict[str, Any]
    notes: list[str]
    y: np.ndarray | None = None
    target: str | None = None
    raw: pl.DataFrame | None = None
    names: list[str] | None = None
    places: RowPlaces | None = None


def check_names(names: list[str], where: str) -> None:
    """Refuse names that occur twice, and those that polars treats as a pattern of names, ``^...$``.

    Raises
    ------
    DataError
        With the names and their places.
    """
    pattern = next((name for name in names if name[:1] == "^" and name[-1:] == "$"), None)
    if pattern:
        raise DataError(
            f"expected names of columns in {where}, received {pattern!r}, which the library that reads tables treats as a "
            f"pattern, since it begins with ^ and ends with $; rename the column"
        )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        places = [str(j + 1) for j, name in enumerate(names) if name == twice[0]]
        raise DataError(
            f"expected columns of different names in {where}, received {quoted_list(twice)} more than once (columns "
            f"{', '.join(places[:5])}); rename them"
        )
