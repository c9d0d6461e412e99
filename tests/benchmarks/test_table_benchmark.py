"""The study's command: its splits, its ranks, and its table on a few tables that need no files."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
NAMES = ("table_data", "table_contenders", "table_ranks", "table_speed", "tables")
OWN = {path.stem for path in BENCHMARKS.glob("*.py")} | {"contenders"}


@pytest.fixture(scope="module")
def study() -> Iterator[SimpleNamespace]:
    """Return the study's modules, which find each other as scripts of one folder do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in NAMES})
    for name in [name for name in sys.modules if name.partition(".")[0] in OWN]:
        del sys.modules[name]


def test_splits_are_apart_and_those_of_the_seed(study, tmp_path):
    table = study.table_data.load("wine", tmp_path)
    one, again, other = (study.table_data.split(table, seed) for seed in (0, 0, 1))
    parts = [one.train, one.choice, one.test]
    assert [len(part) for part in parts] == [106, 36, 36]
    assert sorted(np.concatenate(parts)) == list(range(178))
    np.testing.assert_array_equal(one.test, again.test)
    assert set(one.test) != set(other.test)


def test_honest_splits_go_forward_and_part_no_group(study, tmp_path):
    for name in ("level", "visits"):
        table = study.table_data.load(name, tmp_path)
        for seed in (0, 1):
            rows = study.table_data.split(table, seed, "honest")
            train, choice, test = (table.keys[part] for part in (rows.train, rows.choice, rows.test))
            assert min(map(len, (train, choice, test))) > 400
            if name == "level":
                assert train.max() < choice.min() <= choice.max() < test.min()
            else:
                assert not set(train) & set(choice) | set(train) & set(test) | set(choice) & set(test)


def test_an_honest_split_needs_a_time_or_groups(study, tmp_path, capsys):
    with pytest.raises(SystemExit):
        study.tables.main(["wine", "--splits", "honest"])
    assert "expected tables of --ordered, received wine" in capsys.readouterr().err


def test_ranks_share_ties(study):
    scores = {"a": {"x": 1.0, "y": 1.0, "z": 2.0}, "b": {"x": 3.0, "y": 1.0, "z": 2.0}}
    assert study.table_ranks.ranks(scores, ["x", "y", "z"]) == {"x": 2.25, "y": 1.25, "z": 2.5}
    assert study.table_ranks.wins(scores, "y", "x") == 1


def test_elo_is_that_of_the_frequency_of_wins(study):
    games = 400
    scores = {f"t{k}": {"x": 0.0, "y": 1.0 if k < 300 else -1.0} for k in range(games)}
    rating = study.table_ranks.elo(scores, ["x", "y"])
    assert rating["x"].rating + rating["y"].rating == pytest.approx(2000)
    assert rating["x"].rating - rating["y"].rating == pytest.approx(400 * np.log10(300 / 100), abs=2)
    assert rating["x"].low < rating["x"].rating < rating["x"].high
    assert rating["x"].high - rating["x"].low < 100


def test_elo_of_a_contender_that_always_wins_is_finite_and_ties_are_equal(study):
    scores = {f"t{k}": {"x": 0.0, "y": 1.0, "z": 1.0} for k in range(9)}
    rating = study.table_ranks.elo(scores, ["x", "y", "z"])
    assert rating["y"] == pytest.approx(rating["z"])
    assert 200 < rating["x"].rating - rating["y"].rating < 1000


def test_fits_that_are_in_the_file_of_runs_are_not_repeated(study, tmp_path, capsys, monkeypatch):
    arguments = ["iris", "--presets", "--contenders", "linear", "--data", str(tmp_path)]
    arguments += ["--seeds", "2", "--runs", str(tmp_path / "runs.jsonl")]
    assert study.tables.main(arguments) == 0
    first = capsys.readouterr().out
    monkeypatch.setattr(study.tables, "_fit", None)
    assert study.tables.main(arguments) == 0
    assert capsys.readouterr().out.splitlines()[1:] == first.splitlines()[1:]


