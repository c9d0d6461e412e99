"""Permutation importance at any width, groups of correlated columns, and partial dependence."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.inspection import partial_dependence as sklearn_partial_dependence

from ellayer import TabularClassifier, TabularRegressor
from ellayer.core.metrics import METRICS
from ellayer.inspection.ensemble import Ensemble
from ellayer.inspection.importance import correlated_columns, permutation_importance
from ellayer.inspection.partial_dependence import partial_dependence
from kinds_of_model import with_members

pytestmark = pytest.mark.filterwarnings("ignore:column")
M = 200
RNG = np.random.default_rng(0)
A, B = RNG.normal(size=M), RNG.normal(size=M)
X = pl.DataFrame(
    {
        "a": A,
        "copy of a": 2.0 * A + 1.0,
        "b": B,
        "colour": RNG.choice(["red", "green", "blue"], M),
        "noise": RNG.normal(size=M),
        "constant": np.ones(M),
    }
)
Y = A + 1.5 * (X["colour"].to_numpy() == "red") + 0.1 * B
SMALL = {"epochs": 60, "hidden_layer_sizes": 16, "random_state": 0, "learning_rate": 0.05}


@pytest.fixture(scope="module")
def model():
    return TabularRegressor(1, **SMALL).fit(X, Y)


def test_correlated_columns_are_shuffled_together(model):
    importance = permutation_importance(model, X, Y, "rmse")
    assert importance.rows[0].columns == ("a", "copy of a")
    assert importance.rows[1].columns == ("colour",)
    assert {name for row in importance.rows for name in row.columns} == {*X.columns} - {"constant"}
    assert not importance.unmeasured
    assert f"{importance.repeats} shuffles on 200 rows (standard error at most" in importance.description()
    assert "1 group" in importance.description()


def test_shuffling_prepared_values_is_shuffling_the_column(model):
    importance = permutation_importance(model, X, Y, "rmse", repeats=1)
    by_name = {row.name: row.mean for row in importance.rows}
    order = np.random.default_rng([0, 0, 3]).permutation(M)
    shuffled = X.with_columns(X["colour"][order].alias("colour"))
    rmse = METRICS["rmse"]
    change = rmse.value(Y, model.predict(shuffled)) - rmse.value(Y, model.predict(X))
    assert by_name["colour"] == pytest.approx(change, rel=1e-9)


def test_a_table_of_hundreds_of_columns_has_importances_within_its_time():
    wide = pl.DataFrame({f"c{j}": RNG.normal(size=120) for j in range(300)})
    y = np.where(wide["c7"].to_numpy() + wide["c250"].to_numpy() > 0, "up", "down")
    all_columns = dict.fromkeys(wide.columns, "numeric")  # otherwise two of them would be selected
    model = TabularClassifier(1, epochs=40, hidden_layer_sizes=16, column_kinds=all_columns, random_state=0)
    model.fit(wide, y)
    whole = permutation_importance(model, wide, y, "log_loss", repeats=2)
    assert len(whole.rows) == 300
    assert "c7" in [row.name for row in whole.rows[:10]]
    begin = time.monotonic()
    some = permutation_importance(model, wide, y, "log_loss", seconds=0.0)
    assert time.monotonic() - begin < 5
    assert len(some.rows) + len(some.unmeasured) == 300
    assert some.unmeasured
    assert "too short for" in some.description()


def test_shuffles_end_when_the_means_are_precise_and_change_no_rows(model):
    more = np.tile(np.arange(M), 40)
    rows, y = X[more], Y[more]
    seen = []
    importance = permutation_importance(
        model, rows, y, "rmse", repeats=50, progress=lambda done, total: seen.append((done, total))
    )
    assert 2 <= importance.repeats < 50
    assert importance.error <= 0.02 * importance.rows[0].mean
    assert seen[0] == (1, 200)
    assert seen[-1] == (200, 200)
    network = model.network_
    assert network is not None
    pair, matrix = model.model_parts(), np.asarray(model.model_parts().prepare(X))
    before = matrix.copy()
    permutation_importance((network, pair.member_parameters[0]), matrix, np.zeros((1, M)), "rmse", repeats=1)
    np.testing.assert_array_equal(matrix, before)


def test_a_metric_that_is_better_when_higher_counts_its_fall(model):
    assert permutation_importance(model, X, Y, "r2").rows[0].mean > 0.1


@pytest.mark.parametrize("m", [1, 2, 40])
def test_few_rows_make_no_trouble(model, m):
    assert permutation_importance(model, X[:m], Y[:m], "rmse").rows


def test_levels_of_categories_group_with_a_column_that_repeats_them():
    colours = RNG.choice(4, 300)
    codes = (colours[None, :] == np.arange(4)[:, None]).astype(float)
    same, other = codes[[2, 0, 1, 3]], RNG.normal(size=(1, 300))
    matrix = np.concatenate([codes, same, other])
    assert correlated_columns(matrix, np.array([0] * 4 + [1] * 4 + [2])) == [[0, 1], [2]]


# Partial dependence


def test_partial_dependence_is_that_of_scikit_learn():
    numbers = np.stack([A, B], axis=1)
    model = TabularRegressor(1, **SMALL).fit(numbers, A * B)
    ours = partial_dependence(model, pd.DataFrame(numbers, columns=["x0", "x1"]), "x0")
    theirs = sklearn_partial_dependence(
        model, numbers, [0], custom_values={0: ours.grid}, kind="both", method="brute"
    )
    np.testing.assert_allclose(ours.average[:, 0], theirs["average"][0], rtol=1e-9)
    np.testing.assert_allclose(ours.individual[:, :, 0], theirs["individual"][0], rtol=1e-9)


def test_partial_dependence_on_a_category_and_on_classes():
    y = np.where(X["colour"].to_numpy() == "red", "stop", "go")
    model = TabularClassifier(1, **SMALL).fit(X, y)
    dependence = partial_dependence(model, X, "colour")
    assert dependence.grid.tolist() == ["blue", "green", "red"]
    assert dependence.average[:, 1].argmax() == 2
    np.testing.assert_allclose(dependence.average.sum(axis=1), 1.0)
    assert dependence.labels == ["go", "stop"]


def test_missing_values_and_dates_have_a_grid():
    table = pl.DataFrame(
        {
            "day": np.datetime64("2024-01-01") + np.arange(M),
            "hole": [None if k % 3 == 0 else float(k) for k in range(M)],
            "word": [None if k % 5 == 0 else f"w{k % 20}" for k in range(M)],
        }
    )
    model = TabularRegressor(1, epochs=3, hidden_layer_sizes=4, random_state=0).fit(table, Y)
    for column in table.columns:
        dependence = partial_dependence(model, table, column)
        assert 1 < len(dependence.grid) <= 24
        assert np.isfinite(dependence.average).all()


@pytest.mark.parametrize("recipe", ["ramps", "full"])
def test_the_ensemble_predicts_what_the_model_predicts(recipe):
    y = np.digitize(Y, [-0.5, 0.5])
    classifier = with_members(
        TabularClassifier(1, epochs=5, hidden_layer_sizes=8, recipe=recipe).fit(X, y), 2
    )
    ensemble = Ensemble.of(classifier)
    np.testing.assert_allclose(
        ensemble.predict(ensemble.parts.prepare(X)), classifier.predict_proba(X), rtol=1e-9
    )
