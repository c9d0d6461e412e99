"""Titles of pictures: each says what is seen."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import plots_quality as judged_plots
from . import sentences as words
from .run_facts import Predictions, RunFacts


def short(name: Any, length: int = 40) -> str:
    """Return a name no longer than a title has room for.

    >>> short("a very long name of a class", 10)
    'a very lo…'
    """
    text = str(name)
    return text if len(text) <= length else text[: length - 1] + "…"


def of_curves(facts: RunFacts) -> str:
    """Return how the cost went.

    Parameters
    ----------
    facts : RunFacts
        With a history of at least one record.
    """
    history = facts.history
    costs = judged_plots.curve_of(history, "training")
    held = judged_plots.curve_of(history, "held out")
    along = "epoch" if history.get("epoch") else "iteration"
    steps = list(history.get(along) or range(1, len(costs) + 1))
    if not np.isfinite(costs[-1]):
        last = max((step for step, cost in zip(steps, costs, strict=True) if np.isfinite(cost)), default=0)
        return f"The cost is no number any more after {along} {last:,}: training diverged"
    way = "rises" if costs[-1] > costs[0] else "falls"
    title = (
        f"The cost {way} from {words.number(costs[0])} to {words.number(costs[-1])} by {along} {steps[-1]:,}"
    )
    if facts.best_epoch is not None and len(held):
        title += f"; epoch {facts.best_epoch}, the best on held-out rows, is kept"
    return title


def of_confusion(facts: RunFacts, judged: Predictions) -> str:
    """Return the most frequent mistake.

    Parameters
    ----------
    facts : RunFacts
    judged : Predictions
    """
    counts = judged_plots.count_pairs(facts.y, judged.prediction, facts.classes)
    wrong = counts - np.diag(np.diag(counts))
    if not wrong.any():
        return "No row is taken for another class"
    i, j = np.unravel_index(int(wrong.argmax()), wrong.shape)
    return (
        f"The most frequent mistake: {short(facts.classes[i])} taken for {short(facts.classes[j])}, {wrong[i, j]} of "
        f"{counts[i].sum()} times"
    )


def of_errors(y: np.ndarray, prediction: np.ndarray) -> str:
    """Return how far off predictions of numbers are.

    Parameters
    ----------
    y, prediction : array, shape (m,)
    """
    half, most = (words.number(float(np.nanquantile(np.abs(prediction - y), q))) for q in (0.5, 0.9))
    return f"Half of the predictions are within {half} of the truth, nine in ten within {most}"


def of_importance(facts: RunFacts) -> str:
    """Return the input that matters most.

    Parameters
    ----------
    facts : RunFacts
        With importances.
    """
    name, lost, _ = max(facts.importance, key=lambda row: row[1])
    if lost <= 0:
        return "No input matters alone"
    return f"Most rests on {short(name)}: shuffled, it costs {words.number(lost)} of {facts.importance_of or 'the score'}"
