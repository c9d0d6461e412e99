"""Rows held out: no group on both sides, no step back in time, and random splits as they always were."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ellayer import TabularClassifier, TabularRegressor
from ellayer.errors import EllayerError
from ellayer.estimators.hold_out import Splitter, member_folds
from ellayer.estimators.tabular.fit_many import fit_together

QUICK = {"epochs": 2, "hidden_layer_sizes": 4, "random_state": 0}
KEYS = st.lists(st.integers(0, 12), min_size=10, max_size=80).filter(lambda keys: len(set(keys)) > 2)


def check_apart(kind: str, keys: np.ndarray, train: np.ndarray, test: np.ndarray) -> None:
    """Assert the law of a split: by group nothing is shared, by time every test row is later."""
    assert len(test)
    assert len(train)
    if kind == "group":
        assert not set(keys[train]) & set(keys[test])
    else:
        assert keys[train].max() < keys[test].min()


def splitter_of(kind: str, keys: np.ndarray) -> Splitter:
    return Splitter.by(len(keys), **{"time" if kind == "time" else "groups": keys})


@pytest.mark.parametrize("kind", ["time", "group"])
@given(keys=KEYS, share=st.floats(0.05, 0.9), seed=st.integers(0, 5))
@settings(deadline=None)
def test_a_share_never_shares_a_group_or_goes_back_in_time(kind, keys, share, seed):
    keys = np.array(keys)
    mask = splitter_of(kind, keys).hold_out(len(keys), share, np.random.RandomState(seed))
    check_apart(kind, keys, np.flatnonzero(~mask), np.flatnonzero(mask))


@pytest.mark.parametrize("kind", ["time", "group"])
@given(keys=KEYS, count=st.integers(2, 10), seed=st.integers(0, 5))
@settings(deadline=None)
def test_folds_never_share_a_group_or_go_back_in_time(kind, keys, count, seed):
    keys = np.array(keys)
    folds = splitter_of(kind, keys).folds(len(keys), count, np.random.RandomState(seed))
    assert folds
    for train, test in folds:
        check_apart(kind, keys, np.flatnonzero(train), np.flatnonzero(test))
    tested = np.sum([test for _, test in folds], axis=0)
    assert tested.max() == 1
    assert kind == "time" or tested.min() == 1


@pytest.mark.parametrize("kind", ["time", "group"])
@given(keys=KEYS, members=st.integers(1, 12), seed=st.integers(0, 5))
@settings(deadline=None)
def test_validation_rows_of_members_obey_the_same_law(kind, keys, members, seed):
    keys, m = np.array(keys), len(keys)
    rows = member_folds(None, m, members, np.random.RandomState(seed), splitter_of(kind, keys))
    assert len(rows) == members
    for validation in rows:
        check_apart(kind, keys, np.setdiff1d(np.arange(m), validation), validation)


@given(keys=KEYS, seed=st.integers(0, 5))
@settings(deadline=None)
def test_the_rows_left_by_a_test_set_are_split_by_the_same_rule(keys, seed):
    """Training, validation and test rows follow each other in time."""
    keys = np.array(keys)
    random, splitter = np.random.RandomState(seed), splitter_of("time", keys)
    mask = splitter.hold_out(len(keys), 0.2, random)
    rest = np.flatnonzero(~mask)
    left = splitter.take(rest)
    if left.count < 2 or len(rest) < 10:
        return
    (validation,) = member_folds(None, len(rest), 1, random, left)
    assert keys[rest[validation]].max() < keys[mask].min()


def test_random_splits_keep_their_bits():
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 3])
    mask = Splitter().hold_out(10, 0.4, np.random.RandomState(1), labels)
    assert np.flatnonzero(mask).tolist() == [0, 2, 6, 7]
    assert np.flatnonzero(Splitter().hold_out(10, 0.2, np.random.RandomState(1))).tolist() == [2, 9]
    folds = member_folds(labels, 10, 3, np.random.RandomState(1))
    assert [rows.tolist() for rows in folds] == [[2, 4], [0, 5], [3, 7]]


def test_times_of_any_type_have_one_order():
    days = [datetime.date(2024, 3, 1), datetime.date(2023, 12, 31), None, datetime.date(2024, 1, 5)]
    expected = [3, 1, 0, 2]
    for time in (
        days, pl.Series(days), pd.Series(pd.to_datetime(pd.Series(days))), [3.0, 1.0, float("nan"), 2.0],
        ["1.3.2024", "31.12.2023", None, "5.1.2024"],
    ):  # fmt: skip
        assert Splitter.by(4, time=time).keys.tolist() == expected


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"time": ["a", "b", "c"]}, "dates or numbers"),
        ({"time": [1, 2]}, "one value for each of 3 rows"),
        ({"groups": [7, 7, 7]}, "at least two different"),
        ({"groups": [1, 2, 3], "time": [1, 2, 3]}, "one of them"),
    ],
)
def test_keys_that_cannot_divide_rows_are_refused(arguments, words):
    with pytest.raises(EllayerError, match=words):
        Splitter.by(3, **arguments)


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("estimator", [TabularClassifier, TabularRegressor])
def test_estimators_validate_on_the_latest_rows(estimator, members):
    random = np.random.RandomState(0)
    X, time = random.randn(60, 2), random.permutation(60) // 2
    y = (X[:, 0] > 0).astype(int)
    model = estimator(members, **QUICK).fit(X, y, time=time)
    validated = np.isfinite(model.oof_prediction_.reshape(60, -1)).all(axis=1)
    np.testing.assert_array_equal(validated, time >= 24)


def test_estimators_validate_on_whole_groups():
    random = np.random.RandomState(0)
    X, groups = random.randn(60, 2), np.repeat(list("abcdefghijkl"), 5)
    model = TabularRegressor(1, **QUICK).fit(
        X, X[:, 0], groups=groups, sample_weight=random.randint(0, 3, 60)
    )
    validated = np.isfinite(model.oof_prediction_)
    assert validated.any()
    weights = np.random.RandomState(0)
    weights.randn(60, 2)
    learned = (weights.randint(0, 3, 60) > 0) & ~validated
    assert not set(groups[validated]) & set(groups[learned])


def test_a_sweep_holds_out_as_each_fit_does():
    X, time = np.random.RandomState(0).randn(60, 2), np.arange(60)
    models = [TabularRegressor(1, **QUICK, learning_rate=rate) for rate in (0.1, 0.01)]
    fit_together(models, X, X[:, 0], time=time)
    for model in models:
        alone = TabularRegressor(1, **QUICK, learning_rate=model.learning_rate).fit(X, X[:, 0], time=time)
        np.testing.assert_allclose(model.oof_prediction_, alone.oof_prediction_)
        assert np.flatnonzero(np.isfinite(model.oof_prediction_)).tolist() == list(range(48, 60))
