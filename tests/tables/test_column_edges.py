"""Columns at their edges: masked values, targets that are missing, days, and values of mixed types."""

from __future__ import annotations

import datetime
import math

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from ellayer.data.text.cells import EXACT
from ellayer.errors import EllayerError
from ellayer.tables.columns import (
    as_days,
    as_numbers,
    as_texts,
    as_truths,
    check_missing_targets,
    is_missing,
    read_table,
)

NAN = math.nan


def values_of(X) -> list[list]:
    return [column.values.tolist() for column in read_table(X)]


@pytest.mark.parametrize("dtype", ["int64", "uint8", "float32"])
def test_masked_numbers_are_missing(dtype):
    table = np.ma.array([[1, 2], [3, 4]], mask=[[False, True], [False, False]], dtype=dtype)
    np.testing.assert_equal(values_of(table), [[1.0, 3.0], [NAN, 4.0]])
    assert table.mask.tolist() == [[False, True], [False, False]]
    np.testing.assert_equal(values_of(np.ma.array(table.data)), [[1.0, 3.0], [2.0, 4.0]])


def test_masked_texts_and_truths_are_missing():
    texts = np.ma.array([["a", "b"], ["c", "d"]], mask=[[True, False], [False, False]])
    assert values_of(texts) == [[None, "c"], ["b", "d"]]
    truths = np.ma.array([[True], [False], [True]], mask=[[False], [False], [True]])
    assert values_of(truths) == [["True", "False", None]]


def test_truths_without_a_missing_one_are_truths():
    for frame in (pl.DataFrame({"t": [True, False]}), pd.DataFrame({"t": [True, False]})):
        assert read_table(frame)[0].values.dtype == bool
    assert read_table(pl.DataFrame({"t": [True, None]}))[0].values.tolist() == ["True", None]


def test_sparse_columns_of_pandas_are_read_as_dense_ones():
    dense = pd.DataFrame({"a": [0.0, 1.5, np.nan], "b": [0, 0, 7], "c": [True, False, False]})
    fills = {"a": ("float64", 0.0), "b": ("int64", 0), "c": ("bool", False)}
    one = dense.astype({name: pd.SparseDtype(*fill) for name, fill in fills.items()})
    for column, other in zip(read_table(one), read_table(dense), strict=True):
        assert (column.name, column.declared) == (other.name, other.declared)
        np.testing.assert_array_equal(column.values, other.values)


def test_a_sparse_matrix_may_take_all_memory_as_a_dense_one(monkeypatch):
    for free in (16 * 6, None):
        monkeypatch.setattr("ellayer.tables.columns.available_memory", lambda free=free: free)
        assert values_of(sparse.eye(3, 2, format="csr")) == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    monkeypatch.setattr("ellayer.tables.columns.available_memory", lambda: 16 * 6 - 1)
    with pytest.raises(EllayerError, match=r"shape \(3, 2\), which needs 96 bytes of 95 bytes"):
        read_table(sparse.eye(3, 2, format="csr"))


def test_durations_are_seconds():
    spans = np.array([[1500], [0]], "timedelta64[ms]")
    spans[1] = np.timedelta64("NaT", "ms")
    np.testing.assert_equal(values_of(pd.DataFrame({"w": spans.ravel()})), [[1.5, NAN]])


@pytest.mark.parametrize("end", [EXACT, -EXACT])
def test_integers_up_to_those_that_float64_has_not_are_numbers(end):
    assert values_of(np.array([[end], [0]])) == [[float(end), 0.0]]
    assert values_of(np.array([[end * 4 + 1], [0]])) == [[str(end * 4 + 1), "0"]]
    assert values_of([[end], [None]])[0][0] == float(end)
    assert values_of([[end * 4 + 1], [None]]) == [[str(end * 4 + 1), None]]
    assert values_of(pd.DataFrame({"x": [end, 0]})) == [[float(end), 0.0]]
    assert values_of(pd.DataFrame({"x": [end * 4 + 1, 0]})) == [[str(end * 4 + 1), "0"]]


