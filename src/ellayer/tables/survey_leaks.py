"""Findings about two columns that leak the target together, and about columns that count the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np

from .coding import CodedColumn

ENOUGH = 50  # rows, and for classes a fifth of it in each: below, agreement may be chance
MOST_COLUMNS = 40  # of numbers, those that agree most with the target: all pairs of more take long
MOST_SHOWN = 3
ROWS = 2_000  # to search on; what is found is confirmed on all rows
SAME = 0.9999  # correlation, from which a form of two columns is the target in other units
COUNTS = 0.9  # share of the steps of 1 between the rows of a counter

FORMS: tuple[tuple[str, Callable[[np.ndarray, np.ndarray], np.ndarray]], ...] = (
    ("+", np.add),
    ("−", np.subtract),
    ("/", np.divide),
    ("×", np.multiply),
)


def pair_findings(
    columns: Sequence[CodedColumn], target: CodedColumn, task: str, leaks: Sequence[str]
) -> list[str]:
    """Return a finding for a sum, difference, ratio or product of two columns that leaks the target.

    Parameters
    ----------
    columns : sequence of CodedColumn
    target : CodedColumn
    task : "classes" or "numbers"
    leaks : sequence of str
        Names of the columns that leak it alone; they are left out.
    """
    agreement = _correlation if task == "numbers" else _separation
    truth = _target_numbers(target, task)
    if truth is None or len(truth) < ENOUGH:
        return []
    usable = [
        c for c in columns if c.kind == "numeric" and c.has_floats and c.distinct > 2 and c.name not in leaks
    ]
    numbers = [(column.name, column.values) for column in usable]
    rows = np.random.RandomState(0).permutation(len(truth))[:ROWS]
    some = truth[rows]
    with np.errstate(all="ignore"):
        order = sorted(range(len(numbers)), key=lambda i: -agreement(numbers[i][1][rows], some))
        numbers = [numbers[i] for i in sorted(order[:MOST_COLUMNS])]
        by_name, forms = dict(numbers), dict(FORMS)
        pairs: dict[frozenset[str], tuple[str, str, str]] = {}
        for first, sign, second, values in _forms([(name, x[rows]) for name, x in numbers]):
            if frozenset((first, second)) in pairs or agreement(values, some) < SAME:
                continue
            if agreement(forms[sign](by_name[first], by_name[second]), truth) >= SAME:
                pairs[frozenset((first, second))] = (first, sign, second)
    agrees = "is the target in other units" if task == "numbers" else "parts the classes without an error"
    return [
        f"{first!r} {sign} {second!r} {agrees}: together they leak the target {target.name!r}; drop one unless both "
        "are known before the target is"
        for first, sign, second in list(pairs.values())[:MOST_SHOWN]
    ]


def _target_numbers(target: CodedColumn, task: str) -> np.ndarray | None:
    """Return numbers, or 0 and 1 for two classes of some size; None for other targets."""
    if task == "numbers":
        return target.values.astype(np.float64)
    if target.distinct != 2 or target.counts.min() < ENOUGH / 5:
        return None
    return target.codes.astype(np.float64)


def _forms(numbers: list[tuple[str, np.ndarray]]) -> Iterator[tuple[str, str, str, np.ndarray]]:
    """Yield the forms of each pair of columns, ratios both ways."""
    for (first, x), (second, y) in combinations(numbers, 2):
        for sign, form in FORMS:
            yield first, sign, second, form(x, y)
        yield second, "/", first, y / x


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Return |r| of two columns, 0 where it is not defined or half of the values are missing."""
    both = np.isfinite(x) & np.isfinite(y)
    if both.sum() < max(ENOUGH, len(x) / 2):
        return 0.0
    x, y = x[both] - x[both].mean(), y[both] - y[both].mean()
    size = float(np.sqrt((x @ x) * (y @ y)))
    return abs(float(x @ y)) / size if size > 0 else 0.0


def _separation(x: np.ndarray, y: np.ndarray) -> float:
    """Return 2 |AUC − 1/2| of one threshold on x for classes 0 and 1; 0 where half of the values are missing."""
    both = np.isfinite(x)
    x, y = x[both], y[both]
    positive = float(y.sum())
    if len(x) < max(ENOUGH, len(both) / 2) or not 0 < positive < len(y):
        return 0.0
    values, places = np.unique(x, return_inverse=True)
    counts = np.bincount(places, minlength=len(values))
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[places]
    auc = (float(ranks @ y) - positive * (positive + 1) / 2) / (positive * (len(y) - positive))
    return 2 * abs(auc - 0.5)


def counter_findings(columns: Sequence[CodedColumn]) -> list[str]:
    """Return a finding for each column of the model that counts the rows: integers, all different, ascending."""
    return [
        f"{column.name!r} counts the rows (integers, all different, ascending): it says where a row is in the file, not "
        f"what it is; leave it out with --kind {column.name}=ignore"
        for column in columns
        if _counts(column)
    ]


def _counts(column: CodedColumn) -> bool:
    values = column.values
    if column.kind != "numeric" or values.dtype.kind != "f" or len(values) < ENOUGH:
        return False
    steps = np.diff(values)
    ascends = np.isfinite(steps).all() and (values % 1 == 0).all() and (steps > 0).all()
    return bool(ascends and (steps == 1).mean() >= COUNTS)
