"""The table estimators on real tables: right, reproducible, stored, and at home in scikit-learn."""

from __future__ import annotations

import math
import subprocess
import sys
import tracemalloc
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.metrics import log_loss, roc_auc_score, root_mean_squared_error
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import ellayer
from ellayer import TabularClassifier, TabularRegressor
from ellayer.estimators import FitWarning, NewValuesWarning

QUICK = {"epochs": 8, "hidden_layer_sizes": (16, 16), "random_state": 0}

quiet = pytest.mark.filterwarnings("ignore::ellayer.estimators.FitWarning")
# At most this log loss, or RMSE by the spread of the target, in a few epochs of a network of the default size.
REACHED = {"titanic": 0.47, "penguins": 0.06, "adult": 0.37, "red wine": 0.85, "abalone": 0.70}


def model_for(name, **changes):
    kind = TabularRegressor if name in ("red wine", "abalone") else TabularClassifier
    return kind(**{"n_members": 1, **QUICK, **changes})


def two_moods(m=200, seed=0):
    """A small table of every kind, with a target that follows from it."""
    random = np.random.RandomState(seed)
    X = pd.DataFrame(
        {"x": random.randn(m), "c": random.choice(["a", "b", "c"], m), "t": random.rand(m) > 0.5}
    )
    return X, np.where(X["x"] + (X["c"] == "a") - X["t"] > 0, "up", "down")


def test_the_logarithm_of_probabilities_of_0_is_silent():
    X, y = two_moods(60)
    model = TabularClassifier(1, **QUICK).fit(X, y)
    np.testing.assert_array_equal(model.predict_log_proba(X), np.log(model.predict_proba(X)))
    model.temperature_ = 1e-9
    assert np.isneginf(model.predict_log_proba(X)).any()


@quiet
@pytest.mark.parametrize("name", REACHED)
def test_it_learns_real_tables(tables, name):
    X, y = tables[name]
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=0)
    model = model_for(name, epochs=12, hidden_layer_sizes=(256, 256, 256)).fit(X_train, y_train)
    if name in ("red wine", "abalone"):
        error = root_mean_squared_error(y_test, model.predict(X_test)) / y_test.std()
        assert y_train.min() <= model.predict(X_test).min() <= model.predict(X_test).max() <= y_train.max()
    else:
        error = log_loss(y_test, model.predict_proba(X_test), labels=model.classes_)
        labels = model.predict(X_test)
        assert labels.dtype == model.classes_.dtype
        np.testing.assert_array_equal(labels, model.classes_[model.predict_proba(X_test).argmax(axis=1)])
    assert error < REACHED[name]


@quiet
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("titanic", {}),
        ("red wine", {"recipe": "simple"}),
        ("red wine", {"recipe": "full"}),
        ("red wine", {"n_members": 2}),
    ],
)
def test_a_seed_gives_the_same_numbers_and_columns_may_stand_anywhere(tables, name, changes):
    X, y = tables[name]
    X, y = X[:300], y[:300]
    one, two = (model_for(name, epochs=3, **changes).fit(X, y) for _ in range(2))
    ask = one.predict_proba if name == "titanic" else one.predict
    asked = two.predict_proba if name == "titanic" else two.predict
    np.testing.assert_array_equal(ask(X), asked(X))
    np.testing.assert_array_equal(one.oof_prediction_, two.oof_prediction_)
    np.testing.assert_array_equal(ask(X), ask(X[X.columns[::-1]]))
    np.testing.assert_array_equal(ask(X), ask(pl.DataFrame(X.to_dict("list"), strict=False)))
    three = model_for(name, epochs=3, **changes).set_params(random_state=1).fit(X, y)
    assert (three.oof_prediction_ != one.oof_prediction_).any()


