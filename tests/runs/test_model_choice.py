"""``--model``: the linear model, gradient boosting, and the best by the rows held out in training."""

from __future__ import annotations

import json
import threading
import time

import joblib
import numpy as np
import polars as pl
import pytest

import ellayer
from ellayer import EllayerError
from ellayer.data import read_examples
from ellayer.errors import UsageError
from ellayer.runs.config import read_config
from ellayer.runs.evaluation import evaluate_file
from ellayer.runs.model_choice import choose_model
from ellayer.runs.model_facts import facts_of
from ellayer.runs.saved_model import open_model
from ellayer.runs.train_run import train_run

QUICK = {"target": "y", "epochs": 2, "layers": [4], "model": "best"}
NAMES = {"linear": "logistic regression", "boosting": "gradient boosting"}


@pytest.fixture(scope="module")
def steps(tmp_path_factory):
    """A table of which trees learn more than a line."""
    random = np.random.RandomState(0)
    x, z = random.rand(2, 300)
    y = np.where((10 * x).astype(int) % 2 == 0, "even", "odd")
    path = tmp_path_factory.mktemp("choice") / "steps.csv"
    pl.DataFrame({"x": x, "z": z, "y": y}).write_csv(path)
    return str(path)


@pytest.fixture(scope="module")
def runs(steps, tmp_path_factory):
    """A run of each kind of model, its folder by the name of the model."""
    folder = tmp_path_factory.mktemp("runs")
    settings = {
        "linear": {"target": "y", "model": "linear"},
        "boosting": {"target": "y", "model": "boosting"},
        "best": QUICK,
    }
    return {
        name: train_run({"source": steps, **options}, folder / name) for name, options in settings.items()
    }


@pytest.mark.parametrize("kind", NAMES)
def test_the_model_asked_for_is_saved_and_is_the_one_of_the_scores(runs, steps, kind):
    run = runs[kind]
    model = ellayer.load(run.path / "model.ellayer")
    assert (model.model, run.summary["model"]) == (kind, NAMES[kind])
    assert NAMES[kind] not in run.summary["compared"]
    other = NAMES["boosting" if kind == "linear" else "linear"]
    assert runs["best"].summary["compared"].get(NAMES[kind], run.summary["scores"]) == run.summary["scores"]
    assert other in run.summary["compared"]
    assert "layers" not in run.summary["settings"]
    evaluated = evaluate_file(open_model(run.path), steps)
    assert evaluated["scores"]["accuracy"]["value"] > 0.4
    assert run.facts.importance[0][0] == "x" or kind == "linear"
    assert (run.path / "report.html").is_file()


@pytest.mark.parametrize("kind", [*NAMES, "best"])
def test_its_config_repeats_it_to_the_bit(runs, kind, tmp_path):
    run = runs[kind]
    again = train_run(read_config(run.path / "config.toml"), tmp_path / "again")
    assert again.summary["settings"] == run.summary["settings"]
    assert again.summary["scores"] == run.summary["scores"]


def test_the_best_is_chosen_on_rows_held_out_in_training(runs):
    run = runs["best"]
    (message,) = (note for note in run.summary["notes"] if note.startswith("--model best"))
    assert "--model best saves gradient boosting: log loss " in message
    assert "of the network and " in message
    assert "held out in training" in message
    assert "no test row" in message
    assert list(run.summary["compared"])[:2] == ["the network", "logistic regression"]
    assert ellayer.load(run.path / "model.ellayer").model == "boosting"
    assert run.summary["settings"]["model"] == "best"
    assert run.summary["rows"]["train"] == 240


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_an_interrupt_keeps_what_was_fitted(steps, n_jobs):
    """Ctrl-C while the trees grow: the linear model is one of those compared, also where both were fitted at once."""
    train = read_examples(steps, target="y")
    network = ellayer.TabularClassifier(n_members=1, epochs=2, n_jobs=n_jobs, random_state=0).fit(
        train.X, train.y
    )
    linear = threading.Event()

    def fit(model):
        if model.model == "boosting":
            linear.wait(30)
            time.sleep(0.2)  # its result is on the way
            raise KeyboardInterrupt
        model.fit(train.X, train.y)
        linear.set()

    with joblib.parallel_config("threading"):
        choice = choose_model(network, train, fit)
    assert choice.interrupted
    assert {choice.model.model, *(model.model for model in choice.others)} == {"network", "linear"}
    assert "interrupted before all models were fitted" in choice.message


def test_a_file_of_trees_says_what_it_is_and_what_it_cannot(runs):
    saved = open_model(runs["boosting"].path)
    facts = facts_of(saved)
    assert facts["trees"]["trees"] == 100
    assert facts["network"] is None
    json.dumps(facts)
    with pytest.raises(EllayerError, match="boosted trees, which have no gradients"):
        ellayer.explain(saved.model, saved.read(runs["boosting"].summary["source"]).X)
    pytest.importorskip("onnxruntime")
    with pytest.raises(EllayerError, match="boosted trees, which cannot be exported"):
        ellayer.to_onnx(saved.model)


def test_a_linear_model_is_exported(runs, tmp_path):
    pytest.importorskip("onnxruntime")
    proto = ellayer.to_onnx(ellayer.load(runs["linear"].path / "model.ellayer"), tmp_path / "m.onnx")
    assert float({prop.key: prop.value for prop in proto.metadata_props}["ellayer.max_difference"]) < 1e-5


def test_a_simple_model_is_cross_validated_as_it_is(steps, tmp_path):
    run = train_run({"source": steps, "target": "y", "model": "linear", "cv": 3}, tmp_path / "cv")
    assert next(iter(run.summary["cross_validation"]["scores"])) == "logistic regression"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": "forest"}, "--model: expected network, linear, boosting or best, received 'forest'"),
        ({"model": "linear", "layers": [4]}, "--layers is not supported with --model linear"),
        ({"model": "boosting", "dropout": 0.1}, "--dropout is not supported with --model boosting"),
    ],
)
def test_what_a_model_lacks_is_refused(steps, tmp_path, options, words):
    with pytest.raises(UsageError, match=words):
        train_run({"source": steps, "target": "y", **options}, tmp_path / "out")
    assert not (tmp_path / "out").exists()
