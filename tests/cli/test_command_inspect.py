"""``ellayer inspect``: every kind of model file, as a page and as JSON."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest

import ellayer as package
from ellayer.cli.inspect import _becomes


def told_of(ellayer, path):
    done = ellayer("inspect", path, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


KINDS = {
    "result": "TrainingResult", "pair": "network", "classifier": "MLPClassifier", "regressor": "MLPRegressor",
    "table": "TabularClassifier", "numbers": "TabularRegressor", "constant": "TabularClassifier",
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_file(ellayer, model_files, name):
    path, model = model_files[name]
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


def test_the_statistics_are_those_of_the_weights(ellayer, model_files):
    path, (_, parameters) = model_files["pair"]
    rows = {row["name"]: row for row in told_of(ellayer, path)["parameters"]}
    W1 = parameters["W1"]
    assert rows["W1"]["mean"] == pytest.approx(np.mean(W1))
    assert rows["W1"]["std"] == pytest.approx(np.std(W1))
    assert (rows["W1"]["min"], rows["W1"]["max"]) == (np.min(W1), np.max(W1))
    assert rows["W1"]["zeros"] == pytest.approx(1 / 12)
    assert rows["b1"]["zeros"] == 1.0


def test_members_are_taken_together(ellayer, model_files):
    path, model = model_files["table"]
    told = told_of(ellayer, path)
    row = next(row for row in told["parameters"] if row["name"] == "W2")
    assert told["members"] == 3
    assert row["std"] == pytest.approx(np.std([member["W2"] for member in model.members_]), rel=1e-6)
    assert "over 3 members" in ellayer("inspect", path).stdout


def test_columns_training_and_provenance_of_a_table(ellayer, model_files):
    path, model = model_files["table"]
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
    assert told_of(ellayer, model_files["numbers"][0])["target"] == pytest.approx(
        model_files["numbers"][1].target_
    )


def test_a_training_in_short(ellayer, model_files):
    path, result = model_files["result"]
    training = told_of(ellayer, path)["training"]
    assert (training["updates"], training["seed"], training["stopped_by"]) == (20, 2, "iterations")
    assert training["loss"]["last"] == result.history["loss"][-1]


def test_a_run_folder_stands_for_its_model(ellayer, model_files, tmp_path):
    (tmp_path / "run").mkdir()
    shutil.copy(model_files["pair"][0], tmp_path / "run/model.ellayer")
    assert told_of(ellayer, "run")["model"] == "network"


def test_what_is_no_model_ends_with_2(ellayer, model_files, tmp_path):
    whole = model_files["table"][0].read_bytes()
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


def test_columns_are_listed_with_all_that_the_network_receives_of_them():
    random = np.random.RandomState(0)
    codes, values = random.randint(40, size=(2, 600))
    effects = random.randn(2, 40)
    titles = [" ".join(random.choice(["red", "green", "blue", "old"], 3)) + f" {i}" for i in range(600)]
    X = pd.DataFrame({"town": [f"t{code}" for code in codes], "size": values * 1.5, "title": titles})
    y = effects[0, codes] + effects[1, values] + [5.0 * title.count("red") for title in titles]
    model = package.TabularRegressor(n_members=1, epochs=1, random_state=0).fit(X, y)
    becomes = {column["name"]: _becomes(column) for column in model.preparation_.describe()}
    assert becomes.pop("town").endswith(" and 28 more; mean targets of the levels")
    assert becomes == {"size": "value; one of 40 bins", "title": "64 numbers of its n-grams"}
