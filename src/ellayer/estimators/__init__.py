"""Estimators for scikit-learn's world: the successors of its MLPClassifier and MLPRegressor."""

from .checks import FitWarning
from .classifier import MLPClassifier
from .convert import from_sklearn
from .epochs import EpochInfo
from .preparation import TablePreparation
from .regressor import MLPRegressor
from .tabular_classifier import TabularClassifier
from .tabular_regressor import TabularRegressor

__all__ = [
    "EpochInfo",
    "FitWarning",
    "MLPClassifier",
    "MLPRegressor",
    "TablePreparation",
    "TabularClassifier",
    "TabularRegressor",
    "from_sklearn",
]
