"""From a file to ONNX by commands alone, then run in a Python that never hears of Ellayer."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from PIL import Image

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

RUN_TABLE = """
import json, sys
import numpy as np, onnxruntime, polars as pl
session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
rows, given = pl.read_csv("rows.csv"), {}
for told in session.get_inputs():
    column = rows[told.name]
    if told.type == "tensor(string)":
        values = column.cast(pl.String).fill_null("").to_numpy().astype(object)
    else:
        values = column.cast({"tensor(float)": pl.Float32, "tensor(double)": pl.Float64}[told.type]).to_numpy()
    given[told.name] = values.reshape(-1, 1)
label, probabilities = session.run(None, given)
assert not any(name.startswith("ellayer") for name in sys.modules)
print(json.dumps([label.tolist(), probabilities.tolist()]))
"""
RUN_IMAGES = """
import json, sys
import numpy as np, onnxruntime
from PIL import Image
session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
pictures = [Image.open(name).convert("RGB").resize((16, 16), Image.Resampling.BICUBIC) for name in sys.argv[1:]]
X = np.stack([np.asarray(picture, "float32").ravel() / 255 for picture in pictures])
label, probabilities = session.run(None, {"X": X})
assert not any(name.startswith("ellayer") for name in sys.modules)
print(json.dumps([label.tolist(), probabilities.tolist()]))
"""


def write_table(folder):
    """Write rows with a number and a category that are missing at times, integers, and a column that says nothing."""
    random = np.random.RandomState(0)
    age = random.uniform(20, 60, 120).round(1)
    columns = {
        "age": [None if i % 9 == 0 else x for i, x in enumerate(age.tolist())],
        "town": [
            None if i % 11 == 0 else t for i, t in enumerate(random.choice(["Bern", "Ulm", "Graz"], 120))
        ],
        "rooms": random.randint(1, 6, 120),
        "same": ["x"] * 120,
        "bought": np.where(age > 40, "yes", "no"),
    }
    pl.DataFrame(columns, strict=False).write_csv(folder / "rows.csv")


def write_images(folder):
    """Write bright and dark pictures of two sizes; the upper rows of all of them are white."""
    random = np.random.RandomState(0)
    for name, low, high in (("bright", 100, 256), ("dark", 0, 160)):
        (folder / "pictures" / name).mkdir(parents=True)
        for i in range(12):
            pixels = random.randint(low, high, (80, 96, 3) if i % 2 else (64, 64, 3)).astype(np.uint8)
            pixels[:20] = 255
            Image.fromarray(pixels).save(folder / "pictures" / name / f"{i}.png")


def run_elsewhere(folder, script, *arguments):
    """Return labels and probabilities that a fresh process prints."""
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return map(np.array, json.loads(done.stdout))


def train_and_export(ellayer, source, *options):
    done = ellayer(
        "train", source, *options, "--epochs", 4, "--members", 1, "--seed", 0, "--out", "run", "--quiet"
    )
    assert done.returncode == 0, done.stderr
    done = ellayer("export", "run", "--onnx", "model.onnx")
    assert done.returncode == 0, done.stderr
    asked = ellayer("predict", "run", source, "--out", "said.csv")
    assert asked.returncode == 0, asked.stderr
    return " ".join(done.stdout.split())


def test_a_table(ellayer, tmp_path):
    write_table(tmp_path)
    train_and_export(ellayer, "rows.csv", "--target", "bought")
    said = pl.read_csv(tmp_path / "said.csv")
    label, probabilities = run_elsewhere(tmp_path, RUN_TABLE)
    assert label.tolist() == said["prediction"].to_list()
    np.testing.assert_allclose(probabilities, said.select("p(no)", "p(yes)").to_numpy(), atol=1e-5)


def test_a_folder_of_images(ellayer, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "ellayer.data.images.folder._SIDE", 16
    )  # 64 makes 12,288 columns, and each takes its time
    write_images(tmp_path)
    printed = train_and_export(ellayer, "pictures")
    assert "(m, 768)" in printed
    assert "red, green and blue of each pixel of an image of 16 x 16, row by row, from 0 to 1" in printed
    said = pl.read_csv(tmp_path / "said.csv")
    files = [str(tmp_path / "pictures" / name) for name in said["file"]]
    label, probabilities = run_elsewhere(tmp_path, RUN_IMAGES, *files)
    assert label.tolist() == said["prediction"].to_list()
    np.testing.assert_allclose(probabilities, said.select("p(bright)", "p(dark)").to_numpy(), atol=1e-5)