def test_a_table_without_its_file_is_left_out_in_words(study, tmp_path, capsys):
    assert study.tables.main(["titanic", "--data", str(tmp_path), "--contenders", "linear"]) == 1
    assert "titanic is left out" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        study.tables.main(["titanc"])
    assert "unknown table titanc" in capsys.readouterr().err


def test_scores_are_scikit_learns(study, tmp_path):
    from sklearn.metrics import log_loss, root_mean_squared_error

    for name in ("iris", "diabetes"):
        table = study.table_data.load(name, tmp_path)
        rows = study.table_data.split(table, 0)
        X, y = table.X.iloc[rows.train], table.y[rows.train]
        model = study.table_contenders.peer("linear", table.task, X, 0).fit(X, y)
        ask, truth = table.X.iloc[rows.test], table.y[rows.test]
        if name == "iris":
            expected = log_loss(truth, model.predict_proba(ask))
        else:
            expected = root_mean_squared_error(truth, model.predict(ask)) / truth.std()
        loss, calibration = study.tables.score(model, table, rows.test)
        assert loss == pytest.approx(expected)
        assert (0 < calibration < 0.2) == (name == "iris")


def test_pytabkits_networks_get_whole_numbers_and_named_categories(study, monkeypatch):
    class Network:
        def __init__(self, **settings):
            self.settings = settings

        def fit(self, X, y, cat_col_names):
            assert not X.isna().any().any()
            self.columns, self.categories, self.classes_ = list(X), cat_col_names, np.unique(y)
            return self

        def predict_proba(self, X):
            assert list(X) == self.columns
            assert not X.isna().any().any()
            return np.full((len(X), 2), 0.5)

    monkeypatch.setitem(sys.modules, "pytabkit", SimpleNamespace(RealMLP_TD_Classifier=Network))
    X = pd.DataFrame({"a": [1.0, np.nan, 3.0], "b": ["x", None, "y"]})
    model = study.table_contenders.peer("RealMLP-TD", "classes", X, 5).fit(X, np.array(["n", "y", "n"]))
    assert model.model_.settings == {
        "random_state": 5,
        "device": "cpu",
        "use_ls": False,
        "val_metric_name": "cross_entropy",
    }
    assert (model.model_.columns, model.model_.categories) == (["a", "b", "a is missing"], ["b"])
    assert list(model.classes_) == ["n", "y"]
    assert model.predict_proba(X).shape == (3, 2)


@pytest.mark.slow
def test_the_table_is_made_anew_on_a_subset(study, tmp_path, capsys):
    """Better than scikit-learn's network everywhere and than its boosted trees on average, as the study says."""
    names = ["wine", "diabetes", "friedman 2", "breast cancer"]
    out = tmp_path / "results.md"
    peers = ["linear", "scikit-learn MLP", "HistGradientBoosting"]
    arguments = [*names, "--presets", "--members", "1", "--contenders", *peers]
    arguments += ["--data", str(tmp_path), "--out", str(out)]
    assert study.tables.main(arguments) == 0
    text = out.read_text()
    assert text.count("\n| wine |") == 4  # scores, two kinds of seconds, calibration errors
    rows = {line.split(" | ")[0][2:]: line.strip("| ").split(" | ")[1:] for line in text.splitlines()
            if line.startswith("| ")}  # fmt: skip
    mean_ours, _, mean_network, mean_trees = rows["with Ellayer, 1 member"]
    assert float(mean_ours) < float(mean_trees)
    assert float(mean_ours) < float(mean_network)


@pytest.mark.slow
def test_speed_is_measured_as_ratios(study, tmp_path, monkeypatch):
    monkeypatch.setattr(study.table_speed, "LIMIT", 2.0)
    table = study.table_data.load("wine", tmp_path)
    rows = study.table_speed.rows(table, epochs=2, repeat=1)
    assert [sorted(row) for row in rows] == [["goal", "reached", "seconds"]] * 4
