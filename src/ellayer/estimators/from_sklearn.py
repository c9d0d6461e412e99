"""from_sklearn: a fitted network of scikit-learn as one of ellayer."""

from __future__ import annotations

from typing import Any

from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from ..engine.history import History
from .mlp import settings
from .mlp.sklearn_convert import CURVES, fill, take_optimizer


def from_sklearn(model: Any) -> Any:
    """Return the estimator of this package with a fitted scikit-learn MLP's parameters: equal predictions.

    Its optimizer's state comes along, so that ``partial_fit`` goes on where scikit-learn stopped.

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

    from .mlp.classifier import MLPClassifier
    from .mlp.regressor import MLPRegressor

    if isinstance(model, neural_network.MLPClassifier):
        estimator: Any = MLPClassifier(**model.get_params(deep=False))
    elif isinstance(model, neural_network.MLPRegressor):
        estimator = MLPRegressor(**model.get_params(deep=False))
    else:
        raise TypeError(
            "from_sklearn: expected a fitted sklearn.neural_network.MLPClassifier or MLPRegressor, received "
            f"{type(model).__name__}"
        )
    check_is_fitted(model)
    if is_classifier(model):
        estimator._take_labels(model._label_binarizer)
    sizes = [len(model.coefs_[0]), *(W.shape[1] for W in model.coefs_)]
    network = settings.make_network(estimator, sizes[0], sizes[-1], estimator._loss_name())
    dtype = model.coefs_[0].dtype
    fill(estimator, network, settings.given_parameters((model.coefs_, model.intercepts_), network, dtype))
    for name in ("feature_names_in_", *CURVES):
        if hasattr(model, name):
            value = getattr(model, name)
            setattr(estimator, name, list(value) if isinstance(value, list) else value)
    curve = getattr(model, "loss_curve_", [])
    estimator.history_ = History({"epoch": list(range(1, len(curve) + 1)), "loss": list(curve)})
    if scores := getattr(model, "validation_scores_", None):
        estimator.history_["validation_score"] = list(scores)
    take_optimizer(estimator, model)
    return estimator
