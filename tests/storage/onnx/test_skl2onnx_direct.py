"""skl2onnx's own ``to_onnx`` after the import of ellayer, in either order, with old opsets, and of a preparation."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import ellayer
from ellayer.storage import ModelFileError

onnx = pytest.importorskip("onnx")
skl2onnx = pytest.importorskip("skl2onnx")
runtime = pytest.importorskip("onnxruntime")

X, y = load_iris(return_X_y=True)
pytestmark = pytest.mark.filterwarnings("ignore")


def run(proto, inputs):
    return runtime.InferenceSession(proto.SerializeToString()).run(None, inputs)


@pytest.mark.slow
@pytest.mark.parametrize("imports", ["import ellayer, skl2onnx", "import skl2onnx, ellayer"])
def test_the_import_is_enough_in_either_order(imports):
    program = (
        f"{imports}\n"
        "from sklearn.datasets import load_iris\n"
        "X, y = load_iris(return_X_y=True)\n"
        "model = ellayer.MLPClassifier(4, max_iter=3, random_state=0).fit(X, y)\n"
        "print([o.name for o in skl2onnx.to_onnx(model, X[:1].astype('float32')).graph.output])\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True)
    assert done.stdout == "['output_label', 'output_probability']\n", done.stderr


@pytest.mark.parametrize("activation", ["relu", "tanh", "leaky_relu(0.1)", "selu"])
def test_an_old_opset_is_right(activation):
    model = make_pipeline(
        StandardScaler(), ellayer.MLPClassifier(4, activation=activation, max_iter=5, random_state=0)
    )
    model.fit(X, y)
    rows = X.astype("float32")
    for opset in (11, 13, 18):
        proto = skl2onnx.to_onnx(model, rows[:1], target_opset=opset, options={"zipmap": False})
        onnx.checker.check_model(proto)
        labels, P = run(proto, {"X": rows})
        np.testing.assert_allclose(P, model.predict_proba(X), atol=1e-5)
        assert (labels == model.predict(X)).mean() > 0.99


def test_an_opset_without_the_operator_is_refused_by_name():
    model = ellayer.MLPClassifier(4, activation="mish", max_iter=3, random_state=0).fit(X, y)
    with pytest.raises(ModelFileError, match="target_opset: expected at least 18 for Mish, received 11"):
        skl2onnx.to_onnx(model, X[:1].astype("float32"), target_opset=11)


def test_a_preparation_converts_as_a_step_of_a_pipeline(tmp_path):
    model = make_pipeline(ellayer.TablePreparation(), LogisticRegression(max_iter=500)).fit(X, y)
    proto = ellayer.to_onnx(model, tmp_path / "m.onnx", X=X)
    _, P = run(proto, {"X": X.astype("float32")})
    np.testing.assert_allclose(P, model.predict_proba(X), atol=1e-4)


def test_a_preparation_of_numbers_and_text_converts():
    random = np.random.RandomState(0)
    table = pd.DataFrame(
        {"x": random.randn(80), "c": random.choice(["u", "v", "w"], 80), "n": random.randint(9, size=80)}
    )
    target = (table["x"] > 0) ^ (table["c"] == "u")
    model = make_pipeline(ellayer.TablePreparation(), LogisticRegression()).fit(table, target)
    proto = ellayer.to_onnx(model, X=table)
    inputs = {name: table[[name]].to_numpy() for name in table}
    types = {"x": "float32", "c": object, "n": "int64"}
    _, P = run(proto, {name: inputs[name].astype(types[name]) for name in inputs})
    np.testing.assert_allclose(P, model.predict_proba(table), atol=1e-4)


@pytest.mark.parametrize("recipe", ["ramps", "full"])
def test_no_cosine_is_taken_of_doubles(recipe):
    """onnxruntime has Cos of float64 from 1.29 on only."""
    random = np.random.RandomState(0)
    table = pd.DataFrame(
        {"n": random.randn(120), "day": pd.date_range("2024-01-01", periods=120, freq="36h")}
    )
    small = {"epochs": 3, "hidden_layer_sizes": 4, "random_state": 0, "recipe": recipe}
    model = ellayer.TabularClassifier(1, **small).fit(table, table["n"] > 0)
    graph = onnx.shape_inference.infer_shapes(ellayer.to_onnx(model, X=table), data_prop=True).graph
    values = [*graph.value_info, *graph.input, *graph.output]
    types = {value.name: value.type.tensor_type.elem_type for value in values}
    types |= {constant.name: constant.data_type for constant in graph.initializer}
    cosines = [types[node.input[0]] for node in graph.node if node.op_type == "Cos"]
    assert onnx.TensorProto.DOUBLE not in cosines
