"""Presets: how many members and epochs, by the size of the table; and fits that use them."""

from __future__ import annotations

import numpy as np
import pytest

from ellayer import TabularClassifier, TabularRegressor
from ellayer.estimators import UnderfitWarning
from ellayer.estimators.tabular import second_fit
from ellayer.estimators.tabular.presets import PRESETS, Size, faster_loop, plan_fit
from ellayer.estimators.tabular.recipes import epochs_for, find_recipe, make_network, steps_per_epoch

ROWS = (10, 100, 500, 1_000, 3_000, 4_999, 20_000, 200_000, 5_000_000)


def seconds(plan, recipe, size):
    network = make_network(
        recipe, None, size.columns, size.outputs, "squared_error", size.columns, (), size.rows
    )
    updates = plan.members * plan.epochs * steps_per_epoch(size.rows, plan.batch_size)
    return faster_loop(network, min(size.rows, plan.batch_size), updates)[1]


@pytest.mark.parametrize("columns", [1, 10, 60, 800])
@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("preset", PRESETS)
def test_a_plan_is_a_function_of_the_size_within_limits(preset, rows, columns):
    for task, outputs in (("classes", 3), ("numbers", 1)):
        recipe, size = find_recipe("ramps", task), Size(rows, columns, outputs)
        plan = plan_fit(preset, recipe, size)
        assert plan == plan_fit(preset, recipe, size)
        assert 1 <= plan.members <= PRESETS[preset].most
        assert 1 <= plan.epochs <= epochs_for(None, recipe, rows)
        if preset == "default" and rows < 5_000:
            assert seconds(plan, recipe, size) < 10.0
        assert plan_fit(preset, recipe, size, n_members=3).members == 3
        assert plan_fit(preset, recipe, size, epochs=7).epochs == 7


