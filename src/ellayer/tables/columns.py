"""The columns of a table: read from any frame or array, and told apart by kind."""

from __future__ import annotations

import datetime
import math
import numbers
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..data.text.cells import CODE, MISSING, MOSTLY
from ..data.wording import quoted_list
from ..errors import EllayerError

BOOLEANS = {
    "false": False, "f": False, "no": False, "n": False, "0": False,
    "true": True, "t": True, "yes": True, "y": True, "1": True,
}  # fmt: skip
DATE_FORMATS = ("iso", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%m-%Y", "%d %b %Y", "%b %d, %Y")
MANY = 50  # distinct texts, below which a column is a category whatever its size
_ID = re.compile(
    r"(?i:^(row[_ ]?)?(id|index|key|uuid|guid|names?|number|nr)$|^unnamed: 0$|[_\s.-](id|key|uuid|guid)$)|[a-z](Id|ID)$"
)


@dataclass(frozen=True)
class Column:
    """One column as it was read.

    Attributes
    ----------
    name : str
    values : ndarray, shape (m,)
        float64 (nan is missing), bool, datetime64[us] (NaT is missing), or objects that are text or None.
    declared : str or None
        The kind that the frame's own type states.
    """

    name: str
    values: np.ndarray
    declared: str | None = None


def read_table(X: Any) -> list[Column]:
    """Return the columns of a frame (pandas, polars or alike) or of a two-dimensional array.

    Parameters
    ----------
    X : frame or array-like of shape (m, n)
        The columns of an array are named x0, x1, ...

    Returns
    -------
    list of Column

    Raises
    ------
    ValueError
        For names that occur twice, and for what is no table.
    TypeError
        For a value that is neither text, number, truth value nor date.

    Examples
    --------
    >>> [column.values.tolist() for column in read_table([[1, "a"], [2, "?"]])]
    [[1.0, 2.0], ['a', None]]
    """
    names = getattr(X, "columns", None)
    if names is None or callable(names):
        from sklearn.utils import check_array

        if isinstance(X, (list, tuple)):
            X = _as_array(X)
        X = check_array(X, dtype=None, ensure_all_finite=False)
        return [_read(f"x{j}", X[:, j]) for j in range(X.shape[1])]
    twice = [str(name) for name, count in Counter(map(str, names)).items() if count > 1]
    if twice:
        raise EllayerError(
            f"X: expected columns of different names, received {quoted_list(twice)} more than once; rename them"
        )
    if not len(X) or not len(names):
        raise EllayerError(
            f"X: Found array with {len(X)} sample(s) and {len(names)} feature(s) (shape=({len(X)}, {len(names)})) while "
            "a minimum of 1 is required."
        )
    return [_read(str(name), X[name]) for name in names]


def _as_array(rows: Any) -> np.ndarray:
    """Rows of mixed types as objects: NumPy alone would make text of the numbers."""
    array = np.asarray(rows)
    return array if array.dtype.kind not in "US" else np.array(rows, dtype=object)


def _read(name: str, series: Any) -> Column:
    kind = str(getattr(series, "dtype", ""))
    declared = "categorical" if kind == "category" or kind.startswith(("Categorical", "Enum")) else None
    values = _plain_array(series)
    if values.dtype.kind == "b" or (values.dtype.kind in "fiu" and declared is None):
        return Column(name, values if values.dtype.kind == "b" else values.astype(np.float64))
    if values.dtype.kind == "M":
        return Column(name, values.astype("datetime64[us]"))
    if values.dtype.kind == "m":
        seconds = values.astype("timedelta64[us]").astype(np.float64) / 1e6
        return Column(name, np.where(np.isnat(values), np.nan, seconds))
    values = values.astype(object)
    if declared is None and _all_numbers(values):
        return Column(name, np.array([math.nan if is_missing(v) else float(v) for v in values.tolist()]))
    return Column(name, np.array([_text(v, name) for v in values.tolist()], dtype=object), declared)


def _plain_array(series: Any) -> np.ndarray:
    """The values as NumPy has them; types with a missing value of their own become objects."""
    dtype = getattr(series, "dtype", None)
    if isinstance(series, np.ndarray):
        return series
    if getattr(dtype, "tz", None) is not None:  # pandas keeps a zone; the moment is the same in UTC
        return series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    if isinstance(dtype, np.dtype) or _is_plain_number(dtype):
        return series.to_numpy()
    if dtype is not None and hasattr(dtype, "is_float") and (dtype.is_float() or dtype.is_integer()):
        return series.to_numpy()  # of polars: null becomes nan
    values = series.to_list()
    if values and all(isinstance(v, (datetime.date, type(None))) for v in values) and any(values):
        moments = [None if v is None else np.datetime64(_naive(v), "us") for v in values]
        return np.array(moments, dtype="datetime64[us]")
    types = set(map(type, values))
    if types == {bool}:
        return np.array(values)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _is_plain_number(dtype: Any) -> bool:
    """Whether it is a polars type of whole or floating-point numbers, which NumPy has with null as nan."""
    return hasattr(dtype, "is_decimal") and (dtype.is_integer() or dtype.is_float())


def _naive(moment: Any) -> Any:
    if getattr(moment, "tzinfo", None) is not None:
        return moment.astimezone(datetime.UTC).replace(tzinfo=None)
    return moment


def is_missing(value: Any) -> bool:
    """Tell whether a value is None, nan, or a library's own mark of what is missing."""
    return _is_nothing(value) or value != value


def _all_numbers(values: np.ndarray) -> bool:
    types = {type(v) for v in values.tolist()}
    nothing = {t for t in types if t is type(None) or t.__name__ in ("NAType", "NaTType")}
    real = types - nothing
    return bool(real) and all(
        issubclass(t, numbers.Number) and not issubclass(t, (bool, complex)) for t in real
    )


def _text(value: Any, name: str) -> str | None:
    """The one spelling of a value as a level: 1, 1.0 and "1" are the same; marks of missing values are None."""
    if isinstance(value, (str, bytes)):
        text = (value.decode("utf-8", "replace") if isinstance(value, bytes) else value).strip()
        return None if text.lower() in MISSING else text
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (datetime.date, datetime.time, np.datetime64)):
        return None if value != value else str(value)
    if not isinstance(value, numbers.Number) and not hasattr(value, "total_seconds"):
        if _is_nothing(value):
            return None
        raise TypeError(
            f"X: argument must be a string or a number; received {type(value).__name__} in {name!r}; take it apart into "
            "columns of text and numbers first"
        )
    if is_missing(value):
        return None
    if hasattr(value, "total_seconds"):
        value = value.total_seconds()
    if isinstance(value, complex):
        raise EllayerError(f"X: Complex data not supported; received {value!r} in {name!r}")
    return number_text(float(value))  # type: ignore[arg-type]


