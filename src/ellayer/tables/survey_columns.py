"""Findings about single columns: no values, many missing ones, placeholders, outliers."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from .._wording import pluralize, quoted_list
from ..data.text.cells import number_text
from .coding import CodedColumn, share
from .columns import as_numbers

LEFT_OUT = ("constant", "identifier", "text", "ignore")  # kinds that a model does not use
_MUCH_MISSING = 0.3
_FAR = 100.0  # interquartile ranges from the median
_NINES = re.compile(r"-?9{2,}|-9")  # -9, 99, 999, -99, ...: what forms ask to write for "not known"
_MARKS = ("-1", "-200")


def column_findings(columns: Sequence[CodedColumn], m: int) -> list[str]:
    """Return the findings about single columns, similar ones combined.

    Parameters
    ----------
    columns : sequence of CodedColumn
    m : int
        The number of rows.
    """
    findings = _useless(columns)
    much = [c for c in columns if c.kind not in LEFT_OUT and c.gaps.sum() > _MUCH_MISSING * m]
    if much:
        shares = ", ".join(
            f"{c.name!r} {c.gaps.sum():,} of {m:,} ({share(c.gaps.sum(), m)})" for c in much[:5]
        )
        findings.append(
            f"much is missing in {pluralize(len(much), 'column')}: {shares}{_more(much)}; imputed, with an indicator "
            f"column; drop a column without further information"
        )
    findings += _empty_rows(columns, m)
    for column in columns:
        if column.kind == "numeric" and column.has_floats:
            findings += _numeric(column, m)
        elif column.values.dtype.kind == "O":
            findings += _mixture_finding(column)
    return findings


def _useless(columns: Sequence[CodedColumn]) -> list[str]:
    findings = []
    constant = [c for c in columns if c.kind == "constant"]
    if constant:
        names = quoted_list([c.name for c in constant])
        all_of_them = len(constant) == len(columns)
        advice = "no features to learn from: name another file" if all_of_them else "ignored by the model"
        findings.append(
            f"{'every column' if all_of_them else names} {_constant_phrase(constant, all_of_them)}; {advice}"
        )
    for column in columns:
        if column.kind in ("identifier", "text"):
            findings.append(
                f"{column.name!r} looks like {'an identifier' if column.kind == 'identifier' else 'free text'} "
                f"({column.note}); not used by the model (to use it: --kind {column.name}=categorical)"
            )
        elif column.kind == "numeric" and column.note:
            findings.append(f"{column.name!r}: {column.note}; correct them if they have a meaning")
    return findings


def _constant_phrase(constant: Sequence[CodedColumn], all_of_them: bool) -> str:
    empty = sum(c.distinct == 0 for c in constant)
    verb = "holds" if len(constant) == 1 or all_of_them else "hold"
    if empty == len(constant):
        return f"{verb} no value"
    return f"{verb} one value only" + (f" ({constant[0].levels[0]!r})" if len(constant) == 1 else "")


def _more(columns: Sequence[CodedColumn]) -> str:
    return f" and {len(columns) - 5} more" if len(columns) > 5 else ""


def _empty_rows(columns: Sequence[CodedColumn], m: int) -> list[str]:
    inputs = [c for c in columns if c.kind not in LEFT_OUT and c.gaps.sum() < 0.5 * m]
    if len(inputs) < 3:
        return []
    empty = np.flatnonzero(sum(c.gaps.astype(np.int64) for c in inputs) > len(inputs) / 2)
    if not len(empty):
        return []
    return [
        f"{pluralize(len(empty), 'row misses', 'rows miss')} more than half of the values (the first is row {empty[0]}, "
        f"counted from 0); drop them if they hold no information"
    ]


def _numeric(column: CodedColumn, m: int) -> list[str]:
    values, findings = column.numbers, []
    infinite = m - int(column.gaps.sum()) - len(values)
    if infinite:
        findings.append(
            f"{column.name!r}: {pluralize(infinite, 'value')} infinite; replace them or drop the rows"
        )
    if column.distinct < 3 or not len(values):
        return findings
    mark = _mark_of_missing(column)
    if mark is not None:
        value, count = mark
        return [
            *findings,
            f"{column.name!r}: {number_text(value)} in {pluralize(count, 'row')} ({share(count, m)}) is far from the "
            f"other values and may be a placeholder for a missing one; leave these cells empty if so",
        ]
    with np.errstate(all="ignore"):
        low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
        far = values[np.abs(values - middle) > _FAR * (high - low)] if high > low else values[:0]
    if len(far):
        worst = far[np.abs(far - middle).argmax()]
        findings.append(
            f"{column.name!r}: {pluralize(len(far), 'outlier')}, up to {worst:g}, where half of the values lie from "
            f"{low:g} to {high:g}; check the unit and the decimal point"
        )
    return findings


def _mark_of_missing(column: CodedColumn) -> tuple[float, int] | None:
    """Return an end of the range that looks like a placeholder, and its frequency."""
    values = np.asarray(column.levels)
    finite = np.isfinite(values)
    values, counts = values[finite].tolist(), column.counts[finite].tolist()
    if len(values) < 3:
        return None
    for end, next_to, spread in ((-1, -2, values[-2] - values[0]), (0, 1, values[-1] - values[1])):
        value, count = values[end], counts[end]
        text = number_text(value)
        nines = bool(_NINES.fullmatch(text)) and abs(value - values[next_to]) > spread / 2
        below = text in _MARKS or (value < 0 and bool(_NINES.fullmatch(text)))
        negative = end == 0 and below and values[next_to] >= 0
        if count > 1 and (nines or negative):
            return value, count
    return _odd_zero(column, values, counts)


def _odd_zero(column: CodedColumn, values: list[float], counts: list[int]) -> tuple[float, int] | None:
    """Return a zero among measurements that are otherwise far from it, such as a blood pressure."""
    if values[0] != 0 or counts[0] > 0.5 * len(column.numbers) or len(values) < 20:
        return None
    others = column.numbers[column.numbers != 0]
    apart = values[1] >= 10 and values[1] > 0.1 * float(np.median(others))
    return (values[0], counts[0]) if apart else None


def _mixture_finding(column: CodedColumn) -> list[str]:
    """Return the finding about a text column most of whose distinct values are numbers."""
    if column.kind != "categorical" or column.column.declared:
        return []
    levels = np.array([*column.levels, None], dtype=object)[:-1]
    wrong = as_numbers(levels)[1]
    numbers = int((~wrong).sum())
    if numbers <= 10 or numbers < len(levels) / 2 or not wrong.any():
        return []
    rows = int(column.counts[wrong].sum())
    return [
        f"{column.name!r} mixes numbers and text ({quoted_list(levels[wrong].tolist())}, {pluralize(rows, 'row')}), so all are "
        f"treated as categories; leave those cells empty to have numbers"
    ]
