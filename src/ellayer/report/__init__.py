"""Pictures of data, training and predictions; scores with their intervals; the report of a run.

Every picture is a ``matplotlib.figure.Figure`` and touches no global state of matplotlib;
``save_picture`` writes one to a file.
"""

from __future__ import annotations

import importlib
from typing import Any

from .facts import Judged, RunFacts
from .scores import METRICS, Metric, Score, differences, scores

_HOME = {
    "roc_curves": "judged_plots",
    "residual_plot": "judged_plots",
    "predicted_against_true": "judged_plots",
    "precision_recall_curves": "judged_plots",
    "learning_curves": "judged_plots",
    "importance_bars": "judged_plots",
    "confusion_matrix": "judged_plots",
    "calibration_curve": "judged_plots",
    "cost_curves": "plots",
    "data_points": "plots",
    "decision_boundaries": "plots",
    "image_grid": "plots",
    "write_report": "page",
    "saliency_bars": "saliency_plot",
    "saliency_overlay": "saliency_plot",
    "save_picture": "style",
}

__all__ = ["METRICS", "Judged", "Metric", "RunFacts", "Score", "differences", "scores", *sorted(_HOME)]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'ellayer.report' has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
