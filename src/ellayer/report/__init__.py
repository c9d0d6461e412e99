"""Plots of data, training and predictions; scores with confidence intervals; the report of a run or of any model.

``ellayer.report(model, X_test, y_test, "report.html")`` writes the report of a model: the package is called like its
function ``report_model``.

Every plot is a ``matplotlib.figure.Figure`` and does not change the global state of matplotlib;
``save_picture`` writes one to a file.
"""

from __future__ import annotations

from .._lazy import lazy_names, make_callable
from .scores import Score, ScoreTable, differences, scores  # at once: the module has the name of the function

_HOMES = {
    "METRICS": "..core.metrics",
    "Metric": "..core.metrics",
    "Predictions": ".run_facts",
    "RunFacts": ".run_facts",
    "calibration_curve": ".plots_quality",
    "confusion_matrix": ".plots_quality",
    "cost_curves": ".plots_data",
    "data_points": ".plots_data",
    "decision_boundaries": ".plots_data",
    "image_grid": ".plots_data",
    "importance_bars": ".plots_quality",
    "learning_curves": ".plots_quality",
    "precision_recall_curves": ".plots_quality",
    "predicted_against_true": ".plots_quality",
    "report_document": ".document",
    "report_model": "..runs.model_report",
    "report_schema": ".document",
    "residual_plot": ".plots_quality",
    "roc_curves": ".plots_quality",
    "saliency_bars": ".plots_saliency",
    "saliency_overlay": ".plots_saliency",
    "save_picture": ".style",
    "write_report": ".page",
}
__all__ = ["Score", "ScoreTable", "differences", "scores", *_HOMES]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
make_callable(__name__, "report_model")
