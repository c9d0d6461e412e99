"""The columns of a table: read from any frame or array, and told apart by kind."""

from __future__ import annotations

import datetime
import math
import numbers
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import EllayerError

KINDS = ("numeric", "categorical", "boolean", "date", "text", "identifier", "constant", "ignore")
MISSING = frozenset(("", "?", "na", "n/a", "#n/a", "nan", "null", "none", "nat", "<na>"))
BOOLEANS = {
    "false": False, "f": False, "no": False, "n": False, "0": False,
    "true": True, "t": True, "yes": True, "y": True, "1": True,
}  # fmt: skip
DATE_FORMATS = ("iso", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%m-%Y", "%d %b %Y", "%b %d, %Y")
MOSTLY = 0.9  # a share that says what a column is, the rest being slips
MANY = 50  # distinct texts, below which a column is a category whatever its size
WORDS = 3.0  # words per value, from which texts that hardly repeat are sentences and not names
_ID = re.compile(
    r"(?i:^(row[_ ]?)?(id|index|key|uuid|guid|names?|number|nr)$|^unnamed: 0$|[_\s.-](id|key|uuid|guid)$)|[a-z](Id|ID)$"
)
_CODE = re.compile(r"^[+-]?0\d")  # 02139 is a code, not the number 2139


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


@dataclass(frozen=True)
class Verdict:
    """What a column is taken for, the note that a reader should see, and how its dates are written."""

    kind: str
    note: str = ""
    date_format: str = ""


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
            f"X: expected columns of different names, received {', '.join(map(repr, twice))} more than once; rename them"
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
    found = [known[text] for text in texts.tolist()]
    wrong = np.array([value is None for value in found], bool)
    return np.array([math.nan if value is None else value for value in found], np.float64), wrong


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


def judge_column(column: Column) -> Verdict:
    """Return what a column is taken for, from its type, name and values.

    Parameters
    ----------
    column : Column

    Returns
    -------
    Verdict

    Examples
    --------
    >>> judge_column(Column("town", np.array(["Oslo", "Rome", None], dtype=object))).kind
    'categorical'
    """
    values = column.values
    if values.dtype.kind == "b":
        return _constant(values) or Verdict("boolean")
    if values.dtype.kind == "M":
        return _constant(values[~np.isnat(values)]) or Verdict("date", date_format="iso")
    if values.dtype.kind == "f":
        return _judge_numbers(column.name, values)
    present = values[[v is not None for v in values.tolist()]] if len(values) else values
    if not len(present):
        return Verdict("constant", "all its values are missing")
    levels = set(present.tolist())
    if column.declared == "categorical":
        return _judge_levels(present, levels, len(present) < len(values), declared=True)
    if {level.lower() for level in levels} <= {"true", "false"}:
        return _constant(present) or Verdict("boolean")
    return _judge_texts(column.name, values, present, levels)


def _constant(present: np.ndarray) -> Verdict | None:
    if not len(present):
        return Verdict("constant", "all its values are missing")
    if (present == present[0]).all():
        return Verdict("constant", f"it is constant, {str(present[0])!r}")
    return None


def _judge_numbers(name: str, values: np.ndarray) -> Verdict:
    present = values[~np.isnan(values)]
    if not len(present):
        return Verdict("constant", "all its values are missing")
    if (present == present[0]).all():
        if len(present) < len(values):
            return Verdict("numeric")  # whether it is there is all it says
        return Verdict("constant", f"it is constant, {present[0]:g}")
    whole = np.isfinite(present).all() and (present == np.floor(present)).all()
    if whole and len(present) > MANY and _ID.search(name) and len(np.unique(present)) == len(present):
        return Verdict("identifier", "it is named like an identifier, and each row has another")
    return Verdict("numeric")


def _judge_texts(name: str, values: np.ndarray, present: np.ndarray, levels: set[str]) -> Verdict:
    found, wrong = as_numbers(values)
    share = 1.0 - wrong.sum() / len(present)
    if share >= MOSTLY and not any(map(_CODE.match, levels)):
        strange = sorted({str(v) for v in values[wrong].tolist()})
        if not strange:
            return _judge_numbers(name, found)
        if len(np.unique(found[~np.isnan(found)])) > MANY // 2:
            return Verdict("numeric", f"some values are no numbers, and taken as missing: {shown(strange)}")
    if len(levels) > 1 and (date_format := _date_format(levels)):
        return Verdict("date", date_format=date_format)
    return _judge_levels(present, levels, len(present) < len(values))


def _judge_levels(present: np.ndarray, levels: set[str], gaps: bool, declared: bool = False) -> Verdict:
    if len(levels) == 1 and not gaps:
        return Verdict("constant", f"it is constant, {present[0]!r}")
    if len(levels) > MANY and len(levels) > 0.5 * len(present) and not declared:
        words = float(np.mean([text.count(" ") + 1 for text in present[:1000].tolist()]))
        kind = "text" if words >= WORDS else "identifier"
        return Verdict(kind, f"{len(levels)} different texts in {len(present)} rows hardly repeat")
    return Verdict("categorical")


def _date_format(levels: set[str]) -> str:
    """The way of writing in which nearly all of (up to 1000) texts are dates; "" where there is none."""
    sample = np.array([*sorted(levels)[:1000], None], dtype=object)[:-1]
    if not any(any(c.isdigit() for c in text) for text in sample.tolist()[:20]):
        return ""
    for date_format in DATE_FORMATS:
        if 1.0 - as_days(sample, date_format)[1].mean() >= MOSTLY + 0.05:
            return date_format
    return ""


def shown(values: Any, most: int = 5) -> str:
    """Return the first values as a message shows them."""
    values = list(values)
    return ", ".join(map(repr, values[:most])) + (
        f" and {len(values) - most} more" if len(values) > most else ""
    )
