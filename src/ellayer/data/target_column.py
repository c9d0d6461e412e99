"""The target of a table: found by name or place, split off the columns, rows without it dropped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from .._wording import pluralize
from ..errors import suggest
from .errors import DataError
from .files import name_list

FEW_ROWS = 5  # rows in a note


def find_column(
    target: str | int, names: list[str], where: str, role: str = "target", noun: str = "column"
) -> str:
    """Return the name of the target column, or of another column or sheet that is named by an option.

    Parameters
    ----------
    target : str or int
        A name, or a place from 0 (from the end if negative), as a number or as text.
    names : list of str
    where : str
        The file, for the message.
    role, noun : str
        The option and what it names, for the message.

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
                f"{role}: expected a {noun} from 0 to {len(names) - 1} (or -1 for the last) of {where}, received {place}"
            )
        return names[place]
    raise unknown_column(role, target, names, where, noun)


def unknown_column(
    role: str, name: object, names: Sequence[str], where: str, noun: str = "column"
) -> DataError:
    """Return the error for the name of a missing column or sheet, with similar names."""
    advice = suggest(str(name).strip(), names, f"the {noun}s are {name_list(names)}")
    return DataError(f"{role}: expected a {noun} of {where}, received {name!r}; {advice}")


def take_target(
    frame: pl.DataFrame, name: str, where: str, notes: list[str]
) -> tuple[pl.DataFrame, np.ndarray, pl.Series]:
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
    present : polars.Series
        Which rows have a target.

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
    rest, y, present = split_target(frame, name)
    rows = (~present).arg_true()
    if len(rows) == len(frame):
        raise DataError(
            f"target: expected values in {name!r} of {where}, but all {len(rows)} are missing; name another"
        )
    if len(rows):
        notes.append(dropped_note(len(rows), rows.to_list(), name))
    return rest, y, present


def dropped_note(count: int, rows: Sequence[int], name: str) -> str:
    """Return the note about rows that were dropped because they have no target.

    Parameters
    ----------
    count : int
    rows : sequence of int
        The numbers of the first of them, from 0.
    name : str
        Of the target.

    Examples
    --------
    >>> dropped_note(1, [4], "y"), dropped_note(9, [0, 3, 4, 5, 6, 7], "y")
    ('1 row has no target (y; row 4, counted from 0); dropped', '9 rows have no target (y; rows 0, 3, 4, 5, 6, ..., counted from 0); dropped')
    """
    numbers = ", ".join(map(str, rows[:FEW_ROWS])) + (", ..." if count > FEW_ROWS else "")
    verb, noun = ("has", "row") if count == 1 else ("have", "rows")
    return f"{pluralize(count, 'row')} {verb} no target ({name}; {noun} {numbers}, counted from 0); dropped"


def split_target(frame: pl.DataFrame, name: str) -> tuple[pl.DataFrame, np.ndarray, pl.Series]:
    """Return the other columns and the target of the rows that have one, and which these are.

    Parameters
    ----------
    frame : polars.DataFrame
        In the types of its schema: a missing value is null.
    name : str
        Of a column of it.

    Returns
    -------
    frame : polars.DataFrame
    y : ndarray, shape (m,)
        bool, int64, float64, or object (text).
    present : polars.Series
    """
    column = frame[name]
    present = column.is_not_null()
    if column.dtype.is_float():
        present &= column.is_not_nan().fill_null(False)
    elif column.dtype in (pl.Categorical, pl.Enum):
        present &= (column.cast(pl.String).str.strip_chars() != "").fill_null(False)
    features = [other for other in frame.columns if other != name]  # drop("*") would drop all
    return frame.filter(present)[features], _values(column.filter(present)), present


def _values(column: pl.Series) -> np.ndarray:
    if column.dtype.is_integer() and column.dtype != pl.UInt64:
        return column.cast(pl.Int64).to_numpy()
    if column.dtype.is_numeric():
        return column.cast(pl.Float64).to_numpy()
    if column.dtype == pl.Boolean:
        return column.to_numpy()
    return np.array([*column.cast(pl.String).to_list(), None], dtype=object)[:-1]
