"""MLflow's scoring protocol: a table in CSV or in one of four forms gives the predictions of ``ellayer predict``."""

from __future__ import annotations

import gzip
import json
import sqlite3

import numpy as np
import pytest
from served_rows import COLUMNS, CSV, RECORDS

FORMS = {
    "dataframe_split": {"columns": list(COLUMNS), "data": [list(record.values()) for record in RECORDS]},
    "dataframe_records": RECORDS,
    "instances": RECORDS,
    "inputs": COLUMNS,
}


def score(client, content, model="people", kind="application/json"):
    content = json.dumps(content) if kind.startswith("application/json") else content
    return client.post(f"/models/{model}/invocations", content=content, headers={"Content-Type": kind})


def predicted(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()["predictions"]


def test_every_form_gives_the_predictions_of_the_command(client, served, run_in, tmp_path):
    (tmp_path / "rows.csv").write_text(CSV)
    for model in ("people", "prices"):
        command = run_in(tmp_path, "predict", served[model], "rows.csv", "--json", "--digits", 17)
        rows = json.loads(command.stdout)["rows"]
        for form, values in FORMS.items():
            content = {form: values, "params": {"records": True}}
            assert predicted(score(client, content, model, "application/json; charset=utf-8")) == rows, form
        assert predicted(score(client, CSV, model, "text/csv")) == [row["prediction"] for row in rows]


def test_rows_without_names_stand_in_the_order_of_the_training_file(client, served):
    X = np.random.RandomState(1).randn(5, 3).round(3)
    import ellayer

    expected = ellayer.load(served["classifier"]).predict(X).tolist()
    for content in (
        {"instances": X.tolist()},
        {"inputs": X.tolist()},
        {"dataframe_split": {"data": X.tolist()}},
    ):
        assert predicted(score(client, content, "classifier")) == expected
    several = predicted(score(client, {"instances": X.tolist()}, "regressor"))
    assert [list(row) for row in several] == [["prediction 0", "prediction 1"]] * 5


def test_explanations_and_intervals_are_records(client):
    row = predicted(score(client, {"instances": RECORDS[:1], "params": {"explain": True}}))[0]
    parts = row["base"] + sum(value for name, value in row.items() if name.startswith("contribution"))
    assert parts + row["other columns"] == pytest.approx(row["output"])
    row = predicted(score(client, {"instances": RECORDS[:1], "params": {"interval": 0.8}}, "prices"))[0]
    assert len(row) == 3


def test_labels_of_several_models_need_a_name(client):
    answer = client.post("/invocations", content="{}", headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert "/models/NAME/invocations" in answer.json()["error"]


WRONG = {
    "no form": ({}, "expected one of dataframe_split"),
    "two forms": ({"instances": RECORDS, "inputs": COLUMNS}, "received instances, inputs"),
    "a number": ({"instances": 5}, "expected a list of rows"),
    "texts": ({"instances": ["a"]}, "every row to be a list"),
    "rows of other lengths": ({"dataframe_split": {"columns": ["a"], "data": [[1], [1, 2]]}}, "expected 1 value in every row"),
    "columns twice": ({"dataframe_split": {"columns": ["a", "a"], "data": [[1, 2]]}}, "distinct names"),
    "records of records": ({"dataframe_records": [{"age": {}}]}, "received a record in 'age'"),
    "a list beside records": ({"dataframe_records": [RECORDS[0], [1]]}, "received a list"),
    "no rows": ({"dataframe_records": []}, "at least one row"),
    "columns of other names": ({"instances": [{"Age": 1, "town": "Bern"}]}, "lacks 'joined', 'member'"),
    "another date order": ({"instances": [{**RECORDS[0], "joined": "then"}]}, "'joined'"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_bodies_that_hold_no_rows(client, case):
    content, message = WRONG[case]
    answer = score(client, content)
    assert answer.status_code == 400
    assert message in answer.json()["error"]


def test_other_types_and_texts(client):
    assert score(client, "a", kind="text/plain").status_code == 415
    answer = score(client, "age,town\n1,Bern\n", kind="text/csv")
    assert answer.status_code == 400
    assert "lacks 'joined', 'member'" in answer.json()["error"]
    assert "/tmp" not in answer.json()["error"]
    assert score(client, "\x00\x01", kind="text/csv").status_code == 400


def test_a_file_of_another_kind_is_not_read_as_csv(client, tmp_path):
    connection = sqlite3.connect(tmp_path / "t.db")
    connection.execute("create table t (age, town, joined, member)")
    connection.close()
    for body, kind in (
        ((tmp_path / "t.db").read_bytes(), "an SQLite database"),
        (gzip.compress(CSV.encode()), "a gzip archive"),
        (json.dumps(RECORDS), "a table in JSON"),
    ):
        answer = score(client, body, kind="text/csv")
        assert answer.status_code == 400
        assert f"expected a table in CSV, received {kind}" in answer.json()["error"]
    answer = score(client, ",".join(f"a{i}" for i in range(2_000)), kind="text/csv")
    assert "at most 1,000 columns besides" in answer.json()["error"]
