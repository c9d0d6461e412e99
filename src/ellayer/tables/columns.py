"""The columns of a table: read from any frame or array, and converted to other types."""

from __future__ import annotations

import datetime
import decimal
import math
import numbers
import os
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import NoneType
from typing import Any, TypeAlias

import narwhals as nw
import numpy as np

from .._wording import pluralize, quoted_list
from ..data.memory import available_memory, bytes_text
from ..data.text.cells import EXACT, MISSING, TRUTH_WORDS, number_text
from ..data.text.dates import parse_dates
from ..errors import EllayerError

# A frame, or an array or sparse matrix of shape (m, n), which ``read_table`` checks
TableLike: TypeAlias = object
BOOLEANS = {word: truth for word, truth in TRUTH_WORDS.items() if "." not in word}
_NO_VALUE = ("NoneType", "NAType", "NaTType")  # types of Python and pandas
_LEVEL_TYPES = ("Interval", "Period")  # of pandas, as its cut and period columns have them


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name : str
    values : ndarray, shape (m,)
        float64 (nan is missing), bool, datetime64[us] (NaT is missing), or objects that are text or None.
    declared : str or None
        The kind by the type of the frame's column.
    """

    name: str
    values: np.ndarray
    declared: str | None = None


class ReadColumns(list[Column]):
    """Columns in the order of a fit that have already been read, in place of a table."""


def column_of_values(name: str, values: Iterable[object]) -> Column:
    """Return the column of Python values: texts, numbers, truth values or None.

    >>> column_of_values("town", ["Bern", None]).values.tolist()
    ['Bern', None]
    """
    return _from_array(name, np.array([*values, None], dtype=object)[:-1])


def read_table(X: TableLike) -> list[Column]:
    """Return the columns of a frame, or of a two-dimensional array.

    Parameters
    ----------
    X : frame, array-like or sparse matrix of shape (m, n)
        pandas, polars, pyarrow, modin, duckdb or any other frame that narwhals or the Arrow interface reads. The
        columns of an array are named x0, x1, ...; a sparse matrix is read as the dense one.

    Returns
    -------
    list of Column

    Raises
    ------
    EllayerError
        For duplicate names, for a sparse matrix that is too large as a dense one, and for anything but a table.
    TypeError
        For a value that is neither text, number, Boolean nor date.

    Examples
    --------
    >>> [column.values.tolist() for column in read_table([[1, "a"], [2, "?"]])]
    [[1.0, 2.0], ['a', None]]
    """
    frame = _as_frame(X)
    if frame is None:
        from sklearn.utils import check_array

        array = check_array(_as_array(X), accept_sparse=True, dtype=None, ensure_all_finite=False)
        if hasattr(array, "toarray"):
            _check_dense_size(array.shape)
            array = array.toarray()
        return [_from_array(f"x{j}", array[:, j]) for j in range(array.shape[1])]
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect("polars")
    m, n = frame.shape
    if not m or not n:
        raise EllayerError(
            f"X: Found array with {m} sample(s) and {n} feature(s) (shape=({m}, {n})) while a minimum of 1 is required."
        )
    columns = [_from_series(series) for series in frame.iter_columns()]
    if len({column.name for column in columns}) < n:
        raise _names_twice([column.name for column in columns])
    return columns


def column_names(X: TableLike) -> list[object] | None:
    """Return the names of the columns of a frame; None for arrays.

    Examples
    --------
    >>> import polars
    >>> column_names(polars.DataFrame({"a": [1]})), column_names([[1]])
    (['a'], None)
    """
    frame = _as_frame(X)
    if frame is None:
        return None
    return list(frame.collect_schema() if isinstance(frame, nw.LazyFrame) else frame.columns)


def _as_frame(X: TableLike) -> nw.DataFrame[Any] | nw.LazyFrame[Any] | None:
    """Return X as a narwhals frame; None if it is not a frame."""
    try:
        frame: object = nw.from_native(X, pass_through=True)
    except nw.exceptions.DuplicateError as error:
        raise _names_twice(getattr(X, "columns", [])) from error  # only possible in pandas
    if isinstance(frame, (nw.DataFrame, nw.LazyFrame)):
        return frame
    return nw.from_arrow(X, backend="polars") if hasattr(X, "__arrow_c_stream__") else None


def _names_twice(names: Iterable[object]) -> EllayerError:
    twice = [name for name, count in Counter(map(str, names)).items() if count > 1]
    return EllayerError(
        f"X: expected distinct column names, received {quoted_list(twice)} more than once; rename them"
    )


def _as_array(X: TableLike) -> TableLike:
    """Return rows of mixed types as objects, of which NumPy alone would make text, and masked values as missing ones."""
    if isinstance(X, np.ma.MaskedArray):
        values = np.array(X.data, np.float64 if X.dtype.kind in "fiu" else object)
        values[np.ma.getmaskarray(X)] = math.nan if values.dtype.kind == "f" else None
        return values
    if not isinstance(X, (list, tuple)):
        return X
    array = np.asarray(X)
    return array if array.dtype.kind not in "US" else np.array(X, dtype=object)


def _check_dense_size(shape: tuple[int, int]) -> None:
    needed, free = 16 * math.prod(shape), available_memory()  # the dense matrix and its columns
    if free is not None and needed > free:
        raise EllayerError(
            f"X: expected a sparse matrix that fits into memory as a dense one, received shape {shape}, which needs "
            f"{bytes_text(needed)} of {bytes_text(free)}; try MLPClassifier or MLPRegressor, which read sparse rows in "
            "mini-batches"
        )


def _from_series(series: nw.Series[Any]) -> Column:
    dtype, name = series.dtype, str(series.name)
    native = series.to_native()
    if type(getattr(native, "dtype", None)).__name__ == "SparseDtype":  # of pandas, unknown to narwhals
        return _from_array(name, np.asarray(native))
    if dtype in (nw.Categorical, nw.Enum):
        return Column(name, _as_levels(series.to_list(), name), "categorical")
    if dtype in (nw.Int128, nw.UInt128):  # which NumPy has not
        series = series.cast(nw.Float64)
    # longer integers are names of something, kept as texts
    ends = (series.min(), series.max()) if dtype.is_integer() else ()
    if any(abs(end) > EXACT for end in ends if end is not None):
        return Column(name, _as_texts(series.to_list(), name))
    is_number = dtype.is_numeric() and dtype != nw.Decimal
    is_truth = dtype == nw.Boolean and not series.is_null().any()
    if is_number or is_truth or dtype.is_temporal():
        return _from_array(name, series.to_numpy())  # missing numbers as nan, moments in UTC
    return column_of_values(name, series.to_list())


def _from_array(name: str, values: np.ndarray) -> Column:
    kind = values.dtype.kind
    if kind == "b":
        return Column(name, values)
    if kind in "iu" and len(values) and any(abs(int(end)) > EXACT for end in (values.min(), values.max())):
        return Column(name, _as_texts(values.tolist(), name))
    if kind in "fiu":
        return Column(name, values.astype(np.float64, copy=False))  # a table of them is not copied
    if kind == "M":
        return Column(name, values.astype("datetime64[us]"))
    if kind == "m":
        seconds = values.astype("timedelta64[us]").astype(np.float64) / 1e6
        return Column(name, np.where(np.isnat(values), np.nan, seconds))
    objects = values.tolist()
    if _all_numbers(objects) and not any(type(v) is int and abs(v) > EXACT for v in objects):
        return Column(name, np.array([math.nan if is_missing(v) else float(v) for v in objects]))
    return Column(name, _as_texts(objects, name))


def _as_texts(objects: list[Any], name: str) -> np.ndarray:
    if set(map(type, objects)) <= {str, float, NoneType}:  # so that 1 and True are different
        levels = {value: _text(value, name) for value in set(objects)}
        texts = [levels[value] for value in objects]
    else:
        texts = [_text(value, name) for value in objects]
    return np.array([*texts, None], dtype=object)[:-1]


def _as_levels(values: list[Any], name: str) -> np.ndarray:
    """Return declared categories as texts; one such as "NA" is not treated as missing."""
    levels = {v: (v.strip() or None) if isinstance(v, str) else _text(v, name) for v in set(values)}
    return np.array([*map(levels.__getitem__, values), None], dtype=object)[:-1]


def is_missing(value: object) -> bool:
    """Return True for None, nan, and missing values of libraries."""
    return type(value).__name__ in _NO_VALUE or bool(value != value)


def _all_numbers(objects: list[Any]) -> bool:
    types = [t for t in set(map(type, objects)) if t.__name__ not in _NO_VALUE]
    are_numbers = [issubclass(t, numbers.Number) and not issubclass(t, (bool, complex)) for t in types]
    return bool(types) and all(are_numbers)


def _text(value: object, name: str) -> str | None:
    """Return the canonical spelling of a value as a level: 1, 1.0 and "1" are the same; None for missing values."""
    if isinstance(value, (str, bytes)):
        text = (value.decode("utf-8", "replace") if isinstance(value, bytes) else value).strip()
        return None if text.lower() in MISSING else text
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (datetime.date, datetime.time, np.datetime64)):
        return None if value != value else str(value)
    if isinstance(value, datetime.timedelta):
        return number_text(value.total_seconds())
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, (numbers.Real, decimal.Decimal)):
        return None if value != value else number_text(float(value))
    if isinstance(value, numbers.Number):
        raise EllayerError(f"X: Complex data not supported; received {value!r} in {name!r}")
    if is_missing(value):
        return None
    if isinstance(value, (uuid.UUID, os.PathLike)) or type(value).__name__ in _LEVEL_TYPES:
        return str(value)
    raise TypeError(
        f"X: argument must be a string or a number; received {type(value).__name__} in {name!r}; take it apart into "
        "columns of text and numbers first"
    )


def check_missing_targets(y: np.ndarray, are_numbers: bool = False) -> None:
    """Raise if targets are missing, naming their rows.

    Parameters
    ----------
    y : ndarray, shape (m,)
    are_numbers : bool
        Whether texts such as "nan" are also missing; for labels only an empty text is.

    Raises
    ------
    EllayerError
    """
    marks = MISSING if are_numbers else frozenset(("",))
    if y.dtype.kind not in "fOU":
        return
    if y.dtype.kind == "f":
        rows = np.flatnonzero(np.isnan(y))
    else:
        rows = np.flatnonzero(
            [v.strip().lower() in marks if isinstance(v, str) else is_missing(v) for v in y.tolist()]
        )
    if len(rows):
        numbers = ", ".join(map(str, rows[:5])) + (", ..." if len(rows) > 5 else "")
        raise EllayerError(
            f"Input y contains NaN: {pluralize(len(rows), 'target is', 'targets are')} missing (row{'s' * (len(rows) > 1)} "
            f"{numbers}, counted from 0); drop these rows first"
        )


def take_rows(table: list[Column], rows: np.ndarray | slice) -> list[Column]:
    """Return the columns of some of the rows."""
    return [take_values(column, rows) for column in table]


def take_values(column: Column, rows: np.ndarray | slice | None) -> Column:
    """Return some of the rows of a column, or all of them, one after another in memory."""
    values = np.ascontiguousarray(column.values if rows is None else column.values[rows])
    return Column(column.name, values, column.declared)


# Views of a column as another type


def as_numbers(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return float64 values, nan if missing, and a mask of present values that are not numbers."""
    if values.dtype.kind in "fb":
        return values.astype(np.float64), np.zeros(len(values), bool)
    if values.dtype.kind == "M":
        return np.full(len(values), np.nan), ~np.isnat(values)
    return _read_each(values, _number)


