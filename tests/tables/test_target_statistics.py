"""Mean targets of levels: no row sees its own, random levels are worth nothing, new levels have a mean."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import polars
import pytest

import ellayer
from ellayer import TabularClassifier, TabularRegressor
from ellayer.estimators.hold_out import Splitter
from ellayer.estimators.tabular import fit_stream
from ellayer.estimators.tabular.targets import row_targets
from ellayer.tables import target_statistics
from ellayer.tables.category_encoder import MANY_LEVELS
from ellayer.tables.target_statistics import LevelSums, learn_statistics, sums_before

pytestmark = pytest.mark.filterwarnings("ignore::ellayer.estimators.FitWarning")
LEVELS = 60


def cities(m=600, seed=0):
    random = np.random.RandomState(seed)
    city = random.randint(0, LEVELS, m)
    X = pd.DataFrame({"city": [f"c{k}" for k in city], "x": random.randn(m)})
    return X, random.randn(LEVELS)[city] + 0.3 * random.randn(m)


@pytest.fixture(scope="module")
def regressor():
    X, y = cities()
    X.loc[:20, "city"] = None
    return TabularRegressor(1, epochs=8, random_state=0).fit(X, y), X


def targets(y, rows=None, **by):
    return row_targets(np.reshape(y, (-1, 1)), ["target"], None, Splitter.by(len(y), **by), 0, rows)


def test_no_row_sees_its_own_target_nor_one_of_its_group_or_a_later_time():
    random = np.random.RandomState(0)
    m = 40
    codes, groups = random.randint(0, 4, m), random.randint(0, 9, m)
    for by in ({}, {"groups": groups}, {"time": groups}):
        rule = targets(np.zeros(m), **by)
        for i in range(m):
            Y = np.zeros((m, 1))
            Y[i] = 1.0
            seen = sums_before(codes, rule.order, rule.weights, Y)[1][:, 0] > 0
            assert not seen[i]
            if by:
                assert not seen[groups == groups[i]].any()
            if "time" in by:
                assert not seen[groups < groups[i]].any()


def test_sums_of_earlier_rows_are_those_of_a_loop():
    random = np.random.RandomState(1)
    codes, order = random.randint(0, 5, 60), random.randint(0, 20, 60)
    weights, Y = random.rand(60), random.randn(60, 2)
    n, S = sums_before(codes, order, weights, Y)
    for i in range(60):
        before = (codes == codes[i]) & (order < order[i])
        np.testing.assert_allclose(n[i], weights[before].sum(), atol=1e-12)
        np.testing.assert_allclose(S[i], weights[before] @ Y[before], atol=1e-12)


def test_variances_within_and_between_levels_by_hand():
    """Levels (0, 2) and (5): 2 over 3 - 2 degrees of freedom within, and (32/3 - 2) / (3 - 5/3) between."""
    sums = LevelSums.of(np.array([0, 0, 1]), np.array([[0.0], [2.0], [5.0]]), np.ones(3), 2)
    inside, between = sums.variances()
    assert inside.tolist() == pytest.approx([2.0])
    assert between.tolist() == pytest.approx([6.5])


@pytest.mark.parametrize(("apart", "used"), [(0.1, []), (50.0, [0])])
def test_two_levels_differ_if_they_are_far_apart_for_what_lies_within(apart, used):
    Y = np.array([[0.0], [1.0], [apart], [apart + 1.0]])
    assert LevelSums.of(np.array([0, 0, 1, 1]), Y, np.ones(4), 2).differ().tolist() == used


def test_sums_of_two_parts_add_up():
    random = np.random.RandomState(2)
    codes, weights, Y = random.randint(0, 5, 60), random.rand(60), random.randn(60, 2)
    whole = LevelSums.of(codes, Y, weights, 5)
    both = LevelSums.of(codes[:20], Y[:20], weights[:20], 5) + LevelSums.of(
        codes[20:], Y[20:], weights[20:], 5
    )
    for name in ("n", "S", "Q"):
        np.testing.assert_allclose(getattr(both, name), getattr(whole, name))


def test_a_weight_of_two_is_a_row_twice():
    texts, y = [f"c{k % 25}" for k in range(200)], np.arange(200) % 25 + np.sin(np.arange(200.0))
    twice = np.arange(200) < 50
    weights = 1.0 + twice
    rule = row_targets(y.reshape(-1, 1), ["target"], weights, Splitter(), 0)
    again = row_targets(np.append(y, y[twice]).reshape(-1, 1), ["target"], None, Splitter(), 0)
    weighted = learn_statistics(texts, rule)
    repeated = learn_statistics([*texts, *texts[:50]], again)
    means = [dict(zip(s.levels, s.means[:, 0], strict=False)) for s in (weighted, repeated)]
    assert max(abs(means[0][level] - means[1][level]) for level in means[0]) < 0.02


def test_held_out_rows_are_not_seen_and_see_all_others():
    X, y = cities(200)
    inside = np.arange(150)
    rule = targets(y, inside)
    statistics = learn_statistics(X.city[:150].tolist(), rule.take(inside))
    fitted = statistics.means_in_fit(X.city.tolist(), rule)
    np.testing.assert_allclose(fitted[150:], statistics.means[statistics.codes(X.city[150:].tolist())])
    other = targets(np.where(np.arange(200) < 150, y, 9.0), inside)
    np.testing.assert_array_equal(fitted, statistics.means_in_fit(X.city.tolist(), other))


@pytest.mark.parametrize(
    "settings", [{"epochs": 16, "n_members": 1}, {"model": "boosting", "n_members": 5}], ids=str
)
def test_random_levels_do_not_look_predictive(settings, monkeypatch):
    """Even if they are used at all: the score of held-out rows is that of chance."""
    random = np.random.RandomState(0)
    X, y = pd.DataFrame({"id": [f"u{k}" for k in random.randint(0, 200, 600)]}), random.randint(0, 2, 600)
    assert learn_statistics(X.id.tolist(), targets(y)) is None
    monkeypatch.setattr(target_statistics, "DIFFER", -np.inf)
    model = TabularClassifier(random_state=0, metric="auc", **settings).fit(X, y)
    assert "id: mean of target" in model.preparation_.get_feature_names_out()
    assert model.validation_score_ < 0.6


def test_levels_that_matter_are_used(regressor):
    model, X = regressor
    names = model.preparation_.get_feature_names_out().tolist()
    assert names[0] == "city: mean of target"
    assert model.preparation_.n_numbers_ == 2
    assert model.model_parts().input_columns[0] == 0
    few = X.city.isin([f"c{k}" for k in range(MANY_LEVELS)])
    fewer = TabularRegressor(1, epochs=1, random_state=0).fit(X[few], cities()[1][few])
    assert "city: mean of target" not in fewer.preparation_.get_feature_names_out()


def test_missing_rare_and_new_levels_have_a_mean(regressor):
    statistics = regressor[0].preparation_.columns_[0].statistics
    other = len(statistics.levels)
    assert statistics.codes([None, "new", "another"]).tolist() == [statistics.levels.index(""), other, other]
    texts = [*(f"c{k % 30}" for k in range(90)), "once", None]
    y = np.append(np.arange(90) % 30, [5.0, 5.0])
    rare = learn_statistics(texts, targets(y))
    assert not {"once", ""} & set(rare.levels)
    assert rare.codes(["once", None, "new"]).tolist() == [30] * 3


def test_several_classes_have_a_mean_each():
    X, z = cities()
    y = np.digitize(z, [-0.5, 0.5])
    model = TabularClassifier(1, epochs=2, random_state=0).fit(X, np.array(["low", "mid", "top"])[y])
    names = model.preparation_.get_feature_names_out().tolist()
    assert names[:3] == [f"city: mean of target = {label}" for label in ("low", "mid", "top")]


def test_a_stored_model_predicts_the_same_and_refuses_other_means(regressor, tmp_path):
    model, X = regressor
    new = pd.concat([X[:30], pd.DataFrame({"city": [None, "new"], "x": [0.0, 1.0]})])
    ellayer.save(model, tmp_path / "m.ellayer")
    np.testing.assert_array_equal(ellayer.load(tmp_path / "m.ellayer").predict(new), model.predict(new))
    arrays, facts = model.preparation_.get_state()
    read = type(model.preparation_).from_state
    for bad in (arrays["0/means"][:-1], arrays["0/means"] * np.nan, arrays["0/means"].astype(int), None):
        with pytest.raises(ellayer.EllayerError, match="column 'city', means: expected finite numbers"):
            read(
                {**arrays, "0/means": bad}
                if bad is not None
                else {"center": arrays["center"], "scale": arrays["scale"]},
                facts,
            )
    with pytest.raises(ellayer.EllayerError, match="column 'x': expected no arrays"):
        read({**arrays, "1/means": np.zeros(2)}, facts)


def test_programs_without_ellayer_look_the_means_up(regressor):
    model, X = regressor
    plan = model.preparation_.export_plan()[0]
    look_up = plan["maps"][0]
    codes = [
        int(look_up["values"].get(text, look_up["otherwise"])) for text in ["c3", " c3", "NA", "", "new"]
    ]
    table = model.preparation_.transform(pd.DataFrame({"city": ["c3", "c3", None, None, "new"], "x": 0.0}))
    np.testing.assert_allclose(np.array(look_up["table"])[codes][:, 0], table[:, 0], atol=1e-15)
    pytest.importorskip("onnxruntime")
    ellayer.to_onnx(model, X=X, dtype="float64")  # compares


def test_too_many_levels_share_the_numbers_of_their_hashes(monkeypatch, tmp_path):
    X, y = cities()
    monkeypatch.setattr(target_statistics, "MOST_LEVELS", 30)
    model = TabularRegressor(1, epochs=8, random_state=0).fit(X, y)
    statistics = model.preparation_.columns_[0].statistics
    assert (statistics.levels, statistics.shape) == ([], (target_statistics.BUCKETS + 1, 1))
    assert model.validation_score_ < 0.8 * np.std(y)
    ellayer.save(model, tmp_path / "m.ellayer")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(ellayer.load(tmp_path / "m.ellayer").predict(X), model.predict(X))
    with pytest.raises(ellayer.EllayerError, match="column 'city': expected at most 1,000,000 levels"):
        ellayer.to_onnx(model)


class Blocks:
    """A stream of a frame."""

    def __init__(self, X, y, rows=150):
        self.X, self.y, self.rows = polars.from_pandas(X), np.asarray(y), rows

    def blocks(self):
        for k in range(0, len(self.y), self.rows):
            yield self.X[k : k + self.rows], self.y[k : k + self.rows]


def test_rows_of_a_stream_do_not_see_their_own_targets_either(monkeypatch):
    X, y = cities(900)
    monkeypatch.setattr(fit_stream, "SAMPLE_ROWS", 500)
    written = []
    second_pass = fit_stream._second_pass

    def spy(estimator, keyed, share, by_class, scratch, fitted):
        result = second_pass(estimator, keyed, share, by_class, scratch, fitted)
        scratch.seek(0)
        written.append((np.frombuffer(scratch.read(), estimator.dtype), result[0], fitted))
        return result

    monkeypatch.setattr(fit_stream, "_second_pass", spy)
    settings = {"n_members": 1, "epochs": 8, "hidden_layer_sizes": 8, "random_state": 0}
    model = TabularRegressor(**settings).fit(Blocks(X, y))
    names = model.preparation_.get_feature_names_out().tolist()
    assert names[0] == "city: mean of target"
    flat, held_out, fitted = written[0]
    rows = flat.reshape(len(X) - len(held_out), -1)
    in_sample = [any(np.array_equal(row[:-1], other) for other in fitted.X) for row in rows[:60]]
    assert 0.3 < np.mean(in_sample) < 0.9
    assert model.validation_score_ < 0.7 * np.std(y)
    np.testing.assert_array_equal(held_out.X, model._matrix(model._read(model.held_out_[0])))
    monkeypatch.setattr(target_statistics, "DIFFER", -np.inf)
    labels = np.random.RandomState(5).choice(["a", "b"], 900)
    chance = TabularClassifier(**settings, metric="auc").fit(Blocks(X, labels))
    assert chance.validation_score_ < 0.65
