"""Findings about duplicates: columns that reveal the target, columns that are identical, rows that repeat."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from .._wording import pluralize, quoted_list
from .coding import CodedColumn, count_pairs, share

_ENOUGH = 30  # number of rows below which agreement may be due to chance
_AS_ONE = 0.9999  # correlation above which two numeric columns are the same in other units


def leak_findings(columns: Sequence[CodedColumn], target: CodedColumn, task: str) -> dict[str, str]:
    """Return, by its name, a warning for each column that leaks the target.

    Parameters
    ----------
    columns : sequence of CodedColumn
    target : CodedColumn
    task : "classes" or "numbers"
    """
    if len(target.codes) < _ENOUGH or target.distinct < 2:
        return {}
    findings = {}
    for column in columns:
        leak = _leak(column, target, task)
        if leak:
            findings[column.name] = (
                f"{column.name!r} leaks the target {target.name!r}: {leak}; drop it unless it is known before "
                f"the target is"
            )
    return findings


def _leak(column: CodedColumn, target: CodedColumn, task: str) -> str:
    """Return how a column reveals the target, if it does."""
    m, distinct = len(column.codes), column.distinct + bool(column.gaps.any())
    if distinct < 2:
        return ""
    if task == "numbers" and column.has_floats:
        return _as_numbers(column, target)
    repeats = distinct <= m / 10 or distinct == target.distinct <= m / 2
    settled = repeats and count_pairs(column.codes, target.codes) == distinct
    if settled and distinct == target.distinct:
        return "its values correspond one to one to those of the target"
    if settled and task == "classes":
        return f"each of its {distinct} values occurs in one class only"
    if task == "numbers" or target.distinct != 2:
        return ""
    if column.gaps.any() and count_pairs(column.gaps.astype(np.int64), target.codes) == 2:
        return "it is missing in all rows of one class and in none of the other"
    return _split(column, target)


def _as_numbers(column: CodedColumn, target: CodedColumn) -> str:
    """Return how a numeric column is the target in another unit, or in the same order."""
    x, y = column.values, target.values.astype(np.float64)
    both = np.isfinite(x) & np.isfinite(y)
    x, y = x[both], y[both]
    if len(x) < _ENOUGH or column.distinct < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return ""
    if np.array_equal(x, y):
        return "it is the same"
    with np.errstate(all="ignore"):
        r = float(np.corrcoef(x, y)[0, 1])
    if abs(r) > _AS_ONE:
        return f"it is the target in other units (correlation {r:.5f})"
    steps = np.diff(y[np.argsort(x, kind="stable")])
    in_order = bool((steps >= 0).all() or (steps <= 0).all())
    if (
        in_order
        and count_pairs(column.codes, target.codes) == len(np.unique(column.codes)) == target.distinct
    ):
        return "each of its values corresponds to one value of the target, in the same order"
    return ""


def _split(column: CodedColumn, target: CodedColumn) -> str:
    """Return how one threshold in a numeric column separates two classes without an error."""
    x = column.values
    if x.dtype.kind != "f" or column.distinct < 3:
        return ""
    first, second = x[(target.codes == 0) & ~column.gaps], x[(target.codes == 1) & ~column.gaps]
    if min(len(first), len(second)) < 10:
        return ""
    low, high = (first, second) if first.max() < second.min() else (second, first)
    if low.max() < high.min():
        return f"its values up to {low.max():g} are all of one class, those from {high.min():g} of the other"
    return ""


def twin_findings(columns: Sequence[CodedColumn]) -> list[str]:
    """Return which columns are identical up to renaming."""
    groups = defaultdict(list)
    for column in columns:
        if column.distinct < 2:
            continue
        if 2 * column.distinct <= len(column.codes):
            groups[_digest(_in_order_of_appearance(column.codes))].append(column.name)
        elif column.has_floats:
            groups[_digest(column.values)].append(column.name)
    return [
        f"{quoted_list(names)} are identical up to renaming; drop one"
        for names in groups.values()
        if len(names) > 1
    ]


def _in_order_of_appearance(codes: np.ndarray) -> np.ndarray:
    """Number the levels by the row they first appear in: equal for columns that are identical up to renaming."""
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def _digest(values: np.ndarray) -> bytes:
    return blake2b(np.ascontiguousarray(values).tobytes(), digest_size=16).digest()


def row_findings(columns: Sequence[CodedColumn], target: CodedColumn | None) -> list[str]:
    """Return findings about duplicate rows, and rows with equal inputs but another target."""
    m = len(columns[0].codes)
    inputs = _codes_of_rows(np.column_stack([c.codes for c in columns]))
    rows = inputs if target is None else _codes_of_rows(np.column_stack([inputs, target.codes]))
    findings = []
    copies = m - int(rows.max(initial=-1)) - 1
    if copies:
        findings.append(
            f"{pluralize(copies, 'row repeats', 'rows repeat')} an earlier one ({share(copies, m)}); a copy in both training "
            f"and test data inflates the score: drop them unless each is a case of its own"
        )
    if target is not None and target.kind == "classes" and len(columns) > 1:
        mixed = _contradictions(inputs, target.codes)
        if mixed > 0.01 * m:
            findings.append(
                f"{pluralize(mixed, 'row')} ({share(mixed, m)}) have the same inputs as a row of another class; no model "
                f"can be right on all: check which column distinguishes them"
            )
    return findings


def _codes_of_rows(table: np.ndarray) -> np.ndarray:
    """Return the codes of the distinct rows of a table of codes."""
    table = np.ascontiguousarray(table, dtype=np.int32)
    rows = table.view([("", table.dtype)] * table.shape[1]).ravel() if table.shape[1] > 1 else table.ravel()
    return np.unique(rows.view(f"V{rows.dtype.itemsize}"), return_inverse=True)[1].astype(np.int64)


def _contradictions(inputs: np.ndarray, labels: np.ndarray) -> int:
    """Return the number of rows whose inputs equal those of a row with another label."""
    pairs = np.unique(np.column_stack([inputs, labels]), axis=0)
    labels_of_input = np.bincount(pairs[:, 0])
    return int((labels_of_input[inputs] > 1).sum())
