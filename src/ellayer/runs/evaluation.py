"""Evaluate a saved model on the rows of a file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UsageError
from ..report.run_facts import Predictions
from ..report.scores import CalibrationBin, Score, calibration_bins, scores
from .messages import collect_messages
from .saved_model import SavedModel, listed_labels
from .table_trainer import digest_of


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Predictions of a model for the rows of a file beside their targets.

    Attributes
    ----------
    model : Path
    target : str
        The target column.
    y : array, shape (m,)
    classes : list
        Empty for numbers.
    predictions : Predictions
    scores : dict of str to Score
    messages : list of str
    """

    model: Path
    target: str
    y: np.ndarray
    classes: list[Any]
    predictions: Predictions
    scores: dict[str, Score]
    messages: list[str]

    def confusion_matrix(self) -> list[list[int]]:
        """Return counts of rows by true and by predicted class."""
        from ..report.plots_quality import count_pairs

        return count_pairs(self.y, self.predictions.prediction, self.classes).tolist()

    def calibration(self) -> list[CalibrationBin]:
        """Return predicted and observed frequency in bins of as many rows each; empty without probabilities."""
        P = self.predictions.P
        if P is None or not np.isfinite(P).all():
            return []
        return calibration_bins(P, self.y, self.classes)

    def to_json(self) -> dict[str, Any]:
        """Return the evaluation as plain data."""
        facts: dict[str, Any] = {
            "model": str(self.model), "task": "classes" if self.classes else "numbers", "rows": len(self.y),
            "scores": {name: score.to_json() for name, score in self.scores.items()},
        }  # fmt: skip
        if self.classes:
            facts["classes"] = [str(label) for label in self.classes]
            facts["confusion_matrix"] = self.confusion_matrix()
            facts["calibration"] = [row._asdict() for row in self.calibration()]
        return {**facts, "notes": self.messages}


def evaluate_file(saved: SavedModel, file: str, target: str | None = None) -> Evaluation:
    """Evaluate a model on a file like the one it was trained on.

    Parameters
    ----------
    saved : SavedModel
    file : str
    target : str, optional
        The target column, if its name differs from that in training.

    Raises
    ------
    EllayerError
        If the file or its targets cannot be used, or the model has several targets.
    """
    examples = saved.read_with_target(file, target)
    y = saved.targets(examples)
    with collect_messages() as messages:
        predictions = saved.predict(examples)
    if predictions.prediction.ndim != 1:
        raise UsageError(
            f"{saved.path}: expected a model of one target, received one of {predictions.prediction.shape[1]}; evaluate "
            "such a network from Python"
        )
    classes = saved.classes
    messages = [*examples.notes, *messages, *_trained_on(saved, file), *_unknown_classes(y, classes)]
    scored = scores(y, predictions.prediction, predictions.P, classes or None)
    return Evaluation(saved.path, str(examples.target), y, classes, predictions, scored, messages)


def _trained_on(saved: SavedModel, file: str) -> list[str]:
    """Return a message if the model was trained on this very file."""
    digest = tomllib.loads(saved.provenance.get("config") or "").get("sha256")
    if digest is None or digest != digest_of(Path(file)):
        return []
    return [f"the model was trained on most of the rows of {file}; expect lower scores on new data"]


def _unknown_classes(y: np.ndarray, classes: list[Any]) -> list[str]:
    unknown = [label for label in y.tolist() if label not in set(classes)] if classes else []
    if not unknown:
        return []
    return [
        f"{len(unknown)} of {len(y)} rows are of classes the model does not know ({listed_labels(set(unknown))}); they "
        "count as wrong"
    ]
