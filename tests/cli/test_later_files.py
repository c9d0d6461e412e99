"""A later file is read by the schema that the model file keeps."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

M = 120
LONG = [1_577_134_800_018_164_904 + 997 * i for i in range(M)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, run_in):
    """A run on versions as labels, with identifiers of many kinds."""
    here = tmp_path_factory.mktemp("runs")
    rng = np.random.default_rng(0)
    label = rng.choice(["1.1", "1.10", "A"], M)
    x = np.select([label == "1.1", label == "1.10"], [-3.0, 0.0], 3.0) + 0.1 * rng.normal(size=M)
    codes = ["8e12", "5e10", *(f"{i * 7919 % 9973:04x}b" for i in range(2, M))]
    columns = {
        "long_id": LONG,
        "hex_id": codes,
        "x": x.round(3),
        "money": [f"${1000 + i:,}.50" for i in range(M)],
    }
    frame = pl.DataFrame({**columns, "grade": label})
    frame.write_csv(here / "train.csv")
    frame.filter(pl.col("grade") == "1.10").write_csv(here / "only.csv")
    frame.head(2).write_csv(here / "two.csv", separator=";")
    frame.head(2).select("long_id", "hex_id", "x", "money").write_ndjson(here / "two.jsonl")
    frame.head(2).drop("hex_id", "long_id").write_csv(here / "few.csv")
    done = run_in(
        here,
        "train",
        "train.csv",
        "--target",
        "grade",
        "--epochs",
        20,
        "--layers",
        8,
        "--quiet",
        "--out",
        "run",
    )
    assert done.returncode == 0, done.stderr
    return here


def test_labels_of_a_file_that_holds_only_one_of_them(folder, run_in):
    rows = json.loads(run_in(folder, "predict", "run", "only.csv", "--json").stdout)["rows"]
    share = np.mean([row["prediction"] == "1.10" for row in rows])
    facts = json.loads(run_in(folder, "evaluate", "run", "only.csv", "--json").stdout)
    assert facts["scores"]["accuracy"]["value"] == pytest.approx(share)
    assert share > 0.5


@pytest.mark.parametrize("file", ["two.csv", "two.jsonl"])
def test_identifiers_come_out_as_they_stand_in_the_file(folder, run_in, file):
    done = run_in(folder, "predict", "run", file, "--keep", "money")
    assert done.returncode == 0, done.stderr
    rows = [line.split(",", 2)[:2] for line in done.stdout.splitlines()[1:]]
    assert rows == [[str(LONG[0]), "8e12"], [str(LONG[1]), "5e10"]]
    assert '"$1,000.50"' in done.stdout


def test_columns_that_the_model_does_not_use_may_be_absent(folder, run_in):
    done, whole = (run_in(folder, "predict", "run", file, "--json") for file in ("few.csv", "two.csv"))
    assert done.returncode == 0, done.stderr
    rows = [
        {key: row[key] for key in row if not key.endswith("_id")} for row in json.loads(whole.stdout)["rows"]
    ]
    assert json.loads(done.stdout)["rows"] == rows


def test_identifiers_of_another_type(folder, run_in):
    (folder / "other.csv").write_text("long_id,hex_id,x,money\nA-17,0012,1.5,$1\n")
    done = run_in(folder, "predict", "run", "other.csv")
    assert done.stdout.splitlines()[1].startswith("A-17,0012,"), done.stderr


def test_a_contradiction_is_one_message_before_anything_is_computed(folder, run_in):
    (folder / "comma.csv").write_text("long_id;hex_id;x;money\n1;a;1,5;$5\n2;b;2,5;€7\n")
    for command in ("predict", "evaluate"):
        done = run_in(folder, command, "run", "comma.csv")
        assert done.returncode == 2
        assert "expected comma.csv to be written as the file of the training: 'x'" in " ".join(
            done.stderr.split()
        )


def test_a_label_named_like_a_missing_value(folder, run_in):
    rows = "".join(f"{i % 7},{i % 5},{'NA' if i % 2 else 'EU'}\n" for i in range(60))
    (folder / "na.csv").write_text("x,z,continent\n" + rows)
    train = (
        "train",
        "na.csv",
        "--target",
        "continent",
        "--epochs",
        2,
        "--layers",
        4,
        "--quiet",
        "--out",
        "na",
    )
    done = run_in(folder, *train)
    assert done.returncode == 2
    assert "30 cells are taken as missing: 'NA' (30)" in " ".join(done.stderr.split())
    done = run_in(folder, *train, "--missing", "")
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / "na/run.json").read_text())["classes"] == ["EU", "NA"]
