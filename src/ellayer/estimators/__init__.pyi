from .._warn import FitWarning as FitWarning
from ..tables.preparation import TablePreparation as TablePreparation
from .epoch_info import EpochInfo as EpochInfo
from .mlp.classifier import MLPClassifier as MLPClassifier
from .mlp.from_sklearn import from_sklearn as from_sklearn
from .mlp.regressor import MLPRegressor as MLPRegressor
from .tabular.classifier import TabularClassifier as TabularClassifier
from .tabular.regressor import TabularRegressor as TabularRegressor