@quiet
@pytest.mark.parametrize("name", ["titanic", "penguins", "abalone"])
@pytest.mark.parametrize("recipe", ["ramps", "simple", "full"])
def test_a_saved_model_predicts_the_same(tables, tmp_path, name, recipe):
    X, y = tables[name]
    X, y = X[:250], y[:250]
    model = model_for(name, epochs=3, recipe=recipe).fit(X, y)
    ellayer.save(model, tmp_path / "m.ellayer")
    again = ellayer.load(tmp_path / "m.ellayer")
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    np.testing.assert_array_equal(again.oof_prediction_, model.oof_prediction_)
    assert again.get_params() == model.get_params()
    assert again.validation_score_ == model.validation_score_
    assert dict(again.history_) == dict(model.history_)
    assert again.feature_names_in_.tolist() == model.feature_names_in_.tolist()


def test_a_saved_model_predicts_the_same_in_a_fresh_process(tmp_path):
    X, y = two_moods()
    model = TabularClassifier(1, **{**QUICK, "epochs": 3}).fit(X, y)
    ellayer.save(model, tmp_path / "m.ellayer")
    X.to_csv(tmp_path / "x.csv", index=False)
    code = (
        "import ellayer, polars, numpy, sys; m = ellayer.load(sys.argv[1] + '/m.ellayer'); "
        "numpy.save(sys.argv[1] + '/p.npy', m.predict_proba(polars.read_csv(sys.argv[1] + '/x.csv')));"
        "assert 'jax' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(np.load(tmp_path / "p.npy"), model.predict_proba(X))


# The recipe


def test_many_rows_get_more_ramps_that_start_small():
    random = np.random.RandomState(0)
    X = random.randn(6000, 3)
    y = X[:, 0] + random.randn(6000)  # noise, so that the number needs no bins
    few = TabularRegressor(1, epochs=1, learning_rate=1e-6, random_state=0).fit(X[:300], y[:300])
    many = TabularRegressor(1, epochs=1, random_state=0).fit(X, y).network_
    assert (few.network_.layer_dims, few.network_.inputs.ramps) == ((3, 128, 128, 1), 16)
    assert (many.layer_dims, many.inputs.ramps) == ((3, 128, 128, 1), 48)
    scales = few.members_[0]["s0"]
    np.testing.assert_allclose(scales[:, 0], [1.0] * 3 + [0.1] * 48, atol=1e-3)
    own = TabularRegressor(1, epochs=1, hidden_layer_sizes=5, random_state=0).fit(X, y).network_
    assert own.layer_dims == (3, 5, 1)


@pytest.mark.parametrize("task", ["classes", "numbers"])
def test_the_sizes_of_the_recipe_have_no_steps(task):
    """Between numbers of rows that differ by 5 %, nothing changes by more than an eighth."""
    from ellayer.estimators.tabular.recipes import batch_size_for, epochs_for, find_recipe, value_at

    recipe = find_recipe("ramps", task)
    rows = (50 * 1.05 ** np.arange(200)).astype(int)
    for entry in ("learning_rate", "ramps", "width", "dropout", "weight_decay", "epochs", "batch_size"):
        values = np.array([value_at(recipe[entry], m) for m in rows])
        assert (np.abs(np.diff(values)) <= values[:-1] / 8).all(), entry
    assert epochs_for(7, recipe, 100) == batch_size_for(7, recipe, 100) == 7
    assert {batch_size_for(None, recipe, m) % 8 for m in rows} == {0}


def test_a_size_that_is_not_given_is_the_recipes():
    from ellayer.estimators.tabular.recipes import batch_size_for, find_recipe

    X = np.random.RandomState(0).randn(200, 2)
    size = batch_size_for(None, find_recipe("ramps", "numbers"), 200)
    settings = {"epochs": 2, "hidden_layer_sizes": 4, "random_state": 0}
    models = [TabularRegressor(1, **settings, **own).fit(X, X[:, 0]) for own in ({}, {"batch_size": size})]
    other = TabularRegressor(1, **settings, batch_size=size + 8).fit(X, X[:, 0])
    np.testing.assert_array_equal(models[0].predict(X), models[1].predict(X))
    assert (models[0].predict(X) != other.predict(X)).any()


def test_thresholds_stay_where_the_rows_put_them():
    random = np.random.RandomState(0)
    X = np.where(random.rand(6000, 1) < 0.9, 0.0, random.exponential(1000.0, (6000, 1)).round())
    model = TabularClassifier(1, epochs=2, random_state=0).fit(X, np.where(X[:, 0] > 700, "a", "b"))
    held = np.isfinite(model.oof_prediction_[:, 0])
    prepared = model.preparation_.transform(X[~held])[:, 0].astype(np.float32)
    t = model.members_[0]["t0"][0, :, 0]
    assert (np.diff(t) > 0).all()
    assert t[0] == prepared.min()
    assert t[-1] == prepared.max()
    assert ((t[1:, None] == prepared).sum(axis=1) > 0).all()
    assert len(t) == 49  # nine rows in ten are 0, and still most thresholds lie among the others


def test_epochs_left_open_are_the_recipes_for_so_many_rows():
    random = np.random.RandomState(0)
    X = random.randn(200, 2)
    model = TabularRegressor(1, hidden_layer_sizes=4, random_state=0).fit(X, X[:, 0])
    assert len(model.history_["epoch"]) == 40


def test_many_rows_hold_fewer_out():
    from ellayer.estimators.hold_out import member_folds

    few, many = (len(member_folds(None, m, 1, np.random.RandomState(0))[0]) for m in (4_000, 6_000))
    assert (few, many) == (800, 600)


def test_sharp_limits_and_single_values_are_learned():
    """What trees see at once: one value among zeros decides, as the capital gain does in adult."""
    random = np.random.RandomState(0)
    gain = np.where(
        random.rand(6000) < 0.9, 0.0, random.choice([2000.0, 3000.0, 5000.0, 5100.0, 7000.0], 6000)
    )
    y = np.isin(gain, [3000.0, 5100.0]) ^ (random.rand(6000) < 0.02)
    X = pd.DataFrame({"gain": gain, "noise": random.randn(6000)})
    model = TabularClassifier(1, random_state=0).fit(X[:5000], y[:5000])
    assert (model.predict(X[5000:]) == y[5000:]).mean() > 0.97


# Members


def test_members_at_once_equal_members_one_by_one():
    X, y = two_moods(120)
    model = TabularClassifier(3, **QUICK, batch_size=32, dtype="float64").fit(X, y)
    from ellayer.engine import train
    from ellayer.estimators.hold_out import member_folds
    from ellayer.estimators.tabular.recipes import find_recipe, rate_factors, value_at
    from ellayer.estimators.tabular.start_weights import initial_parameters

    recipe = find_recipe("ramps", "classes")
    seed = int(np.random.RandomState(0).randint(2**31 - 1))
    prepared = model.preparation_.transform(X)
    Y = np.stack([y == label for label in model.classes_]).astype(float)
    folds = member_folds(Y.argmax(axis=0), 120, 3, np.random.RandomState(seed))
    held_out = [np.isin(np.arange(120), rows) for rows in folds]
    random = np.random.RandomState(seed)
    starts = [initial_parameters(model.network_, recipe, prepared, random) for _ in range(3)]
    for k in range(3):
        alone = train(
            model.network_, prepared.T, Y, sample_weight=(~held_out[k]).astype(float), parameters=starts[k], seed=seed,
            validation=(prepared[held_out[k]].T, Y[:, held_out[k]]), monitor="validation_loss", restore_best=True,
            optimizer=recipe["optimizer"], learning_rate=value_at(recipe["learning_rate"], 120), schedule=recipe["schedule"],
            learning_rate_factors=rate_factors(model.network_, recipe), num_iterations=8 * 4, batch_size=32,
            dropout=value_at(recipe["dropout"], 120), weight_decay=value_at(recipe["weight_decay"], 120) * 16**0.5,
            record_every=4, engine="numpy",
        )  # fmt: skip
        for name, theta in alone.parameters.items():
            np.testing.assert_allclose(model.members_[k][name], theta, rtol=1e-8, atol=1e-10)
        costs = [*alone.history["validation_loss"], alone.history.final["validation_loss"]]
        assert model.best_epochs_[k] == int(np.argmin(costs))


def test_members_give_honest_predictions_of_all_rows_and_a_spread():
    X, y = two_moods(300)
    model = TabularClassifier(5, **QUICK).fit(X, y)
    P = model.oof_prediction_
    assert np.isfinite(P).all()
    np.testing.assert_allclose(P.sum(axis=1), 1.0)
    assert model.validation_score_ == pytest.approx(log_loss(y, P, labels=model.classes_), rel=1e-6)
    labels, spread = model.predict(X, return_std=True)
    np.testing.assert_array_equal(labels, model.predict(X))
    assert spread.shape == (300,)
    assert (spread > 0).any()
    numbers = TabularRegressor(2, **QUICK).fit(X, np.asarray(X["x"]))
    mean, deviation = numbers.predict(X, return_std=True)
    np.testing.assert_array_equal(mean, numbers.predict(X))
    assert (deviation > 0).any()
    with pytest.raises(ValueError, match="n_members=8"):
        TabularRegressor(1, **QUICK).fit(X, np.asarray(X["x"])).predict(X, return_std=True)


def test_folds_hold_each_row_out_once_and_keep_the_shares():
    from ellayer.estimators.hold_out import member_folds

    numbers = np.array([0] * 60 + [1] * 30 + [2] * 9 + [3])
    folds = member_folds(numbers, 100, 10, np.random.RandomState(0))
    assert sorted(np.concatenate(folds)) == list(range(99))
    assert {int((numbers[rows] == 0).sum()) for rows in folds} == {6}
    assert member_folds(None, 9, 1, np.random.RandomState(0)) is None
    assert len(member_folds(None, 100, 23, np.random.RandomState(0))) == 23


# Metrics


@pytest.mark.parametrize("metric", ["brier", "auc", "accuracy", "balanced_accuracy", "f1"])
def test_every_metric_can_decide(metric):
    X, y = two_moods(300)
    model = TabularClassifier(1, metric=metric, **QUICK).fit(X, y)
    assert model.score(X, y) > 0.65
    assert 0.0 < model.validation_score_ <= 1.0
    assert ("smoothing" in model.network_.loss) == (metric in ("accuracy", "balanced_accuracy", "f1"))
    if metric == "auc":
        known = np.isfinite(model.oof_prediction_[:, 0])
        assert model.validation_score_ == roc_auc_score(y[known], model.oof_prediction_[known, 1])


def test_balanced_accuracy_finds_a_rare_class():
    random = np.random.RandomState(0)
    x = random.randn(800)
    y = ((x + 1.2 * random.randn(800)) > 2.4).astype(int)
    plain = TabularClassifier(1, **QUICK).fit(x.reshape(-1, 1), y)
    fair = TabularClassifier(1, metric="balanced_accuracy", **QUICK).fit(x.reshape(-1, 1), y)
    found = [model.predict(x.reshape(-1, 1))[y == 1].mean() for model in (plain, fair)]
    assert found[1] > found[0] + 0.3


def test_a_temperature_lowers_the_log_loss_of_outputs_too_sure():
    from ellayer.estimators.tabular.calibration import soften, temperature_for

    random = np.random.RandomState(0)
    Z = random.randn(2000, 3)
    numbers = np.array([random.choice(3, p=p) for p in soften(Z, 1.0)])
    assert temperature_for(3.0 * Z[None], numbers, None) == pytest.approx(3.0, rel=0.15)
    assert temperature_for(Z[None], numbers, None) == pytest.approx(1.0, rel=0.1)
    assert abs(math.log(temperature_for(3.0 * Z[None, :5], numbers[:5], None))) < 0.7


@pytest.mark.parametrize("q", [0.1, 0.9])
def test_quantiles_lie_where_they_should(q):
    random = np.random.RandomState(0)
    X = random.rand(1500, 1)
    y = X[:, 0] + (0.2 + X[:, 0]) * random.randn(1500)
    model = TabularRegressor(loss=f"quantile(q={q})", **{**QUICK, "epochs": 20}).fit(X, y)
    assert np.mean(y < model.predict(X)) == pytest.approx(q, abs=0.05)
    assert model._metric.name == f"pinball(q={q:g})"


def test_the_absolute_error_finds_the_median():
    random = np.random.RandomState(0)
    X = np.ones((600, 1)) * random.rand(600, 1)
    y = random.exponential(size=600)
    median = TabularRegressor(1, metric="mae", **QUICK).fit(X, y).predict(X).mean()
    mean = TabularRegressor(1, **QUICK).fit(X, y).predict(X).mean()
    assert median == pytest.approx(np.median(y), abs=0.15)
    assert mean == pytest.approx(np.mean(y), abs=0.15)


# Weights, validation rows, history, callbacks, time


def test_rows_of_no_weight_are_as_if_they_were_not_there():
    X, y = two_moods(200)
    weights = np.ones(200)
    weights[::4] = 0.0
    one = TabularClassifier(1, **QUICK).fit(X, y, weights)
    two = TabularClassifier(1, **QUICK).fit(X[weights > 0], y[weights > 0])
    np.testing.assert_allclose(one.predict_proba(X), two.predict_proba(X), atol=1e-5)
    assert np.isnan(one.oof_prediction_[::4]).all()
    with pytest.raises(ValueError, match=r"non-zero|above 0"):
        TabularClassifier(1, **QUICK).fit(X, y, np.zeros(200))


def test_class_weights_weigh():
    X, y = two_moods(200)
    heavy = TabularClassifier(1, class_weight={"up": 20.0}, **QUICK).fit(X, y)
    light = TabularClassifier(1, class_weight={"down": 20.0}, **QUICK).fit(X, y)
    assert heavy.predict_proba(X)[:, 1].mean() > light.predict_proba(X)[:, 1].mean() + 0.1


def test_an_eval_set_decides_in_place_of_held_out_rows():
    X, y = two_moods(300)
    model = TabularClassifier(1, **QUICK).fit(X[:200], y[:200], eval_set=(X[200:], y[200:]))
    assert model.validation_score_ == pytest.approx(log_loss(y[200:], model.predict_proba(X[200:])), rel=1e-3)
    assert np.isnan(model.oof_prediction_).all()
    with pytest.raises(ValueError, match="expected labels among"):
        TabularClassifier(1, **QUICK).fit(X, y, eval_set=(X, ["else"] * 300))
    with pytest.raises(ValueError, match=r"expected \(X, y\)"):
        TabularClassifier(1, **QUICK).fit(X, y, eval_set=X)


@pytest.mark.parametrize("n_members", [1, 2])
def test_history_best_epoch_and_callbacks(n_members):
    X, y = two_moods(300)
    seen, steps = [], []
    model = TabularClassifier(n_members, **QUICK, batch_size=64).fit(
        X, y, callbacks=[lambda info: seen.append((info.epoch, info.max_epochs)) or info.epoch == 6],
        progress=lambda info: steps.append((info.iteration, info.total)),
    )  # fmt: skip
    assert seen == [(epoch, 8) for epoch in range(1, 7)]
    assert steps
    assert model.stopped_by_ == "callback"
    history = pd.DataFrame(model.history_)
    assert history["epoch"].tolist() == [1, 2, 3, 4, 5, 6]
    assert {"loss", "validation_loss", "validation_score", "learning_rate", "seconds"} <= set(history)
    if n_members == 1:
        best = model.history_["validation_score"]
        assert model.best_epochs_ == [int(np.argmin(best)) + 1]
        assert (
            log_loss(
                y[np.isfinite(model.oof_prediction_[:, 0])],
                model.oof_prediction_[np.isfinite(model.oof_prediction_[:, 0])],
            )
            <= min(best) + 1e-6
        )  # the temperature only lowers it


@pytest.mark.parametrize("n_members", [1, 2])
def test_the_time_limit_holds_and_the_schedule_ends_with_it(n_members):
    random = np.random.RandomState(0)
    X = random.randn(3000, 5)
    y = X[:, 0] * X[:, 1] + X[:, 2]
    model = TabularRegressor(
        n_members,
        recipe="simple",
        epochs=100_000,
        hidden_layer_sizes=(32, 32),
        time_limit=0.2,
        random_state=0,
    )
    model.fit(X, y)  # compiled once, the limit is for the training
    model.set_params(time_limit=1.0).fit(X, y)
    assert (
        model.history_["seconds"][-1] < 4.0
    )  # of training; how near 1 depends on what else the machine does
    assert model.stopped_by_ in ("time", "callback")
    assert len(model.history_["epoch"]) < 100_000
    if n_members == 1:  # of several, compiling may take most of the time
        assert model.history_["learning_rate"][-1] < 0.3 * max(model.history_["learning_rate"])


# At home in scikit-learn


def test_pipelines_searches_and_clones(tables):
    X, y = two_moods(200)
    pipeline = make_pipeline(FunctionTransformer(), TabularClassifier(1, **QUICK))
    assert cross_val_score(pipeline, X, y, cv=3).mean() > 0.7
    search = GridSearchCV(TabularClassifier(1, **QUICK), {"recipe": ["simple", "full"]}, cv=2).fit(X, y)
    assert search.best_score_ > 0.7
    assert clone(TabularClassifier(7, metric="auc")).get_params()["n_members"] == 7
    table = ellayer.TablePreparation().set_output(transform="pandas").fit_transform(X)
    assert set(table.columns) == {"x", "c: a", "c: b", "c: c", "t"}


def test_labels_of_every_kind_come_back():
    X, y = two_moods(80)
    whole = np.where(y == "up", 3, 7)
    further = [
        pd.Series(whole, dtype="Int64"),
        pd.Series(y == "up", dtype="boolean"),
        pl.Series(whole),
        list(y),
    ]
    for labels in (y, whole, y == "up", pd.Series(y, dtype="category"), pl.Series(y), *further):
        model = TabularClassifier(1, **QUICK).fit(X, labels)
        assert set(np.asarray(model.predict(X)).tolist()) <= set(np.asarray(labels).tolist())


def test_the_warnings_point_at_the_caller():
    X, y = two_moods(80)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        TabularClassifier(1, **QUICK).fit(X.assign(k="same"), y)
    (warning,) = caught
    assert issubclass(warning.category, FitWarning)
    assert warning.filename == __file__


@quiet
@pytest.mark.parametrize("n_members", [1, 3])
def test_a_fit_goes_on_from_a_checkpoint_as_if_never_stopped(tmp_path, n_members):
    X, y = two_moods()
    path = tmp_path / "checkpoint"

    def stop(info):
        if info.epoch == 5:
            ellayer.storage.save_checkpoint(info.states, path)
        return info.epoch == 5

    whole = TabularClassifier(n_members, **QUICK).fit(X, y)
    assert TabularClassifier(n_members, **QUICK).fit(X, y, callbacks=[stop]).stopped_by_ == "callback"
    rest = TabularClassifier(n_members, **QUICK).fit(X, y, states=ellayer.storage.load_checkpoint(path))
    np.testing.assert_array_equal(rest.predict_proba(X), whole.predict_proba(X))
    assert rest.history_["validation_loss"] == whole.history_["validation_loss"]
    assert rest.best_epochs_ == whole.best_epochs_


@pytest.mark.filterwarnings("ignore::ellayer.estimators.NewValuesWarning")
def test_one_row_of_zeros_is_answered_whatever_the_columns_are():
    """Programs like MAPIE probe with it whether a model is fitted; among many rows such a column is refused."""
    X, y = two_moods(60)
    X["d"] = pd.date_range("2024", periods=60)
    model = TabularClassifier(1, **QUICK).fit(X, y)
    zeros = np.zeros((1, X.shape[1]))
    with (
        pytest.warns(NewValuesWarning, match="treated as missing"),
        pytest.warns(UserWarning, match="by position"),
    ):
        assert model.predict(zeros).shape == (1,)
    several = pd.DataFrame(np.zeros((2, X.shape[1])), columns=X.columns)
    with pytest.raises(ellayer.EllayerError, match="are the columns in their places"):
        model.predict(several)


def test_targets_of_an_eval_set_are_taken_as_they_are():
    """Predictions are held to the range of the fit; a truth outside of it counts in full."""
    random = np.random.RandomState(0)
    X, y = random.randn(80, 2), random.rand(80)
    evaluation = random.randn(20, 2), np.linspace(5.0, 9.0, 20)
    model = TabularRegressor(1, **QUICK).fit(X, y, eval_set=evaluation)
    error = root_mean_squared_error(evaluation[1], model.predict(evaluation[0]))
    assert model.validation_score_ == pytest.approx(error, rel=1e-5)
    assert error > 3


RECIPES_OWN = {
    "activation": "selu", "optimizer": "adam(beta2=0.95)", "dropout": 0.1, "weight_decay": 0.1, "l2": 0.0,
}  # fmt: skip


def test_the_recipes_own_values_change_no_bit():
    X, y = two_moods(60)
    plain, named = (TabularClassifier(1, **QUICK, **changes).fit(X, y) for changes in ({}, RECIPES_OWN))
    for name, theta in plain.members_[0].items():
        np.testing.assert_array_equal(theta, named.members_[0][name])


@pytest.mark.parametrize(
    "change",
    [
        {"activation": "tanh"},
        {"activation": ["relu", "tanh"]},
        {"optimizer": "momentum"},
        {"dropout": 0.5},
        {"weight_decay": 1.0},
        {"l2": 1.0},
    ],
)
def test_a_change_of_the_recipe_is_trained_with_and_stored(change, tmp_path):
    X, y = two_moods(60)
    plain, changed = (TabularClassifier(1, **QUICK, **changes).fit(X, y) for changes in ({}, change))
    assert not np.array_equal(plain.members_[0]["W1"], changed.members_[0]["W1"])
    ellayer.save(changed, tmp_path / "m.ellayer")
    stored = ellayer.load(tmp_path / "m.ellayer")
    assert {name: stored.get_params()[name] for name in change} == change
    np.testing.assert_array_equal(stored.predict_proba(X), changed.predict_proba(X))


def test_patience_ends_a_fit_and_keeps_the_best_epoch():
    X, y = two_moods(60)
    model = TabularClassifier(1, **(QUICK | {"epochs": 60, "learning_rate": 1.0}), patience=2).fit(X, y)
    assert model.stopped_by_ == "patience"
    assert len(model.history_) - model.best_epochs_[0] <= 3


def test_a_fit_takes_at_most_four_times_the_memory_of_the_table_beside_it():
    X = np.random.default_rng(0).standard_normal((60_000, 20))
    model = TabularRegressor(1, epochs=1, hidden_layer_sizes=8, recipe="simple", random_state=0)
    before = X.copy()
    tracemalloc.start()
    try:
        model.fit(X, X[:, 0])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * X.nbytes
    np.testing.assert_array_equal(X, before)
