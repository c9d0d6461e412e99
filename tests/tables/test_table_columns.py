"""Columns are read alike from every kind of frame, and told apart."""

from __future__ import annotations

import datetime
import decimal
import math

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ellayer import TablePreparation
from ellayer.data.text.cells import number_text
from ellayer.tables.columns import Column, as_texts, column_names, read_table
from ellayer.tables.kinds import infer_kind


def kind_of(values, name="c", **more):
    return infer_kind(read_table(pd.DataFrame({name: pd.Series(values, **more)}))[0])


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1.5, 2.5, None], "numeric"),
        ([1, 2, 1, 2], "numeric"),
        (["1", "2.5", "?", "7"], "numeric"),
        ([decimal.Decimal("1.5"), decimal.Decimal(2)], "numeric"),
        (["a", "b", "a"], "categorical"),
        ([1, "a", 2.5, None], "categorical"),
        (["02139", "02140", "10001"], "categorical"),
        ([True, False, None], "boolean"),
        ([True, False], "boolean"),
        (["true", "False", "TRUE"], "boolean"),
        (["2020-01-01", "2021-05-05", None], "date"),
        (["2020-01-01T10:00:00", "2021-05-05T11:30:00"], "date"),
        (["31/12/2020", "01/02/2021"], "date"),
        (["12/31/2020", "01/02/2021"], "date"),
        ([datetime.date(2020, 1, 1), datetime.date(2020, 2, 1)], "date"),
        ([datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC), None], "constant"),
        ([None, None], "constant"),
        (["", "?", "NA"], "constant"),
        (["a", "a"], "constant"),
        ([3, 3, 3], "constant"),
        ([f"u{i}" for i in range(100)], "identifier"),
        ([f"the {i}th of many words" for i in range(100)], "text"),
        ([str(i) for i in range(90)] + ["oops"] * 5, "numeric"),
    ],
)
def test_kinds_are_told_apart(values, kind):
    assert kind_of(values).kind == kind


