"""skl2onnx and onnxruntime: what scikit-learn builds around the estimators runs without Python."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier, VotingRegressor
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from ellayer import MLPClassifier, MLPRegressor, TablePreparation

skl2onnx = pytest.importorskip("skl2onnx")
runtime = pytest.importorskip("onnxruntime")

FAST = {"hidden_layer_sizes": 8, "max_iter": 30, "random_state": 0}
network, linear = MLPClassifier(**FAST), LogisticRegression(max_iter=500)
CLASSIFIERS = {
    "network": network,
    "scaled": make_pipeline(StandardScaler(), network),
    "columns": make_pipeline(
        ColumnTransformer([("a", StandardScaler(), [0, 1]), ("b", MinMaxScaler(), [2, 3])]), network
    ),
    "selected": make_pipeline(SelectKBest(k=2), PCA(2), network),
    "voting": VotingClassifier([("a", network), ("b", linear)], voting="soft", flatten_transform=False),
    "stacking": StackingClassifier([("a", network), ("b", linear)], cv=2),
    "bagging": BaggingClassifier(network, 2, random_state=0),
    "calibrated": CalibratedClassifierCV(network, cv=2),
    "one against all": OneVsRestClassifier(network),
    "prepared": make_pipeline(TablePreparation(), linear),
}


def outputs(proto, X):
    session = runtime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: X})


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_classifier(name, iris):
    X, y = iris
    X = X.astype("float32")
    model = CLASSIFIERS[name].fit(X, y)
    proto = skl2onnx.to_onnx(model, X[:1], options={"zipmap": False})
    label, P = outputs(proto, X)
    np.testing.assert_allclose(P, model.predict_proba(X), atol=1e-4)
    assert (label == model.predict(X)).mean() > 0.98


def test_several_labels(iris):
    X, y = iris
    X = X.astype("float32")
    model = MultiOutputClassifier(network).fit(X, np.c_[y == 0, y == 2].astype(int))
    label, *_ = outputs(skl2onnx.to_onnx(model, X[:1], options={"zipmap": False}), X)
    assert (label == model.predict(X)).mean() > 0.98


@pytest.mark.parametrize("name", ["network", "scaled", "voting"])
def test_a_regressor(name, iris):
    X, y = iris
    X = X.astype("float32")
    regressor = MLPRegressor(**FAST)
    model = {
        "network": regressor,
        "scaled": make_pipeline(StandardScaler(), regressor),
        "voting": VotingRegressor(
            [("a", regressor), ("b", MLPRegressor(hidden_layer_sizes=4, max_iter=20, random_state=1))]
        ),
    }[name].fit(X, y)
    (predicted,) = outputs(skl2onnx.to_onnx(model, X[:1]), X)
    np.testing.assert_allclose(predicted[:, 0], model.predict(X), atol=1e-4)


def test_what_skl2onnx_itself_lacks(iris):
    """A transformed target has no converter, whatever the regressor."""
    X, y = iris
    model = TransformedTargetRegressor(MLPRegressor(**FAST), func=np.log1p, inverse_func=np.expm1).fit(X, y)
    with pytest.raises(skl2onnx.common.exceptions.MissingShapeCalculator):
        skl2onnx.to_onnx(model, X[:1].astype("float32"))
