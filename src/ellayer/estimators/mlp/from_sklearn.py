"""from_sklearn: conversion of a fitted scikit-learn MLP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from .classifier import MLPClassifier
    from .regressor import MLPRegressor


def from_sklearn(model: BaseEstimator) -> MLPClassifier | MLPRegressor:
    """Convert a fitted scikit-learn MLP to an estimator of this package with equal predictions.

    The state of its optimizer is kept, so that ``partial_fit`` continues where scikit-learn stopped.

    Parameters
    ----------
    model : sklearn.neural_network.MLPClassifier or MLPRegressor, fitted

    Returns
    -------
    MLPClassifier or MLPRegressor

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neural_network import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> theirs = MLPClassifier(solver="lbfgs", random_state=0).fit(X, y)
    >>> bool((from_sklearn(theirs).predict(X) == theirs.predict(X)).all())
    True
    """
    from sklearn import neural_network

    from .classifier import MLPClassifier
    from .regressor import MLPRegressor

    make: type[MLPClassifier | MLPRegressor]
    if isinstance(model, neural_network.MLPClassifier):
        make = MLPClassifier
    elif isinstance(model, neural_network.MLPRegressor):
        make = MLPRegressor
    else:
        raise TypeError(
            "from_sklearn: expected a fitted sklearn.neural_network.MLPClassifier or MLPRegressor, received "
            f"{type(model).__name__}"
        )
    check_is_fitted(model)
    estimator = make(**model.get_params(deep=False))
    estimator._take_sklearn(model)
    return estimator
