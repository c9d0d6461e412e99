"""``ellayer inspect``: every kind of model file, as a page and as JSON."""

from __future__ import annotations

import json
import shutil
import warnings

import numpy as np
import pandas as pd
import pytest

import ellayer as package
from ellayer import (
    MLPClassifier,
    MLPRegressor,
    Network,
    TabularClassifier,
    TabularRegressor,
    data,
    initialize_parameters,
    save,
    train,
)

RANDOM = np.random.RandomState(0)
TABLE = pd.DataFrame(
    {
        "age": np.where(np.arange(60) % 7 == 0, np.nan, RANDOM.uniform(20, 60, 60)),
        "town": RANDOM.choice(["Bern", "Ulm", "Graz"], 60),
        "same": 1.0,
    }
)
SAID = np.where(TABLE.town == "Ulm", "yes", "no")
X, Y = RANDOM.randn(60, 3), RANDOM.randn(60, 2)
QUICK = {"epochs": 2, "hidden_layer_sizes": (6, 5), "random_state": 3}


def make_models():
    F = data.load("flower")
    network = Network([3, 4, 1])
    weights = initialize_parameters(network, seed=1)
    weights["W1"][0, 0] = 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            "result": train(Network([2, 4, 1], "tanh"), F.X, F.Y, num_iterations=20, seed=2),
            "pair": (network, weights),
            "classifier": MLPClassifier((4,), max_iter=3, random_state=0).fit(X, np.arange(60) % 3),
            "regressor": MLPRegressor(hidden_layer_sizes=(4,), max_iter=3, random_state=0).fit(X, Y),
            "table": TabularClassifier(3, recipe="full", **QUICK).fit(TABLE, SAID),
            "numbers": TabularRegressor(**QUICK).fit(TABLE, TABLE.age.fillna(3.0)),
            "constant": TabularClassifier(**QUICK).fit(TABLE, np.full(60, "only")),
        }


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Name -> (path, model)."""
    folder, models = tmp_path_factory.mktemp("models"), make_models()
    for name, model in models.items():
        told = (
            {"source": "people.csv", "target": "said", "config": "a = 1\nb = 2\n"}
            if name == "table"
            else None
        )
        save(model, folder / f"{name}.ellayer", provenance=told)
    return {name: (folder / f"{name}.ellayer", model) for name, model in models.items()}


def told_of(ellayer, path):
    done = ellayer("inspect", path, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


KINDS = {
    "result": "TrainingResult", "pair": "network", "classifier": "MLPClassifier", "regressor": "MLPRegressor",
    "table": "TabularClassifier", "numbers": "TabularRegressor", "constant": "TabularClassifier",
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_file(ellayer, models, name):
    path, model = models[name]
    told = told_of(ellayer, path)
    assert told["model"] == told["file"]["kind"] == KINDS[name]
    assert told["file"]["versions"]["ellayer"] == package.__version__
    assert len(told["file"]["sha256"]) == 64
    page = ellayer("inspect", path)
    assert page.returncode == 0, page.stderr
    assert KINDS[name] in page.stdout
    assert told["file"]["sha256"] in page.stdout
    if name == "constant":
        assert "every prediction is the same" in page.stdout
        assert (told["network"], told["layers"], told["parameters"], told["members"]) == (None, [], [], 0)
        return
    network = model[0] if name == "pair" else getattr(model, "network", getattr(model, "network_", None))
    assert told["network"]["layer_dims"] == list(network.layer_dims)
    assert sum(row["parameters"] for row in told["layers"]) == network.parameter_count
    assert [row["name"] for row in told["parameters"]] == list(network.shapes)
    shapes = {name: shape for row in told["layers"] for name, shape in row["shapes"].items()}
    assert shapes == {name: list(shape) for name, shape in network.shapes.items()}
    assert f"{network.parameter_count:,} parameters" in page.stdout


def test_the_statistics_are_those_of_the_weights(ellayer, models):
    path, (_, parameters) = models["pair"]
    rows = {row["name"]: row for row in told_of(ellayer, path)["parameters"]}
    W1 = parameters["W1"]
    assert rows["W1"]["mean"] == pytest.approx(np.mean(W1))
    assert rows["W1"]["std"] == pytest.approx(np.std(W1))
    assert (rows["W1"]["min"], rows["W1"]["max"]) == (np.min(W1), np.max(W1))
    assert rows["W1"]["zeros"] == pytest.approx(1 / 12)
    assert rows["b1"]["zeros"] == 1.0


def test_members_are_taken_together(ellayer, models):
    path, model = models["table"]
    told = told_of(ellayer, path)
    row = next(row for row in told["parameters"] if row["name"] == "W2")
    assert told["members"] == 3
    assert row["std"] == pytest.approx(np.std([member["W2"] for member in model.members_]), rel=1e-6)
    assert "over 3 members" in ellayer("inspect", path).stdout


def test_columns_training_and_provenance_of_a_table(ellayer, models):
    path, model = models["table"]
    told = told_of(ellayer, path)
    assert [column["name"] for column in told["columns"]] == ["age", "town", "same"]
    assert told["columns"] == model.preparation_.describe()
    assert told["classes"] == ["no", "yes"]
    assert told["training"]["best_epochs"] == model.best_epochs_
    assert told["training"]["validation_score"] == pytest.approx(model.validation_score_)
    assert told["training"]["loss"]["last"] == model.history_["loss"][-1]
    assert told["settings"]["random_state"] == 3
    assert told["provenance"]["source"] == "people.csv"
    page = ellayer("inspect", path).stdout
    for words in (
        "whether missing",
        "not used",
        "constant value",
        "people.csv",
        "a = 1 ... (2 lines",
        "best_epochs",
    ):
        assert words in page
    assert told_of(ellayer, models["numbers"][0])["target"] == pytest.approx(models["numbers"][1].target_)


def test_a_training_in_short(ellayer, models):
    path, result = models["result"]
    training = told_of(ellayer, path)["training"]
    assert (training["updates"], training["seed"], training["stopped_by"]) == (20, 2, "iterations")
    assert training["loss"]["last"] == result.history["loss"][-1]


def test_a_run_folder_stands_for_its_model(ellayer, models, tmp_path):
    (tmp_path / "run").mkdir()
    shutil.copy(models["pair"][0], tmp_path / "run/model.ellayer")
    assert told_of(ellayer, "run")["model"] == "network"


def test_what_is_no_model_ends_with_2(ellayer, models, tmp_path):
    whole = models["table"][0].read_bytes()
    (tmp_path / "cut.ellayer").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "turned.ellayer").write_bytes(whole[:-3] + bytes([whole[-3] ^ 1]) + whole[-2:])
    (tmp_path / "page.ellayer").write_text("<html>not found</html>" * 20)
    (tmp_path / "empty").mkdir()
    words = {"cut.ellayer": "add up", "turned.ellayer": "SHA-256", "page.ellayer": "that Ellayer wrote",
             "empty": "the folder of a run", "gone.ellayer": "gone.ellayer"}  # fmt: skip
    for name, message in words.items():
        done = ellayer("inspect", name)
        assert done.returncode == 2, name
        assert message in " ".join(done.stderr.split()), done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == ""
