"""``train --cv K``: every row predicted by models fitted on others, scores as mean and interval."""

from __future__ import annotations

import csv
import json

import numpy as np
import polars as pl
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.metrics import accuracy_score, root_mean_squared_error

from ellayer.errors import UsageError
from ellayer.report.scores import score_over_folds, score_values, scores
from ellayer.runs.config import read_config
from ellayer.runs.train_run import train_run

m = 60
QUICK = {"target": "y", "epochs": 2, "layers": [4], "cv": 3}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("cv") / "table.csv"
    random = np.random.RandomState(0)
    x = random.randn(m)
    days = np.datetime64("2024-01-01") + np.arange(m)
    frame = pl.DataFrame(
        {"day": days, "x": x, "y": x + random.randn(m), "kind": np.where(x > 0, "up", "down")}
    )
    frame.write_csv(path)
    return str(path)


@pytest.fixture(scope="module")
def numbers(table, tmp_path_factory):
    return train_run({"source": table, **QUICK}, tmp_path_factory.mktemp("runs") / "numbers")


def test_every_row_is_predicted_out_of_fold(numbers):
    validation = numbers.facts.cross_validation
    assert validation.rows.tolist() == list(range(m))
    assert (validation.folds, validation.repeats) == (3, 5)
    names = ["the network", "linear regression", "gradient boosting", "the mean"]
    assert [model.name for model in validation.models] == names
    with open(numbers.path / "out-of-fold.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    np.testing.assert_allclose([float(row["predicted"]) for row in rows], validation.models[0].prediction)
    assert [float(row["true"]) for row in rows] == validation.y.tolist()


def test_the_fold_of_a_row_has_not_learned_from_it(numbers):
    """The mean of the other folds never is the mean of all, and leans away from the row's own fold."""
    validation = numbers.facts.cross_validation
    constant = validation.models[-1].prediction
    mean = DummyRegressor().fit(None, validation.y).predict(np.zeros(1))[0]
    assert np.corrcoef(constant - mean, validation.y - mean)[0, 1] < 0


def test_scores_over_folds_are_in_run_json_and_in_the_report(numbers):
    stored = json.loads((numbers.path / "run.json").read_text())["cross_validation"]
    each = stored["scores"]["the network"]["rmse"]
    assert len(each["folds"]) == 15
    assert each["value"] == pytest.approx(np.mean(each["folds"]))
    assert each["low"] < each["value"] < each["high"]
    page = (numbers.path / "report.html").read_text(encoding="utf-8")
    assert "Cross-validation of 60 rows in 3 folds, repeated 5 times" in page


def test_the_config_repeats_it_to_the_digit(numbers, tmp_path):
    again = train_run(read_config(numbers.path / "config.toml"), tmp_path / "again")
    assert again.facts.cross_validation.by_fold == numbers.facts.cross_validation.by_fold


def test_classes_have_probabilities_out_of_fold(table, tmp_path):
    done = train_run({"source": table, **QUICK, "target": "kind"}, tmp_path / "classes")
    validation = done.facts.cross_validation
    network = validation.models[0]
    np.testing.assert_allclose(network.P.sum(axis=1), 1.0)
    assert accuracy_score(validation.y, network.prediction) > 0.5
    assert (tmp_path / "classes/out-of-fold.csv").read_text().startswith("row,true,predicted,p(up),p(down)")


def test_by_time_the_first_rows_are_never_predicted(table, tmp_path):
    done = train_run({"source": table, **QUICK, "time": "day"}, tmp_path / "time")
    validation = done.facts.cross_validation
    assert validation.repeats == 1
    assert validation.rows.tolist() == list(range(15, m))


def test_interrupted_folds_do_not_cost_the_model(table, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("ellayer.runs.cross_validation.simple_models", interrupt)
    done = train_run({"source": table, **QUICK}, tmp_path / "interrupted")
    assert done.facts.cross_validation is None
    assert any("cross-validation was interrupted" in note for note in done.summary["notes"])
    assert (tmp_path / "interrupted/model.ellayer").is_file()


def test_more_folds_than_rows_are_refused(table, tmp_path):
    with pytest.raises(UsageError, match="--cv: expected from 2 folds to 60"):
        train_run({"source": table, **QUICK, "cv": 61}, tmp_path / "no")


def test_the_interval_is_that_of_nadeau_and_bengio():
    values = np.array([0.8, 0.9, 0.85, 0.8, 0.9])
    half = 2.7764451 * np.sqrt((1 / 5 + 1 / 4) * values.var(ddof=1))
    score = score_over_folds("accuracy", values, 1 / 4)
    assert (score.value, score.low, score.high) == pytest.approx((0.85, 0.85 - half, 0.85 + half), rel=1e-6)
    assert np.isnan(score_over_folds("rmse", [2.0, np.nan], 0.25).low)


def test_values_without_intervals_are_those_with_them():
    random = np.random.RandomState(0)
    y, a = random.randn(30), random.randn(30)
    values = score_values(y, a)
    assert values == {name: score.value for name, score in scores(y, a).items()}
    assert values["rmse"] == pytest.approx(root_mean_squared_error(y, a))
