"""``ellayer predict --explain`` and ``--interval``."""

from __future__ import annotations

import io

import numpy as np
import polars as pl
import pytest

import ellayer

M = 150
RNG = np.random.default_rng(0)
TABLE = pl.DataFrame(
    {"size": RNG.normal(size=M), "town": RNG.choice(["Oslo", "Rome"], M), "noise": RNG.normal(size=M)}
)
TABLE = TABLE.with_columns(price=3.0 * pl.col("size") + (pl.col("town") == "Rome"))
TABLE = TABLE.with_columns(dear=pl.when(pl.col("price") > 1.0).then(pl.lit("yes")).otherwise(pl.lit("no")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory, run_in):
    here = tmp_path_factory.mktemp("explained")
    TABLE.drop("dear").write_csv(here / "price.csv")
    TABLE.drop("price").write_csv(here / "dear.csv")
    for name in ("price", "dear"):
        done = run_in(
            here, "train", f"{name}.csv", "-t", name, "--epochs", 20, "--layers", 8, "--out", name, "-q"
        )
        assert done.returncode == 0, done.stderr
    return here


def rows_of(done) -> pl.DataFrame:
    assert done.returncode == 0, done.stderr
    return pl.read_csv(io.StringIO(done.stdout))


@pytest.mark.parametrize("name", ["price", "dear"])
def test_base_and_contributions_add_up_to_the_output(folder, run_in, name):
    table = rows_of(run_in(folder, "predict", name, f"{name}.csv", "--explain", "--digits", 12))
    total = table["base"] + table["other columns"] + sum(table[f"contribution {k}"] for k in (1, 2, 3))
    np.testing.assert_allclose(total, table["output"], rtol=1e-9, atol=1e-9)
    assert set(table["column 1"]) <= {"size", "town", "noise"}
    assert (table["column 1"] == "size").sum() > M / 2
    if name == "price":
        np.testing.assert_allclose(table["output"], table["prediction"], rtol=1e-6)
        assert "explained class" not in table.columns
    else:
        np.testing.assert_allclose(table["output"], np.log(table["p(yes)"] / table["p(no)"]), rtol=1e-6)
        assert set(table["explained class"]) == {"yes"}


def test_intervals_are_those_of_the_model(folder, run_in):
    table = rows_of(run_in(folder, "predict", "price", "price.csv", "--interval", "0.8", "--digits", 12))
    model = ellayer.load(folder / "price" / "model.ellayer")
    np.testing.assert_allclose(
        table.select("lower", "upper"), model.predict_interval(TABLE[:, :3], 0.8), rtol=1e-9
    )


def test_models_without_intervals_or_columns_say_so(folder, run_in):
    done = run_in(folder, "predict", "dear", "dear.csv", "--interval", "0.9")
    assert done.returncode == 2
    assert "--interval: expected a model that predicts numbers" in " ".join(done.stderr.split())
    done = run_in(folder, "predict", "price", "price.csv", "--interval", "90")
    assert done.returncode == 2
    assert "expected a fraction above 0 and below 1" in " ".join(done.stderr.split())
