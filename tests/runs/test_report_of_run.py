"""The report of a run on a file: equal to ``evaluate``, in one document for all files, without rows if asked to be."""

from __future__ import annotations

import json
import re

import jsonschema
import numpy as np
import polars as pl
import pytest

from ellayer.report import report_schema
from ellayer.runs.evaluation import evaluate_file
from ellayer.runs.saved_model import open_model
from ellayer.runs.train_run import FinishedRun, train_run

QUICK = {"target": "outcome", "epochs": 3, "layers": [4]}


def table(m: int, seed: int) -> pl.DataFrame:
    """Rows whose cells are all recognised by their digits."""
    draw = np.random.default_rng(seed)
    income = 50_000 + draw.permutation(10 * m)[:m] + 0.375
    town = draw.choice(["Aville", "Btown"], m)
    outcome = np.where(
        income + 3 * m * (town == "Aville") + draw.normal(0, m, m) > 50_000 + 5 * m, "repaid", "late"
    )
    return pl.DataFrame({"person": [f"Person{i:05}" for i in range(m)], "income": income, "town": town, "outcome": outcome})  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> FinishedRun:
    folder = tmp_path_factory.mktemp("report")
    table(300, 0).write_csv(folder / "train.csv")
    table(120, 1).write_csv(folder / "test.csv")
    settings = {"source": str(folder / "train.csv"), "test": str(folder / "test.csv"), **QUICK}
    return train_run(settings, folder / "run")


def test_report_evaluate_and_run_json_have_the_same_numbers(run):
    report = json.loads((run.path / "report.json").read_text())
    jsonschema.Draft202012Validator(report_schema()).validate(report)
    evaluated = evaluate_file(open_model(run.path), str(run.path.parent / "test.csv"))
    network, *_ = report["scores"]
    for name, score in evaluated["scores"].items():
        assert report["scores"][network][name] == pytest.approx(score)
    assert report["classes"] == evaluated["classes"]
    assert report["confusion_matrix"] == evaluated["confusion_matrix"]
    assert [pytest.approx(b) for b in report["calibration"]] == evaluated["calibration"]
    assert report["decisions"]["classes"] == evaluated["decisions"]["classes"]
    summary = json.loads((run.path / "run.json").read_text())
    assert {network: summary["scores"], **summary["compared"]} == report["scores"]
    assert (summary["checks"], summary["verdict"]) == (report["checks"], report["verdict"])


def test_errors_are_named_by_their_line(run):
    report = json.loads((run.path / "report.json").read_text())
    lines = (run.path.parent / "test.csv").read_text().splitlines()
    errors = report["largest_errors"]
    assert errors["rows"]
    for row in errors["rows"]:
        line = lines[int(row["name"].removeprefix("line ")) - 1]
        assert line.endswith(row["truth"])
        assert line.split(",")[2] == dict(zip(errors["columns"], row["cells"], strict=True))["town"]


def test_no_rows_leaves_out_cells_and_folders(run, tmp_path):
    folder = run.path.parent
    settings = {
        "source": str(folder / "train.csv"),
        "test": str(folder / "test.csv"),
        "no_rows": True,
        **QUICK,
    }
    hidden = train_run(settings, tmp_path / "hidden")
    cells = re.compile(r"Person0|\b[56]\d,?\d{3}(\.375)?\b|Aville|Btown|" + re.escape(str(folder)))
    for name in ("report.html", "report.json", "model_card.md"):
        assert cells.search((run.path / name).read_text(encoding="utf-8"))
        text = (hidden.path / name).read_text(encoding="utf-8")
        assert not cells.search(text), cells.search(text)
        assert "train.csv" in text
    config = (hidden.path / "config.toml").read_text()
    assert "no_rows = true" in config
    assert str(folder / "train.csv") in config  # the run can be repeated
    assert json.loads((hidden.path / "run.json").read_text())["scores"] == json.loads((run.path / "run.json").read_text())["scores"]  # fmt: skip
