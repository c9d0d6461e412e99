"""A saved run predicts, from the data as they are, what the run predicted."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from PIL import Image

import ellayer
from ellayer.data.named import NAMED
from ellayer.inspection import check_gradients
from ellayer.runs.saved_model import open_model
from ellayer.runs.train_run import train_run
from ellayer.storage import read_provenance


def check_named(finished, dataset):
    """Compare the saved network and baseline with the trained ones on the whole set."""
    rule = finished.run.scaling
    X = (dataset.X - rule["mean"]) / rule["scale"] if rule else dataset.X
    folders = (finished.path, finished.path / "baseline")
    for folder, network in zip(folders, finished.run.networks, strict=True):
        path = folder / "model.ellayer"
        saved, expected = ellayer.load(path), network.result
        np.testing.assert_allclose(
            saved.predict_proba(dataset.X), expected.predict_proba(X), rtol=1e-9, atol=1e-12
        )
        assert np.array_equal(saved.predict(dataset.X), expected.predict(X))
        assert saved.history == expected.history
        assert "standardise" not in read_provenance(path)
        assert open_model(path).model.parameters["W1"].tolist() == saved.parameters["W1"].tolist()


@pytest.mark.parametrize("name", list(NAMED))
def test_every_named_set(name, tmp_path):
    check_named(train_run({"source": name, "iterations": 20}, tmp_path / name), ellayer.data.load(name))


def test_the_cats(tmp_path, shared_data):
    settings = {"source": "cats", "data": shared_data / "cats", "iterations": 3, "layers": [4, 3]}
    check_named(train_run(settings, tmp_path / "cats"), ellayer.data.load("cats", data=shared_data / "cats"))


def test_the_gradients_of_a_saved_run_are_right_on_the_data_as_they_are(tmp_path):
    finished = train_run({"source": "iris", "iterations": 20}, tmp_path / "iris")
    saved, iris = ellayer.load(finished.path / "model.ellayer"), ellayer.data.load("iris")
    assert check_gradients(saved, iris.X, iris.Y).passed


# Files


def _frame(classes=True):
    random = np.random.RandomState(0)
    a, b = random.normal(size=(2, 90))
    town = random.choice(["Bern", "Ulm", "Graz"], 90)
    answer = np.where(a + b > 0, "yes", "no") if classes else a + b
    return pl.DataFrame(
        {"a": a, "town": town, "b": [None if i % 9 == 0 else x for i, x in enumerate(b)], "answer": answer}
    )


def _images(folder):
    random = np.random.RandomState(0)
    for name, shade in (("bright", 200), ("dark", 60)):
        (folder / name).mkdir(parents=True)
        for i in range(14):
            pixels = random.normal(shade, 40, (8, 6, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i:02}.png")
    return folder


def _arrays(path):
    X = np.random.RandomState(0).normal(size=(90, 4))
    np.savez(path, X=X, y=(X[:, 0] > 0).astype(int))
    return path


# Name -> a function that writes a file and returns it, the settings, and whether it is streamed.
FILES = {
    "CSV": (lambda here: _frame().write_csv(here / "a.csv") or here / "a.csv", {"target": "answer"}, False),
    "Parquet": (lambda here: _frame().write_parquet(here / "a.parquet") or here / "a.parquet", {"target": "answer"}, False),
    "numbers": (lambda here: _frame(False).write_csv(here / "a.csv") or here / "a.csv", {"target": "answer"}, False),
    "members": (lambda here: _frame().write_csv(here / "a.csv") or here / "a.csv", {"target": "answer", "members": 2}, False),
    "images": (lambda here: _images(here / "pictures"), {}, False),
    "arrays": (lambda here: _arrays(here / "a.npz"), {}, False),
    "stream": (lambda here: _frame().write_csv(here / "a.csv") or here / "a.csv", {"target": "answer"}, True),
    "stream of numbers": (lambda here: _frame(False).write_csv(here / "a.csv") or here / "a.csv", {"target": "answer"}, True),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_every_kind_of_file(kind, tmp_path, monkeypatch):
    write, settings, streamed = FILES[kind]
    monkeypatch.setattr("ellayer.data.too_large", lambda path: streamed)
    file = write(tmp_path)
    finished = train_run(
        {"source": str(file), "epochs": 2, "layers": [4], "members": 1, **settings}, tmp_path / "run"
    )
    test, (network, *_) = finished.run.data.test, finished.facts.models
    saved = open_model(finished.path)
    again = saved.predict(test)
    np.testing.assert_array_equal(again.prediction, network.prediction)
    if network.P is not None:
        order = [
            saved.classes.index(label) for label in finished.facts.classes
        ]  # the positive class is the second
        np.testing.assert_array_equal(again.P[:, order], network.P)
    everything = saved.read(str(file))  # the same rows, read again from the file
    everywhere = saved.predict(everything)
    rows = {tuple(row): i for i, row in enumerate(_rows(everything.X))}
    places = [rows[tuple(row)] for row in _rows(test.X)]
    if everywhere.prediction.dtype.kind == "f":  # the last digit depends on the number of rows
        np.testing.assert_allclose(everywhere.prediction[places], network.prediction, rtol=1e-12, atol=1e-13)
    else:
        np.testing.assert_array_equal(everywhere.prediction[places], network.prediction)


def _rows(X):
    return X.tolist() if isinstance(X, np.ndarray) else X.rows()
