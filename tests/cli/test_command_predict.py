"""``ellayer predict`` through the installed program: rows kept, and files that are not like the one trained on."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from PIL import Image
from sklearn.exceptions import ConvergenceWarning

import ellayer as library
from ellayer.runs.prediction_table import _round

HEAD = "id,a,town,kind\n"
TABLE = HEAD + "".join(
    f"P{i:03},{i % 7},{('Oslo', 'Rome', 'Paris')[i % 3]},{'x' if i % 7 + i % 3 > 4 else 'y'}\n"
    for i in range(84)
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, run_in):
    """A run on a table, a run on a named set, and a model saved from Python."""
    here = tmp_path_factory.mktemp("predict")
    (here / "train.csv").write_text(TABLE)
    for what in (("train.csv", "-t", "kind", "--epochs", 4, "--layers", 4, "--out", "run"),
                 ("flower", "--layers", 3, "--iterations", 20, "--out", "flower")):  # fmt: skip
        done = run_in(here, "train", *what, "--quiet")
        assert done.returncode == 0, done.stderr
    return here


def _said(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_order_count_and_the_column_that_names_the_rows_are_kept(folder, run_in):
    lines = TABLE.splitlines()[1:]
    (folder / "turned.csv").write_text(HEAD + "\n".join(reversed(lines)) + "\n")
    straight, turned = (
        _said(run_in(folder, "predict", "run", f, "--json"))["rows"] for f in ("train.csv", "turned.csv")
    )
    assert [row["id"] for row in straight] == [f"P{i:03}" for i in range(84)]
    assert turned == straight[::-1]


def test_an_odd_file_of_a_few_rows(folder, run_in):
    (folder / "odd.csv").write_bytes(
        "town;extra;a;id\r\nOslo;1;3;B\r\nLima;2;?;A\r\n;3;1e9;A".encode("utf-16")
    )
    told = _said(run_in(folder, "predict", "run", "odd.csv", "--json"))
    assert [row["id"] for row in told["rows"]] == ["B", "A", "A"]
    for row in told["rows"]:
        assert row["prediction"] in ("x", "y")
        assert row["p(x)"] + row["p(y)"] == pytest.approx(1)
    assert "'extra'" in " ".join(told["notes"])


def test_the_truth_stays_beside_if_asked_and_is_not_looked_at(folder, run_in):
    (folder / "wrong.csv").write_text(TABLE.replace(",x\n", ",z\n"))
    done = run_in(folder, "predict", "run", "wrong.csv", "--keep", "kind", "--out", "said.csv")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "84 predictions written to said.csv\n"
    said = pl.read_csv(folder / "said.csv")
    assert said.columns == ["id", "kind", "prediction", "p(x)", "p(y)"]
    right = _said(run_in(folder, "predict", "run", "train.csv", "--json"))["rows"]
    assert said["prediction"].to_list() == [row["prediction"] for row in right]
    assert said["p(x)"].to_list() == [row["p(x)"] for row in right]


def test_a_file_that_is_there_is_kept_but_for_force_and_quiet_is_silent(folder, run_in):
    (folder / "mine.csv").write_text("mine")
    kept = run_in(folder, "predict", "run", "train.csv", "--out", "mine.csv")
    assert (kept.returncode, (folder / "mine.csv").read_text()) == (2, "mine")
    done = run_in(folder, "predict", "run", "train.csv", "--out", "mine.csv", "--force", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(pl.read_csv(folder / "mine.csv")) == 84


def test_a_run_on_a_named_set_and_a_model_saved_from_python(folder, run_in):
    (folder / "points.csv").write_text("u,v\n1,2\n-1,0.5\n")
    rows = _said(run_in(folder, "predict", "flower", "points.csv", "--json"))["rows"]
    assert [set(row) for row in rows] == [{"prediction", "p(red)", "p(blue)"}] * 2
    X = np.random.RandomState(0).normal(size=(80, 2))
    with pytest.warns(ConvergenceWarning):
        model = library.MLPClassifier((4,), max_iter=20, learning_rate_init=0.1, random_state=0).fit(
            X, np.where(X[:, 0] > 0, "up", "down")
        )
    library.save(model, folder / "python.ellayer")
    rows = _said(run_in(folder, "predict", "python.ellayer", "points.csv", "--json"))["rows"]
    told = np.array([[row["p(down)"], row["p(up)"]] for row in rows])
    np.testing.assert_allclose(told, model.predict_proba([[1, 2], [-1, 0.5]]), rtol=1e-5)
    assert [row["prediction"] for row in rows] == ["up", "down"]


BAD = {
    "lack.csv": b"id,b,town\nP1,3,Oslo\n",
    "types.csv": b"id,a,town\nP1,low,Oslo\nP2,high,Oslo\n",
    "head.csv": b"id,a,town\n",
    "empty.csv": b"",
    "page.csv": b"<!DOCTYPE html><html><body>Not found</body></html>",
}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "lack.csv"), "lack.csv lacks 'a'; it has 'id', 'b', 'town'"),
        (("run", "types.csv"), "'a': expected numbers as in training, received 'high', 'low'"),
        (("run", "head.csv"), "expected rows below the header"),
        (("run", "empty.csv"), "empty.csv is empty"),
        (("run", "page.csv"), "page.csv is an HTML page"),
        (("run", "nowhere.csv"), "nowhere.csv does not exist"),
        (("run", "pictures"), "expected a table, as in run/model.ellayer, but pictures holds images"),
        (("nowhere", "train.csv"), "nowhere does not exist"),
        (("pictures", "train.csv"), "which holds the model in model.ellayer; received a folder without it"),
        (("train.csv", "train.csv"), "expected a complete file that Ellayer wrote"),
        (("flower", "train.csv"), "expected numeric columns, received text in id, town, kind"),
        (("run", "train.csv", "--keep", "age"), "--keep: expected a column of the file, received 'age'"),
        (("run", "train.csv", "--out", "said.doc"), "expected a name with the suffix .csv, .txt, .tsv, .parquet"),
        (("run", "train.csv", "--out", "no/such.csv"), "create it first"),
        (("run", "train.csv", "--out", "pipe", "--force"), "received the device or pipe"),
    ],
)  # fmt: skip
def test_what_cannot_be_predicted_is_said_on_a_screen(folder, run_in, arguments, said):
    for name, content in BAD.items():
        (folder / name).write_bytes(content)
    (folder / "pictures").mkdir(exist_ok=True)
    Image.new("RGB", (8, 8)).save(folder / "pictures" / "a.png")
    if not (folder / "pipe").exists():
        os.mkfifo(folder / "pipe")
    before = {path.name for path in folder.iterdir()}
    done = run_in(folder, "predict", *arguments)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert {path.name for path in folder.iterdir()} == before


def test_numbers_have_as_many_digits_as_count(folder, run_in):
    rows = _said(run_in(folder, "predict", "run", "train.csv", "--json"))["rows"]
    exact = _said(run_in(folder, "predict", "run", "train.csv", "--json", "--digits", 17))["rows"]
    model, table = (
        library.load(folder / "run" / "model.ellayer"),
        pl.read_csv(folder / "train.csv").drop("kind"),
    )
    P = model.predict_proba(table)
    assert [row["p(x)"] for row in exact] == P[:, 0].tolist()
    np.testing.assert_allclose([row["p(x)"] for row in rows], P[:, 0], rtol=1e-5)
    assert all(len(repr(row["p(x)"]).lstrip("0.")) <= 6 for row in rows)


def test_large_numbers_keep_their_whole_part():
    values = np.array([1234567.891, -0.000123456789, 0.0, np.nan, np.inf, 12.0])
    assert str(_round(values, 6)) == "[1234568.0, -0.000123457, 0.0, nan, inf, 12.0]"


READERS = {
    "said.csv": pl.read_csv,
    "said.tsv": lambda path: pl.read_csv(path, separator="\t"),
    "said.parquet": pl.read_parquet,
    "said.jsonl": pl.read_ndjson,
    "said.xlsx": pl.read_excel,
}


@pytest.mark.parametrize("name", READERS)
def test_the_name_says_the_kind_of_file(folder, run_in, name):
    if name.endswith(".xlsx"):
        pytest.importorskip("fastexcel")
        pytest.importorskip("xlsxwriter")
    done = run_in(folder, "predict", "run", "train.csv", "--output", name, "--keep-all", "--force")
    assert done.stdout == f"84 predictions written to {name}\n", done.stderr
    said, file = READERS[name](folder / name), pl.read_csv(folder / "train.csv")
    assert said.columns == ["id", "a", "town", "kind", "prediction", "p(x)", "p(y)"]
    assert said.select("id", "town", "kind").equals(file.select("id", "town", "kind"))
    assert said["a"].to_list() == file["a"].to_list()


def test_a_workbook_needs_its_library_and_holds_no_formula(folder, run_in, monkeypatch):
    pytest.importorskip("fastexcel")
    pytest.importorskip("xlsxwriter")
    (folder / "formula.csv").write_text('id,a,town\n"=HYPERLINK(""x"")",1,Oslo\n')
    done = run_in(folder, "predict", "run", "formula.csv", "--out", "formula.xlsx")
    assert done.returncode == 0, done.stderr
    assert pl.read_excel(folder / "formula.xlsx")["id"].to_list() == ['=HYPERLINK("x")']
    monkeypatch.setattr("ellayer.runs.prediction_table.find_spec", lambda name: None)
    done = run_in(folder, "predict", "run", "formula.csv", "--out", "other.xlsx")
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install xlsxwriter" in " ".join(done.stderr.split())


def test_formulas_are_escaped_on_request(folder, run_in):
    (folder / "formulas.csv").write_text(
        HEAD.replace("id", "id,=n") + "@P1,=1+1,3,Oslo,x\nP2,-4 a,2,+Rome,y\n"
    )
    arguments = ("predict", "run", "formulas.csv", "--keep", "=n", "--keep", "town")
    plain = run_in(folder, *arguments).stdout.splitlines()
    assert plain[0].startswith("id,=n,town,prediction,")
    assert plain[1].startswith("@P1,=1+1,Oslo,")
    escaped = run_in(folder, *arguments, "--escape-formulas").stdout.splitlines()
    assert escaped[0].startswith("id,'=n,town,prediction,")
    assert [row[: row.index(",x") if ",x" in row else row.index(",y")] for row in escaped[1:]] == [
        "'@P1,'=1+1,Oslo", "P2,'-4 a,'+Rome"
    ]  # fmt: skip


def test_several_files_a_pattern_and_standard_input_are_one_table(folder, run_in):
    rows = TABLE.splitlines(keepends=True)
    (folder / "part-1.csv").write_text("".join(rows[:40]))
    (folder / "part-2.csv").write_text(HEAD + "".join(rows[40:]))
    expected = _said(run_in(folder, "predict", "run", "train.csv", "--json"))["rows"]
    for files in (("part-1.csv", "part-2.csv"), ("part-*.csv",)):
        assert _said(run_in(folder, "predict", "run", *files, "--json"))["rows"] == expected
        facts = _said(run_in(folder, "evaluate", "run", *files, "--json"))
        assert facts["rows"] == 84
        assert _said(run_in(folder, "data", *files, "-t", "kind", "--json"))["rows"] == 84
    assert _said(run_in(folder, "predict", "run", "-", "--json", stdin=TABLE))["rows"] == expected
    train = ("train", "-t", "kind", "--epochs", 4, "--layers", 4, "--quiet")
    done = run_in(folder, *train, "part-1.csv", "part-2.csv", "--out", "parts")
    assert done.returncode == 0, done.stderr
    assert 'source = [\n    "part-1.csv",' in (folder / "parts" / "config.toml").read_text()
    assert _said(run_in(folder, "predict", "parts", "train.csv", "--json"))["rows"] == expected
    done = run_in(folder, *train, "-", "--out", "piped", stdin=TABLE)
    assert done.returncode == 0, done.stderr
    assert _said(run_in(folder, "predict", "piped", "train.csv", "--json"))["rows"] == expected
    done = run_in(folder, "train", "--config", "parts/config.toml", "--quiet", "--out", "again")
    assert (folder / "again/model.ellayer").stat().st_size == (folder / "parts/model.ellayer").stat().st_size


def test_debug_shows_where(folder, run_in):
    done = run_in(folder, "predict", "run", "nowhere.csv", "--debug")
    assert "Traceback" in done.stderr


def test_the_prediction_of_a_table_does_not_wait_for_what_it_does_not_need(folder):
    code = (
        "import sys; from ellayer.cli.app import app\n"
        "try: app(['predict', 'run', 'train.csv'])\n"
        "except SystemExit as end: print(end.code, sorted({'jax', 'sklearn', 'scipy', 'pandas', 'matplotlib'} & {*sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1] == "0 []", done.stderr
