"""``--positive`` and ``--cost`` from training to prediction, and what ``evaluate`` says of classes and intervals."""

from __future__ import annotations

import json
import re

import numpy as np
import polars as pl
import pytest

import ellayer

M = 240
RNG = np.random.default_rng(1)
A = RNG.normal(size=M)
BAD = A + RNG.normal(size=M) > 1.1
TABLE = pl.DataFrame({"a": A, "b": RNG.normal(size=M), "risk": np.where(BAD, "bad", "good")})


@pytest.fixture(scope="module")
def folder(tmp_path_factory, run_in):
    here = tmp_path_factory.mktemp("decisions")
    TABLE.write_csv(here / "risk.csv")
    TABLE.with_columns(size=3.0 * pl.col("a")).drop("risk").write_csv(here / "size.csv")
    settings = ("--epochs", 15, "--layers", 8, "-q")
    for what in (("risk.csv", "-t", "risk", "--out", "plain"), ("risk.csv", "-t", "risk", "--cost", "fp=1,fn=8", "--out", "cost"),
                 ("risk.csv", "-t", "risk", "--positive", "good", "--out", "good"), ("size.csv", "-t", "size", "--out", "size")):  # fmt: skip
        done = run_in(here, "train", *what, *settings)
        assert done.returncode == 0, done.stderr
    return here


def facts_of(folder, run):
    return json.loads((folder / run / "run.json").read_text())


def evaluated(folder, run_in, *what):
    done = run_in(folder, "evaluate", *what, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_rarer_class_is_positive_and_that_is_said(folder):
    facts = facts_of(folder, "plain")
    assert facts["decisions"]["positive"] == "bad"
    assert facts["classes"] == ["good", "bad"]
    share = f"{100 * BAD.mean():.1f}"
    assert (
        f"positive class: 'bad' (the rarer of two, {share} % of the rows); --positive chooses the other"
        in facts["notes"]
    )
    by_class = {row["label"]: row for row in facts["decisions"]["classes"]}
    assert facts["scores"]["f1"]["value"] == pytest.approx(by_class["bad"]["f1"])


def test_another_class_can_be_positive(folder, run_in):
    facts = facts_of(folder, "good")
    assert facts["decisions"]["positive"] == "good"
    assert not any("positive class" in note for note in facts["notes"])
    assert ellayer.load(folder / "good" / "model.ellayer").positive_ == "good"
    told = evaluated(folder, run_in, "good", "risk.csv")
    other = evaluated(folder, run_in, "good", "risk.csv", "--positive", "bad")
    assert (told["decisions"]["positive"], other["decisions"]["positive"]) == ("good", "bad")
    assert told["scores"]["f1"]["value"] > other["scores"]["f1"]["value"]
    done = run_in(folder, "evaluate", "good", "risk.csv", "--positive", "worse")
    assert done.returncode == 2
    assert "--positive: expected" in " ".join(done.stderr.split())


def test_the_threshold_of_the_costs_is_stored_and_used(folder, run_in):
    model = ellayer.load(folder / "cost" / "model.ellayer")
    threshold = float(model.decision_[model.classes_.tolist().index("bad")])
    assert threshold < 0.4
    rows = json.loads(run_in(folder, "predict", "cost", "risk.csv", "--json", "--digits", 17).stdout)["rows"]
    assert [row["prediction"] for row in rows] == [
        "bad" if row["p(bad)"] > threshold else "good" for row in rows
    ]
    told = evaluated(folder, run_in, "cost", "risk.csv")["decisions"]
    assert told["costs"] == {"fp": 1.0, "fn": 8.0}
    assert next(row for row in told["thresholds"] if row["used"])["threshold"] == pytest.approx(threshold)
    plain = evaluated(folder, run_in, "plain", "risk.csv", "--cost", "fn=8")["decisions"]
    used = lambda facts: next(row["cost"] for row in facts["thresholds"] if row["used"])  # noqa: E731
    assert used(told) < used(plain)


def test_cross_validation_speaks_of_the_same_class(folder, run_in):
    done = run_in(
        folder,
        "train",
        "risk.csv",
        "-t",
        "risk",
        "--cv",
        3,
        "--epochs",
        5,
        "--layers",
        4,
        "--out",
        "cv",
        "-q",
    )
    assert done.returncode == 0, done.stderr
    folds = facts_of(folder, "cv")["cross_validation"]["scores"]
    assert folds["the most frequent class"]["f1"]["value"] == 0.0  # of the rarer class
    assert 0.6 < folds["logistic regression"]["roc_auc"]["value"] < 1.0


def test_the_report_has_the_decisions_and_the_columns_behind_the_largest_errors(folder):
    page = (folder / "cost" / "report.html").read_text(encoding="utf-8")
    order = [
        page.index(f"<h2>{title}")
        for title in (
            "Scores",
            "Feature importance",
            "The data",
            "The network",
            "Largest errors",
            "Reproduce",
        )
    ]
    assert order == sorted(order)
    for text in (
        "positive class: bad",
        "Thresholds of p(bad), at a cost of 1 for a false positive and 8",
        "largest contributions",
    ):
        assert text in page
    assert re.search(r">bad: [ab] [+−][\d.]+", page)
    page = (folder / "size" / "report.html").read_text(encoding="utf-8")
    assert "Prediction intervals" in page
    assert "true − predicted" in page


def test_the_config_repeats_positive_class_and_costs(folder, run_in):
    done = run_in(folder, "train", "--config", "cost/config.toml", "--out", "again", "-q")
    assert done.returncode == 0, done.stderr
    again, first = facts_of(folder, "again"), facts_of(folder, "cost")
    assert again["scores"] == first["scores"]
    assert again["decisions"] == first["decisions"]


def test_the_terminal_shows_classes_thresholds_and_intervals(folder, run_in):
    shown = run_in(folder, "evaluate", "plain", "risk.csv").stdout
    for text in ("By class (positive class: bad)", "Thresholds of p(bad), at costs fp=1, fn=1", "0.5 *"):
        assert text in shown
    told = evaluated(folder, run_in, "size", "size.csv")["decisions"]
    assert told["intervals"][0]["coverage"] == 0.5
    assert "50 % prediction intervals hold" in run_in(folder, "evaluate", "size", "size.csv").stdout


@pytest.mark.parametrize(
    ("what", "message"),
    [
        (("risk.csv", "-t", "risk", "--positive", "worse"), "--positive: expected bad or good, received 'worse'"),
        (("risk.csv", "-t", "risk", "--cost", "5"), "--cost: expected costs above 0"),
        (("risk.csv", "-t", "risk", "--cost", "fp=1,fn=-2"), "--cost: expected costs above 0"),
        (("size.csv", "-t", "size", "--cost", "fn=2"), "--cost: expected a target of two classes"),
        (("size.csv", "-t", "size", "--positive", "1"), "--positive: expected a target of two classes"),
    ],
)  # fmt: skip
def test_options_that_make_no_sense_are_refused(folder, run_in, what, message):
    done = run_in(folder, "train", *what)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
