"""Estimators for scikit-learn's world: the successors of its MLPClassifier and MLPRegressor."""

from .checks import FitWarning
from .classifier import MLPClassifier
from .convert import from_sklearn
from .epochs import EpochInfo
from .regressor import MLPRegressor

__all__ = ["EpochInfo", "FitWarning", "MLPClassifier", "MLPRegressor", "from_sklearn"]
