"""The preparation: what each kind becomes, that it rests on the training rows alone, and its plain state."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ellayer.data.text.dates import FORMATS, find_date_format
from ellayer.estimators import FitWarning
from ellayer.tables.preparation import TablePreparation
from ellayer.tables.scaling import squash


def frame(**columns):
    return pd.DataFrame(columns)


def test_numbers_are_centred_scaled_and_pressed():
    x = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 1000.0])
    A = TablePreparation().fit_transform(frame(x=x))[:, 0]
    z = (x - 2.5) / (np.quantile(x, 0.75) - np.quantile(x, 0.25))
    np.testing.assert_allclose(A, z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-12)
    rare = TablePreparation().fit_transform(frame(x=[0.0] * 20 + [10.0, 20.0, 1e6]))[:, 0]
    np.testing.assert_allclose(rare[-3:], squash(np.array([0.5, 1.0, 5e4])))  # by the values that differ


def test_a_range_that_overflows_is_silent():
    A = TablePreparation().fit_transform(frame(x=[-1.7e308, 0.0, 1.7e308, 1.0]))
    assert np.isfinite(A).all()


def test_missing_numbers_are_the_median_and_say_so():
    preparation = TablePreparation().fit(frame(x=[1.0, 2.0, 3.0, None]))
    A = preparation.transform(frame(x=[None, 2.0]))
    np.testing.assert_array_equal(A, [[0.0, 1.0], [0.0, 0.0]])
    assert preparation.get_feature_names_out().tolist() == ["x", "x: missing"]


def test_categories_are_one_hot_and_nothing_for_missing_and_unknown():
    preparation = TablePreparation().fit(
        frame(c=["a", "b", "c", "a", None], t=[True, False, True, None, True])
    )
    with pytest.warns(FitWarning, match="column 'c': 1 row has a category not seen in training .'new'."):
        A = preparation.transform(frame(c=["b", "new", None], t=[True, False, None]))
    np.testing.assert_array_equal(A, [[0, 1, 0, 1], [0, 0, 0, -1], [0, 0, 0, 0]])


def test_rare_levels_share_a_column_with_new_ones():
    values = ["common"] * 60 + ["second"] * 50 + [f"rare {i}" for i in range(60)]
    with pytest.warns(FitWarning, match="'c' .categorical.: 62 categories: the 2 most frequent are kept"):
        preparation = TablePreparation(max_levels=20).fit(frame(c=values))
    A = preparation.transform(frame(c=["common", "second", "rare 3", "never seen", None]))
    np.testing.assert_array_equal(A, [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1], [0, 0, 0]])


def test_codes_for_embeddings_stand_last():
    random = np.random.RandomState(0)
    X = frame(
        c=random.choice(list("abcdefghijkl"), 200), x=random.randn(200), d=random.choice(list("ab"), 200)
    )
    preparation = TablePreparation(max_one_hot=8).fit(X)
    A = preparation.transform(X)
    assert (preparation.n_numbers_, preparation.code_levels_) == (1, (12,))
    assert preparation.get_feature_names_out().tolist()[-1] == "c"
    assert set(A[:, -1]) == set(range(12))
    with pytest.warns(FitWarning, match="unknown"):
        assert preparation.transform(X.assign(c="zzz"))[0, -1] == -1


def test_dates_become_days_and_circles():
    dates = pd.date_range("2020-01-01", periods=400)
    preparation = TablePreparation().fit(frame(d=dates))
    assert preparation.columns_[0].parts == ["days", "year (sin)", "year (cos)", "week (sin)", "week (cos)"]
    texts = TablePreparation().fit(frame(d=dates.strftime("%d.%m.%Y")))
    np.testing.assert_array_equal(
        preparation.transform(frame(d=dates)), texts.transform(frame(d=dates.strftime("%d.%m.%Y")))
    )


def test_identifiers_and_text_are_left_out_but_for_their_absence():
    names = [f"person {i}" for i in range(100)]
    with pytest.warns(FitWarning) as told:
        preparation = TablePreparation().fit(
            frame(n=names, m=[*names[:60], *[None] * 40], x=np.arange(100) % 7)
        )
    assert [str(w.message).split(":")[0] for w in told] == [
        "column 'n' is treated as an identifier",
        "column 'm' is treated as an identifier",
    ]
    assert preparation.get_feature_names_out().tolist() == ["x", "m: missing"]


def test_kinds_can_be_given():
    X = frame(zip=[f"{i % 5}" for i in range(60)], x=np.arange(60.0))
    preparation = TablePreparation({"zip": "categorical", "x": "ignore"}).fit(X)
    assert preparation.transform(X).shape == (60, 5)
    with pytest.raises(ValueError, match=r"received 'zap'; did you mean 'zip'\?"):
        TablePreparation({"zap": "numeric"}).fit(X)
    with pytest.raises(ValueError, match=r"column_kinds\['zip'\]: expected one of boolean, categorical"):
        TablePreparation({"zip": "number"}).fit(X)


def test_it_rests_on_the_training_rows_alone():
    random = np.random.RandomState(0)
    X = frame(x=random.randn(50), c=random.choice(list("abc"), 50))
    once = TablePreparation().fit(X)
    before = once.get_state()
    once.transform(frame(x=1e9 * random.randn(50), c=random.choice(list("abc"), 50)))
    after = once.get_state()
    np.testing.assert_array_equal(before[0]["scale"], after[0]["scale"])
    assert before[1] == after[1]


def test_each_row_is_prepared_by_itself(tables):
    X, _ = tables["titanic"]
    with pytest.warns(FitWarning):
        preparation = TablePreparation().fit(X[:500])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = preparation.transform(X)
        parts = np.concatenate([preparation.transform(X[i : i + 97]) for i in range(0, len(X), 97)])
        polars = preparation.transform(pl.DataFrame(X.to_dict("list"), strict=False))
        turned = preparation.transform(X[X.columns[::-1]])
    np.testing.assert_array_equal(whole, parts)
    np.testing.assert_array_equal(whole, polars)
    np.testing.assert_array_equal(whole, turned)
    assert np.isfinite(whole).all()
    assert np.abs(whole).max() <= 3.0


@pytest.mark.filterwarnings("ignore::ellayer.estimators.FitWarning")
@pytest.mark.parametrize("name", ["titanic", "penguins", "adult", "abalone"])
def test_the_state_is_plain_and_whole(tables, name):
    X, _ = tables[name]
    preparation = TablePreparation(max_one_hot=8).fit(X)
    arrays, facts = preparation.get_state()
    assert {a.dtype.kind for a in arrays.values()} == {"f"}
    again = TablePreparation.from_state(arrays, json.loads(json.dumps(facts)))
    np.testing.assert_array_equal(again.transform(X), preparation.transform(X))
    assert again.get_feature_names_out().tolist() == preparation.get_feature_names_out().tolist()
    assert preparation.transform(X).shape[1] == len(preparation.get_feature_names_out())
    assert again.describe() == preparation.describe()


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=5),
    st.dates(),
    st.datetimes(),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(values, values), min_size=1, max_size=30), st.tuples(values, values))
def test_any_table_becomes_small_finite_numbers_or_a_clear_error(rows, new):
    X = [list(row) for row in rows]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        preparation = TablePreparation(max_levels=10).fit(X)
        A = preparation.transform(X)
        assert A.shape == (len(X), len(preparation.get_feature_names_out()))
        assert np.isfinite(A).all()
        assert (np.abs(A) <= 3.0 + 1e-9).all()
        try:
            assert np.isfinite(preparation.transform([list(new)])).all()
        except ValueError as error:
            assert "as in training" in str(error)  # noqa: PT017 - most examples raise nothing


# Columns of a later table, and what a kind demands


def test_scikit_learn_is_informed_of_the_values_that_it_takes():
    tags = TablePreparation().__sklearn_tags__().input_tags
    assert tags.allow_nan
    assert tags.categorical
    assert tags.sparse


def test_columns_with_numbers_for_names_are_matched_by_them():
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 2)))
    preparation = TablePreparation().fit(X)
    np.testing.assert_array_equal(preparation.transform(X[[1, 0]]), preparation.transform(X))
    np.testing.assert_array_equal(preparation.transform(X.to_numpy()), preparation.transform(X))


def test_a_column_that_is_not_used_may_be_absent_and_a_near_name_is_shown():
    X = frame(constant=[1.0] * 4, Age=[1.0, 2.0, 3.0, 4.0])
    with pytest.warns(FitWarning, match="constant"):
        preparation = TablePreparation().fit(X)
    np.testing.assert_array_equal(preparation.transform(X[["Age"]]), preparation.transform(X))
    with pytest.raises(ValueError, match=r"Missing: 'Age'; 'Age' may be 'AGE'"):
        preparation.transform(X.rename(columns={"Age": "AGE"}))


@pytest.mark.parametrize("style", ["%m/%d/%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%b %d, %Y %I:%M %p", "%Y.%m.%d"])
def test_dates_of_many_formats_are_read(style):
    moments = pd.date_range("2018-01-15", periods=40, freq="1D5h30min")
    preparation = TablePreparation({"when": "date"}).fit(frame(when=moments.strftime(style)))
    assert preparation.describe()[0]["date_format"] == style
    assert preparation.describe()[0]["parts"][0] == "days"


def test_patterns_that_spare_parsing_keep_every_format():
    moments = pd.date_range("2018-01-15", periods=40, freq="1D5h30min")
    for date_format in FORMATS[1::5]:
        assert find_date_format(pl.Series(moments.strftime(date_format).tolist())) == date_format
    for iso in ("%Y-%m-%d", "%Y%m%d", "%G-W%V-%u", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S+02:00"):
        assert find_date_format(pl.Series(moments.strftime(iso).tolist())) == "iso"
    numbers = pl.Series(["113803", "A/5 21171", "2018", "1/2", "1/2/20181"])
    assert find_date_format(numbers) == ""


def test_a_column_said_to_be_a_date_is_one_or_is_refused():
    with pytest.raises(
        ValueError, match="column 'when': expected dates, as column_kinds says, received 'later', 'soon'"
    ):
        TablePreparation({"when": "date"}).fit(frame(when=["soon", "later", "soon", None]))


def test_dates_with_day_and_month_alike_have_a_note():
    texts = [f"{m:02d}/01/{y}" for y in range(2005, 2010) for m in range(1, 13)]
    with pytest.warns(FitWarning, match="column 'when' .date.: the order of day and month is ambiguous"):
        TablePreparation().fit(frame(when=texts))


def test_a_declared_category_may_be_named_like_a_missing_value():
    X = frame(c=pd.Categorical(["NA", "EU", "NA", None, "US"]))
    preparation = TablePreparation().fit(X)
    assert preparation.describe()[0]["levels"] == ["NA", "EU", "US"]
    np.testing.assert_array_equal(preparation.transform(X)[:, 0], [1, 0, 1, 0, 0])


def test_a_level_that_differs_in_case_only_is_noted():
    preparation = TablePreparation().fit(frame(c=["red", "blue", "green"]))
    with pytest.warns(FitWarning, match=r"treated as unknown; 1 of them differs in case only"):
        preparation.transform(frame(c=["Red", "violet"]))
