"""The report of any model: the same facts as that of a run, from a fitted model and rows."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from jsonschema import Draft202012Validator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

import ellayer
from ellayer.errors import EllayerError
from ellayer.report import report_model, report_schema

RNG = np.random.RandomState(0)
FRAME = pd.DataFrame(RNG.randn(80, 2), columns=["a<b>", "c"], index=[f"#{i}" for i in range(80)])
LABELS = pd.Series(np.where(FRAME["c"] + 0.5 * RNG.randn(80) > 0, "yes", "no"), FRAME.index, name="paid")
NUMBERS = FRAME["c"].to_numpy() * 3.0 + RNG.randn(80)


@pytest.fixture(scope="module")
def pipeline():
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(FRAME[:40], LABELS[:40])


def test_the_report_of_a_pipeline_has_its_scores_and_facts(pipeline, tmp_path):
    path = ellayer.report(pipeline, FRAME[40:], LABELS[40:], tmp_path / "report.json", seconds=1)
    document = json.loads(path.read_text())
    Draft202012Validator(report_schema()).validate(document)
    scores = document["scores"]["LogisticRegression"]
    assert scores["accuracy"]["value"] == pytest.approx(
        accuracy_score(LABELS[40:], pipeline.predict(FRAME[40:]))
    )
    P = pipeline.predict_proba(FRAME[40:])
    assert scores["roc_auc"]["value"] == pytest.approx(roc_auc_score(LABELS[40:] == "yes", P[:, 1]))
    assert document["target"] == "paid"
    assert document["classes"] == ["no", "yes"]
    assert document["importance"]["features"][0]["name"] == "c"
    assert document["dependence"][0]["column"] == "c"
    assert [column["name"] for column in document["data"]["columns"]] == ["a<b>", "c"]
    assert all(row["name"].startswith("row #") for row in document["largest_errors"]["rows"])
    assert "--" not in " ".join(document["verdict"] + document["data"]["warnings"])


def test_the_page_and_the_card_are_those_of_a_run_and_escape_names(pipeline, tmp_path):
    page = report_model(pipeline, FRAME[40:], LABELS[40:], tmp_path / "r.html", seconds=0.2).read_text()
    assert page.startswith("<!doctype html>")
    assert "a&lt;b&gt;" in page
    assert (
        "<b>" not in page.partition("Largest errors")[0].partition("The data")[2].partition("</section>")[0]
    )
    assert "Precision–recall" in page
    hidden = report_model(
        pipeline, FRAME[40:], LABELS[40:], tmp_path / "h.html", seconds=0, rows=False
    ).read_text()
    assert "Largest errors" not in hidden
    assert "Feature importance" not in hidden
    card = report_model(
        pipeline, FRAME[40:], LABELS[40:], tmp_path / "r.md", seconds=0, name="Payer"
    ).read_text()
    assert "Payer" in card


def test_our_models_have_network_training_and_reasons(tmp_path):
    frame = pl.DataFrame({"a": FRAME["c"].to_numpy(), "town": ["Bern", "Ulm"] * 40})
    model = ellayer.TabularRegressor(1, epochs=2, hidden_layer_sizes=4, random_state=0).fit(frame, NUMBERS)
    document = json.loads(ellayer.report(model, frame, NUMBERS, tmp_path / "r.json", seconds=0.2).read_text())
    Draft202012Validator(report_schema()).validate(document)
    assert document["network"]["members"] == 1
    assert document["training"]["unit"] == "epoch"
    assert "town" in document["largest_errors"]["rows"][0]["contributions"]
    network = ellayer.Network([2, 1])
    result = ellayer.train(network, FRAME.to_numpy().T, (LABELS == "yes").to_numpy()[None], num_iterations=20)
    for trained in (result, (network, result.parameters)):
        path = ellayer.report(
            trained, FRAME.to_numpy().T, (LABELS == "yes").to_numpy()[None], tmp_path / "n.html", seconds=0.1
        )
        assert "Drawing of the network" in path.read_text()


def test_labels_and_numbers_of_other_models(tmp_path):
    X = FRAME.to_numpy()
    labels = ellayer.report(LinearSVC().fit(X, LABELS), X, LABELS, tmp_path / "l.json", seconds=0.1)
    assert "log_loss" not in json.loads(labels.read_text())["scores"]["LinearSVC"]
    numbers = ellayer.report(LinearRegression().fit(X, NUMBERS), X, NUMBERS, tmp_path / "n.json", seconds=0.1)
    assert set(json.loads(numbers.read_text())["scores"]["LinearRegression"]) == {"rmse", "mae", "r2"}
    assert json.loads(numbers.read_text())["target"] == "target"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((FRAME, LABELS, "report.pdf"), "path: expected a file that ends in .html, .json or .md"),
        ((FRAME, LABELS[:3], "report.html"), "y: expected one true value for each of 80"),
    ],
)
def test_a_wrong_call_says_what_to_try(pipeline, arguments, message):
    with pytest.raises(EllayerError, match=message):
        ellayer.report(pipeline, *arguments)
    with pytest.raises(EllayerError, match="model: expected a fitted estimator"):
        ellayer.report(LABELS, FRAME, LABELS, "report.html")


def test_the_package_of_reports_stays_a_package():
    import importlib

    assert importlib.import_module("ellayer.report") is ellayer.report
    assert ellayer.report.Score is importlib.import_module("ellayer.report.run_facts").Score
    assert callable(ellayer.report)
