"""A table estimator's ``validation_score_`` is the score that a report gives the same predictions."""

from __future__ import annotations

import numpy as np
import pytest

from ellayer import TabularClassifier, TabularRegressor
from ellayer.core.metrics import METRICS, metric_names
from ellayer.report import scores

QUICK = {"epochs": 3, "hidden_layer_sizes": 8, "random_state": 0}


def table(m: int, K: int):
    """Rows of three columns, unequal classes, numbers, and weights."""
    random = np.random.RandomState(K)
    X = random.randn(m, 3)
    signal = X[:, 0] + 0.5 * random.randn(m)
    y = np.array([f"class {k}" for k in range(K)])[np.digitize(signal, [0.8, 1.5][: K - 1])]
    return X, y, 100.0 + 3.0 * signal, random.uniform(0.5, 2.0, m)


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("where", ["held out", "eval_set"])
@pytest.mark.parametrize("K", [2, 3])
@pytest.mark.parametrize("metric", metric_names("classes"))
def test_of_classes(metric, K, where, weighted):
    X, y, _, weights = table(300, K)
    weights = weights if weighted else None
    new = tuple(table(200, K)[i] for i in ((0, 1, 3) if weighted else (0, 1)))
    model = TabularClassifier(1, metric=metric, **QUICK)
    if where == "eval_set":
        model.fit(X, y, weights, eval_set=new)
        P, truth, mass = model.predict_proba(new[0]), new[1], new[2] if weighted else None
        labels = model.predict(new[0])
    else:
        model.fit(X, y, weights)
        known = np.isfinite(model.oof_prediction_).all(axis=1)
        P, truth, mass = model.oof_prediction_[known], y[known], weights[known] if weighted else None
        labels = model.classes_[(P / model.decision_).argmax(axis=1)]
    assert 0 < len(P) < 300
    score = scores(truth, labels, P, model.classes_, mass)[METRICS[metric].name]
    assert model.validation_score_ == pytest.approx(score.value, rel=1e-6)


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("where", ["held out", "eval_set"])
@pytest.mark.parametrize("metric", metric_names("numbers"))
def test_of_numbers(metric, where, weighted):
    X, _, y, weights = table(300, 2)
    weights = weights if weighted else None
    model = TabularRegressor(1, metric=metric, **QUICK)
    if where == "eval_set":
        model.fit(X, y, weights, eval_set=(X[:80], y[:80], *([weights[:80]] if weighted else [])))
        prediction, truth, mass = model.predict(X[:80]), y[:80], weights[:80] if weighted else None
    else:
        model.fit(X, y, weights)
        known = np.isfinite(model.oof_prediction_)
        prediction, truth, mass = model.oof_prediction_[known], y[known], weights[known] if weighted else None
    assert 0 < len(truth) < 300
    assert model.validation_score_ == pytest.approx(
        scores(truth, prediction, weights=mass)[metric].value, rel=1e-5
    )


def test_of_a_quantile():
    X, _, y, _ = table(300, 2)
    model = TabularRegressor(1, loss="quantile(q=0.9)", **QUICK).fit(X, y)
    known = np.isfinite(model.oof_prediction_)
    found = scores(y[known], model.oof_prediction_[known], names=["pinball(q=0.9)"])
    assert model.validation_score_ == pytest.approx(found["pinball(q=0.9)"].value, rel=1e-5)
