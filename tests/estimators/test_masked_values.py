"""What is below a mask is never read: masked targets, weights and inputs are refused, a table's are missing."""

from __future__ import annotations

import numpy as np
import pytest

import ellayer
from ellayer import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor

NETWORK, TABLE = {"hidden_layer_sizes": 3, "max_iter": 2}, {"hidden_layer_sizes": 3, "epochs": 2}
MODELS = [MLPClassifier(**NETWORK), MLPRegressor(**NETWORK), TabularClassifier(**TABLE), TabularRegressor(**TABLE)]  # fmt: skip
quiet = pytest.mark.filterwarnings("ignore")


def masked(values):
    """Return the values with the third one masked."""
    array = np.ma.array(values, mask=np.zeros(np.shape(values), bool))
    array[(2,) * array.ndim] = np.ma.masked
    return array


@quiet
@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_of_estimators(model, iris):
    X, y = iris
    for arguments, name in (((X, masked(y)), "y"), ((X, y, masked(np.ones(150))), "sample_weight")):
        with pytest.raises(ellayer.EllayerError, match=f"{name}: expected no masked values, received 1"):
            model.fit(*arguments)
    if isinstance(model, (MLPClassifier, MLPRegressor)):
        for call in (model.fit(X, y).predict, lambda X: model.fit(X, y)):
            with pytest.raises(ellayer.EllayerError, match="X: expected no masked values"):
                call(masked(X))
    model.fit(np.ma.array(X), np.ma.array(y), np.ma.ones(150))  # nothing is masked


def test_of_train(iris):
    X, Y, network = iris[0].T, (iris[1] == 1)[None] * 1.0, ellayer.Network([4, 3, 1], "tanh")
    weights = np.ones(150)
    for name, arguments in {
        "X": (masked(X), Y, None, None),
        "Y": (X, np.ma.array(Y, mask=Y == 1), None, None),
        "sample_weight": (X, Y, masked(weights), None),
        "validation X": (X, Y, None, (masked(X), Y)),
        "validation weights": (X, Y, None, (X, Y, masked(weights))),
    }.items():
        examples, targets, row, validation = arguments
        with pytest.raises(ellayer.EllayerError, match=f"{name}: expected no masked values"):
            ellayer.train(
                network, examples, targets, num_iterations=1, sample_weight=row, validation=validation
            )