def _is_nothing(value: Any) -> bool:
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def number_text(value: float) -> str:
    """Return a number as a level is spelled: whole numbers without a point."""
    return str(int(value)) if math.isfinite(value) and value == int(value) else repr(value)


# Views of a column as another type


def as_numbers(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return float64 values, nan where there is none, and which present values are no numbers."""
    if values.dtype.kind in "fb":
        return values.astype(np.float64), np.zeros(len(values), bool)
    if values.dtype.kind == "M":
        return np.full(len(values), np.nan), ~np.isnat(values)
    return _each(values, _number)


def as_texts(values: np.ndarray) -> np.ndarray:
    """Return text or None: the levels as they are spelled."""
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
    """Return 1.0, 0.0 or nan, and which present values are no truth values."""
    if values.dtype.kind == "b":
        return values.astype(np.float64), np.zeros(len(values), bool)
    return _each(as_texts(values), lambda text: float(BOOLEANS[text.lower()]))


def as_days(values: np.ndarray, date_format: str) -> tuple[np.ndarray, np.ndarray]:
    """Return days since 1970 with fractions, nan where there is none, and which present values are no dates."""
    if values.dtype.kind == "M":
        days = values.astype("datetime64[us]").astype(np.int64) / 86_400e6
        return np.where(np.isnat(values), np.nan, days), np.zeros(len(values), bool)
    return _each(as_texts(values), lambda text: _days(text, date_format))


def _each(texts: np.ndarray, read: Callable[[str], float]) -> tuple[np.ndarray, np.ndarray]:
    """Read each different text once."""
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


def _days(text: str, date_format: str) -> float:
    if date_format in ("", "iso"):
        moment = datetime.datetime.fromisoformat(text)
    else:
        moment = datetime.datetime.strptime(text, date_format)
    return (_naive(moment) - datetime.datetime(1970, 1, 1)).total_seconds() / 86_400


# Kinds


class ColumnProfile:
    """The values of a column as its kind is inferred from them, each view formed once.

    Parameters
    ----------
    column : Column
    """

    def __init__(self, column: Column):
        self.name, self.values, self._declared = column.name, column.values, column.declared

    @cached_property
    def present(self) -> np.ndarray:
        """The values that are not missing."""
        kind = self.values.dtype.kind
        if kind == "O":
            return self.values[[v is not None for v in self.values.tolist()]]
        return self.values if kind == "b" else self.values[self.values == self.values]

    @cached_property
    def levels(self) -> set[str]:
        """The different texts; none of columns of another type."""
        return set(self.present.tolist()) if self.values.dtype.kind == "O" else set()

    @cached_property
    def is_truth(self) -> bool:
        """Whether the values are truth values, or the words for them."""
        if self.values.dtype.kind == "b":
            return True
        words = {level.lower() for level in self.levels}
        return bool(words) and words <= {"true", "false"} and not self._declared

    @cached_property
    def _parsed(self) -> tuple[np.ndarray | None, list[str]]:
        if self.values.dtype.kind == "f":
            return self.values, []
        if not self.levels or self._declared or any(map(re.compile(CODE).match, self.levels)):
            return None, []
        numbers, wrong = as_numbers(self.values)
        if not 1.0 - wrong.sum() / len(self.present) >= MOSTLY:
            return None, []
        slips = sorted({str(v) for v in self.values[wrong].tolist()})
        many = len(np.unique(numbers[~np.isnan(numbers)])) > MANY // 2
        return (numbers, slips) if many or not slips else (None, [])

    @property
    def numbers(self) -> np.ndarray | None:
        """The values as numbers, nan where missing, if nearly all are numbers."""
        return self._parsed[0]

    @property
    def slips(self) -> list[str]:
        """The texts among ``numbers`` that are not numbers."""
        return self._parsed[1]

    @cached_property
    def is_row_number(self) -> bool:
        """Whether the values are unique whole numbers in a column whose name suggests an ID."""
        if self.numbers is None or self.slips or not _ID.search(self.name):
            return False
        present = self.numbers[~np.isnan(self.numbers)]
        whole = np.isfinite(present).all() and (present == np.floor(present)).all()
        return bool(whole) and len(present) > MANY and len(np.unique(present)) == len(present)

    @property
    def hardly_repeats(self) -> bool:
        """Whether most of many texts are different."""
        return len(self.levels) > MANY and len(self.levels) > 0.5 * len(self.present)

    @property
    def words_per_value(self) -> float:
        """The mean number of words of (up to 1000) texts."""
        return float(np.mean([text.count(" ") + 1 for text in self.present[:1000].tolist()]))

    @property
    def distinct_note(self) -> str:
        """The number of different texts, in words."""
        return f"{len(self.levels):,} distinct values in {len(self.present):,} rows"


def date_format(levels: set[str]) -> str:
    """Return the format in which nearly all of (up to 1000) texts are dates; "" if there is none.

    Examples
    --------
    >>> date_format({"31.12.2024", "1.2.2025"}), date_format({"Oslo"})
    ('%d.%m.%Y', '')
    """
    sample = np.array([*sorted(levels)[:1000], None], dtype=object)[:-1]
    if not any(any(c.isdigit() for c in text) for text in sample.tolist()[:20]):
        return ""
    for style in DATE_FORMATS:
        if 1.0 - as_days(sample, style)[1].mean() >= MOSTLY + 0.05:
            return style
    return ""
