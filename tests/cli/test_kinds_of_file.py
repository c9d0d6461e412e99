"""``ellayer data``, ``train``, ``predict`` and ``evaluate`` on every kind of file, several files, and standard input."""

from __future__ import annotations

import json
import tomllib

import numpy as np
import polars as pl
import pytest
from xlsxwriter import Workbook

from table_files import WRITERS, rows_of, write_duckdb, write_excel

RNG = np.random.default_rng(0)
FRAME = pl.DataFrame(
    {
        "a": RNG.normal(size=60).round(3),
        "town": RNG.choice(["Oslo", "Rome", "Paris"], 60),
        "count": RNG.integers(0, 50, 60),
    }
).with_columns(kind=pl.when(pl.col("a") > 0).then(pl.lit("x")).otherwise(pl.lit("y")))


def ran(done) -> str:
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory, run_in):
    """The table in every kind of file, parts of it, and a run that was trained on it as CSV."""
    here = tmp_path_factory.mktemp("kinds")
    for name, write in WRITERS.items():
        write(FRAME, here / name)
    (here / "parts").mkdir()
    for i in range(3):
        FRAME[20 * i : 20 * (i + 1)].write_csv(here / "parts" / f"{i}.csv")
    ran(run_in(here, "train", "a.csv", "-t", "kind", "--epochs", 3, "--layers", 4, "--out", "run", "--quiet"))
    return here


@pytest.fixture(scope="module")
def expected(folder, run_in):
    """The predictions for the CSV file, and the scores on it."""
    rows = json.loads(run_in(folder, "predict", "run", "a.csv", "--json").stdout)["rows"]
    return rows, json.loads(run_in(folder, "evaluate", "run", "a.csv", "--json").stdout)["scores"]


SOURCES = [[name] for name in WRITERS] + [
    ["parts"],
    ["parts/*.csv"],
    ["parts/0.csv", "parts/1.csv", "parts/2.csv"],
]


@pytest.mark.parametrize("source", SOURCES, ids=" ".join)
def test_predict_and_evaluate(folder, run_in, expected, source):
    rows = json.loads(run_in(folder, "predict", "run", *source, "--json").stdout)["rows"]
    assert rows == expected[0]
    assert json.loads(run_in(folder, "evaluate", "run", *source, "--json").stdout)["scores"] == expected[1]


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.xlsx", "a.jsonl"])
def test_standard_input(folder, run_in, expected, name):
    content = (folder / name).read_bytes()
    assert (
        json.loads(run_in(folder, "predict", "run", "-", "--json", stdin=content).stdout)["rows"]
        == expected[0]
    )
    facts = json.loads(run_in(folder, "data", "-", "-t", "kind", "--json", stdin=content).stdout)
    assert facts["rows"] == 60
    assert (
        "no table" in run_in(folder, "data", "-", stdin=b"").stderr
        or "empty" in run_in(folder, "data", "-").stderr
    )


@pytest.mark.parametrize(
    "source", [["a.ods"], ["a.sqlite"], ["a.zip"], ["parts"], ["parts/0.csv", "parts/1.csv"]], ids=" ".join
)
def test_train_and_reproduce_a_run(folder, run_in, tmp_path, source):
    options = ["--epochs", 2, "--layers", 3, "--quiet"]
    ran(run_in(folder, "train", *source, "-t", "kind", *options, "--out", tmp_path / "one"))
    config = tomllib.loads((tmp_path / "one/config.toml").read_text())
    assert config["source"] == (source[0] if len(source) == 1 else source)
    ran(
        run_in(
            folder, "train", "--config", tmp_path / "one/config.toml", "--quiet", "--out", tmp_path / "two"
        )
    )
    one, two = (pl.read_csv(tmp_path / name / "history.csv") for name in ("one", "two"))
    assert one[:, :-1].equals(two[:, :-1])  # the last column is the time


def test_train_on_standard_input(folder, run_in, tmp_path):
    ran(run_in(folder, "train", "-", "-t", "kind", "--epochs", 2, "--out", tmp_path / "run", "--quiet",
               stdin=(folder / "a.csv").read_bytes()))  # fmt: skip
    assert json.loads((tmp_path / "run/run.json").read_text())["source"] == "-"


def test_sheets_tables_and_queries(ellayer, tmp_path):
    with Workbook(tmp_path / "book.xlsx") as book:
        for name in ("first", "second"):
            page = book.add_worksheet(name)
            for i, row in enumerate(rows_of(FRAME)):
                page.write_row(i, 0, row)
    done = ellayer("data", "book.xlsx")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--sheet NAME" in done.stderr
    for sheet in ("second", "1", "-1"):
        assert "Read as a workbook" in ran(ellayer("data", "book.xlsx", "--sheet", sheet))
    write_duckdb(FRAME, tmp_path / "a.duckdb", "one")
    write_duckdb(FRAME, tmp_path / "a.duckdb", "two")
    assert "--table NAME" in ellayer("data", "a.duckdb").stderr
    assert "Read as a DuckDB database" in ran(ellayer("data", "a.duckdb", "--table", "two"))
    query = "SELECT a, kind FROM one WHERE a > 0"
    assert "1 column besides the target kind" in ran(
        ellayer("data", "a.duckdb", "--query", query, "-t", "kind")
    )
    assert (
        "expected one statement that reads" in ellayer("data", "a.duckdb", "--query", "DROP TABLE one").stderr
    )


def test_an_option_that_the_training_file_had_is_not_needed_again(ellayer, tmp_path):
    write_excel(rows_of(FRAME), tmp_path / "one.xlsx")
    with Workbook(tmp_path / "two.xlsx") as book:
        for name in ("aside", "Data"):
            page = book.add_worksheet(name)
            for i, row in enumerate(rows_of(FRAME)):
                page.write_row(i, 0, row)
    ran(ellayer("train", "one.xlsx", "-t", "kind", "--epochs", 2, "--layers", 3, "--out", "run", "--quiet"))
    assert len(json.loads(ran(ellayer("predict", "run", "two.xlsx", "--json")))["rows"]) == 60
