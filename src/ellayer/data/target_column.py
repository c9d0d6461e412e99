"""The target of a table: found by name or place, split off the columns, rows without it dropped."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import numpy as np

from .errors import DataError
from .files import listed
from .text.cells import MISSING
from .wording import pluralize

if TYPE_CHECKING:
    import polars as pl

_NO_LABEL = MISSING - {"none"}  # among labels "None" is as a rule one of them


def find_column(target: str | int, names: list[str], where: str, role: str = "target") -> str:
    """Return the name of the target column, or of another that is named by an option.

    Parameters
    ----------
    target : str or int
        A name, or a place from 0 (from the end if negative), as a number or as text.
    names : list of str
    where : str
        The file, for the message.
    role : str
        The option, for the message.

    Raises
    ------
    DataError
        No such column; the message holds near names.

    Examples
    --------
    >>> find_column("b", ["a", "b"], "t.csv"), find_column(-1, ["a", "b"], "t.csv")
    ('b', 'b')
    """
    if isinstance(target, str) and target in names:
        return target
    text = str(target).strip()
    if not isinstance(target, bool) and text.removeprefix("-").isdecimal():
        place = int(text)
        if not -len(names) <= place < len(names):
            raise DataError(
                f"{role}: expected a column from 0 to {len(names) - 1} (or -1 for the last) of {where}, received {place}"
            )
        return names[place]
    by_lower = {name.strip().lower(): name for name in names}
    near = [by_lower[name] for name in difflib.get_close_matches(text.lower(), by_lower, n=3, cutoff=0.6)]
    advice = f"did you mean {' or '.join(map(repr, near))}?" if near else f"the columns are {listed(names)}"
    raise DataError(f"{role}: expected a column of {where}, received {target!r}; {advice}")


def take_target(
    frame: pl.DataFrame, name: str, where: str, notes: list[str]
) -> tuple[pl.DataFrame, np.ndarray]:
    """Return the other columns and the target, without the rows that have no target.

    Parameters
    ----------
    frame : polars.DataFrame
    name : str
        Of a column of it.
    where : str
        The file, for the message.
    notes : list of str
        Gets a note of how many rows were dropped.

    Returns
    -------
    frame : polars.DataFrame
    y : ndarray, shape (m,)
        bool, int64, float64, or object (text).

    Raises
    ------
    DataError
        No row has a target, or no column is left beside it.
    """
    if frame.width < 2:
        raise DataError(
            f"expected columns besides the target {name!r} in {where}, received that column alone; if several values "
            f"stand in a line, name the delimiter between them"
        )
    rest, y = split_target(frame, name)
    count = len(frame) - len(rest)
    if count == len(frame):
        raise DataError(
            f"target: expected values in {name!r} of {where}, but all {count} are missing; name another"
        )
    if count:
        notes.append(dropped_note(count, name, len(frame)))
    return rest, y


def dropped_note(count: int, name: str, rows: int | None = None) -> str:
    """Return the note about rows that were dropped because they have no target.

    Examples
    --------
    >>> dropped_note(3, "y"), dropped_note(1, "y", 10)
    ('3 rows have no target (y); dropped', '1 of 10 rows has no target (y); dropped')
    """
    verb = "has" if count == 1 else "have"
    subject = pluralize(count, "row") if rows is None else f"{count:,} of {pluralize(rows, 'row')}"
    return f"{subject} {verb} no target ({name}); dropped"


def split_target(frame: pl.DataFrame, name: str) -> tuple[pl.DataFrame, np.ndarray]:
    """Return the other columns and the target of the rows that have one.

    Parameters
    ----------
    frame : polars.DataFrame
    name : str
        Of a column of it.

    Returns
    -------
    frame : polars.DataFrame
    y : ndarray, shape (m,)
        bool, int64, float64, or object (text).
    """
    import polars as pl

    column = frame[name]
    if column.dtype.is_float():
        missing = column.is_null() | column.is_nan()
    elif column.dtype in (pl.String, pl.Categorical, pl.Enum):
        column = column.cast(pl.String).str.strip_chars()
        missing = column.is_null() | column.str.to_lowercase().is_in(list(_NO_LABEL))
    else:
        missing = column.is_null()
    present = ~missing.fill_null(True)
    return frame.filter(present).drop(name), _values(column.filter(present))


def _values(column: pl.Series) -> np.ndarray:
    import polars as pl

    if column.dtype.is_integer() and column.dtype != pl.UInt64:
        return column.cast(pl.Int64).to_numpy()
    if column.dtype.is_numeric():
        return column.cast(pl.Float64).to_numpy()
    if column.dtype == pl.Boolean:
        return column.to_numpy()
    return np.array([*column.cast(pl.String).to_list(), None], dtype=object)[:-1]
