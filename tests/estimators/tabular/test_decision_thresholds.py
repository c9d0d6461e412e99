"""The positive class and the costs of errors decide the threshold of a table classifier."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ellayer import EllayerError, TabularClassifier, explain, load, save
from ellayer.core.metrics import METRICS
from ellayer.estimators.tabular.calibration import cheapest_threshold

QUICK = {"epochs": 15, "hidden_layer_sizes": 16, "random_state": 0}


def draw(seed: int, m: int) -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(seed)
    X = pd.DataFrame(random.normal(size=(m, 3)), columns=list("abc"))
    p = 1 / (1 + np.exp(1.2 - 1.5 * X["a"] - X["b"]))
    return X, np.where(random.uniform(size=m) < p, "bad", "good")  # "bad" is rarer, and first in the alphabet


def cost_of(model, X, y, fp: float, fn: float) -> float:
    prediction = model.predict(X)
    return float(
        (fp * ((prediction == "bad") & (y == "good")) + fn * ((prediction == "good") & (y == "bad"))).mean()
    )


@pytest.mark.parametrize("n_members", [1, 5])
def test_costs_lower_the_threshold_and_the_cost_on_new_rows(n_members, tmp_path):
    X, y = draw(0, 3000)
    cost = {"fp": 1, "fn": 5}
    train, new = slice(0, 1500), slice(1500, None)
    plain = TabularClassifier(n_members, **QUICK).fit(X[train], y[train])
    model = TabularClassifier(n_members, positive="bad", cost=cost, **QUICK).fit(X[train], y[train])
    threshold = model.decision_[0]
    assert model.classes_.tolist() == ["bad", "good"]
    assert 0.05 < threshold < 0.35  # calibrated: 1 / 6
    assert cost_of(model, X[new], y[new], 1, 5) < cost_of(plain, X[new], y[new], 1, 5)
    np.testing.assert_array_equal(
        model.predict(X), np.where(model.predict_proba(X)[:, 0] > threshold, "bad", "good")
    )
    np.testing.assert_allclose(model.predict_proba(X), plain.predict_proba(X))
    save(model, tmp_path / "m.ellayer")
    again = load(tmp_path / "m.ellayer")
    assert (again.predict(X) == model.predict(X)).all()
    assert (again.positive_, again.cost) == ("bad", cost)


def test_the_threshold_is_the_best_on_the_out_of_fold_predictions():
    X, y = draw(1, 1200)
    model = TabularClassifier(5, positive="bad", cost={"fp": 2, "fn": 3}, **QUICK).fit(X, y)
    p, bad = model.oof_prediction_[:, 0], y == "bad"
    assert np.isfinite(p).all()
    costs = {
        t: float((2 * ((p > t) & ~bad) + 3 * ((p <= t) & bad)).sum())
        for t in np.quantile(p, np.linspace(0.01, 0.99, 99))
    }
    chosen = float((2 * ((p > model.decision_[0]) & ~bad) + 3 * ((p <= model.decision_[0]) & bad)).sum())
    assert chosen <= min(costs.values()) + 1e-6


def test_f1_speaks_of_the_positive_class():
    X, y = draw(2, 1000)
    renamed = np.where(y == "bad", "yes", "no")
    first = TabularClassifier(1, metric="f1", positive="bad", **QUICK).fit(X, y)
    second = TabularClassifier(1, metric="f1", **QUICK).fit(X, renamed)
    assert second.positive_ == "yes"
    assert first.validation_score_ == pytest.approx(second.validation_score_, abs=0.05)
    default = TabularClassifier(1, metric="f1", **QUICK).fit(X, y)
    assert default.positive_ == "good"
    assert default.validation_score_ > first.validation_score_  # the frequent class is the easier one


def test_explanations_speak_of_the_positive_class():
    X, y = draw(3, 300)
    model = TabularClassifier(1, positive="bad", **QUICK).fit(X, y)
    assert set(explain(model, X[:5]).labels) == {"bad"}


def test_balanced_classes_do_not_change_what_errors_cost():
    X, y = draw(4, 2000)
    options = {"positive": "bad", "cost": {"fp": 1, "fn": 1}, **QUICK}
    balanced = TabularClassifier(1, class_weight="balanced", **options).fit(X, y)
    plain = TabularClassifier(1, **options).fit(X, y)
    assert abs((balanced.predict(X) == "bad").mean() - (plain.predict(X) == "bad").mean()) < 0.08


@pytest.mark.parametrize("seed", range(5))
def test_the_cheapest_threshold_is_the_cheapest(seed):
    random = np.random.default_rng(seed)
    p = random.uniform(size=200).round(2)
    positive = random.uniform(size=200) < p
    fp, fn = random.uniform(0.5, 4, 2)
    cost = lambda t: fp * ((p > t) & ~positive).sum() + fn * ((p <= t) & positive).sum()  # noqa: E731
    threshold = cheapest_threshold(p, positive, None, fp, fn)
    assert cost(threshold) <= min(cost(t) for t in np.quantile(p, np.linspace(0.01, 0.99, 99))) + 1e-9
    recall = METRICS["f1"].value(positive.astype(int), (p > threshold).astype(int), K=2)
    assert 0 < recall < 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"positive": "worse"}, "positive: expected 'bad' or 'good', received 'worse'"),
        ({"cost": {"fp": 0}}, "cost: expected numbers above 0"),
        ({"cost": {"tp": 1}}, "cost: expected numbers above 0 for 'fp' and 'fn'"),
        ({"cost": 5}, "cost"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    X, y = draw(5, 60)
    with pytest.raises(EllayerError, match=message):
        TabularClassifier(1, **options, **QUICK).fit(X, y)


def test_more_than_two_classes_have_no_threshold():
    X, y = draw(6, 90)
    y = np.where(np.arange(90) % 3 == 0, "third", y)
    for options in ({"positive": "bad"}, {"cost": {"fn": 2}}):
        with pytest.raises(EllayerError, match="expected two classes, received 3"):
            TabularClassifier(1, **options, **QUICK).fit(X, y)
