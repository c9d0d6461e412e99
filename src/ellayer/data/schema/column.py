"""One column of a schema: its type, how its values are written, and how any later column becomes that type."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, NamedTuple

import polars as pl

from ..._wording import quoted_list
from ..text.cells import EXACT, MISSING, TRUTHS, find_marks, number_text
from ..text.dates import parse_dates, parse_durations, swap_order
from ..text.numbers import NumberForm, find_unit, has_decimal, has_groups, parse_numbers

ColumnType = Literal["whole", "number", "duration", "date", "datetime", "boolean", "text"]
_NO_TEXTS = pl.Series(dtype=pl.String)
NUMBERS = ("whole", "number", "duration")
_EXPECTED = {
    **dict.fromkeys(NUMBERS, "numbers"), "date": "dates", "datetime": "dates", "boolean": "true or false",
}  # fmt: skip


class Cells(NamedTuple):
    """The cells of a column in the type of its schema.

    Attributes
    ----------
    values : polars.Series
        Null where missing.
    marks : polars.Series
        The texts that were treated as missing.
    strange : polars.Series
        The values that do not have the type, as texts; they are null in ``values``.
    """

    values: pl.Series
    marks: pl.Series
    strange: pl.Series


@dataclass(frozen=True)
class ColumnSchema:
    """The type of a column, and how its values are written.

    Attributes
    ----------
    name : str
    type : str
        "whole" numbers, a "number" of any kind, a "duration" in seconds, a "date" or "datetime", "boolean" or "text".
    form : NumberForm
        Of numbers in text.
    date_format : str
        Of dates in text: "iso" or a format of ``strptime``.
    words : tuple of str
        The two values for false and true, if the column has no others.
    slips : tuple of str
        Texts of the training file that are not of the type, which are treated as missing.
    low, high : float or None
        The range of its numbers in the training file.
    """

    name: str
    type: ColumnType = "text"
    form: NumberForm = field(default_factory=NumberForm)
    date_format: str = ""
    words: tuple[str, ...] = ()
    slips: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None

    def to_facts(self) -> dict[str, Any]:
        """Return the schema as plain JSON; what is as by default is ignored."""
        facts = {key: value for key, value in asdict(self).items() if value != _DEFAULT[key]}
        facts = {key: list(value) if isinstance(value, tuple) else value for key, value in facts.items()}
        return {"name": self.name, "type": self.type, **facts}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> ColumnSchema:
        """Return the schema of ``to_facts``."""
        known = {f.name for f in fields(cls)}
        values: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in facts.items() if k in known
        }
        values["form"] = NumberForm(**facts.get("form", {}))
        return cls(**values)

    # Reading

    def read(self, column: pl.Series, missing: frozenset[str]) -> Cells:
        """Return a column of any type in the type of the schema.

        Parameters
        ----------
        column : polars.Series
            Clean texts, or values of another type.
        missing : frozenset of str
            The marks of a missing value, in lower case.
        """
        if column.dtype in (pl.Categorical, pl.Enum) and self.type == "text":
            return Cells(column, _NO_TEXTS, _NO_TEXTS)
        if column.dtype in (pl.Categorical, pl.Enum, pl.Null):
            column = column.cast(pl.String)
        if column.dtype == pl.String:
            return self._read_texts(column, missing)
        values = self._convert(column)
        if values.dtype.is_numeric() and (numeric := numeric_marks(missing)):
            values = values.set(values.is_in([float(mark) for mark in numeric]).fill_null(False), None)
            column = column.set(values.is_null(), None)
        if values.null_count() == column.null_count():
            return Cells(values, _NO_TEXTS, _NO_TEXTS)
        strange = column.filter(values.is_null() & column.is_not_null() & ~_is_nan(column))
        return Cells(values, _NO_TEXTS, _as_texts(strange))

    def _read_texts(self, texts: pl.Series, missing: frozenset[str]) -> Cells:
        if self.type == "text":
            marks = find_marks(texts, missing)
            values = self._words(texts.set(marks, None) if marks.any() else texts)
            if not missing >= MISSING and find_marks(values, MISSING).any():
                values = values.cast(pl.Categorical)  # a level that looks like a mark, and is none
            return Cells(values, texts.filter(marks), _NO_TEXTS)
        values = self._parse(texts)
        if numeric := numeric_marks(missing):
            values = values.set(find_marks(texts, numeric), None)
        if values.null_count() == texts.null_count():
            return Cells(values, _NO_TEXTS, _NO_TEXTS)
        rest = texts.filter(values.is_null() & texts.is_not_null())
        marks = find_marks(rest, missing) | rest.is_in(list(self.slips))
        return Cells(values, rest.filter(marks), rest.filter(~marks))

    def _parse(self, texts: pl.Series) -> pl.Series:
        """Return texts in the type, null for those that do not have it."""
        if self.type == "whole":
            return self._parse_whole(texts)
        if self.type == "number":
            return self._parse_numbers(texts)
        if self.type == "duration":
            seconds = parse_durations(texts)
            return seconds.zip_with(seconds.is_not_null(), self._parse_numbers(texts))
        if self.type == "boolean":
            return _truths(texts, self.words)
        moments = parse_dates(texts, self.date_format)
        if self.date_format != "iso" and moments.null_count() > texts.null_count():
            moments = moments.zip_with(moments.is_not_null(), parse_dates(texts, "iso"))
        return self._as_dates(moments)

    def _parse_numbers(self, texts: pl.Series) -> pl.Series:
        """Return float64; true and false are 1 and 0 where the training file has no other numbers."""
        numbers = parse_numbers(texts, self.form).fill_nan(None)
        if self.words and numbers.null_count() > texts.null_count():
            numbers = numbers.zip_with(numbers.is_not_null(), _truths(texts, ()).cast(pl.Float64))
        return numbers

    def _parse_whole(self, texts: pl.Series) -> pl.Series:
        """Return int64, or float64 if some numbers are not whole."""
        whole = texts.cast(pl.Int64, strict=False)
        if whole.null_count() == texts.null_count():
            return whole
        numbers = self._parse_numbers(texts)
        if numbers.null_count() == whole.null_count():
            return whole
        if ((numbers == numbers.floor()) & (numbers.abs() < EXACT) | whole.is_not_null()).all():
            return whole.zip_with(whole.is_not_null(), numbers.cast(pl.Int64, strict=False))
        return numbers

    def _as_dates(self, moments: pl.Series) -> pl.Series:
        """Return moments as dates if the schema says so and none has a time."""
        if self.type == "date" and (moments.dt.truncate("1d") == moments).all():
            return moments.cast(pl.Date)
        return moments

    def _words(self, texts: pl.Series) -> pl.Series:
        """Return texts with the words of the schema for other spellings of false and true."""
        if not self.words or texts.is_in([*self.words]).fill_null(True).all():
            return texts
        lower = texts.str.to_lowercase()
        words = {word: self.words[truth] for word, truth in TRUTHS.items()}
        words |= {word.lower(): word for word in self.words}
        return texts.zip_with(~lower.is_in(list(words)).fill_null(False), lower.replace(words))

    def _convert(self, column: pl.Series) -> pl.Series:
        """Return values that are not texts in the type, null where they cannot have it."""
        dtype = column.dtype
        if self.type == "text":
            words = dict(zip((False, True), self.words or ("False", "True"), strict=True))
            if dtype == pl.Boolean:
                return column.replace_strict(words, return_dtype=pl.String)
            texts = _as_texts(column)
            return self._words(texts)
        if dtype in (pl.Duration, pl.Time):
            column = column.cast(pl.Duration("us") if dtype == pl.Duration else pl.Int64)
            scale = 1e6 if dtype == pl.Duration else 1e9
            column, dtype = column.cast(pl.Int64).cast(pl.Float64) / scale, pl.Float64()
        if self.type in ("date", "datetime"):
            if not dtype.is_temporal():
                return pl.Series(column.name, [None] * len(column), pl.Date)
            return self._as_dates(_in_utc(column))
        if dtype.is_temporal():
            return pl.Series(column.name, [None] * len(column), pl.Float64)
        if self.type == "boolean":
            if dtype == pl.Boolean:
                return column
            return pl.select(pl.when(column.is_in([0, 1])).then(column == 1)).to_series().alias(column.name)
        if self.type == "whole" and dtype.is_integer():
            return column
        if dtype == pl.Boolean:
            return column.cast(pl.Int64)
        numbers = (column if dtype.is_float() else column.cast(pl.Float64)).fill_nan(None)
        whole = self.type == "whole" and ((numbers == numbers.floor()) & (numbers.abs() < EXACT)).all()
        return numbers.cast(pl.Int64) if whole else numbers

    # Contradictions

    def contradiction(self, column: pl.Series, cells: Cells) -> str:
        """Return how a later column contradicts the schema; "" if it does not.

        Some strange values among others are missing values; a column without any other is not the training file's.
        """
        strange = cells.strange
        if self.type in NUMBERS and column.dtype == pl.String:
            reason = self._sign_contradiction(column, strange)
            if reason:
                return reason
        if not len(strange):
            return ""
        other = swap_order(self.date_format)
        if other and parse_dates(strange, other).null_count() < len(strange):
            text = strange.filter(parse_dates(strange, other).is_not_null())[0]
            order = "month" if other.index("%m") < other.index("%d") else "day"
            return (
                f"{self.name!r}: expected dates as {self.date_format}, received {text!r}, which is {other}; say "
                f"date_order={order!r} (--date-order {order})"
            )
        if cells.values.null_count() < len(column):
            return ""
        expected = _EXPECTED[self.type] + (f" in {self.form.unit}" if self.form.unit else "")
        return f"{self.name!r}: expected {expected} as in training, received {quoted_list(strange.unique().sort(), 3)}"

    def _sign_contradiction(self, texts: pl.Series, strange: pl.Series) -> str:
        """Return why numbers seem to be written with another decimal separator or unit; "" if they do not."""
        form, decimal, unit = self.form, self.form.decimal, self.form.unit
        other, signs = {".": ",", ",": "."}[decimal], {".": "point", ",": "comma"}
        another = find_unit(strange)
        if another and another != unit:
            expected = f"numbers in {unit}" if unit else "numbers"
            return f"{self.name!r}: expected {expected} as in training, received {strange[0]!r}"
        if form.is_grouped and has_decimal(strange if decimal == "." else texts, other, unit):
            return (
                f"{self.name!r}: expected numbers with a decimal {signs[decimal]} as in training, received a decimal "
                f"{signs[other]}; say decimal={other!r} (--decimal {other})"
            )
        is_grouped = not form.has_groups and has_groups(texts, decimal, unit)
        if is_grouped and not has_decimal(texts, decimal, unit):
            return (
                f"{self.name!r}: digits are grouped, or the decimal separator is another one than in training (a "
                f"{signs[decimal]}); say decimal={decimal!r} or {other!r} (--decimal)"
            )
        return ""


_DEFAULT = asdict(ColumnSchema(""))


def numeric_marks(missing: frozenset[str]) -> frozenset[str]:
    """Return the marks of a missing value that are numbers, such as -999."""
    return frozenset(mark for mark in missing if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", mark))


def _is_nan(column: pl.Series) -> pl.Series:
    return column.is_nan().fill_null(False) if column.dtype.is_float() else column.is_null() & False


def _truths(texts: pl.Series, words: tuple[str, ...]) -> pl.Series:
    """Return true for "true" and "1", false for "false" and "0" and null for other texts."""
    known = TRUTHS | {word.lower(): bool(truth) for truth, word in enumerate(words)}
    return texts.str.to_lowercase().replace_strict(known, default=None, return_dtype=pl.Boolean)


def _in_utc(column: pl.Series) -> pl.Series:
    if column.dtype == pl.Date:
        return column.cast(pl.Datetime("us"))
    zone = getattr(column.dtype, "time_zone", None)
    column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if zone else column
    return column.cast(pl.Datetime("us"))


def _as_texts(column: pl.Series) -> pl.Series:
    """Return values that are not texts as ``tables`` spells them: 1 for 1.0; dates without a time of midnight."""
    dtype = column.dtype
    if dtype == pl.Datetime:
        column = _in_utc(column)
        is_day = (column.dt.truncate("1d") == column).all()
        return column.dt.to_string("%Y-%m-%d" if is_day else "%Y-%m-%d %H:%M:%S%.f")
    if not (dtype.is_float() or dtype == pl.Decimal):
        return column.cast(pl.String)
    column = column.cast(pl.Float64).fill_nan(None)
    texts = {value: number_text(value) for value in column.unique().drop_nulls().to_list()}
    return column.replace_strict(texts, default=None, return_dtype=pl.String)
