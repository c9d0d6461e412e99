"""Survey of a table or a set of images: kinds of columns, kind of target, and findings."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from json import dumps
from typing import Any

import numpy as np

from .._views import html_table, shorten_rows
from .._wording import pluralize
from ..errors import EllayerError
from .coding import CodedColumn, code_column, share
from .columns import Column, read_table
from .kinds import ColumnKind, check_column_kinds, infer_kind
from .row_order import group_column, order_drift, time_column
from .survey_columns import column_findings
from .survey_duplicates import leak_findings, row_findings, twin_findings
from .survey_leaks import counter_findings, pair_findings
from .survey_target import class_findings, infer_task, label_text, number_findings

_FEW_ROWS = 50
_MOST_SHOWN = 24  # maximum number of characters of a value


@dataclass(frozen=True)
class ColumnFacts:
    """A summary of one column.

    Attributes
    ----------
    name, kind, note : str
        Kind is one of ``encoders.ENCODERS``; the note gives a reason if necessary.
    missing, distinct : int
        Number of missing values, and of distinct ones.
    shown : str
        Its range, or its most frequent values.
    """

    name: str
    kind: str
    note: str
    missing: int
    distinct: int
    shown: str


@dataclass(frozen=True, repr=False)
class Survey:
    """The result of a survey.

    Attributes
    ----------
    m : int
        The number of rows.
    target : str or None
    task : "classes", "numbers" or None
        None without a target.
    why : str
        The reason for the task, in words.
    classes : dict
        The number of rows of each class, the most frequent first.
    columns : list of ColumnFacts
        Of a table; empty for images.
    findings : list of str
        Each with the column, the figure and what to do.
    leaks, pair_leaks, counters : list of str
        Those of the findings about columns, and pairs of columns, that leak the target or count the rows.
    time, group : (str, str), or None
        The date column that orders the rows, the identifier that repeats, each with a description: reasons
        not to split the rows at random.
    order : str or None
        The same for rows that drift along the file, if no date column orders them.
    """

    m: int
    target: str | None = None
    task: str | None = None
    why: str = ""
    classes: dict[str, int] = field(default_factory=dict)
    columns: list[ColumnFacts] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    pair_leaks: list[str] = field(default_factory=list)
    counters: list[str] = field(default_factory=list)
    time: tuple[str, str] | None = None
    group: tuple[str, str] | None = None
    order: str | None = None

    def __repr__(self) -> str:
        target = f", target {self.target!r} ({self.task})" if self.target else ""
        columns = f", {pluralize(len(self.columns), 'column')}" if self.columns else ""
        return (
            f"Survey({pluralize(self.m, 'row')}{columns}{target}, {pluralize(len(self.findings), 'finding')})"
        )

    def _repr_html_(self) -> str:
        rows = [(c.name, c.kind, str(c.missing or ""), str(c.distinct), c.shown) for c in self.columns]
        items = "".join(f"<li>{html.escape(finding)}</li>" for finding in self.findings)
        below = f"<ul>{items}</ul>" if items else "<p>No data warnings.</p>"
        return html_table(
            ("column", "kind", "missing", "distinct", "values"), shorten_rows(rows, 60), repr(self), below
        )

    def to_json(self) -> str:
        """Return all of it as one JSON object."""
        return dumps(asdict(self), ensure_ascii=False)


def survey(
    X: Any,
    y: Any = None,
    target: str | None = None,
    *,
    task: str | None = None,
    column_kinds: Mapping[str, str] | None = None,
) -> Survey:
    """Survey a table or a set of images before training on it.

    Parameters
    ----------
    X : frame of m rows, or ndarray of shape (m, n)
        A frame (polars, pandas or similar) is a table; an array is one of images, a row of pixels each.
    y : array-like of shape (m,), optional
        The target, without missing values.
    target : str, optional
        Its name; "target" by default.
    task : "classes" or "numbers", optional
        Inferred from the target's values by default.
    column_kinds : mapping of str to str, optional
        Kinds of columns, as the estimators' parameter of that name.

    Returns
    -------
    Survey

    Raises
    ------
    ValueError
        Unknown task or kind, a missing column, or a wrong number of targets.

    Examples
    --------
    >>> import polars
    >>> result = survey(polars.DataFrame({"age": [31, 45, 31], "town": ["Oslo", "Rome", "Oslo"]}), ["a", "b", "a"])
    >>> result.task, result.why, [column.kind for column in result.columns]
    ('classes', 'two values: a and b', ['numeric', 'categorical'])
    """
    values = None if y is None else _target_values(y)
    if values is not None and len(values) != len(X):
        raise EllayerError(f"y: expected a target for each of {len(X)} rows, received {len(values)}")
    name = target or "target"
    kind, why = (None, "") if values is None else infer_task(values, task)
    goal = None if values is None else code_column(Column(name, values), ColumnKind(kind or ""))
    columns = [] if isinstance(X, np.ndarray) else _columns_of(X, column_kinds or {})
    findings = _few_rows(len(X))
    leaks: dict[str, str] = {}
    pair_leaks: list[str] = []
    counters = counter_findings(columns)
    if goal is not None and values is not None:
        findings += (
            class_findings(name, _class_counts(goal)) if kind == "classes" else number_findings(name, values)
        )
        leaks = leak_findings(columns, goal, kind or "")
        pair_leaks = pair_findings(columns, goal, kind or "", list(leaks))
    findings += [*leaks.values(), *pair_leaks, *counters]
    if isinstance(X, np.ndarray):
        findings += _image_findings(X)
    else:
        findings += column_findings(columns, len(X)) + twin_findings(columns) + row_findings(columns, goal)
    time = time_column(columns)
    return Survey(
        m=len(X),
        target=None if values is None else name,
        task=kind,
        why=why,
        classes=_class_counts(goal) if goal is not None and kind == "classes" else {},
        columns=[_facts(column) for column in columns],
        findings=findings,
        leaks=list(leaks.values()),
        pair_leaks=pair_leaks,
        counters=counters,
        time=time,
        group=group_column(columns),
        order=None if goal is None or time else order_drift(columns, goal),
    )


def _target_values(y: Any) -> np.ndarray:
    values = np.asarray(y)
    if values.ndim != 1:
        raise EllayerError(f"y: expected one target for each row, shape (m,), received shape {values.shape}")
    is_text = values.dtype.kind not in "biuf"
    return np.array([*map(str, values.tolist()), None], dtype=object)[:-1] if is_text else values


def _class_counts(target: CodedColumn) -> dict[str, int]:
    order = np.argsort(-target.counts, kind="stable")
    return {label_text(target.levels[i]): int(target.counts[i]) for i in order.tolist()}


def _columns_of(X: Any, kinds: Mapping[str, str]) -> list[CodedColumn]:
    columns = read_table(X)
    kinds_by_name = check_column_kinds(kinds, [column.name for column in columns])
    specified = {name: ColumnKind(kind, "as specified") for name, kind in kinds_by_name.items()}
    return [code_column(column, specified.get(column.name) or infer_kind(column)) for column in columns]


def _few_rows(m: int) -> list[str]:
    if m >= _FEW_ROWS:
        return []
    return [f"only {pluralize(m, 'row')}: a score on the few held-out ones is unreliable; gather more"]


def _image_findings(X: np.ndarray) -> list[str]:
    findings = []
    plain = np.flatnonzero(X.min(axis=1) == X.max(axis=1))
    if len(plain):
        findings.append(
            f"{pluralize(len(plain), 'image is', 'images are')} of one colour throughout (the first is number {plain[0]}, "
            f"counted from 0); look at them, and drop them if they show nothing"
        )
    copies = len(X) - len({X[i].tobytes() for i in range(len(X))})
    if copies:
        findings.append(
            f"{pluralize(copies, 'image repeats', 'images repeat')} an earlier one pixel by pixel ({share(copies, len(X))}); a "
            f"copy in both training and test data inflates the score: drop them"
        )
    return findings


def _facts(column: CodedColumn) -> ColumnFacts:
    missing, summary = int(column.gaps.sum()), _value_summary(column)
    return ColumnFacts(column.name, column.kind, column.note, missing, column.distinct, summary)


def _value_summary(column: CodedColumn) -> str:
    """Return the range of numbers and dates, or the most frequent values."""
    if not column.distinct:
        return ""
    values = column.values
    if column.distinct > 2 and values.dtype.kind == "f" and column.kind != "categorical":
        with np.errstate(all="ignore"):  # infinite values have a median of a kind
            middle = float(np.median(values[~column.gaps]))
        low, high = column.levels[0], column.levels[-1]
        return f"{_number(low)} to {_number(high)}, median {_number(middle)}"
    if values.dtype.kind == "M":
        present = values[~column.gaps]
        return f"{present.min().astype('datetime64[s]')} to {present.max().astype('datetime64[s]')}"
    order = np.argsort(-column.counts, kind="stable")[:3].tolist()
    texts = [_cut(label_text(column.levels[i])) for i in order]
    if column.kind not in ("identifier", "text"):
        texts = [
            f"{text} {share(column.counts[i], len(values))}" for text, i in zip(texts, order, strict=True)
        ]
    return "; ".join(texts) + ("; ..." if column.distinct > 3 else "")


def _number(value: float) -> str:
    """Return a number as text: integers in full, others to six digits."""
    return f"{int(value):,}" if abs(value) < 1e12 and value == int(value) else f"{value:,.6g}"


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…"
