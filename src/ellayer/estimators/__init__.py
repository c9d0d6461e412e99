"""Estimators for scikit-learn's world: the successors of its MLPClassifier and MLPRegressor, and those for tables.

The names are looked up when first used: a fit of iris should not wait for what tables need.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "EpochInfo": "ellayer.estimators.epoch_info",
    "FitWarning": "ellayer._warn",
    "MLPClassifier": "ellayer.estimators.mlp.classifier",
    "MLPRegressor": "ellayer.estimators.mlp.regressor",
    "TablePreparation": "ellayer.tables.preparation",
    "TabularClassifier": "ellayer.estimators.tabular.classifier",
    "TabularRegressor": "ellayer.estimators.tabular.regressor",
    "from_sklearn": "ellayer.estimators.mlp.from_sklearn",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'ellayer.estimators' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
