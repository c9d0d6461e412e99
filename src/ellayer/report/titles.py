"""Titles of pictures: each states the main result that the picture shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .decisions import count_pairs
from .number_text import format_number, format_score
from .plots_dependence import shown_class
from .plots_quality import change_when_worse, curve_of
from .run_facts import Predictions, RunFacts
from .sentences import short

MOST_CLASSES = 8  # lines that can be distinguished in one picture

if TYPE_CHECKING:
    from ..inspection.partial_dependence import Dependence


def of_curves(facts: RunFacts) -> str:
    """Return the change of the loss, or the step at which training diverged.

    Parameters
    ----------
    facts : RunFacts
        With a history of at least one record.
    """
    history = facts.history
    assert history is not None
    losses = curve_of(history, "training")
    unit = "epoch" if history.get("epoch") else "iteration"
    steps = list(history.get(unit) or range(1, len(losses) + 1))
    if not np.isfinite(losses[-1]):
        last = max((step for step, loss in zip(steps, losses, strict=True) if np.isfinite(loss)), default=0)
        return f"Training diverged after {unit} {last:,} (the loss is NaN or infinite)"
    direction = "rises" if losses[-1] > losses[0] else "falls"
    title = f"The loss {direction} from {format_number(losses[0])} to {format_number(losses[-1])} by {unit} {steps[-1]:,}"
    if facts.best_epoch is not None and len(curve_of(history, "validation")):
        title += f"; epoch {facts.best_epoch} has the best validation score and is used"
    return title


def of_confusion(facts: RunFacts, predictions: Predictions) -> str:
    """Return the most frequent error.

    Parameters
    ----------
    facts : RunFacts
    predictions : Predictions
    """
    counts = count_pairs(facts.y, predictions.prediction, facts.classes)
    wrong = counts - np.diag(np.diag(counts))
    if not wrong.any():
        return "Every row is classified correctly"
    i, j = np.unravel_index(int(wrong.argmax()), wrong.shape)
    return (
        f"Most frequent error: {short(facts.classes[i])} predicted as {short(facts.classes[j])}, {wrong[i, j]} of "
        f"{counts[i].sum()} times"
    )


def of_calibration(error: float | None) -> str:
    """Return the calibration error.

    Parameters
    ----------
    error : float or None
    """
    return f"Calibration: predicted probabilities are off by {100 * (error or 0.0):.1f} points on average"


def of_roc(classes: list[object], area: float | None) -> str:
    """Return the area under the curve, for several classes the mean.

    Parameters
    ----------
    classes : list
    area : float or None
    """
    text = format_score("roc_auc", area)
    return (
        f"ROC curve for class {short(classes[1])}, AUC {text}"
        if len(classes) == 2
        else f"ROC curves, one class against the rest{_of_frequent(classes)}; mean AUC of all {text}"
    )


def of_precision_recall(classes: list[object]) -> str:
    """Return the class that the curve is about.

    Parameters
    ----------
    classes : list
    """
    if len(classes) == 2:
        return f"Precision–recall curve for class {short(classes[1])}"
    return f"Precision–recall curves, one class against the rest{_of_frequent(classes)}"


def _of_frequent(classes: list[object]) -> str:
    return f" ({MOST_CLASSES} most frequent)" if len(classes) > MOST_CLASSES else ""


def of_errors(y: np.ndarray, prediction: np.ndarray) -> str:
    """Return the median and the 90 % quantile of the absolute errors.

    Parameters
    ----------
    y, prediction : array, shape (m,)
    """
    half, most = (format_number(float(np.nanquantile(np.abs(prediction - y), q))) for q in (0.5, 0.9))
    return f"Half of the predictions are within {half} of the true value, 90 % within {most}"


def of_residuals(y: np.ndarray, prediction: np.ndarray) -> str:
    """Return the mean error.

    Parameters
    ----------
    y, prediction : array, shape (m,)
    """
    bias = float(np.nanmean(y - prediction))
    return f"The mean residual is {format_number(bias)}: predictions are too {'low' if bias > 0 else 'high'} on average"


def of_importance(facts: RunFacts) -> str:
    """Return the most important feature.

    Parameters
    ----------
    facts : RunFacts
        With importances.
    """
    name, change, _ = max(facts.importance, key=lambda row: row[1])
    if change <= 0:
        return "No single feature is important"
    metric = facts.importance_of or "score"
    verb = "raises" if change_when_worse(metric) == "increase" else "lowers"
    return f"Most important: {short(name)} (shuffling it {verb} the {metric} by {format_number(float(f'{change:.2g}'))})"


def of_dependence(facts: RunFacts, dependence: Dependence) -> str:
    """Return the range of the mean prediction.

    Parameters
    ----------
    facts : RunFacts
    dependence : Dependence
    """
    k = shown_class(dependence, facts.classes)
    average = dependence.average[:, 0 if k is None else k]
    low, high = float(average.min()), float(average.max())
    if k is None:
        ends, quantity = (format_number(low), format_number(high)), f"mean predicted {short(facts.target)}"
    else:
        ends, quantity = (f"{100 * low:.0f}", f"{100 * high:.0f} %"), f"mean p({short(facts.classes[k])})"
    return f"{short(dependence.name)}: {quantity} from {ends[0]} to {ends[1]}"
