"""Frames and arrays of other libraries: their columns are read, or one message says what to call first."""

from __future__ import annotations

import datetime
import pathlib
import uuid

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from ellayer import TablePreparation, TabularClassifier
from ellayer.tables.columns import read_table
from ellayer.tables.kinds import infer_kind

FRAME = pl.DataFrame({"a": [1.5, 2.5, None, 4.0] * 10, "b": ["u", "v", "u", None] * 10})
Y = np.array(["yes", "no"] * 20)
FRAMES = {
    "pandas": lambda: pd.DataFrame({name: FRAME[name].to_list() for name in FRAME.columns}),
    "pyarrow table": FRAME.to_arrow,
    "pyarrow batch": lambda: FRAME.to_arrow().to_batches()[0],
    "polars lazy": FRAME.lazy,
    "narwhals": lambda: nw.from_native(FRAME),
    "narwhals lazy": lambda: nw.from_native(FRAME.lazy()),
    "duckdb": lambda: duckdb.from_arrow(FRAME.to_arrow()),
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_of_any_library(name):
    columns = read_table(FRAMES[name]())
    expected = read_table(FRAME)
    assert [column.name for column in columns] == ["a", "b"]
    assert np.array_equal(columns[0].values, expected[0].values, equal_nan=True)
    assert columns[1].values.tolist() == expected[1].values.tolist()


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize(
    "labels",
    [Y, pa.array(Y.tolist()), pl.Series(Y), pd.Series(Y)],
    ids=["array", "pyarrow", "polars", "pandas"],
)
def test_an_estimator_takes_it(name, labels):
    small = {"epochs": 2, "hidden_layer_sizes": 3, "random_state": 0}
    model = TabularClassifier(1, **small).fit(FRAMES[name](), labels)
    expected = TabularClassifier(1, **small).fit(FRAME, Y)
    assert np.array_equal(model.predict_proba(FRAMES[name]()), expected.predict_proba(FRAME))


@pytest.mark.filterwarnings("ignore:Dask support is moving out:FutureWarning")
def test_dask_is_read_or_refused_with_a_remedy():
    dask = pytest.importorskip("dask.dataframe")
    frame = dask.from_pandas(FRAMES["pandas"](), npartitions=2)
    assert read_table(frame)[1].values.tolist() == read_table(FRAME)[1].values.tolist()


def test_whole_numbers_of_128_bits():
    short, long = (pl.Series([1, None, last], dtype=pl.Int128) for last in (7, 2**70))
    columns = read_table(pl.DataFrame({"short": short, "long": long}))
    assert np.array_equal(columns[0].values, [1.0, np.nan, 7.0], equal_nan=True)
    assert columns[1].values.tolist() == ["1", None, str(2**70)]


@pytest.mark.parametrize(
    "values",
    [
        pd.cut([1, 5, 9, 1], [0, 4, 8, 12]),
        pd.PeriodIndex(["2024-01", "2024-02", "2024-01", "2024-03"], freq="M"),
        [uuid.UUID(int=k) for k in (1, 2, 1, 3)],
        [pathlib.Path(name) for name in ("a", "b", "a", "c")],
    ],
    ids=["cut", "periods", "uuids", "paths"],
)
def test_values_with_one_spelling_are_categories(values):
    column = read_table(pd.DataFrame({"c": pd.Series(values)}))[0]
    assert column.values.tolist() == [str(value) for value in values]
    assert infer_kind(column).kind == "categorical"
    assert TablePreparation().fit_transform(pd.DataFrame({"c": pd.Series(values)})).shape[0] == 4


def test_missing_intervals_and_periods():
    frame = pd.DataFrame(
        {"cut": pd.cut([1, 50], [0, 4]), "period": pd.PeriodIndex(["2024-01", None], freq="M")}
    )
    assert [column.values.tolist()[1] for column in read_table(frame)] == [None, None]


def test_masked_values_are_missing():
    mask = [[False, True], [True, False]]
    numbers = read_table(np.ma.MaskedArray([[1, 2], [3, 4]], mask))
    assert np.array_equal([column.values for column in numbers], [[1, np.nan], [np.nan, 4]], equal_nan=True)
    texts = read_table(np.ma.MaskedArray([["a", "b"], ["c", "d"]], mask))
    assert [column.values.tolist() for column in texts] == [["a", None], [None, "d"]]
    whole = np.ma.MaskedArray([[1.5, 2.0]])
    assert [column.values.tolist() for column in read_table(whole)] == [[1.5], [2.0]]


@pytest.mark.parametrize(
    "names",
    [[0, 1], [10, 3], [("a", 1), ("a", 2)], [datetime.date(2024, 1, 1), datetime.date(2024, 1, 2)]],
    ids=["counted", "numbers", "pairs", "dates"],
)
def test_names_that_are_not_text_are_matched(names):
    rng = np.random.default_rng(0)
    columns = pd.MultiIndex.from_tuples(names) if isinstance(names[0], tuple) else names
    frame = pd.DataFrame(rng.normal(size=(40, 2)) * [1, 5], columns=columns)
    model = TabularClassifier(1, epochs=2, hidden_layer_sizes=3, random_state=0).fit(
        frame, frame.iloc[:, 0] > 0
    )
    turned = frame[frame.columns[::-1]]
    assert np.array_equal(model.predict_proba(turned), model.predict_proba(frame))
    preparation = TablePreparation().fit(frame)
    assert np.array_equal(preparation.transform(turned), preparation.transform(frame))
    assert np.array_equal(preparation.transform(frame.to_numpy()), preparation.transform(frame))
