"""Columns that order or group the rows: times, and identifiers that repeat."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from .._wording import quoted_list
from ..errors import EllayerError
from .coding import CodedColumn, code_column
from .column_profile import date_format
from .columns import Column, as_days, as_numbers, read_table
from .kinds import infer_kind
from .survey_columns import LEFT_OUT

ORDERED = 0.99  # share of the steps from row to row that do not go back
DRIFT = 0.8  # AUC of early against late rows
FOLLOWS = 0.9  # rank correlation with the time above which a column is another form of it
FEWEST_TIMES, FEWEST_GROUPS, FEWEST_OF_EACH = 10, 5, 30
MOST_ROWS, MOST_COLUMNS = 2_000, 200  # limits: to separate two sets of rows takes less than a second
FAR = 0.2  # distance of the distributions of some column, below which no classifier is fitted
ORDER_DRIFT = 0.9  # AUC of the first half of a file against the second
SORTED = 0.1  # share of the changes of the target that random rows have, below which the file is sorted by it
ID_NAME = re.compile(
    r"(?i:(^|[_\W])(id|uuid|key|user|customer|client|patient|subject|person|household|session|device|account)([_\W]|$))"
    r"|[a-z](ID|Id)$"
)
SHOWN = 3  # columns by name


def as_times(column: Column) -> np.ndarray | None:
    """Return the values of a column as numbers that increase with time, nan if missing; None for other text.

    Examples
    --------
    >>> as_times(Column("day", np.array(["31.12.2024", None, "1.1.2025"], dtype=object))).tolist()
    [20088.0, nan, 20089.0]
    """
    values = column.values
    if values.dtype.kind == "M":
        return as_days(values, "")[0]
    levels = {text for text in values.tolist() if text is not None} if values.dtype.kind == "O" else set()
    form = date_format(levels) if levels else ""
    times, wrong = as_days(values, form) if form else as_numbers(values)
    return None if wrong.any() else times


def time_column(columns: Sequence[CodedColumn]) -> tuple[str, str] | None:
    """Return the date column that orders the rows or along which they drift, and a description.

    Examples
    --------
    >>> from ellayer.tables.coding import code_column
    >>> from ellayer.tables.kinds import ColumnKind
    >>> days = np.arange("2024-01-01", "2024-03-01", dtype="datetime64[D]")
    >>> time_column([code_column(Column("day", days.astype("datetime64[us]")), ColumnKind("date"))])
    ('day', "the rows are in the order of 'day'")
    """
    for column in columns:
        times = as_times(column.column) if column.kind == "date" else None
        if times is None or column.distinct < FEWEST_TIMES:
            continue
        present = times[~np.isnan(times)]
        steps = np.diff(present)
        if max((steps >= 0).mean(), (steps <= 0).mean()) >= ORDERED:
            return column.name, f"the rows are in the order of {column.name!r}"
        late = times > np.median(present)
        others = [c for c in columns if c is not column and not _same_order(c, times)]
        auc = separability(others, late, ~np.isnan(times))
        if auc >= DRIFT:
            differ = f"differ (a classifier separates them with AUC {auc:.2f})"
            return column.name, f"rows early and late in {column.name!r} {differ}"
    return None


def order_drift(columns: Sequence[CodedColumn], target: CodedColumn) -> str | None:
    """Return a description if the rows drift along the file, which is not sorted by the target.

    Columns in the order of the file, such as a number of the row, are not used.

    Parameters
    ----------
    columns : sequence of CodedColumn
    target : CodedColumn
    """
    m = len(target.codes)
    if m < 2 * FEWEST_OF_EACH:
        return None
    changes = float((target.codes[1:] != target.codes[:-1]).mean())
    if changes < SORTED * (1.0 - float(np.square(target.counts / m).sum())):
        return None
    places = np.sort(np.random.RandomState(0).permutation(m)[:MOST_ROWS])
    values = target.column.values[places]
    if values.dtype.kind in "iuf" and _follows(values.astype(float), places):
        return None
    some = [
        replace(column, column=Column(column.name, column.column.values[places]), codes=column.codes[places])
        for column in columns
    ]
    columns_used = [column for column in some if not _same_order(column, places)]
    late = places >= m / 2
    distances = _distances(columns_used, late)
    if max(distances.values(), default=0.0) < FAR:
        return None
    auc = separability(columns_used, late, np.ones(len(late), bool))
    if auc < ORDER_DRIFT:
        return None
    names = quoted_list(list(distances)[:SHOWN])
    return f"rows early and late in the file differ (a classifier separates them with AUC {auc:.2f}, most by {names})"


def group_column(columns: Sequence[CodedColumn]) -> tuple[str, str] | None:
    """Return the identifier column that repeats most, and a description."""
    best, most = None, 0
    for column in columns:
        is_id = ID_NAME.search(column.name) is not None and _is_discrete(column)
        named = is_id and column.distinct >= FEWEST_GROUPS
        several = int(column.counts[column.counts > 1].sum())
        m = len(column.codes)
        if column.gaps.sum() > 0.1 * m or not (named or column.kind == "identifier"):
            continue
        repeats = 2 * column.distinct <= m if named and column.kind != "identifier" else several >= 0.2 * m
        if repeats and several > most:
            best, most = column, several
    if best is None:
        return None
    return best.name, f"{best.name!r} repeats: {most:,} of {len(best.codes):,} rows share it with others"


def _is_discrete(column: CodedColumn) -> bool:
    """Return whether the values are texts or integers."""
    values = column.values
    return values.dtype.kind == "O" or (values.dtype.kind == "f" and bool((column.numbers % 1 == 0).all()))


def separability(columns: Sequence[CodedColumn], second: np.ndarray, rows: np.ndarray) -> float:
    """Return the AUC with which a boosted model separates two sets of rows, on held-out rows.

    Parameters
    ----------
    columns : sequence of CodedColumn
        Of many, some that are evenly spread are used.
    second : ndarray of bool, shape (m,)
        Which rows are of the second set.
    rows : ndarray of bool, shape (m,)
        Rows to use; a random sample if there are many.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    from .._sklearn_compat import threads_of_trees

    rows_used = np.flatnonzero(rows)
    rows_used = np.random.RandomState(0).permutation(rows_used)[:MOST_ROWS]
    usable = [column for column in columns if column.distinct > 1 and column.kind not in LEFT_OUT]
    matrix = [_numbers(column)[rows_used] for column in usable[:: -(-len(usable) // MOST_COLUMNS) or 1]]
    truth = second[rows_used]
    if not matrix or min(truth.sum(), (~truth).sum()) < FEWEST_OF_EACH:
        return 0.5
    model = HistGradientBoostingClassifier(max_iter=30, random_state=0)  # so few rows are fitted to the end
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    X = np.column_stack(matrix)
    with threads_of_trees(X.size):
        P = cross_val_predict(model, X, truth, cv=folds, method="predict_proba")
    return float(roc_auc_score(truth, P[:, 1]))


def distinguish(
    first: pl.DataFrame, second: pl.DataFrame, leave_out: Sequence[str]
) -> tuple[float, list[str]]:
    """Return the AUC with which the rows of two tables are separated, and the columns, those that differ most first.

    Parameters
    ----------
    first, second : frame
        With the same columns; a random sample of the rows if there are many.
    leave_out : sequence of str
        Columns that are not used, nor others that follow them: of times, or groups.

    Raises
    ------
    EllayerError
        For columns that differ in type.
    """
    try:
        tables = first, second[first.columns]
        parts = [table.sample(min(len(table), MOST_ROWS // 2), seed=0) for table in tables]
        both = pl.concat(parts, how="vertical_relaxed")
    except pl.exceptions.PolarsError as error:
        raise EllayerError(f"expected the same columns in both tables, received others: {error}") from None
    columns = [code_column(column, infer_kind(column)) for column in read_table(both)]
    times = [values for c in columns if c.name in leave_out and (values := as_times(c.column)) is not None]
    columns_used = [
        c for c in columns if c.name not in leave_out and not any(_same_order(c, t) for t in times)
    ]
    late = np.arange(len(both)) >= len(parts[0])
    return separability(columns_used, late, np.ones(len(both), bool)), list(_distances(columns_used, late))


def _distances(columns: Sequence[CodedColumn], second: np.ndarray) -> dict[str, float]:
    """Return the distance of the distributions of each column in two sets of rows, the largest first.

    It is that of Kolmogorov and Smirnov for numbers and dates, the total variation for categories.
    """
    distances = {}
    for column in columns:
        if column.kind in LEFT_OUT:
            continue
        values = np.nan_to_num(_numbers(column), nan=-np.inf)
        levels, codes = np.unique(values, return_inverse=True)
        shares = [np.bincount(codes[rows], minlength=len(levels)) / rows.sum() for rows in (second, ~second)]
        gaps = shares[0] - shares[1]
        ordered = column.kind in ("numeric", "date")
        distances[column.name] = float(np.abs(np.cumsum(gaps)).max() if ordered else np.abs(gaps).sum() / 2)
    return dict(sorted(distances.items(), key=lambda item: -item[1]))


def _numbers(column: CodedColumn) -> np.ndarray:
    """Return the values of a column as numbers, its codes if it has none."""
    times = as_times(column.column) if column.kind in ("numeric", "date") else None
    return column.codes.astype(np.float64) if times is None else np.where(np.isfinite(times), times, np.nan)


def _same_order(column: CodedColumn, times: np.ndarray) -> bool:
    """Return whether a column of numbers or dates is in the order of the times, such as the year."""
    values = as_times(column.column)
    return values is not None and _follows(values, times)


def _follows(values: np.ndarray, times: np.ndarray) -> bool:
    """Return whether numbers are in the order of the times, or in the opposite one."""
    both = np.isfinite(values) & np.isfinite(times)
    if both.sum() < 3 or np.ptp(values[both]) == 0 or np.ptp(times[both]) == 0:
        return False
    return abs(float(np.corrcoef(_ranks(values[both]), _ranks(times[both]))[0, 1])) > FOLLOWS


def _ranks(values: np.ndarray) -> np.ndarray:
    return np.unique(values, return_inverse=True)[1].astype(np.float64)
