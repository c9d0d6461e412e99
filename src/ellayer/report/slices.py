"""Slices: the score of the model for the rows with each value of a column, where it differs most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .document_types import GroupFacts, SliceFacts, SlicesFacts
from .number_text import format_number
from .run_facts import Predictions
from .scores import scores
from .sentences import short

if TYPE_CHECKING:
    import polars as pl

FEWEST_ROWS = 20  # of a group
MOST_COLUMNS, MOST_GROUPS = 3, 8
FEW_VALUES = 8  # numbers of so few values are taken one by one
LEVEL = 0.05
Group = tuple[str, np.ndarray]  # a value or a range, and the numbers of its rows


def slices(
    table: pl.DataFrame, y: np.ndarray, model: Predictions, classes: Sequence[Any]
) -> SlicesFacts | None:
    """Return the columns by whose values accuracy, or the mean absolute error, differs most; None if no column can be tested.

    A column is named if its groups differ by the Kruskal–Wallis test on the errors of the rows, at 5 % after Bonferroni's
    correction for the number of columns; those with the largest difference between two groups are returned.

    Parameters
    ----------
    table : polars.DataFrame of m rows
    y : array, shape (m,)
    model : Predictions
    classes : sequence of labels
        Empty for numbers.
    """
    from scipy.stats import kruskal

    errors = _errors(y, model, classes)
    if not np.isfinite(errors).all() or not np.ptp(errors):
        return None
    tested = [(column.name, groups) for column in table if len(groups := groups_of(column)) > 1]
    if not tested:
        return None
    metric, different = "accuracy" if classes else "mae", []
    for name, groups in tested:
        parts = [errors[rows] for _, rows in groups]
        if not np.ptp(np.concatenate(parts)):
            continue
        p = min(1.0, float(kruskal(*parts).pvalue) * len(tested))
        if p < LEVEL:
            means = [part.mean() for part in parts]
            different.append((max(means) - min(means), name, p, groups))
    different.sort(key=lambda row: -row[0])
    return SlicesFacts(
        metric=metric,
        columns_tested=len(tested),
        fewest_rows=FEWEST_ROWS,
        columns=[
            SliceFacts(
                column=name,
                p_value=p,
                groups=[_group(group, y, model, classes, metric) for group in groups],
                rows_left_out=len(y) - sum(len(rows) for _, rows in groups),
            )
            for _, name, p, groups in different[:MOST_COLUMNS]
        ],
    )


def _errors(y: np.ndarray, model: Predictions, classes: Sequence[Any]) -> np.ndarray:
    """Return 1 for a misclassified row and 0 for another; or the absolute error of each row."""
    if classes:
        return (np.asarray(model.prediction).astype(str) != np.asarray(y).astype(str)).astype(float)
    return np.abs(np.asarray(y, float) - np.asarray(model.prediction, float).ravel())


def _group(
    group: Group, y: np.ndarray, model: Predictions, classes: Sequence[Any], metric: str
) -> GroupFacts:
    value, rows = group
    prediction = np.asarray(model.prediction)[rows]
    score = scores(np.asarray(y)[rows], prediction, classes=classes or None, names=[metric])[metric]
    return GroupFacts(value=value, rows=len(rows), score=score.to_json())


def groups_of(column: pl.Series) -> list[Group]:
    """Return the rows of each frequent value, of each quarter of numbers or dates, and of missing values.

    Groups of fewer than 20 rows are left out.

    Examples
    --------
    >>> import polars
    >>> [(value, len(rows)) for value, rows in groups_of(polars.Series("town", ["Oslo"] * 30 + ["Rome"] * 20 + ["Bari"]))]
    [('Oslo', 30), ('Rome', 20)]
    """
    groups = [group for group in _all_groups(column) if len(group[1]) >= FEWEST_ROWS]
    return groups[:MOST_GROUPS]


def _all_groups(column: pl.Series) -> Iterator[Group]:
    missing = column.is_null().to_numpy()
    if column.dtype.is_float():
        missing = missing | column.is_nan().fill_null(False).to_numpy()
    present = np.flatnonzero(~missing)
    values = column.filter(~missing)
    is_ordered = column.dtype.is_numeric() or column.dtype.is_temporal()
    if is_ordered and values.n_unique() > FEW_VALUES:
        yield from _quarters(values, present)
    else:
        texts, codes, counts = np.unique(
            np.array([short(value, 60) for value in values.to_list()], dtype=str),
            return_inverse=True,
            return_counts=True,
        )
        order = range(len(texts)) if is_ordered else np.argsort(-counts, kind="stable")
        for k in order:
            if counts[k] >= FEWEST_ROWS:
                yield str(texts[k]), present[codes == k]
    if missing.any():
        yield "missing", np.flatnonzero(missing)


def _quarters(values: pl.Series, rows: np.ndarray) -> Iterator[Group]:
    """Yield the rows of four ranges of about as many values; equal values stay together."""
    ranks = values.rank("min").to_numpy()
    ends = np.quantile(ranks, (0.25, 0.5, 0.75))
    quarter = np.searchsorted(np.unique(ends), ranks)
    for k in np.unique(quarter):
        inside = values.filter(quarter == k)
        low, high = (_text(end) for end in (inside.min(), inside.max()))
        yield low if low == high else f"{low} to {high}", rows[quarter == k]


def _text(value: object) -> str:
    return format_number(float(value)) if isinstance(value, (int, float)) else str(value)
