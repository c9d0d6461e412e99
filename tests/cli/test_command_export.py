"""``ellayer export``: from a model file to ONNX that runs and equals the model."""

from __future__ import annotations

import json
import os
import subprocess

import numpy as np
import pytest

from ellayer import Network, data, load, save, train
from kinds_of_model import TABLE, X

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def folder(model_files):
    """The folder of model files."""
    return model_files["table"][0].parent


def run(path, inputs):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, inputs)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["result", "classifier", "labels", "regressor", "table", "numbers"])
def test_every_kind_of_model(ellayer, folder, tmp_path, name, dtype):
    path = folder / f"{name}.ellayer"
    done = ellayer("export", path, "--onnx", "m.onnx", "--dtype", dtype, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [p.name for p in tmp_path.iterdir()] == ["m.onnx"]
    assert told["bytes"] == (tmp_path / "m.onnx").stat().st_size
    assert told["max_difference"] < (1e-5 if dtype == "float32" else 1e-10)
    assert [value["name"] for value in told["outputs"]] in (["label", "probabilities"], ["variable"])
    model = load(path)
    if name in ("table", "numbers"):
        assert [(v["name"], v["kind"]) for v in told["inputs"]] == [
            ("age", "numeric"),
            ("town", "categorical"),
        ]
        inputs = {"age": TABLE[["age"]].to_numpy(dtype), "town": TABLE[["town"]].to_numpy(object)}
    else:
        width = told["inputs"][0]["shape"][1]
        inputs = {"X": X[:, :width].astype(dtype)}
    received = run(tmp_path / "m.onnx", inputs)[-1]
    if name == "result":
        expected = model.predict_proba(X[:, :2].T).T
        received = received[:, 1:]
    else:
        rows = TABLE if "town" in inputs else X
        expected = getattr(model, "predict_proba", model.predict)(rows)
    np.testing.assert_allclose(received.reshape(expected.shape), expected, rtol=1e-5, atol=1e-5)


def test_what_is_printed(ellayer, folder):
    done = ellayer("export", folder / "table.ellayer", "--onnx", "m.onnx")
    for words in (
        "inputs",
        "age",
        "town",
        "string",
        "probabilities",
        "Largest difference",
        "opset ai.onnx 20",
    ):
        assert words in done.stdout
    assert ellayer("export", folder / "table.ellayer", "--onnx", "n.onnx", "--quiet").stdout == "n.onnx\n"


def test_names_of_classes_go_along(ellayer, tmp_path):
    F = data.load("flower")
    result = train(Network([2, 4, 1], "tanh"), F.X, F.Y, num_iterations=20, seed=2)
    save(result, tmp_path / "m.ellayer", provenance={"classes": ["red", "blue"]})
    done = ellayer("export", "m.ellayer", "--onnx", "m.onnx", "--dtype", "float64")
    assert "the labels 0, 1, ... are red, blue" in done.stdout
    P = run(tmp_path / "m.onnx", {"X": np.ascontiguousarray(F.X.T)})[1]
    np.testing.assert_allclose(P[:, 1], result.predict_proba(F.X)[0], atol=1e-12)


def test_nothing_is_written_over_unless_asked(ellayer, folder, tmp_path):
    (tmp_path / "m.onnx").write_text("a letter")
    done = ellayer("export", folder / "table.ellayer", "--onnx", "m.onnx")
    assert done.returncode == 2
    assert "use --force" in done.stderr
    assert (tmp_path / "m.onnx").read_text() == "a letter"
    assert ellayer("export", folder / "table.ellayer", "--onnx", "m.onnx", "--force").returncode == 0
    assert onnx.load(tmp_path / "m.onnx").producer_name == "ellayer"
    before = (folder / "table.ellayer").read_bytes()
    done = ellayer("export", folder / "table.ellayer", "--onnx", folder / "table.ellayer", "--force")
    assert done.returncode == 2
    assert (folder / "table.ellayer").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["MODEL", "--onnx", "no/such/m.onnx"], "a folder that exists"),
        (["MODEL", "--onnx", "."], "expected a file"),
        (["MODEL", "--onnx", "m.onnx", "--dtype", "float16"], "'float32' or 'float64'"),
        (["gone.ellayer", "--onnx", "m.onnx"], "gone.ellayer"),
        (["MODEL"], "--onnx"),
    ],
)
def test_bad_input_ends_with_2_and_writes_nothing(ellayer, folder, tmp_path, arguments, words):
    done = ellayer("export", *(folder / "table.ellayer" if a == "MODEL" else a for a in arguments))
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not any(tmp_path.iterdir())


def test_without_onnx_the_remedy_is_told(program, folder, tmp_path):
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "onnx.py").write_text("raise ImportError('no onnx here')")
    paths = os.pathsep.join([str(hidden), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [program, "export", folder / "table.ellayer", "--onnx", "m.onnx"], cwd=tmp_path, text=True,
        env={**os.environ, "PYTHONPATH": paths}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "pip install 'ellayer[onnx]'" in done.stderr
    assert not (tmp_path / "m.onnx").exists()
