"""Methods ``plot`` of models: packages that may not import ``ellayer.plot`` look it up by name when a plot is drawn."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from .errors import EllayerError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OF_MODEL = ("learning_curve", "network", "weights")
OF_EXAMPLES = ("calibration", "confusion_matrix", "decision_boundary", "importance", "partial_dependence",
               "precision_recall", "residuals", "roc", "trace")  # fmt: skip


class DrawnDisplay(Protocol):
    """A display of ``ellayer.plot`` after ``plot``."""

    ax_: Axes
    figure_: Figure

    def save(self, path: str | os.PathLike[str], dpi: int = 150) -> Path:
        """Write the picture to a file."""


def draw(kind: str, *arguments: object, **options: object) -> DrawnDisplay:
    """Draw with a function of ``ellayer.plot``, given by name.

    Parameters
    ----------
    kind : str
    *arguments, **options
        Arguments of the function.
    """
    if kind not in (*OF_MODEL, *OF_EXAMPLES):
        raise EllayerError(
            f"kind: expected one of {', '.join(sorted((*OF_MODEL, *OF_EXAMPLES)))}; received {kind!r}"
        )
    display: DrawnDisplay = getattr(importlib.import_module("ellayer.plot"), kind)(*arguments, **options)
    return display


def plot_model(model: object, X: object, y: object, kind: str | None, **options: object) -> DrawnDisplay:
    """Draw a plot of a model.

    Parameters
    ----------
    model : TrainingResult or fitted estimator
    X, y : table or array, or None
        In the form of the model.
    kind : str or None
        By default the learning curve without X; with X and y the decision boundary of two features, else the confusion
        matrix of classes or the residuals of numbers.
    **options
        Options of the function of ``ellayer.plot``.
    """
    if kind is None:
        kind = "learning_curve" if X is None else _suitable(model, X)
    if kind in OF_MODEL:
        return draw(kind, model, **options)
    if X is None:
        raise EllayerError(f"X: expected examples for a plot of {kind}, received none; pass X and y")
    return draw(kind, model, X, *([] if y is None else [y]), **options)


def _suitable(model: object, X: object) -> str:
    """Return the kind of plot that suits a model and its examples."""
    network = getattr(model, "network", None)  # of a TrainingResult: examples are columns
    shape = getattr(X, "shape", (0, 0))
    features = shape[0 if network is not None else -1]
    if features == 2:
        return "decision_boundary"
    has_classes = hasattr(model, "classes_") or (network is not None and network.loss_row.targets != "real")
    return "confusion_matrix" if has_classes else "residuals"
