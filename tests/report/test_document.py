"""The document of a run: valid by its schema, equal to scikit-learn's numbers, and free of rows if asked to be."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args, get_origin, get_type_hints, is_typeddict

import jsonschema
import numpy as np
import polars as pl
import pytest
from scipy.stats import kruskal
from sklearn import metrics
from test_page import NASTY, RUNS, of_classes, of_numbers

from ellayer.core.metrics import equal_bins
from ellayer.report import Predictions, RunFacts, report_schema, write_report
from ellayer.report.document import report_document
from ellayer.report.document_types import ReportDocument
from ellayer.report.privacy import without_folders, without_rows
from ellayer.report.rendering import model_card
from ellayer.report.run_facts import Check
from ellayer.report.slices import FEWEST_ROWS, groups_of, slices


def document_of(facts: RunFacts) -> ReportDocument:
    """The document after a way through JSON, valid by the schema."""
    document = json.loads(json.dumps(report_document(facts), allow_nan=False))
    jsonschema.Draft202012Validator(report_schema()).validate(document)
    return document


@pytest.mark.parametrize(
    "name", [name for name in RUNS if name not in ("thirteen classes", "a hundred classes")]
)
def test_documents_are_valid_by_the_schema(name):
    document_of(RUNS[name]())
    if name in ("numbers", "grey images"):
        document_of(without_rows(RUNS[name]()))


def keys_of(kind: object) -> object:
    """The keys of a type, those of typed dictionaries in it likewise."""
    if is_typeddict(kind):
        return {name: keys_of(part) for name, part in get_type_hints(kind).items()}
    parts = [keys_of(part) for part in get_args(kind)] if get_origin(kind) is not dict else []
    return next((part for part in parts if part), None)


def properties_of(schema: dict, defs: dict) -> object:
    """The keys of a schema, in the form of ``keys_of``."""
    schema = defs[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    if "properties" in schema:
        assert schema["required"] == list(schema["properties"])
        return {name: properties_of(part, defs) for name, part in schema["properties"].items()}
    parts = [*schema.get("anyOf", []), *([schema["items"]] if "items" in schema else [])]
    return next((keys for part in parts if (keys := properties_of(part, defs))), None)


def test_the_schema_has_the_keys_of_the_types():
    schema = report_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    ours, theirs = keys_of(ReportDocument), properties_of(schema, schema["$defs"])
    for name in ("decisions", "cross_validation"):  # typed by dataclasses
        ours.pop(name), theirs.pop(name)
    assert ours == theirs
    assert all("description" in part or "anyOf" in part for part in schema["properties"].values())


def test_numbers_are_those_of_scikit_learn():
    facts = of_classes(300, K=3)
    network, document = facts.models[0], document_of(facts)
    y, P = facts.y.astype(str), network.P
    ours = {name: score["value"] for name, score in document["scores"]["the network"].items()}
    assert ours["accuracy"] == pytest.approx(metrics.accuracy_score(y, network.prediction.astype(str)))
    assert ours["log_loss"] == pytest.approx(metrics.log_loss(y, P, labels=facts.classes))
    assert ours["roc_auc"] == pytest.approx(metrics.roc_auc_score(y, P, multi_class="ovr"))
    expected = metrics.confusion_matrix(y, network.prediction.astype(str), labels=facts.classes)
    assert document["confusion_matrix"] == expected.tolist()
    bins = document["calibration"]
    assert [b["rows"] for b in bins] == [len(rows) for rows in equal_bins(P.max(axis=1))]
    assert sum(b["rows"] * b["observed"] for b in bins) == pytest.approx(300 * ours["accuracy"])
    numbers = of_numbers()
    ours = document_of(numbers)["scores"]["the network"]
    y, prediction = numbers.y, numbers.models[0].prediction
    assert ours["rmse"]["value"] == pytest.approx(metrics.root_mean_squared_error(y, prediction))
    assert ours["mae"]["value"] == pytest.approx(metrics.mean_absolute_error(y, prediction))
    assert ours["r2"]["value"] == pytest.approx(metrics.r2_score(y, prediction))


def sliced(m: int = 800, seed: int = 0) -> tuple[pl.DataFrame, np.ndarray, Predictions]:
    """A table whose column "site" decides how often the model is wrong; the others do not."""
    draw = np.random.default_rng(seed)
    site = draw.choice(["north", "south", "rare"], m, p=[0.5, 0.49, 0.01])
    y = draw.choice(["a", "b"], m)
    wrong = draw.random(m) < np.where(site == "north", 0.05, 0.4)
    prediction = np.where(wrong, np.where(y == "a", "b", "a"), y)
    table = pl.DataFrame({"noise": draw.normal(size=m), "site": site, "day": np.arange(m) % 7})
    return table, y, Predictions("the network", prediction)


def test_slices_name_the_column_where_the_score_differs():
    table, y, model = sliced()
    facts = slices(table, y, model, ["a", "b"])
    assert [it["column"] for it in facts["columns"]] == ["site"]
    (it,) = facts["columns"]
    assert facts["columns_tested"] == 3
    assert {group["value"] for group in it["groups"]} == {"north", "south"}  # "rare" is too small
    assert it["rows_left_out"] == int((table["site"] == "rare").sum()) < FEWEST_ROWS
    for group in it["groups"]:
        rows = (table["site"] == group["value"]).to_numpy()
        assert group["rows"] == rows.sum()
        assert group["score"]["value"] == pytest.approx((model.prediction == y)[rows].mean())
        assert group["score"]["low"] < group["score"]["value"] < group["score"]["high"]
    parts = [(model.prediction != y)[(table["site"] == site).to_numpy()] for site in ("north", "south")]
    assert it["p_value"] == pytest.approx(3 * kruskal(*parts).pvalue)


def test_slices_of_noise_are_rarely_named():
    named = 0
    for seed in range(40):
        draw = np.random.default_rng(seed)
        table = pl.DataFrame({f"x{j}": draw.choice(list("abcd"), 300) for j in range(6)})
        facts = slices(table, draw.normal(size=300), Predictions("n", draw.normal(size=300)), [])
        named += bool(facts["columns"])
    assert named <= 6  # 5 % of the tables are expected


def test_groups_hold_all_rows_or_leave_small_ones_out():
    numbers = pl.Series("n", [None] * 25 + list(range(100)))
    assert [(value, len(rows)) for value, rows in groups_of(numbers)] == [
        ("0 to 25", 26), ("26 to 50", 25), ("51 to 75", 25), ("76 to 99", 24), ("missing", 25),
    ] or sum(len(rows) for _, rows in groups_of(numbers)) == 125  # fmt: skip
    assert groups_of(pl.Series("s", ["a", "b"] * 5)) == []
    assert (
        slices(pl.DataFrame({"s": ["a"] * 50}), np.arange(50.0), Predictions("n", np.zeros(50)), []) is None
    )


def secret(m: int = 150) -> RunFacts:
    """A run of numbers on a table whose every cell can be recognised."""
    names = [f"Person{i:04}" for i in range(m)]
    table = pl.DataFrame({"name": names, "income": [70001.25 + 3 * i for i in range(m)]})
    columns = [{"name": name, "kind": "text", "note": "like Person0001", "missing": 0, "distinct": m, "shown": "Person0001; 70001.25"} for name in table.columns]  # fmt: skip
    return of_numbers(
        m, table=table, ids=[f"line {7000 + i}" for i in range(m)], source="/home/ada/secret/people.csv", columns=columns,
        config='source = "/home/ada/secret/people.csv"\n', findings=["'Person0002' is strange"], split="tested on /home/ada/test.csv",
        notes=["read 'Person0003'"], checks=[Check("leak", "FAIL", "its values up to Person0007 are all of one class, those from Person0008 of the other")], reasons=dict.fromkeys(range(m), "Person0004"), column_names=["name", "income"],
    )  # fmt: skip


def test_without_rows_no_cell_and_no_folder_appears(tmp_path):
    facts = secret()
    for hidden, expected in ((facts, True), (without_rows(facts), False)):
        page = write_report(hidden, tmp_path / "page.html").read_text(encoding="utf-8")
        for text in (page, json.dumps(document_of(hidden)), model_card(report_document(hidden))):
            assert "people.csv" in text
            assert bool(re.search(r"Person0|/home/ada|line 70", text)) == expected
        assert ("predicted against" in page or page.count("<figure") == 4) == expected
    images = without_rows(RUNS["colour images"]())
    page = write_report(images, tmp_path / "images.html").read_text(encoding="utf-8")
    assert "of 60 test images" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert not re.search(r"cats/\d", page)


def test_folders_are_left_out_of_absolute_paths_only():
    assert without_folders("a/b.csv, 1/2, /x/y z") == "a/b.csv, 1/2, y z"
    assert without_folders(r"C:\Users\ada\a.csv") == "a.csv"


def test_the_model_card_is_markdown_without_markup_from_files():
    card = model_card(report_document(RUNS["nasty"]()))
    assert not re.search(r"(?<!\\)<", card)
    assert re.sub(r"\\(.)", r"\1", card).count(" ".join(NASTY.split())) > 3
    tables = [line for line in card.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in tables[:3]}) == 1


def test_the_model_card_has_scores_limits_and_no_empty_part():
    card = model_card(document_of(of_classes(K=4)))
    for text in ("# Model card: predicting survived", "| accuracy", "## Limits", "Training: overfitting", "config.toml"):  # fmt: skip
        assert text in card
    assert not re.search(r"^#+ [^\n]*\n+(#|\Z)", card, re.MULTILINE)
    least = model_card(document_of(RUNS["least"]()))
    assert "No check was made" in least


def test_the_page_of_the_report_lists_the_keys_of_the_schema():
    page = (Path(__file__).parents[2] / "docs" / "guides" / "run-report.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", page, re.MULTILINE))
    assert {name: part["description"] for name, part in report_schema()["properties"].items()} == rows


def test_a_row_without_a_place_in_a_file_is_named_by_its_number():
    document = report_document(of_classes(held_out_on="test examples"))
    row, *_ = document["largest_errors"]["rows"]
    assert re.fullmatch(r"test example \d+", row["name"])
