"""What a run saves predicts, from the data as they are, what the run predicted."""

from __future__ import annotations

import numpy as np
import pytest

import ellayer
from ellayer.data.named import NAMED
from ellayer.inspection import check_gradients
from ellayer.runs.notes_trainer import run_named
from ellayer.runs.saved_model import open_model
from ellayer.storage import read_provenance


def check(run, dataset):
    """The model and the baseline of a run, on the whole set."""
    training = run.training
    X = dataset.X if training.standardised is None else training.standardised(dataset.X)
    for folder, model in ((run.path, training.network), (run.path / "baseline", training.baseline)):
        path = folder / "model.ellayer"
        saved, expected = ellayer.load(path), model.result
        np.testing.assert_allclose(
            saved.predict_proba(dataset.X), expected.predict_proba(X), rtol=1e-9, atol=1e-12
        )
        assert np.array_equal(saved.predict(dataset.X), expected.predict(X))
        assert saved.history == expected.history
        assert "standardise" not in read_provenance(path)
        assert open_model(path).model.parameters["W1"].tolist() == saved.parameters["W1"].tolist()


@pytest.mark.parametrize("name", list(NAMED))
def test_every_named_set(name, tmp_path):
    run = run_named({"source": name, "iterations": 20}, tmp_path / name)
    check(run, ellayer.data.load(name))


def test_the_cats(tmp_path, shared_data):
    settings = {"source": "cats", "data": shared_data / "cats", "iterations": 3, "layers": [4, 3]}
    check(run_named(settings, tmp_path / "cats"), ellayer.data.load("cats", data=shared_data / "cats"))


def test_the_gradients_of_a_saved_run_are_right_on_the_data_as_they_are(tmp_path):
    run = run_named({"source": "iris", "iterations": 20}, tmp_path / "iris")
    saved, iris = ellayer.load(run.path / "model.ellayer"), ellayer.data.load("iris")
    assert check_gradients(saved, iris.X, iris.Y).passed
