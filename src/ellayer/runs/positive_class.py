"""The positive class of a run: the one chosen, else the rarer of two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import EllayerError, UsageError
from ..report.decision_facts import Decisions
from ..report.decisions import decisions
from ..report.run_facts import Predictions

COVERAGES = (0.5, 0.8, 0.9, 0.95)


def find_label(classes: list[Any], positive: object) -> Any:
    """Return the class that a setting names, by its value or its text.

    Parameters
    ----------
    classes : list
    positive : object

    Raises
    ------
    UsageError
        If there is no such class, or there are not two.
    """
    if len(classes) != 2:
        raise UsageError(
            f"--positive: expected a target of two classes, received one of {len(classes) or 'numbers'}; leave it out"
        )
    by_text = {str(label): label for label in classes}
    if str(positive) not in by_text:
        raise UsageError(f"--positive: expected {' or '.join(by_text)}, received {str(positive)!r}")
    return by_text[str(positive)]


def choose_positive(
    y: np.ndarray, task: str, settings: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Return the setting "positive" of a run and a message about a choice by default.

    Parameters
    ----------
    y : array, shape (m,)
        All targets.
    task : "classes" or "numbers"
    settings : mapping
    """
    chosen = settings.get("positive")
    classes, counts = np.unique(y, return_counts=True) if task == "classes" else (np.array([]), np.array([]))
    labels = classes.tolist()
    if settings.get("cost") is not None and len(labels) != 2:
        raise UsageError(
            f"--cost: expected a target of two classes, received one of {len(labels) or 'numbers'}; leave it out"
        )
    if chosen is not None:
        return {"positive": find_label(labels, chosen)}, []
    if len(labels) != 2:
        return {}, []
    rarer = 0 if counts[0] < counts[1] else 1
    share = 100 * counts[rarer] / counts.sum()
    return {"positive": labels[rarer]}, [
        f"positive class: {labels[rarer]!r} ({'the rarer of two' if counts[0] != counts[1] else 'the second of two'}, "
        f"{share:.1f} % of the rows); --positive chooses the other"
    ]


def decisions_of(
    model: object,
    y: np.ndarray,
    predictions: Predictions,
    classes: list[Any],
    cost: Mapping[str, float] | None,
) -> Decisions:
    """Return the facts about the decisions of a fitted model on held-out rows.

    Parameters
    ----------
    model : estimator, TrainingResult, or (Network, parameters)
    y : array, shape (m,)
    predictions : Predictions
        Of the model.
    classes : list
        The positive one of two second.
    cost : mapping, optional
        "fp" and "fn".
    """
    threshold = None
    decision = getattr(model, "decision_", None)
    if len(classes) == 2 and decision is not None and len(decision) == 2:
        place = list(getattr(model, "classes_", classes)).index(classes[1])
        threshold = float(decision[place] / np.sum(decision))
    return decisions(y, predictions, classes, threshold=threshold, costs=cost, intervals=_intervals(model))


def _intervals(model: object) -> dict[float, tuple[float, float]]:
    """Return the ends of the prediction intervals of a model of numbers, for the coverages it has rows for."""
    from ..estimators.tabular.intervals import interval_ends

    residuals: np.ndarray = getattr(model, "residuals_", np.zeros(0))
    ends = {}
    for coverage in COVERAGES:
        try:
            ends[coverage] = interval_ends(residuals, coverage)
        except EllayerError:  # too few rows were held out
            break
    return ends
