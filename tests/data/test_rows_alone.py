"""Every row is read and prepared alone as it is among all, whatever the kinds of its columns and of the file."""

from __future__ import annotations

import csv
import io
from functools import cache

import numpy as np
import polars as pl
import pytest
from column_kinds import KINDS, M

from ellayer.data import read_examples
from ellayer.tables import TablePreparation

pytestmark = pytest.mark.filterwarnings(
    "ignore::ellayer._warn.FitWarning", "ignore::ellayer._warn.ColumnWarning"
)

ROWS = (*range(8), 16, 27, M - 1)  # texts that are not like the others stand in rows 5, 16 and 27


def write(path, rows, delimiter=","):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows([["id", "a", "y"], *rows])
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Return a function of a kind of column: its rows, examples, and the matrix that a preparation makes of them."""

    @cache
    def make(kind):
        rows = [[f"r{i}", text, "uv"[i % 2]] for i, text in enumerate(KINDS[kind])]
        examples = read_examples(write(tmp_path_factory.mktemp("kind") / "train.csv", rows), target="y")
        preparation = TablePreparation({"id": "ignore"}).fit(examples.X)
        return rows, examples, preparation, preparation.transform(examples.X)

    return make


def same(matrix, expected):
    np.testing.assert_array_equal(matrix, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_in_a_file_of_text_and_in_memory(tables, tmp_path, kind):
    rows, examples, preparation, expected = tables(kind)
    for i in ROWS:
        delimiter = ",;\t"[i % 3]
        path = write(tmp_path / "row.csv", rows[i : i + 1], delimiter)
        alone = read_examples(path, target="y", reading=examples.reading)
        assert alone.X.rows() == examples.X[i : i + 1].rows()
        assert alone.y.tolist() == examples.y[i : i + 1].tolist()
        same(preparation.transform(alone.X), expected[i : i + 1])
        same(preparation.transform(examples.X[i : i + 1]), expected[i : i + 1])
        assert alone.as_written("a").cast(pl.String).to_list() == [rows[i][1].strip() or None]


WRITERS = {
    "parquet": lambda frame, path: frame.write_parquet(path),
    "feather": lambda frame, path: frame.write_ipc(path),
    "jsonl": lambda frame, path: frame.write_ndjson(path),
    "xlsx": lambda frame, path: frame.write_excel(path),
}


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("kind", KINDS)
def test_in_files_of_other_kinds(tables, tmp_path, suffix, kind):
    if suffix == "xlsx":
        pytest.importorskip("xlsxwriter")
        pytest.importorskip("fastexcel")
    _, examples, preparation, expected = tables(kind)
    X = examples.X
    is_large = X["a"].dtype.is_numeric() and bool((X["a"].abs() > 2**53).any())
    if suffix == "xlsx" and (is_large or X["a"].null_count() == M):
        pytest.skip("a workbook has no such numbers, and no column without values")
    if X["a"].dtype == pl.Float64 and X["a"].is_infinite().any() and suffix in ("jsonl", "xlsx"):
        pytest.skip("neither JSON nor a workbook has infinite numbers")
    path = tmp_path / f"t.{suffix}"
    for part in (slice(0, M), slice(5, 6)):
        WRITERS[suffix](X[part], path)
        later = read_examples(path, reading=examples.reading)
        same(preparation.transform(later.X), expected[part])


def test_a_model_of_parquet_predicts_a_text(tmp_path):
    frame = pl.DataFrame(
        {
            "n": [1.5, 2.0, None, 4.0] * 10,
            "b": [True, False, True, None] * 10,
            "d": [f"2020-01-{i % 28 + 1:02d}" for i in range(M)],
            "v": ["1.1", "1.10", "2.0", None] * 10,
            "t": [90 * i for i in range(M)],
        }
    ).with_columns(pl.col("d").str.to_date(), pl.duration(seconds="t").alias("t"))
    frame.write_parquet(tmp_path / "t.parquet")
    examples = read_examples(tmp_path / "t.parquet")
    preparation = TablePreparation().fit(examples.X)
    frame.with_columns(pl.col("t").dt.total_seconds()).write_csv(tmp_path / "t.csv")
    later = read_examples(tmp_path / "t.csv", reading=examples.reading)
    same(preparation.transform(later.X), preparation.transform(examples.X))
    assert later.X["v"].to_list()[:2] == ["1.1", "1.10"]


@pytest.mark.parametrize("kind", KINDS)
def test_texts_and_pandas_frames_in_memory(tables, kind):
    X = tables(kind)[1].X.drop("id")
    texts = pl.DataFrame({"a": [text or None for text in KINDS[kind]], "n": list(range(M))})
    for frame in (texts, texts.to_pandas(), X.to_pandas()):
        preparation = TablePreparation({"n": "numeric"} if "n" in frame.columns else None).fit(frame)
        expected = preparation.transform(frame)
        for i in ROWS:
            row = frame[i : i + 1] if isinstance(frame, pl.DataFrame) else frame.iloc[[i]]
            same(preparation.transform(row), expected[i : i + 1])
