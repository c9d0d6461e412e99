"""Estimators with the interface of scikit-learn: MLPClassifier and MLPRegressor, and estimators for tables.

The names are looked up when first used: a fit of iris should not wait for what tables need.
"""

from __future__ import annotations

from .._lazy import lazy_names

_HOMES = {
    "ColumnWarning": ".._warn",
    "EpochInfo": ".epoch_info",
    "FitWarning": ".._warn",
    "IrregularValuesWarning": ".._warn",
    "NewValuesWarning": ".._warn",
    "ScaleWarning": ".._warn",
    "SelectionWarning": ".._warn",
    "TargetWarning": ".._warn",
    "UnderfitWarning": ".._warn",
    "ValidationWarning": ".._warn",
    "VersionWarning": ".._warn",
    "MLPClassifier": ".mlp.classifier",
    "MLPRegressor": ".mlp.regressor",
    "TablePreparation": "..tables.preparation",
    "TabularClassifier": ".tabular.classifier",
    "TabularRegressor": ".tabular.regressor",
    "from_sklearn": ".mlp.from_sklearn",
}
__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
