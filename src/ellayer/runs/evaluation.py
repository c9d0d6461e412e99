"""Evaluate a saved model on the rows of a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import UsageError
from ..report.decisions import count_pairs, positive_last
from ..report.document import calibration
from ..report.scores import scores
from .config import shown_source
from .matching import match_targets, unknown_classes
from .messages import collect_messages
from .positive_class import decisions_of, find_label
from .saved_model import SavedModel
from .table_trainer import digest_of
from .training_rows import settings_of


def evaluate_file(
    saved: SavedModel,
    file: str | list[str],
    target: str | None = None,
    options: Mapping[str, Any] | None = None,
    positive: str | None = None,
    cost: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Evaluate a model on a file like the one it was trained on.

    Parameters
    ----------
    saved : SavedModel
    file : str or list of str
    target : str, optional
        The target column, if its name differs from that in training.
    options : mapping, optional
        Options of reading the file.
    positive : str, optional
        Of two classes the one that scores speak of, if not the one of the training.
    cost : mapping, optional
        "fp" and "fn" of the costs in the table of thresholds, if not those of the training.

    Returns
    -------
    dict
        Plain data: "model", "target", "task", "rows", "scores", "decisions", "notes", and for classes "classes"
        (of two the positive one is the second), "confusion_matrix" (true classes in rows) and "calibration".

    Raises
    ------
    EllayerError
        If the file or its targets cannot be used, or the model has several targets.
    """
    examples = saved.read_with_target(file, target, options)
    y, classes = match_targets(examples, saved.classes, shown_source(file)), saved.classes
    with collect_messages() as messages:
        predictions = saved.predict(examples)
    if predictions.prediction.ndim != 1:
        raise UsageError(
            f"{saved.path}: expected a model of one target, received one of {predictions.prediction.shape[1]}; evaluate "
            "such a network from Python"
        )
    label = getattr(saved.model, "positive_", None) if positive is None else find_label(classes, positive)
    classes, (predictions,) = positive_last(classes, [predictions], label)
    costs = getattr(saved.model, "cost", None) if cost is None else cost
    scored = scores(y, predictions.prediction, predictions.P, classes or None)
    facts: dict[str, Any] = {
        "model": str(saved.path), "target": str(examples.target), "task": "classes" if classes else "numbers",
        "rows": len(y), "scores": {name: score.to_json() for name, score in scored.items()},
        "decisions": decisions_of(saved.model, y, predictions, classes, costs).to_json(),
    }  # fmt: skip
    if classes:
        facts["classes"] = [str(label) for label in classes]
        facts["confusion_matrix"] = count_pairs(y, predictions.prediction, classes).tolist()
        facts["calibration"] = calibration(y, predictions, classes)
    notes = [*examples.notes, *messages, *_trained_on(saved, file), *unknown_classes(y, classes)]
    return {**facts, "notes": notes}


def _trained_on(saved: SavedModel, file: str | list[str]) -> list[str]:
    """Return a message if the model was trained on the same file."""
    digest = settings_of(saved).get("sha256")
    if digest is None or digest != digest_of(file):
        return []
    return [f"the model was trained on most of the rows of {file}; expect lower scores on new data"]
