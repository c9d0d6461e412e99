"""ONNX: every activation and kind of output, labels, precisions, and what is refused."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

import ellayer
from ellayer.core import ACTIVATIONS, Network
from ellayer.core.inputs import Inputs
from ellayer.storage import ModelFileError

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")

RANDOM = np.random.RandomState(0)
X = RANDOM.randn(40, 4)
OUTPUTS = {
    "binary": ("sigmoid", "binary_cross_entropy", 1),
    "labels": ("sigmoid", "binary_cross_entropy", 3),
    "classes": ("softmax", "cross_entropy", 3),
    "numbers": ("identity", "huber", 2),
    "counts": ("exp", "poisson", 1),
}
TOLERANCE = {"float32": 3e-5, "float64": 1e-12}


def run(proto, rows, name="X"):
    session = ort.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {name: rows})


def note(proto, key):
    return {prop.key: prop.value for prop in proto.metadata_props}[f"ellayer.{key}"]


def pair(activation="relu", kind="classes", **more):
    output, loss, n_L = OUTPUTS[kind]
    network = Network([4, 6, 5, n_L], [activation, activation, output], loss, **more)
    return network, ellayer.initialize_parameters(network, seed=3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", OUTPUTS)
@pytest.mark.parametrize("activation", [*ACTIVATIONS, "leaky_relu(0.3)", "elu(0.5)"])
def test_every_activation_and_kind_of_output(activation, kind, dtype):
    network, parameters = pair(activation, kind)
    proto = ellayer.to_onnx((network, parameters), dtype=dtype)
    AL = ellayer.core.L_model_forward(X.T, parameters, network)[0].T
    tolerance = TOLERANCE["float32" if activation == "gelu" else dtype]
    *label, out = run(proto, X.astype(dtype))
    assert out.dtype == dtype
    if kind == "binary":
        np.testing.assert_allclose(out, np.hstack([1 - AL, AL]), atol=tolerance, rtol=tolerance)
        np.testing.assert_array_equal(label[0], AL[:, 0] > 0.5)
    else:
        np.testing.assert_allclose(out, AL, atol=tolerance, rtol=tolerance)
    if kind == "classes":
        np.testing.assert_array_equal(label[0], AL.argmax(axis=1))
    if kind == "labels":
        np.testing.assert_array_equal(label[0], AL > 0.5)
    names = [output.name for output in proto.graph.output]
    assert names == (["variable"] if kind in ("numbers", "counts") else ["label", "probabilities"])
    assert float(note(proto, "max_difference")) <= tolerance


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("parametric", [False, True])
@pytest.mark.parametrize(
    "inputs",
    [None, Inputs(numbers=2, categories=(3,), scaling=True, ramps=3), Inputs(numbers=4), Inputs(numbers=3, frequencies=0, ramps=4), Inputs(categories=(3, 2)), Inputs(scaling=True)],
)  # fmt: skip
def test_embeddings_scaling_and_learned_activations(inputs, parametric, dtype):
    network, parameters = pair(parametric=parametric, inputs=inputs)
    random = np.random.RandomState(1)
    parameters = {k: random.randn(*v.shape) if k[0] in "as" else v for k, v in parameters.items()}
    rows = X.copy()
    for j, levels in enumerate(reversed(inputs.categories if inputs else ()), start=1):
        rows[:, -j] = random.randint(-1, levels, len(X))
    rows = rows.astype(dtype)
    proto = ellayer.to_onnx((network, parameters), dtype=dtype)
    AL = ellayer.core.L_model_forward(rows.astype(float).T, parameters, network)[0].T
    np.testing.assert_allclose(run(proto, rows)[1], AL, atol=TOLERANCE[dtype])


def test_a_result_and_its_file(tmp_path):
    y = RANDOM.randint(0, 3, 40)
    result = ellayer.train(Network([4, 8, 3]), X.T, y, optimizer="adam", num_iterations=50, dtype="float32")
    path = tmp_path / "m.onnx"
    proto = ellayer.to_onnx(result, path, X=X)
    assert onnx.load(path).SerializeToString() == proto.SerializeToString()
    assert [p.name for p in tmp_path.iterdir()] == ["m.onnx"]
    label, probabilities = run(proto, X.astype("float32"))
    np.testing.assert_array_equal(label, result.predict(X.T.astype("float32"))[0])
    np.testing.assert_allclose(probabilities.T, result.predict_proba(X.T.astype("float32")), atol=1e-6)
    assert proto.opset_import[0].version == 20
    assert proto.ir_version <= 9  # what goes with the opset, not the newest there is
    assert note(proto, "version") == ellayer.__version__
    assert Network.from_json(note(proto, "network")) == result.network
    shape = proto.graph.input[0].type.tensor_type.shape.dim
    assert (shape[0].dim_value, shape[1].dim_value) == (0, 4)
    assert {c.name for c in proto.graph.initializer} == {"W1", "b1", "W2", "b2", "flat_index", "classes"}


@pytest.mark.parametrize("rows", [1, 2, 1000])
def test_any_number_of_rows(rows):
    proto = ellayer.to_onnx(pair())
    label, probabilities = run(proto, np.zeros((rows, 4), np.float32))
    assert label.shape == (rows,)
    assert probabilities.shape == (rows, 3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_zipmap_gives_dicts(dtype):
    network, parameters = pair(kind="binary")
    plain = run(ellayer.to_onnx((network, parameters), dtype=dtype), X.astype(dtype))
    proto = ellayer.to_onnx((network, parameters), zipmap=True, dtype=dtype)
    assert [output.name for output in proto.graph.output] == ["output_label", "output_probability"]
    label, probability = run(proto, X.astype(dtype))
    np.testing.assert_array_equal(label, plain[0])
    np.testing.assert_allclose([[p[0], p[1]] for p in probability], plain[1], atol=1e-7)
    with pytest.raises(ModelFileError, match="expected one label per example, received several"):
        ellayer.to_onnx(pair(kind="labels"), zipmap=True)


@pytest.mark.parametrize("scale", [1e-8, 1.0, 30.0, 1e3, 1e6])
def test_no_false_alarm_whatever_the_weights(scale):
    for activation in ("relu", "tanh", "exp", "mish"):
        for kind in OUTPUTS:
            network, parameters = pair(activation, kind)
            grown = {name: scale * theta for name, theta in parameters.items()}
            for dtype in TOLERANCE:
                ellayer.to_onnx((network, grown), dtype=dtype)


def test_an_operator_that_computes_something_else_is_caught():
    wrong = replace(ACTIVATIONS["tanh"], name="my_tanh", onnx="Sigmoid")
    network = Network([4, 6, 2], wrong)
    with pytest.raises(ModelFileError, match=r"to within .*received a difference of .*my_tanh"):
        ellayer.to_onnx((network, ellayer.initialize_parameters(network, seed=1)))
    right = replace(ACTIVATIONS["tanh"], name="my_tanh")
    network = Network([4, 6, 2], right)
    assert ellayer.to_onnx((network, ellayer.initialize_parameters(network, seed=1)))


def test_an_activation_without_an_operator_is_refused():
    network = Network([4, 6, 2], replace(ACTIVATIONS["tanh"], name="mine", onnx=""))
    with pytest.raises(ModelFileError, match=r"activation 'mine': expected a row with an ONNX operator"):
        ellayer.to_onnx((network, ellayer.initialize_parameters(network)))


def test_a_precision_too_coarse_for_the_rows_given():
    network = Network([1, 1], "identity", "squared_error")
    parameters = {"W1": np.array([[1.0]]), "b1": np.array([[-1e9]])}
    rows = 1e9 + np.arange(5.0).reshape(-1, 1)
    with pytest.raises(
        ModelFileError, match=r"expected a precision sufficient for X, received float32.*float64"
    ):
        ellayer.to_onnx((network, parameters), X=rows)
    assert ellayer.to_onnx((network, parameters), X=rows, dtype="float64")


def test_wrong_use_says_what_to_do(tmp_path, monkeypatch):
    with pytest.raises(
        ModelFileError, match=r"path: expected a path, received ndarray; pass rows by keyword, X="
    ):
        ellayer.to_onnx(pair(), X)
    with pytest.raises(ModelFileError, match="expected 'float32' or 'float64', received 'float16'"):
        ellayer.to_onnx(pair(), dtype="float16")
    with pytest.raises(ModelFileError, match=r"X: expected rows of shape \(m, 4\), received \(40, 3\)"):
        ellayer.to_onnx(pair(), X=X[:, :3])
    with pytest.raises(ModelFileError, match=r"model: expected a TrainingResult.*received str"):
        ellayer.to_onnx("m.ellayer")
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"expected the package 'onnx'.*pip install 'ellayer\[onnx\]'"):
        ellayer.to_onnx(pair())


def test_every_row_of_the_table_names_its_operators():
    for name, row in ACTIVATIONS.items():
        assert row.onnx, name
        for operator in row.onnx.split(","):
            assert onnx.defs.get_schema(operator, 20), name
    assert json.loads(pair()[0].to_json())
