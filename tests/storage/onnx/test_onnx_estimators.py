"""ONNX of the estimators and of whole scikit-learn pipelines, as skl2onnx's users expect it."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import ellayer
from ellayer import MLPClassifier, MLPRegressor
from ellayer.storage import ModelFileError, register_skl2onnx
from ellayer.storage.onnx.head import label_array

onnxruntime = pytest.importorskip("onnxruntime")
skl2onnx = pytest.importorskip("skl2onnx")

X, NUMBERS = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginíca"])[NUMBERS]
MANY_X, MANY_Y = make_multilabel_classification(60, 4, n_classes=3, random_state=0)
RANDOM = np.random.RandomState(0)
TABLE = pd.DataFrame(
    {
        "age": RANDOM.uniform(20, 60, 200),
        "kids": RANDOM.randint(0, 4, 200),
        "city": RANDOM.choice(["Bern", "Ulm", "Graz"], 200),
        "x": RANDOM.randn(200).astype("float32"),
    }
)
SAID = np.where(TABLE.age + 10 * TABLE.kids + 20 * (TABLE.city == "Ulm") > 55, "yes", "no")


def fit(model, x, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", ellayer.estimators.FitWarning)
        return model.fit(x, y)


def classifier(**settings):
    return MLPClassifier(**{"hidden_layer_sizes": (8,), "max_iter": 30, "random_state": 0, **settings})


def regressor(**settings):
    return MLPRegressor(**{"hidden_layer_sizes": (8,), "max_iter": 30, "random_state": 0, **settings})


def run(proto, inputs):
    if isinstance(inputs, pd.DataFrame):
        inputs = {str(name): inputs[[name]].to_numpy() for name in inputs.columns}
    elif not isinstance(inputs, dict):
        inputs = {"X": inputs}
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, inputs)


CLASSIFIERS = {
    "numbers": ({}, X, NUMBERS),
    "text": ({}, X, NAMES),
    "object": ({}, X, NAMES.astype(object)),
    "two": ({}, X, NAMES == "setosa"),
    "two of text": ({}, X, np.where(NUMBERS > 0, "ja", "nein")),
    "floats": ({}, X, NUMBERS * 2.0 - 1),
    "negative": ({}, X, NUMBERS * 7 - 10**12),
    "several labels": ({}, MANY_X, MANY_Y),
    "two labels": ({}, MANY_X, MANY_Y[:, :2]),
    "one class": ({}, X, np.full(150, "only")),
    "sigmoids": ({"output_activation": "sigmoid"}, X, NAMES),
    "tanh, squared error": ({"output_activation": "tanh", "loss": "squared_error"}, X, NUMBERS),
    "identity, two": ({"output_activation": "identity", "loss": "squared_error"}, X, NUMBERS > 1),
    "per layer": ({"activation": ["gelu"], "dropout": 0.1, "dtype": "float32"}, X, NUMBERS),
    "lbfgs": ({"solver": "lbfgs", "activation": "tanh"}, X, NUMBERS),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CLASSIFIERS)
def test_classifiers(case, dtype):
    settings, x, y = CLASSIFIERS[case]
    model = fit(classifier(**settings), x, y)
    rows = x.astype(dtype)
    tolerance = 2e-5 if dtype == "float32" or settings.get("activation") == ["gelu"] else 1e-12
    register_skl2onnx()
    for proto in (
        ellayer.to_onnx(model, dtype=dtype, X=x),
        skl2onnx.to_onnx(model, rows[:1], options={"zipmap": False}),
    ):
        assert [output.name for output in proto.graph.output] == ["label", "probabilities"]
        label, probabilities = run(proto, rows)
        np.testing.assert_allclose(probabilities, model.predict_proba(x), atol=tolerance)
        assert (label == model.predict(x)).all()
        assert probabilities.shape == model.predict_proba(x).shape
        assert label.shape == model.predict(x).shape
        assert label.dtype == (object if y.dtype.kind in "OU" else np.int64)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("settings", [{}, {"loss": "poisson"}, {"activation": "mish", "loss": "huber"}])
def test_regressors(settings, outputs, dtype):
    y = np.stack([NUMBERS, NUMBERS + X[:, 0]], axis=1)[:, :outputs]
    model = fit(regressor(**settings), X, y.ravel() if outputs == 1 else y)
    register_skl2onnx()
    rows = X.astype(dtype)
    for proto in (ellayer.to_onnx(model, dtype=dtype), skl2onnx.to_onnx(model, rows[:1])):
        assert [output.name for output in proto.graph.output] == ["variable"]
        (received,) = run(proto, rows)
        assert received.shape == (150, outputs)
        tolerance = 3e-5 if dtype == "float32" else 1e-12
        np.testing.assert_allclose(received, model.predict(X).reshape(150, outputs), atol=tolerance)


def _columns():
    return ColumnTransformer(
        [
            ("numbers", StandardScaler(), ["age", "x"]),
            ("counts", StandardScaler(), ["kids"]),
            ("words", OneHotEncoder(handle_unknown="ignore"), ["city"]),
        ]
    )


def _search():
    return GridSearchCV(
        make_pipeline(StandardScaler(), classifier()), {"mlpclassifier__alpha": [0.0, 1.0]}, cv=2
    )


PIPELINES = {
    "scaler": (lambda: make_pipeline(StandardScaler(), classifier()), X, NAMES),
    "imputer": (lambda: make_pipeline(SimpleImputer(), StandardScaler(), classifier()), X, NUMBERS),
    "columns": (lambda: make_pipeline(_columns(), classifier()), TABLE, SAID),
    "columns, numbers": (lambda: make_pipeline(_columns(), regressor()), TABLE, TABLE.age + TABLE.kids),
    "several labels": (lambda: make_pipeline(StandardScaler(), classifier()), MANY_X, MANY_Y),
    "search": (_search, X, NAMES),
    "calibrated": (lambda: CalibratedClassifierCV(classifier(), cv=2), X, NUMBERS),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", PIPELINES)
def test_a_pipeline_converts_as_one(case, dtype):
    make, x, y = PIPELINES[case]
    model = fit(make(), x, y)
    if case == "imputer" and dtype == "float64":  # onnxruntime's Imputer is single precision
        with pytest.raises(ModelFileError, match=r"expected a pipeline whose steps .* try dtype='float32'"):
            ellayer.to_onnx(model, X=x, dtype=dtype)
        return
    proto = ellayer.to_onnx(model, X=x, dtype=dtype)
    if isinstance(x, pd.DataFrame):
        x = x.astype({"age": dtype, "x": dtype})
        assert [source.name for source in proto.graph.input] == list(x.columns)
        received = run(proto, x)
    else:
        received = run(proto, x.astype(dtype))
    expected = model.predict_proba(x) if len(received) == 2 else np.asarray(model.predict(x)).reshape(-1, 1)
    np.testing.assert_allclose(received[-1], expected, atol=1e-4)
    if len(received) == 2:
        assert (received[0] == model.predict(x)).all()
    notes = {prop.key: prop.value for prop in proto.metadata_props}
    assert float(notes["ellayer.max_difference"]) < 1e-4


def test_the_options_of_skl2onnx():
    register_skl2onnx()
    model = fit(make_pipeline(StandardScaler(), classifier()), X, NAMES)
    rows, last = X.astype("float32"), model.steps[-1][1]

    def convert(**options):
        proto = skl2onnx.to_onnx(model, rows[:1], options={id(last): options})
        return [output.name for output in proto.graph.output], run(proto, rows)

    P = model.predict_proba(X)
    names, (label, probability) = convert()
    assert names == ["output_label", "output_probability"]
    assert set(probability[0]) == set(model.classes_)
    assert probability[0]["setosa"] == pytest.approx(P[0, 0], abs=1e-5)
    assert (label == model.predict(X)).all()
    names, columns = convert(zipmap="columns")
    assert names == ["output_label", "ssetosa", "sversicolor", "svirginíca"]
    np.testing.assert_allclose(np.stack(columns[1:], axis=1), P, atol=1e-5)
    _, (label, _) = convert(zipmap=False, nocl=True)
    np.testing.assert_array_equal(model.classes_[label], model.predict(X))
    names, (*_, labels) = convert(zipmap=False, output_class_labels=True)
    assert labels.tolist() == model.classes_.tolist()
    proto = ellayer.to_onnx(model, X=X, zipmap=True)
    assert [output.name for output in proto.graph.output] == ["output_label", "output_probability"]


def test_several_inputs_and_whole_numbers():
    register_skl2onnx()
    table = TABLE[["age", "x"]].astype("float32")
    model = fit(classifier(), table, SAID)
    proto = skl2onnx.to_onnx(model, table[:1], options={"zipmap": False})
    np.testing.assert_allclose(run(proto, table)[1], model.predict_proba(table), atol=1e-5)
    whole = X.astype(np.int64)
    model = fit(classifier(), whole, NUMBERS)
    proto = skl2onnx.to_onnx(model, whole[:1], options={"zipmap": False})
    np.testing.assert_allclose(run(proto, whole)[1], model.predict_proba(whole), atol=1e-5)


def test_what_cannot_be_exported_says_why():
    with pytest.raises(NotFittedError):
        ellayer.to_onnx(classifier())
    model = fit(make_pipeline(StandardScaler(), classifier()), X, NUMBERS)
    with pytest.raises(ModelFileError, match="X: expected some rows of data, received none"):
        ellayer.to_onnx(model)
    with pytest.raises(ModelFileError, match=r"zipmap: expected dtype='float32' with it"):
        ellayer.to_onnx(model, X=X, dtype="float64", zipmap=True)
    far = X * [1, 1, 1, 1e-9] + [0, 0, 0, 1e3]
    model = fit(make_pipeline(StandardScaler(), classifier()), far, NUMBERS)
    with pytest.raises(
        ModelFileError, match=r"to within 0.001, received a difference .*float32; try dtype='float64'"
    ):
        ellayer.to_onnx(model, X=far)
    for labels in ([0.0, 0.5], [b"a", b"b"], ["a", None]):
        with pytest.raises(ModelFileError, match=r"all strings or all integers.*received \["):
            label_array(np.array(labels, dtype=object if None in labels else None))


def test_a_polars_table_is_sent_back():
    import polars

    model = fit(make_pipeline(_columns(), classifier()), TABLE, SAID)
    table = polars.DataFrame({name: TABLE[name].to_list() for name in TABLE.columns})
    with pytest.raises(
        ModelFileError, match=r"expected an array or a pandas DataFrame.*received polars.*to_pandas"
    ):
        ellayer.to_onnx(model, X=table)
