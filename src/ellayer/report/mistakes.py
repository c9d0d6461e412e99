"""The rows with the largest errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..core.metrics import class_numbers
from .number_text import format_number
from .run_facts import Predictions, RunFacts
from .sentences import held_out_one, short

MOST = 12
_COLUMNS = 6


@dataclass(frozen=True)
class Mistake:
    """One row with a large error.

    Parameters
    ----------
    place : int
        Position among the held-out rows.
    name : str
    truth, prediction : str
    error : float or None
        The probability of the true class, or true - predicted; None if unknown.
    cells : tuple of str
        The values of the row in the columns shown.
    """

    place: int
    name: str
    truth: str
    prediction: str
    error: float | None
    cells: tuple[str, ...]


def largest_mistakes(facts: RunFacts, predictions: Predictions, most: int = MOST) -> list[Mistake]:
    """Return the rows with the largest error, or the misclassified ones with the lowest p(true class).

    Parameters
    ----------
    facts : RunFacts
    predictions : Predictions
    most : int
    """
    by_error = _numbers_by_error if facts.task == "numbers" else _classes_by_error
    if facts.no_rows:
        return []
    columns, mistakes = shown_columns(facts), []
    for i, error in by_error(facts, predictions, most):
        row = {} if facts.table is None else facts.table.row(i, named=True)
        mistakes.append(
            Mistake(
                place=i,
                name=facts.ids[i] if facts.ids else f"{held_out_one(facts)} {i + 1}",
                truth=_cell(float(facts.y[i]) if facts.task == "numbers" else facts.y[i]),
                prediction=_cell(np.asarray(predictions.prediction)[i]),
                error=error,
                cells=tuple(_cell(row.get(column)) for column in columns),
            )
        )
    return mistakes


def shown_columns(facts: RunFacts) -> list[str]:
    """Return the columns to show in the table: the most important ones, else the first."""
    if facts.table is None:
        return []
    names = facts.table.columns
    important = [name for name, _, _ in sorted(facts.importance, key=lambda row: -row[1])]
    names_by_importance = [
        part
        for name in important
        for part in ([name] if name in names else name.split(" + "))
        if part in names
    ]
    return (names_by_importance or names)[:_COLUMNS]


def _numbers_by_error(facts: RunFacts, predictions: Predictions, most: int) -> list[tuple[int, float | None]]:
    """Return rows and their errors, the largest first."""
    errors = np.asarray(facts.y, dtype=float) - np.asarray(predictions.prediction, dtype=float).ravel()
    finite = np.flatnonzero(np.isfinite(errors))
    order = finite[np.argsort(-np.abs(errors[finite]), kind="stable")][:most]
    return [(i, float(errors[i])) for i in order.tolist()]


def _classes_by_error(facts: RunFacts, predictions: Predictions, most: int) -> list[tuple[int, float | None]]:
    """Return misclassified rows and the probabilities of their true classes, the lowest first."""
    truth = class_numbers(facts.y, facts.classes)
    wrong = np.flatnonzero(truth != class_numbers(predictions.prediction, facts.classes))
    if predictions.P is None:
        return [(i, None) for i in wrong[:most].tolist()]
    P = np.nan_to_num(np.asarray(predictions.P, dtype=float))
    p = np.where(truth >= 0, P[np.arange(len(P)), truth], 0.0)
    order = wrong[np.argsort(p[wrong], kind="stable")][:most]
    return [(i, float(p[i])) for i in order.tolist()]


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, (float, np.floating)):
        return format_number(float(value))
    return short(value)
