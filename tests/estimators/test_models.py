"""Every trained model is a ``Model``: its parts lead from a user's examples to the network and back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ellayer import (
    EllayerError,
    MLPClassifier,
    MLPRegressor,
    Network,
    TablePreparation,
    TabularClassifier,
    TabularRegressor,
    train,
)
from ellayer.core import L_model_forward
from ellayer.engine import Model, unpack_model

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore::ellayer._warn.FitWarning"
)

random = np.random.RandomState(0)
X = random.randn(60, 3)
TABLE = pd.DataFrame({"x": X[:, 0], "c": np.where(X[:, 1] > 0, "a", "b")})
NUMBERS = X[:, 0] + X[:, 2] ** 2
LABELS = np.where(NUMBERS > 1, "high", "low")
SMALL = {"hidden_layer_sizes": (4,), "random_state": 0}


THREE = np.array(["p", "q", "r"])[np.arange(60) % 3]
MANY = np.eye(3, dtype=int)[np.arange(60) % 3] | (X > 0)
ONES = (NUMBERS > 1).astype(int)
MODELS = {
    "binary": (lambda: MLPClassifier(**SMALL, max_iter=5).fit(X, LABELS), X, LABELS, "binary"),
    "classes": (lambda: MLPClassifier(**SMALL, max_iter=5).fit(X, THREE), X, THREE, "classes"),
    "multilabel": (lambda: MLPClassifier(**SMALL, max_iter=5).fit(X, MANY), X, MANY, "multilabel"),
    "numbers": (lambda: MLPRegressor(**SMALL, max_iter=5).fit(X, NUMBERS), X, NUMBERS, "numbers"),
    "table": (lambda: TabularClassifier(1, **SMALL, epochs=3).fit(TABLE, LABELS), TABLE, LABELS, "classes"),
    "members": (
        lambda: TabularRegressor(2, **SMALL, epochs=3).fit(TABLE, NUMBERS),
        TABLE,
        NUMBERS,
        "numbers",
    ),
    "result": (lambda: train(Network([3, 2, 1]), X.T, ONES, num_iterations=3), X.T, ONES, "binary"),
}


@pytest.mark.parametrize("name", MODELS)
def test_parts_lead_to_the_network_and_back(name):
    make, examples, y, kind = MODELS[name]
    model = make()
    assert isinstance(model, Model)
    parts = unpack_model(model)
    assert parts.target_kind == kind
    columns = parts.prepare(examples)
    assert columns.shape == (parts.network.layer_dims[0], 60)
    outputs = [L_model_forward(columns, theta, parts.network)[0] for theta in parts.member_parameters]
    same = np.testing.assert_allclose if kind == "numbers" else np.testing.assert_array_equal
    if len(outputs) == 1:
        same(
            parts.decode(outputs[0]),
            np.squeeze(model.predict(examples)),
            **({"rtol": 1e-5} if kind == "numbers" else {}),
        )
    Y = parts.encode(y, 60)
    assert Y.shape == outputs[0].shape
    same(parts.decode(Y), y)
    assert len(parts.history) == len(parts.history["seconds"])


def test_a_pair_has_parts_too():
    network = Network([3, 2, 3])
    parts = unpack_model((network, train(network, X.T, np.arange(60) % 3, num_iterations=1).parameters))
    assert parts.target_kind == "classes"
    assert parts.decode(parts.encode([2, 0, 1], 3)).tolist() == [2, 0, 1]


def test_anything_else_is_refused():
    with pytest.raises(NotFittedError):
        unpack_model(MLPClassifier())
    with pytest.raises(EllayerError, match=r"received int$"):
        unpack_model(3)
    with pytest.raises(EllayerError, match=r"model\[-1\]"):
        unpack_model(make_pipeline(StandardScaler(), MLPClassifier(**SMALL, max_iter=5)).fit(X, LABELS))


@pytest.mark.parametrize("base", [MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor])
def test_a_subclass_has_parameters_of_its_own(base):
    class Narrow(base):
        def __init__(self, width=4, random_state=None):
            super().__init__(hidden_layer_sizes=width, random_state=random_state)
            self.width = width

    model = clone(Narrow(width=3).set_params(random_state=7))
    assert model.get_params() == {"width": 3, "random_state": 7}
    assert (model.hidden_layer_sizes, model.dtype) == (3, base().dtype)
    assert repr(model) == "Narrow(random_state=7, width=3)"


@pytest.mark.parametrize("model", [MLPClassifier(), TabularRegressor(), TablePreparation()])
def test_no_diagram_where_scikit_learn_is_set_to_text(model):
    assert hasattr(model, "_repr_html_")
    assert "<style>" in model._repr_html_()
    with config_context(display="text"):
        assert not hasattr(model, "_repr_html_")
        assert set(model._repr_mimebundle_()) == {"text/plain"}
