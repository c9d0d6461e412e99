"""Distributions of columns as bars, and the target within each bar, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypedDict

import numpy as np

from .coding import CodedColumn, code_column
from .columns import Column, read_table
from .kinds import ColumnKind
from .survey_target import label_text

BINS, LEVELS, CLASSES = 16, 12, 5  # maximum numbers of bars of numbers and of other values, and of classes
_INTEGERS = 31  # maximum number of distinct integers with a bar each, like hours and days
_TAILS = (0.005, 0.995)  # quantiles beyond which numbers are in the first and the last bar
_NO_BARS = ("identifier", "text")


class Distribution(TypedDict):
    """The distribution of a column; lists have an entry per bar, the last one of missing values if there are any.

    Less frequent classes are grouped as "other". The mean and the standard deviation are for a numeric target, with
    None in a bar without rows.
    """

    name: str
    labels: list[str]
    rows: list[int]
    ordered: bool
    classes: list[str]
    rows_by_class: list[list[int]]
    target_mean: list[float | None]
    target_sd: list[float | None]


def distributions(
    X: object, y: np.ndarray | None, kinds: Sequence[str], task: str | None
) -> list[Distribution]:
    """Return the distribution of each column of a table, with the target within each bar.

    Parameters
    ----------
    X : frame of m rows
    y : array, shape (m,), or None
    kinds : sequence of str
        Of the columns.
    task : "classes", "numbers" or None

    Examples
    --------
    >>> import polars
    >>> table = polars.DataFrame({"town": ["Oslo", "Rome", "Oslo", None]})
    >>> one = distributions(table, np.array(["a", "b", "a", "a"]), ["categorical"], "classes")[0]
    >>> one["labels"], one["rows"], one["classes"], one["rows_by_class"]
    (['Oslo', 'Rome', 'missing'], [2, 1, 1], ['a', 'b'], [[2, 0], [0, 1], [1, 0]])
    """
    columns = [code_column(c, ColumnKind(kind)) for c, kind in zip(read_table(X), kinds, strict=True)]
    return [_with_target(column, y, task) for column in columns]


def target_distribution(y: np.ndarray, name: str, task: str) -> Distribution:
    """Return the distribution of the target."""
    values = y.astype(np.float64) if task == "numbers" else np.array([str(v) for v in y.tolist()], object)
    kind = "numeric" if task == "numbers" else "categorical"
    return _with_target(code_column(Column(name, values), ColumnKind(kind)), None, None)


def _with_target(column: CodedColumn, y: np.ndarray | None, task: str | None) -> Distribution:
    places, labels, ordered = _bars(column)
    rows = np.bincount(places, minlength=len(labels)) if labels else np.zeros(0, int)
    empty: list[float | None] = []
    distribution = Distribution(
        name=column.name, labels=labels, rows=rows.tolist(), ordered=ordered, classes=[], rows_by_class=[],
        target_mean=empty, target_sd=empty,
    )  # fmt: skip
    if not labels or y is None:
        return distribution
    if task == "classes":
        names, numbers = _frequent(np.array([str(value) for value in y.tolist()], object), CLASSES)
        pairs = np.bincount(places * len(names) + numbers, minlength=len(labels) * len(names))
        distribution |= {"classes": names, "rows_by_class": pairs.reshape(len(labels), -1).tolist()}
    else:
        targets_by_bar = [y[places == k].astype(np.float64) for k in range(len(labels))]
        targets_by_bar = [values[np.isfinite(values)] for values in targets_by_bar]
        distribution |= {
            "target_mean": [float(values.mean()) if len(values) else None for values in targets_by_bar],
            "target_sd": [float(values.std()) if len(values) else None for values in targets_by_bar],
        }
    return distribution


def _bars(column: CodedColumn) -> tuple[np.ndarray, list[str], bool]:
    """Return the bar of each row, the labels of the bars, and whether they are in ascending order."""
    kind = column.values.dtype.kind
    if column.kind in _NO_BARS or not column.distinct:
        return np.zeros(0, int), [], False
    is_number = (kind == "f" and column.kind != "categorical") or kind == "M"
    most = _INTEGERS if is_number and kind == "f" and _are_integers(column.numbers) else LEVELS
    if is_number and column.distinct > most:
        places, labels = _bins(column)
    elif is_number:
        places, labels = np.minimum(column.codes, column.distinct), [_text(v) for v in column.levels]
    else:
        labels, places = _frequent(column.values, LEVELS)
    if column.gaps.any():
        places, labels = np.where(column.gaps, len(labels), places), [*labels, "missing"]
    return places, labels, is_number


def _bins(column: CodedColumn) -> tuple[np.ndarray, list[str]]:
    """Return bins of equal width between the tails, which are in the first and the last one."""
    dates = column.values.dtype.kind == "M"
    values = column.values.astype("datetime64[s]").astype(np.int64) if dates else column.values
    values = np.where(column.gaps, np.nan, values.astype(np.float64))
    finite = values[np.isfinite(values)]
    if not len(finite):
        return np.zeros(len(values), int), ["infinite"]
    low, high = np.quantile(finite, _TAILS)
    low, high = (low, high) if low < high else (finite.min(), finite.max())
    edges = np.linspace(low, high, BINS + 1)
    if _are_integers(finite) and not dates:  # as many integers in each bin
        step = np.ceil((high - low + 1) / BINS)
        edges = np.floor(low) + step * np.arange(int(np.ceil((high - np.floor(low) + 1) / step)) + 1)
    with np.errstate(invalid="ignore"):
        places = np.clip(np.searchsorted(edges, np.nan_to_num(values), "right") - 1, 0, len(edges) - 2)
    ends = [float(finite.min()), *edges[1:-1].tolist(), float(finite.max())]
    texts = (
        [str(np.datetime64(int(end), "s"))[:10] for end in ends] if dates else [f"{end:.4g}" for end in ends]
    )
    return places, [f"{a} to {b}" for a, b in pairwise(texts)]


def _frequent(values: np.ndarray, most: int) -> tuple[list[str], np.ndarray]:
    """Return the most frequent values, and the place of each row among them; all others are one more."""
    texts = np.array(["" if value is None else _text(value) for value in values.tolist()], object)
    present = texts[[value is not None for value in values.tolist()]]
    levels, counts = np.unique(present.astype(str), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    names: list[str] = levels[order[:most]].tolist()
    known = {name: k for k, name in enumerate(names)}
    places = np.array([known.get(text, len(names)) for text in texts.tolist()], int)
    return (names, places) if len(levels) <= most else ([*names, f"{len(levels) - most:,} other"], places)


def _text(value: object) -> str:
    return str(value)[:10] if isinstance(value, np.datetime64) else label_text(value)


def _are_integers(values: np.ndarray) -> bool:
    return bool((np.floor(values) == values).all())
