"""Ellayer: dense (L-layer) neural networks — the equations written once, trained fast, explained, shipped.

The public names are looked up when first used, so that ``import ellayer`` stays cheap.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "Network": "ellayer.core.network",
    "initialize_parameters": "ellayer.core.initializers",
    "train": "ellayer.engine.train",
    "train_many": "ellayer.engine.train_many",
    "TrainingResult": "ellayer.engine.result",
    "MLPClassifier": "ellayer.estimators.mlp.classifier",
    "MLPRegressor": "ellayer.estimators.mlp.regressor",
    "TabularClassifier": "ellayer.estimators.tabular.classifier",
    "TabularRegressor": "ellayer.estimators.tabular.regressor",
    "TablePreparation": "ellayer.tables.preparation",
    "from_sklearn": "ellayer.estimators.mlp.from_sklearn",
    "save": "ellayer.storage.model_file",
    "load": "ellayer.storage.model_file",
    "to_onnx": "ellayer.storage.onnx.export",
    "trace": "ellayer.inspection.trace",
    "derive": "ellayer.inspection.derivation",
    "EllayerError": "ellayer.errors",
    "check_gradients": "ellayer.inspection.check_gradients",
    "computation_graph": "ellayer.inspection.graph",
    "summary": "ellayer.inspection.summary",
    "diagnose": "ellayer.inspection.diagnosis",
    "saliency": "ellayer.inspection.saliency",
    "precision_audit": "ellayer.inspection.precision",
}
_PACKAGES = ("core", "data", "engine", "estimators", "inspection", "report", "steps", "storage")

__all__ = ["__version__", *sorted(_HOME)]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(_HOME[name]), name)
    elif name in _PACKAGES:
        value = importlib.import_module(f"ellayer.{name}")
    else:
        raise AttributeError(f"module 'ellayer' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME, *_PACKAGES})
