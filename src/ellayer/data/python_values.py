"""Columns of values that a library returns as Python objects: JSON records and rows of SQLite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from .._wording import quoted_list
from .errors import DataError
from .memory import check_size

_VALUE_BYTES = 40  # that a Python value takes in a list
_MOST_WHOLE = 2**63


def check_value_memory(count: int, content: str) -> None:
    """Refuse Python values that do not fit into the machine's memory.

    Raises
    ------
    DataError
    """
    check_size(_VALUE_BYTES * count, f"of values in {content}")


def frame_of_values(columns: Mapping[str, Sequence[object]], where: str) -> tuple[pl.DataFrame, list[str]]:
    """Return columns of Python values as a frame, and notes.

    Integers become Int64, numbers Float64, truth values Boolean. A column that mixes texts with others
    becomes text.

    Parameters
    ----------
    columns : mapping
        Name -> values: text, numbers, truth values, or None.
    where : str
        The file, for the message.

    Raises
    ------
    DataError
        For values that are bytes, lists or records.

    Examples
    --------
    >>> frame, notes = frame_of_values({"a": [1, None], "b": [True, "x"]}, "t.json")
    >>> frame.rows(), notes
    ([(1, 'true'), (None, 'x')], ["column 'b' mixes texts with other values; read as text"])
    """
    types = {name: set(map(type, values)) - {type(None)} for name, values in columns.items()}
    nested = [name for name, kinds in types.items() if not kinds <= {str, bool, int, float}]
    if nested:
        strange = next(
            v for v in columns[nested[0]] if v is not None and type(v) not in (str, bool, int, float)
        )
        kind = {"dict": "a record", "list": "a list", "bytes": "bytes"}[type(strange).__name__]
        raise DataError(
            f"expected columns of numbers, texts or truth values in {where}, received {kind} in {quoted_list(nested)}; "
            f"take them apart into columns of their own, or leave them out"
        )
    frame = pl.DataFrame([_series(name, columns[name], types[name]) for name in columns])
    mixed = [name for name, kinds in types.items() if len(kinds) > 1 and not kinds <= {int, float}]
    notes = [f"column {name!r} mixes texts with other values; read as text" for name in mixed]
    return frame, notes


def _series(name: str, values: Sequence[object], types: set[type]) -> pl.Series:
    if types == {bool}:
        return pl.Series(name, values, pl.Boolean)
    whole = [value for value in values if isinstance(value, int)]
    if types == {int} and min(whole) >= -_MOST_WHOLE and max(whole) < _MOST_WHOLE:
        return pl.Series(name, values, pl.Int64)
    if float in types and types <= {int, float} and max(map(abs, whole), default=0) < _MOST_WHOLE:
        numbers = [float(value) if isinstance(value, (int, float)) else None for value in values]
        return pl.Series(name, numbers, pl.Float64).fill_nan(None)
    return pl.Series(name, [None if v is None else _text(v) for v in values], pl.String)


def _text(value: object) -> str:
    """Return a value as JSON and CSV spell it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