def test_values_of_mixed_types_have_one_spelling_each():
    mixed = [
        1,
        1.0,
        "1",
        True,
        "True",
        b"x",
        2.5,
        np.float64(2.5),
        None,
        NAN,
        datetime.timedelta(minutes=1),
        "?",
    ]
    texts = ["1", "1", "1", "True", "True", "x", "2.5", "2.5", None, None, "60", None]
    assert values_of(pd.DataFrame({"c": pd.Series(mixed, dtype=object)})) == [texts]
    dates = [datetime.date(2020, 1, 2), pd.NaT, datetime.time(9, 30)]
    assert values_of(pd.DataFrame({"c": pd.Series(dates, dtype=object)})) == [
        ["2020-01-02", None, "09:30:00"]
    ]


def test_missing_values_are_those_of_every_library():
    assert [is_missing(value) for value in (None, NAN, pd.NA, pd.NaT, np.datetime64("NaT", "us"))] == [
        True
    ] * 5
    assert not any(map(is_missing, (0, "", False, "nan")))


def test_missing_targets_are_named_by_their_rows():
    for y in (
        np.arange(3),
        np.array([True, False]),
        np.array(["nan", "NA"], dtype=object),
        np.array([1.5, 2.0]),
    ):
        check_missing_targets(y)
    for y in (np.array([1.0, NAN]), np.array(["a", " "]), np.array(["a", None], dtype=object)):
        with pytest.raises(ValueError, match=r"contains NaN: 1 target is missing \(row 1, counted from 0\)"):
            check_missing_targets(y)
    with pytest.raises(ValueError, match=r"1 target is missing \(row 1, counted"):
        check_missing_targets(np.array(["3", " NA "], dtype=object), are_numbers=True)
    with pytest.raises(ValueError, match=r"5 targets are missing \(rows 0, 1, 2, 3, 4, counted"):
        check_missing_targets(np.full(5, NAN))
    with pytest.raises(ValueError, match=r"6 targets are missing \(rows 0, 1, 2, 3, 4, \.\.\., counted"):
        check_missing_targets(np.full(6, NAN))


def test_days_count_from_1970_with_fractions():
    moments = np.array(["1970-01-02T12:00", "NaT", "1969-12-31"], "datetime64[us]")
    days, wrong = as_days(moments, "")
    np.testing.assert_equal(days, [1.5, NAN, -1.0])
    assert wrong.tolist() == [False, False, False]
    days, wrong = as_days(np.array(["02.01.1970", None, "soon"], dtype=object), "%d.%m.%Y")
    np.testing.assert_equal(days, [1.0, NAN, NAN])
    assert wrong.tolist() == [False, False, True]


def test_every_type_as_numbers():
    for values, expected, strange in (
        (np.array([True, False]), [1.0, 0.0], [False, False]),
        (np.array([1.5, NAN]), [1.5, NAN], [False, False]),
        (np.array(["2020-01-01", "NaT"], "datetime64[us]"), [NAN, NAN], [True, False]),
        (
            np.array(["1e2", None, "1_0", "x"], dtype=object),
            [100.0, NAN, NAN, NAN],
            [False, False, True, True],
        ),
    ):
        numbers, wrong = as_numbers(values)
        np.testing.assert_equal(numbers, expected)
        assert wrong.tolist() == strange


def test_every_type_as_truths_and_texts():
    for values, expected, strange in (
        (np.array([True, False]), [1.0, 0.0], [False, False]),
        (
            np.array(["TRUE", None, "no", "2"], dtype=object),
            [1.0, NAN, 0.0, NAN],
            [False, False, False, True],
        ),
    ):
        truths, wrong = as_truths(values)
        np.testing.assert_equal(truths, expected)
        assert wrong.tolist() == strange
    assert as_texts(np.array([True, False])).tolist() == ["True", "False"]
    assert as_texts(np.array(["2020-01-01", "NaT"], "datetime64[D]")).tolist() == ["2020-01-01", None]