def test_only_names_make_whole_numbers_identifiers():
    numbers = np.random.RandomState(0).permutation(200)
    assert kind_of(numbers, "PassengerId").kind == "identifier"
    assert kind_of(numbers, "user_id").kind == "identifier"
    assert kind_of(numbers, "price").kind == "numeric"
    assert kind_of(numbers // 2, "user_id").kind == "numeric"
    assert kind_of(numbers + 0.5, "id").kind == "numeric"


def test_what_the_frame_declares_holds():
    assert kind_of(["1", "2", "3"], dtype="category").kind == "categorical"
    frame = pl.DataFrame({"c": pl.Series(["1", "2"], dtype=pl.Categorical)})
    assert infer_kind(read_table(frame)[0]).kind == "categorical"


def test_pandas_and_polars_and_rows_read_alike():
    rows = [[1, "a", True, 2.5], [None, None, False, 3.5], [3, "b", True, None]]
    names = ["i", "s", "t", "f"]
    pandas = pd.DataFrame(rows, columns=names).convert_dtypes()
    polars = pl.DataFrame(rows, schema=names, orient="row")
    for frame in (pd.DataFrame(rows, columns=names), polars, rows, np.array(rows, dtype=object)):
        for one, other in zip(read_table(pandas), read_table(frame), strict=True):
            assert as_texts(one.values).tolist() == as_texts(other.values).tolist()


def test_dates_read_alike():
    moments = [datetime.datetime(2020, 1, 1, 12), datetime.datetime(1960, 5, 6), None]
    columns = [
        read_table(pd.DataFrame({"d": moments}))[0],
        read_table(pl.DataFrame({"d": moments}))[0],
        read_table(pd.DataFrame({"d": pd.to_datetime(pd.Series(moments)).dt.tz_localize("UTC")}))[0],
    ]
    for column in columns:
        assert column.values.dtype == np.dtype("datetime64[us]")
        np.testing.assert_array_equal(column.values, np.array(moments, "datetime64[us]"))


MOMENTS = pd.to_datetime(["2020-01-01 12:00", None, "2021-05-06 00:00", "1960-02-03 01:00"])
MIXED = pd.DataFrame(
    {
        "i": [1, 2, 3, None], "s": ["a", None, "b", "?"], "b": pd.array([True, None, False, True], dtype="boolean"),
        "t": [True, False, True, True], "d": MOMENTS, "z": MOMENTS.tz_localize("Europe/Berlin"),
        "w": pd.to_timedelta([1.5, 2, None, 4], unit="s"), "c": pd.Categorical(["x", None, "y", "x"]),
        "f": [1.5, math.nan, 2, math.inf],
    }
)  # fmt: skip


def described(X):
    return [(c.name, str(c.values.dtype), c.declared, c.values.tolist()) for c in read_table(X)]


def in_polars(X):
    values = {name: [None if pd.isna(v) else v for v in X[name].to_list()] for name in X}
    # polars reads pandas' own intervals from 1.40 on
    values["w"] = [v and v.to_pytimedelta() for v in values["w"]]
    series = {name: pl.Series(values[name], strict=False) for name in X}
    return pl.DataFrame(series).with_columns(pl.col("c").cast(pl.Categorical))


def in_arrow(X):
    return pytest.importorskip("pyarrow").Table.from_pandas(X, preserve_index=False)


CONVERT = {
    "polars": in_polars,
    "lazy": lambda X: in_polars(X).lazy(),
    "narwhals": nw.from_native,
    "narwhals of polars": lambda X: nw.from_native(in_polars(X)),
    "nullable": pd.DataFrame.convert_dtypes,
    "pyarrow": in_arrow,
    "batch": lambda X: in_arrow(X).to_batches()[0],
    "duckdb": lambda X: pytest.importorskip("duckdb").from_arrow(in_arrow(X)),
}


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")  # in pandas 2, of infinity
@pytest.mark.parametrize("kind", CONVERT)
def test_every_kind_of_frame_reads_alike(kind):
    X = MIXED.drop(columns=["w", "c"]) if kind == "duckdb" else MIXED  # it has other intervals, no categories
    frame = CONVERT[kind](X)
    assert column_names(frame) == list(X.columns)
    np.testing.assert_equal(described(frame), described(X))


@pytest.mark.parametrize(
    ("X", "error", "match"),
    [
        (pd.DataFrame(np.ones((2, 2)), columns=["a", "a"]), ValueError, "'a' more than once"),
        (pd.DataFrame({"a": [{"b": 1}, {}]}), TypeError, "dict in 'a'"),
        (pd.DataFrame({"a": []}), ValueError, "0 sample"),
        (np.ones(3), ValueError, "Expected 2D array"),
        ([[1j, "a"]], ValueError, "Complex"),
    ],
)
def test_what_is_no_table_is_refused(X, error, match):
    with pytest.raises(error, match=match):
        read_table(X)


@given(st.floats(allow_nan=False, allow_infinity=False, width=64))
def test_a_number_spelled_as_a_level_is_itself_again(value):
    assert float(number_text(value)) == value


def test_one_value_has_one_spelling():
    texts = as_texts(read_table(pd.DataFrame({"c": [1, 1.0, "1", " 1 ", b"1", "x"]}))[0].values)
    assert texts.tolist() == ["1"] * 5 + ["x"]
    assert as_texts(Column("c", np.array([1.0, np.nan])).values).tolist() == ["1", None]


LONG = [1628316962488190583 + i for i in range(60)]


@pytest.mark.filterwarnings("ignore::ellayer.estimators.ColumnWarning")
@pytest.mark.parametrize(
    "table",
    [
        pl.DataFrame({"post_id": LONG, "x": range(60)}),
        pl.DataFrame({"post_id": [None, *LONG[1:]], "x": range(60)}),
        pd.DataFrame({"post_id": LONG, "x": range(60)}),
        pd.DataFrame({"post_id": pd.array([None, *LONG[1:]], dtype="Int64"), "x": range(60)}),
        pd.DataFrame({"post_id": pd.Series([None, *LONG[1:]], dtype=object), "x": range(60)}),
    ],
    ids=["polars", "polars, one missing", "pandas", "pandas, one missing", "objects"],
)
def test_integers_that_float64_has_not_keep_their_digits(table):
    column = read_table(table)[0]
    assert column.values[1] == str(LONG[1])
    kinds = {row["name"]: row["kind"] for row in TablePreparation().fit(table).describe()}
    assert kinds == {"post_id": "identifier", "x": "numeric"}
