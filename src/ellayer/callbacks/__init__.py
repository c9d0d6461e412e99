"""Callbacks for ``train``, ``train_many`` and the MLP estimators: logs, checkpoints and a live plot."""

from __future__ import annotations

from .._lazy import lazy_names

_HOMES = {
    "CSV": ".csv_log",
    "Checkpoint": "..storage.checkpoint",
    "LivePlot": ".live_plot",
    "MLflow": ".mlflow_log",
    "TensorBoard": ".tensorboard_log",
}
__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
