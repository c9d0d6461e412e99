"""Plots of models and their predictions: a function for each, and a display class like those of scikit-learn.

Each function takes a fitted model, of this or another library, computes what is drawn, and returns a display with
the numbers, the axes ``ax_`` and the figure ``figure_``. ``ax`` gives existing axes to draw on. No function uses pyplot: a
notebook shows the display that a cell returns, and no figure has to be closed.
"""

from __future__ import annotations

from .._lazy import lazy_names

_HOMES = {
    "CalibrationDisplay": ".curves",
    "ConfusionMatrixDisplay": ".errors",
    "DecisionBoundaryDisplay": ".boundary",
    "Display": ".display",
    "ImportanceDisplay": ".features",
    "LearningCurveDisplay": ".networks",
    "NetworkDisplay": ".networks",
    "PartialDependenceDisplay": ".features",
    "PrecisionRecallDisplay": ".curves",
    "PredictionErrorDisplay": ".errors",
    "RocCurveDisplay": ".curves",
    "TraceDisplay": ".networks",
    "WeightsDisplay": ".networks",
    "calibration": ".curves",
    "confusion_matrix": ".errors",
    "decision_boundary": ".boundary",
    "importance": ".features",
    "learning_curve": ".networks",
    "network": ".networks",
    "partial_dependence": ".features",
    "precision_recall": ".curves",
    "residuals": ".errors",
    "roc": ".curves",
    "trace": ".networks",
    "weights": ".networks",
}
__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