def as_texts(values: np.ndarray) -> np.ndarray:
    """Return text or None: the spelling of the levels."""
    if values.dtype.kind == "O":
        return values
    if values.dtype.kind == "f":
        texts = [None if v != v else number_text(v) for v in values.tolist()]
    elif values.dtype.kind == "M":
        texts = [None if v is None else str(v) for v in values.tolist()]
    else:
        texts = [str(v) for v in values.tolist()]
    return np.array([*texts, None], dtype=object)[:-1]


def as_truths(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return 1.0, 0.0 or nan, and a mask of present values that are not Booleans."""
    if values.dtype.kind == "b":
        return values.astype(np.float64), np.zeros(len(values), bool)
    return _read_each(as_texts(values), lambda text: float(BOOLEANS[text.lower()]))


def as_days(values: np.ndarray, date_format: str) -> tuple[np.ndarray, np.ndarray]:
    """Return days since 1970 with fractions, nan if missing, and a mask of present values that are not dates."""
    if values.dtype.kind != "M":
        import polars as pl

        texts = pl.Series(as_texts(values).tolist(), dtype=pl.String)
        values = parse_dates(texts, date_format).to_numpy()
        present = texts.is_not_null().to_numpy()
    else:
        present = ~np.isnat(values)
    days = values.astype("datetime64[us]").astype(np.int64) / 86_400e6
    return np.where(np.isnat(values), np.nan, days), present & np.isnat(values)


def _read_each(texts: np.ndarray, read: Callable[[str], float]) -> tuple[np.ndarray, np.ndarray]:
    """Apply a function to each distinct text once."""
    known: dict[str | None, float | None] = {None: math.nan}
    for text in set(texts.tolist()) - {None}:
        try:
            known[text] = read(text)
        except (ValueError, KeyError, OverflowError):
            known[text] = None
    values = [known[text] for text in texts.tolist()]
    wrong = np.array([value is None for value in values], bool)
    return np.array([math.nan if value is None else value for value in values], np.float64), wrong


def _number(text: str) -> float:
    if "_" in text:
        raise EllayerError(text)
    return float(text)
