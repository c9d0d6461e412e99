"""The schema of a table, inferred from the file that is trained on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from ..._wording import quoted_list
from ..errors import DataError
from ..text.cells import MOSTLY, TRUTH_WORDS, find_marks
from ..text.dates import MOSTLY_DATES, find_date_format, parse_dates, parse_durations, swap_order
from ..text.numbers import NumberForm, find_form, group_note, has_codes, parse_numbers
from .column import NUMBERS, ColumnSchema, ColumnType, numeric_marks

MANY = 25  # different numbers, from which a column with a few other texts is one of numbers
_SAMPLE, _FEW = 1000, 20
_MOST_SLIPS = 100  # kept in the schema
IDENTIFIER = 50  # rows, from which different integers have no range that says anything


@dataclass(frozen=True)
class InferOptions:
    """Options of ``infer_column``.

    Attributes
    ----------
    decimal : "." or ","
    missing : frozenset of str
        The marks of a missing value, in lower case.
    date_order : "day" or "month", optional
    is_declared : bool
        Whether the file declares the types of its columns, so that texts are texts.
    """

    decimal: str
    missing: frozenset[str]
    date_order: str | None = None
    is_declared: bool = False


def infer_column(
    column: pl.Series, options: InferOptions, is_target: bool = False
) -> tuple[ColumnSchema, list[str]]:
    """Return the schema of a column, and notes.

    Parameters
    ----------
    column : polars.Series
        Clean texts, or values of another type.
    options : InferOptions
    is_target : bool
        Whether every value counts: numbers have no slips, and dates are labels.

    Examples
    --------
    >>> import polars
    >>> options = InferOptions(".", frozenset({"?"}))
    >>> infer_column(polars.Series("price", ["$1,234", "$5", "?"]), options)[1]
    ["'price': read as numbers in $"]
    """
    name = column.name
    if column.dtype != pl.String:
        return _infer_typed(column), _unit_notes(name, "s" if column.dtype in (pl.Time, pl.Duration) else "")
    schema = None if options.is_declared else _infer_numbers(column, options, is_target)
    if schema is not None:
        return schema, _unit_notes(name, "s" if schema.type == "duration" else schema.form.unit)
    marks = find_marks(column, options.missing)
    present = (column.set(marks, None) if marks.any() else column).drop_nulls()
    if not is_target and not options.is_declared and len(present):
        schema, notes = _infer_dates(present, options)
        if schema is not None:
            return schema, notes
    return ColumnSchema(name, words=_words(present)), []


def _unit_notes(name: str, unit: str) -> list[str]:
    return [f"{name!r}: read as {'seconds' if unit == 's' else f'numbers in {unit}'}"] if unit else []


def _infer_typed(column: pl.Series) -> ColumnSchema:
    """Return the schema of a column whose file declares its type."""
    dtype = column.dtype
    kind: ColumnType = "text"
    if dtype in (pl.Time, pl.Duration):
        kind = "duration"
    elif dtype.is_integer():
        kind = "whole"
    elif dtype.is_numeric():
        kind = "number"
    elif dtype == pl.Boolean:
        kind = "boolean"
    elif dtype == pl.Date:
        kind = "date"
    elif dtype == pl.Datetime:
        kind = "datetime"
    return _with_range(ColumnSchema(column.name, kind), column)


def _infer_numbers(texts: pl.Series, options: InferOptions, is_target: bool) -> ColumnSchema | None:
    """Return the schema of numbers or durations; None if too many of the texts are neither."""
    name = texts.name
    if numeric := numeric_marks(options.missing):
        texts = texts.set(find_marks(texts, numeric), None)
    whole = texts.cast(pl.Int64, strict=False)
    rest = texts.filter(whole.is_null() & texts.is_not_null())
    rest = rest.filter(~find_marks(rest, options.missing))
    whole = whole.drop_nulls()
    count = len(whole) + len(rest)
    if not count:
        return None
    if not len(rest):
        if has_codes(texts):
            return None
        words = ("0", "1") if whole.is_between(0, 1).all() and whole.n_unique() == 2 else ()
        return _with_range(ColumnSchema(name, "whole", NumberForm(options.decimal), words=words), whole)
    form = find_form(rest, options.decimal)
    numbers = parse_numbers(rest, form)
    kind: ColumnType = "number"
    if numbers.null_count() == count and not parse_durations(rest.head(_FEW)).null_count():
        seconds = parse_durations(rest)
        if not seconds.null_count():
            numbers, kind = seconds, "duration"
    slips = rest.filter(numbers.is_null())
    if len(slips) and (is_target or len(slips) > (1 - MOSTLY) * count):
        return None
    if len(slips) and whole.n_unique() + numbers.n_unique() <= MANY:
        return None
    if has_codes(texts) or (form.unit == "%" and len(whole)):
        return None
    known = tuple(slips.unique(maintain_order=True).head(_MOST_SLIPS).to_list())
    schema = ColumnSchema(name, kind, form, slips=known)
    return _with_range(schema, whole.cast(pl.Float64).append(numbers))


def _infer_dates(present: pl.Series, options: InferOptions) -> tuple[ColumnSchema | None, list[str]]:
    """Return the schema of dates, or None; and a note if the order of day and month is ambiguous."""
    sample = present.head(_SAMPLE).unique()
    date_format = find_date_format(sample, options.date_order)
    if not date_format:
        return None, []
    name, other_format = present.name, swap_order(date_format)
    moments = parse_dates(present, date_format)
    other = parse_dates(present, other_format) if other_format else None
    if other is not None and other.null_count() < moments.null_count() and options.date_order is None:
        date_format, other_format, moments, other = other_format, date_format, other, moments
    if moments.null_count() > (1 - MOSTLY_DATES) * len(present) or moments.n_unique() < 2:
        return None, []
    notes = []
    if other is not None and options.date_order is None and other.null_count() == moments.null_count():
        notes = [
            f"{name!r}: the order of day and month is ambiguous; read as {date_format}, the day first (if the month is: "
            "date_order='month', --date-order month)"
        ]
    is_day_first = other is not None and date_format.index("%d") < date_format.index("%m")
    if other is not None and is_day_first and options.date_order == "month":
        text = present.filter(other.is_null())[0]
        raise DataError(
            f"date_order: expected dates with the month first in {name!r}, received {text!r}; omit it, or say 'day'"
        )
    known = present.filter(moments.is_null()).unique(maintain_order=True).head(_MOST_SLIPS)
    is_day = (moments.dt.truncate("1d") == moments).all()
    kind: ColumnType = "date" if is_day else "datetime"
    return ColumnSchema(name, kind, date_format=date_format, slips=tuple(known.to_list())), notes


def _words(present: pl.Series) -> tuple[str, ...]:
    """Return the two texts of a column for false and true, or none."""
    if not len(present) or present.head(_SAMPLE).n_unique() > 2:
        return ()
    words = present.unique().to_list()
    truths = [TRUTH_WORDS.get(word.lower()) for word in words]
    if len(words) != 2 or set(truths) != {False, True}:
        return ()
    return tuple(word for _, word in sorted(zip(truths, words, strict=True)))


def _with_range(schema: ColumnSchema, values: pl.Series) -> ColumnSchema:
    """Return the schema with the range of its numbers; numbers that count or name the rows have none."""
    if schema.type not in NUMBERS or not values.dtype.is_numeric():
        return schema
    if schema.type == "whole" and len(values) > IDENTIFIER and values.n_unique() == len(values):
        return schema
    numbers = values.to_numpy().astype(np.float64)
    finite = numbers[np.isfinite(numbers)]
    return (
        replace(schema, low=float(finite.min()) + 0.0, high=float(finite.max()) + 0.0)
        if len(finite)
        else schema
    )


def group_notes(columns: Iterable[ColumnSchema]) -> list[str]:
    """Return the note about columns whose digits are grouped."""
    grouped = [column for column in columns if column.form.has_groups]
    return [group_note([column.name for column in grouped], grouped[0].form.decimal)] if grouped else []


def slip_notes(columns: Iterable[ColumnSchema]) -> list[str]:
    """Return a note for each column in which a few texts are not of its type."""
    notes = []
    for column in columns:
        singular, plural = ("a number", "numbers") if column.type in NUMBERS else ("a date", "dates")
        predicate = f"is not {singular}" if len(column.slips) == 1 else f"are not {plural}"
        if column.slips:
            notes.append(f"{column.name!r}: {quoted_list(column.slips)} {predicate}; treated as missing")
    return notes
