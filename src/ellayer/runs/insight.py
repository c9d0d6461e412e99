"""Importance, partial dependence and explanations: the columns that the predictions for held-out rows depend on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypedDict

from ..core.metrics import METRICS
from ..inspection import Explanation, explain
from ..inspection.any_model import AnyModel
from ..inspection.importance import Importance, permutation_importance
from ..inspection.model_parts import SupportedModel
from ..inspection.partial_dependence import Dependence, partial_dependence
from ..report.mistakes import largest_mistakes
from ..report.run_facts import RunFacts
from .messages import no_warnings

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

MOST_ROWS = 1000
MOST_DEPENDENCES = 4


class ImportanceFacts(TypedDict):
    """The facts of a run about importance."""

    importance: list[tuple[str, float, float]]
    importance_of: str
    importance_note: str


def measure_importance(
    model: AnyModel,
    X: object,
    y: ArrayLike,
    metric: str | None,
    seconds: float,
    progress: Callable[[int, int], None] | None = None,
) -> Importance:
    """Return the permutation importance of the columns, without warnings, which an earlier prediction of the rows has shown."""
    with no_warnings():
        return permutation_importance(model, X, y, metric, seconds=seconds, progress=progress)


def importance_facts(importance: Importance | None) -> ImportanceFacts:
    """Return what the report shows of the importance; empty without one."""
    if importance is None:
        return ImportanceFacts(importance=[], importance_of="", importance_note="")
    return ImportanceFacts(
        importance=[(row.name, row.mean, row.spread) for row in importance.rows],
        importance_of=METRICS[importance.metric].title,
        importance_note=importance.description(),
    )


def find_dependence(model: AnyModel, X: object, importance: Importance | None) -> list[Dependence]:
    """Return the partial dependence on the most important columns."""
    if importance is None:
        return []
    columns = [row.columns[0] for row in importance.rows[:MOST_DEPENDENCES] if row.mean > 0]
    with no_warnings():
        return [partial_dependence(model, X, column) for column in columns]


def find_reasons(
    model: SupportedModel, take: Callable[[list[int]], object], facts: RunFacts
) -> dict[int, str]:
    """Return the columns that contribute most to the predictions with the largest errors.

    Parameters
    ----------
    model : model with a network
    take : callable
        Returns the rows at some positions.
    facts : RunFacts
    """
    places = [mistake.place for mistake in largest_mistakes(facts, facts.models[0])]
    if not places:
        return {}
    with no_warnings():
        explanation = explain(model, take(places))
    return {place: _reason(explanation, k) for k, place in enumerate(places)}


def _reason(explanation: Explanation, row: int) -> str:
    top = [f"{name} {'+' if value > 0 else ''}{value:.3g}" for name, value in explanation.top(row, 3)]
    label = "" if explanation.labels is None else f"{explanation.labels[row]}: "
    return label + ", ".join(top)
