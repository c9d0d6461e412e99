"""The target: classification or regression, and findings about it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from .._wording import pluralize, quoted_list
from ..data.text.cells import number_text
from ..errors import EllayerError
from .coding import share

TASKS = ("classes", "numbers")
MOST_COUNTED = 20  # maximum number of distinct integers from 0 or 1 to be labels
_FEW = 10  # rows of a class below which its score is unreliable
_MOSTLY_ONE = 0.9  # share of one class above which accuracy is uninformative
_HEAP = 0.01  # share of the rows at an end of the range above which it looks censored
_SPAN = 1000.0  # ratio of the 1 % and 99 % quantiles above which a logarithm helps


def infer_task(y: np.ndarray, task: str | None = None) -> tuple[str, str]:
    """Return "classes" or "numbers", and why.

    Text and Booleans are classes; so are two values, and integers from 0 or 1
    without a gap up to 20 values. Everything else is numbers.

    Parameters
    ----------
    y : ndarray, shape (m,)
    task : "classes" or "numbers", optional
        Given by the user.

    Raises
    ------
    ValueError
        For another task, or text with task "numbers".

    Examples
    --------
    >>> infer_task(np.array(["cat", "dog", "cat"]))
    ('classes', 'two values: cat and dog')
    >>> infer_task(np.array([3, 8, 5]))
    ('numbers', '3 different numbers from 3 to 8 (labels if you say task classes)')
    """
    if task not in (None, *TASKS):
        raise EllayerError(f"task: expected 'classes', 'numbers' or nothing, received {task!r}")
    is_text = y.dtype.kind not in "iufb"
    if task == "numbers" and is_text:
        texts = list(dict.fromkeys(y.tolist()))
        raise EllayerError(
            f"task: expected numbers in the target, received text such as {quoted_list(texts, 3)}; try task='classes'"
        )
    values = list(dict.fromkeys(y.tolist())) if is_text else np.unique(y).tolist()
    if task is not None:
        return task, f"as specified: {_describe_values(values)}"
    if is_text or y.dtype.kind == "b" or len(values) == 2:
        return "classes", _describe_values(values)
    if _counts(values) and len(y) >= 2 * len(values):
        ends = f"from {number_text(values[0])} to {number_text(values[-1])}"
        return "classes", f"{len(values)} integers that count {ends}"
    if len(values) == 1:
        return "numbers", _describe_values(values)
    hint = " (labels if you say task classes)" if len(values) <= MOST_COUNTED else ""
    return "numbers", f"{len(values):,} different numbers from {values[0]:g} to {values[-1]:g}{hint}"


def _counts(values: list[Any]) -> bool:
    """Return whether sorted numbers are 0, 1, 2, ... or 1, 2, 3, ..., few enough for labels."""
    counts = [[first + i for i in range(len(values))] for first in (0, 1)]
    return 2 < len(values) <= MOST_COUNTED and values in counts


def label_text(value: object) -> str:
    """Return a label as text: 1.0 is "1".

    Examples
    --------
    >>> label_text(1.0), label_text("cat")
    ('1', 'cat')
    """
    return number_text(value) if isinstance(value, float) else str(value)


def _describe_values(values: list[Any]) -> str:
    texts = list(map(label_text, values))
    if len(texts) == 1:
        return f"one value: {texts[0]}"
    if len(texts) == 2:
        return f"two values: {texts[0]} and {texts[1]}"
    return f"{len(texts):,} values: {', '.join(texts[:5])}{', ...' if len(texts) > 5 else ''}"


def class_findings(name: str, counts: dict[str, int]) -> list[str]:
    """Return the findings about the classes of a target.

    Parameters
    ----------
    name : str
    counts : dict
        The number of rows of each class.
    """
    m, K = sum(counts.values()), len(counts)
    if K == 1:
        return [_constant(name, next(iter(counts)), m)]
    findings = []
    single = [label for label, count in counts.items() if count == 1]
    if max(50, m / 5) < K:
        findings.append(
            f"target {name!r}: {K:,} classes in {pluralize(m, 'row')}; is it an identifier, or are they numbers? "
            f"Name another target or the task"
        )
    elif single:
        findings.append(
            f"target {name!r}: {pluralize(len(single), 'class has', 'classes have')} one row only ({quoted_list(single)}), so it "
            f"cannot be in both training and test data; drop it, merge it with another or gather more"
        )
    rare = [f"{label} {count}" for label, count in counts.items() if 1 < count < _FEW]
    if rare and max(50, m / 5) >= K:
        findings.append(
            f"target {name!r}: few rows of {pluralize(len(rare), 'class', 'classes')} ({', '.join(rare[:5])}); their scores "
            f"will be uncertain: gather more or merge classes"
        )
    label, most = max(counts.items(), key=lambda pair: pair[1])
    if most >= _MOSTLY_ONE * m:
        findings.append(
            f"target {name!r}: {share(most, m)} of the rows are {label!r}, so a constant prediction is right as often; "
            f"use balanced accuracy or class weights, not accuracy"
        )
    return findings + _alike(f"target {name!r}", list(counts))


def _alike(noun: str, labels: list[str]) -> list[str]:
    """Return findings about labels that differ only in case, blanks or a full stop."""
    groups = defaultdict(list)
    for label in labels:
        groups["".join(label.lower().split()).rstrip(".")].append(label)
    return [
        f"{noun}: {quoted_list(group)} differ in case, blanks or a full stop only; use one spelling if they are one class"
        for group in groups.values()
        if len(group) > 1
    ]


def number_findings(name: str, y: np.ndarray) -> list[str]:
    """Return the findings about a target of numbers.

    Parameters
    ----------
    name : str
    y : ndarray of numbers, shape (m,)
    """
    y = y.astype(np.float64)
    finite = y[np.isfinite(y)]
    findings = []
    if len(finite) < len(y):
        findings.append(
            f"target {name!r}: {pluralize(len(y) - len(finite), 'value')} infinite or missing; drop these rows"
        )
    if not len(finite):
        return findings
    values, counts = np.unique(finite, return_counts=True)
    if len(values) == 1:
        return [*findings, _constant(name, number_text(float(values[0])), len(y))]
    usual = float(np.median(counts))
    for end, words in ((-1, "maximum"), (0, "minimum")):
        if len(values) > 50 and counts[end] >= max(20, _HEAP * len(finite), 10 * usual):
            findings.append(
                f"target {name!r}: {pluralize(int(counts[end]), 'row')} ({share(counts[end], len(y))}) have the {words}, "
                f"{number_text(float(values[end]))}; check whether the target is censored there"
            )
    low, high = np.quantile(finite, (0.01, 0.99))
    if values[0] > 0 and high > _SPAN * low:
        findings.append(
            f"target {name!r}: goes from {values[0]:g} to {values[-1]:g}, and the largest values will dominate the error; "
            f"predict its logarithm"
        )
    return findings


def _constant(name: str, value: str, m: int) -> str:
    return f"target {name!r}: all {pluralize(m, 'row')} have the same value, {value}: nothing to learn; choose another target"