def test_presets_are_in_order():
    recipe, size = find_recipe("ramps", "classes"), Size(2_000, 12, 2)
    fast, default, best = (plan_fit(name, recipe, size) for name in ("fast", "default", "best"))
    assert (fast.second, default.second, best.second) == (0, 0, best.members // 2)
    assert fast.members == 1 < default.members <= best.members
    assert fast.epochs < default.epochs <= best.epochs


def test_a_fast_fit_has_fewer_epochs_and_units_by_the_size_of_the_table():
    default, fast = (TabularRegressor(preset=name).get_params() for name in ("default", "fast"))
    recipe, narrow = (find_recipe("ramps", "numbers", parameters) for parameters in (default, fast))
    networks = [make_network(one, None, 10, 1, "squared_error", 10, (), 20_000) for one in (recipe, narrow)]
    assert networks[0].layer_dims[1] == 2 * networks[1].layer_dims[1]
    epochs = [plan_fit("fast", narrow, Size(600, columns, 1)).epochs for columns in (1, 10, 20, 200)]
    most = PRESETS["fast"].epochs * epochs_for(None, narrow, 600)
    assert PRESETS["fast"].least_epochs * most <= epochs[0] < epochs[2] <= most
    assert epochs == sorted(epochs)
    of_classes = [plan_fit("fast", narrow, Size(600, 4, outputs)).epochs for outputs in (2, 10)]
    assert of_classes[0] < of_classes[1]


@pytest.fixture(scope="module")
def table():
    random = np.random.RandomState(0)
    X = random.randn(80, 4)
    return X, X[:, 0] + X[:, 1] ** 2


SMALL = {"epochs": 2, "hidden_layer_sizes": 8, "random_state": 0}


def test_the_default_has_members_and_out_of_fold_predictions_of_all_rows(table):
    X, y = table
    model = TabularRegressor(**SMALL).fit(X, y)
    assert len(model.members_) == 8
    assert np.isfinite(model.oof_prediction_).all()
    assert len(TabularRegressor(preset="fast", **SMALL).fit(X, y).members_) == 1
    assert len(TabularRegressor(3, preset="fast", **SMALL).fit(X, y).members_) == 3


def test_validation_by_time_ends_with_a_fit_to_all_rows(table, monkeypatch):
    X, y = table
    rows = [[f"level {int(x > 0)}" if k < 75 else "late", x] for k, x in enumerate(X[:, 0])]
    model = TabularRegressor(2, **{**SMALL, "epochs": 6}).fit(rows, y, time=np.arange(80))
    monkeypatch.setattr("ellayer.estimators.tabular.base.fit_again", lambda *_: None)
    first = TabularRegressor(2, **{**SMALL, "epochs": 6}).fit(rows, y, time=np.arange(80))
    np.testing.assert_array_equal(model.oof_prediction_, first.oof_prediction_)  # of the first fit
    np.testing.assert_array_equal(model.residuals_, first.residuals_)
    assert model.validation_score_ == first.validation_score_
    assert model.best_epochs_ == first.best_epochs_
    assert model.best_epochs_[0] > 0
    assert not np.allclose(model.predict(rows[:5]), first.predict(rows[:5]))
    assert model.preparation_.describe() != first.preparation_.describe()  # the late level is known


@pytest.mark.parametrize(
    ("scores", "maximize", "steady"),
    [
        ([9.0, 3.0, 2.0, 2.5, 2.4], False, True),
        ([9.0, 2.0, 3.0, 2.9, 2.8], False, False),  # the best epoch was luck
        ([9.0, 8.0, 2.0], False, True),  # still falling
        ([0.5, 0.8, 0.78, 0.76, 0.75], True, True),
        ([0.5, 0.8, 0.6, 0.7, 0.7], True, False),
    ],
)
def test_a_second_fit_needs_a_best_epoch_that_others_confirm(scores, maximize, steady):
    assert second_fit._is_steady(np.array(scores), maximize) == steady


def test_an_unsteady_best_epoch_keeps_the_first_fit(table, monkeypatch):
    X, y = table
    monkeypatch.setattr(second_fit, "STEADY", 0.0)
    monkeypatch.setattr(second_fit, "train_members", lambda *_: pytest.fail("fitted again"))
    model = TabularRegressor(1, **{**SMALL, "epochs": 6}).fit(X, y, time=np.arange(80))
    assert model.best_epochs_[0] > 0


def test_an_interrupted_second_fit_keeps_the_first(table, monkeypatch):
    X, y = table
    labels = np.where(y > 1, "high", "low")
    train = second_fit.train_members

    def interrupted(*arguments):
        results = train(*arguments)
        results[0].stopped_by = "interrupted"
        return results

    monkeypatch.setattr(second_fit, "train_members", interrupted)
    model = TabularClassifier(1, **{**SMALL, "epochs": 8}).fit(X, labels, time=np.arange(80))
    assert model.stopped_by_ == "interrupted"
    assert model.best_epochs_[0] > 0
    prepared = model.preparation_
    monkeypatch.setattr("ellayer.estimators.tabular.base.fit_again", lambda *_: None)
    first = TabularClassifier(1, **{**SMALL, "epochs": 8}).fit(X, labels, time=np.arange(80))
    np.testing.assert_array_equal(model.predict_proba(X), first.predict_proba(X))
    assert prepared.describe() == first.preparation_.describe()


def test_a_budget_too_small_for_an_epoch_gives_the_frequencies_and_a_warning():
    random = np.random.RandomState(0)
    X, y = random.randn(3000, 3), np.where(random.rand(3000) < 0.1, "rare", "frequent")
    model = TabularClassifier(2, time_limit=1e-6, random_state=0)
    with pytest.warns(UnderfitWarning, match="one epoch"):
        model.fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X[:5])[:, 1], 0.1, atol=0.03)
    assert (model.predict(X) == "frequent").all()
    regressor = TabularRegressor(2, time_limit=1e-6, random_state=0)
    with pytest.warns(UnderfitWarning, match="one epoch"):
        regressor.fit(X, X[:, 0])
    assert abs(regressor.predict(X[:5])).max() < 0.2


@pytest.mark.parametrize("how", [{}, {"eval_set": True}, {"time": np.arange(80)}])
def test_the_best_preset_averages_two_recipes(table, how):
    X, y = table
    labels = np.where(y > 1, "high", "low")
    options = {"eval_set": (X[60:], labels[60:])} if "eval_set" in how else how
    model = TabularClassifier(preset="best", **SMALL).fit(X, labels, **options)
    assert 16 <= len(model.members_) == len(model.best_epochs_) == len(model.average_inputs_) <= 32
    if not how:
        assert np.isfinite(model.oof_prediction_).all()
    assert model.predict_proba(X).shape == (80, 2)


def test_the_members_of_two_recipes_are_kept_by_their_shares(table, monkeypatch):
    X, y = table
    monkeypatch.setattr(
        "ellayer.estimators.tabular.selection.greedy_counts", lambda loss, groups: np.array([4, 1])
    )
    assert len(TabularRegressor(preset="best", **SMALL).fit(X, y).members_) == 16 + 4
    monkeypatch.setattr(
        "ellayer.estimators.tabular.selection.greedy_counts", lambda loss, groups: np.array([0, 3])
    )
    chosen = TabularRegressor(preset="best", **SMALL).fit(X, y)
    assert len(chosen.members_) == 16
    one = TabularRegressor(16, dropout=0.3, weight_decay=0.3, **SMALL).fit(X, y)  # the second recipe alone
    assert one.oof_prediction_.shape == chosen.oof_prediction_.shape
