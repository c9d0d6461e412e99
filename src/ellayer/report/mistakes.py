"""The rows a model is most wrong about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.metrics import class_numbers
from .run_facts import Predictions, RunFacts
from .sentences import number

MOST = 12
_COLUMNS = 8
_LETTERS = 40


@dataclass(frozen=True)
class Mistake:
    """One row: where it is, its name, truth and prediction as text, how far off, and its cells."""

    place: int
    name: str
    truth: str
    said: str
    off: str
    cells: tuple[str, ...]


def largest_mistakes(facts: RunFacts, judged: Predictions, most: int = MOST) -> list[Mistake]:
    """Return the rows with the largest error, or the wrong ones whose true class got the least probability.

    Parameters
    ----------
    facts : RunFacts
    judged : Predictions
    most : int
    """
    order, off = _by_numbers(facts, judged) if facts.task == "numbers" else _by_classes(facts, judged)
    names, found = shown_columns(facts), []
    for i in order[:most].tolist():
        row = facts.shown_rows[i] if facts.shown_rows else {}
        name = facts.ids[i] if facts.ids else f"row {i + 1}"
        cells = tuple(_cell(row.get(column)) for column in names)
        truth, said = (_cell(values[i]) for values in (facts.y, np.asarray(judged.prediction)))
        found.append(Mistake(i, name, truth, said, off(i), cells))
    return found


def shown_columns(facts: RunFacts) -> list[str]:
    """Return the columns a table has room for: those that matter most, else the first."""
    if not facts.shown_rows:
        return []
    there = list(facts.shown_rows[0])
    ranked = [name for name, _, _ in sorted(facts.importance, key=lambda row: -row[1]) if name in there]
    return (ranked or there)[:_COLUMNS]


def _by_numbers(facts: RunFacts, judged: Predictions) -> tuple[np.ndarray, Any]:
    errors = np.asarray(judged.prediction, dtype=float).ravel() - np.asarray(facts.y, dtype=float)
    known = np.flatnonzero(np.isfinite(errors))
    return known[
        np.argsort(-np.abs(errors[known]), kind="stable")
    ], lambda i: f"{'+' if errors[i] > 0 else ''}{number(errors[i])}"


def _by_classes(facts: RunFacts, judged: Predictions) -> tuple[np.ndarray, Any]:
    truth, said = class_numbers(facts.y, facts.classes), class_numbers(judged.prediction, facts.classes)
    wrong = np.flatnonzero(truth != said)
    if judged.P is None:
        return wrong, lambda i: ""
    P = np.nan_to_num(np.asarray(judged.P, dtype=float))
    p = np.where(truth >= 0, P[np.arange(len(P)), truth], 0.0)
    return wrong[np.argsort(p[wrong], kind="stable")], lambda i: f"{100 * p[i]:.1f} %"


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, (float, np.floating)):
        return number(float(value))
    text = str(value)
    return text if len(text) <= _LETTERS else text[: _LETTERS - 1] + "…"
