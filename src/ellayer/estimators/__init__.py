"""Estimators for scikit-learn's world: the successors of its MLPClassifier and MLPRegressor, and those for tables.

The names are looked up when first used: a fit of iris should not wait for what tables need.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "EpochInfo": "epochs",
    "FitWarning": "checks",
    "MLPClassifier": "classifier",
    "MLPRegressor": "regressor",
    "TablePreparation": "preparation",
    "TabularClassifier": "tabular_classifier",
    "TabularRegressor": "tabular_regressor",
    "from_sklearn": "convert",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'ellayer.estimators' has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
