"""Pictures of data, training and predictions; scores with their intervals; the report of a run.

Every picture is a ``matplotlib.figure.Figure`` and touches no global state of matplotlib;
``save_picture`` writes one to a file.
"""

from __future__ import annotations

import importlib
from typing import Any

from ..core.metrics import METRICS, Metric
from .run_facts import Predictions, RunFacts
from .scores import Score, differences, scores

_HOME = {
    "roc_curves": "plots_quality",
    "residual_plot": "plots_quality",
    "predicted_against_true": "plots_quality",
    "precision_recall_curves": "plots_quality",
    "learning_curves": "plots_quality",
    "importance_bars": "plots_quality",
    "confusion_matrix": "plots_quality",
    "calibration_curve": "plots_quality",
    "cost_curves": "plots_data",
    "data_points": "plots_data",
    "decision_boundaries": "plots_data",
    "image_grid": "plots_data",
    "write_report": "page",
    "saliency_bars": "plots_saliency",
    "saliency_overlay": "plots_saliency",
    "save_picture": "style",
}

Judged = Predictions  # its name before 0.2

__all__ = [
    "METRICS",
    "Judged",
    "Metric",
    "Predictions",
    "RunFacts",
    "Score",
    "differences",
    "scores",
    *sorted(_HOME),
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'ellayer.report' has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
