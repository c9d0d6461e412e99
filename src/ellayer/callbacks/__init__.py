"""Callbacks for ``train``, ``train_many`` and the MLP estimators: logs, checkpoints, a live plot and a recording."""

from __future__ import annotations

from .._lazy import lazy_names

_HOMES = {
    "CSV": ".csv_log",
    "Checkpoint": "..storage.checkpoint",
    "LivePlot": ".live_plot",
    "Recording": "..inspection.recording",
    "MLflow": ".mlflow_log",
    "TensorBoard": ".tensorboard_log",
}
__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
