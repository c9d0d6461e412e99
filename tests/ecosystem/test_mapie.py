"""MAPIE: conformal sets and intervals around the estimators."""

from __future__ import annotations

import numpy as np
import pytest

from ellayer import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor

pytest.importorskip("mapie")
from mapie.classification import CrossConformalClassifier, SplitConformalClassifier
from mapie.regression import (
    ConformalizedQuantileRegressor,
    CrossConformalRegressor,
    JackknifeAfterBootstrapRegressor,
    SplitConformalRegressor,
)

SMALL = {"epochs": 20, "hidden_layer_sizes": 16, "random_state": 0}


def test_sets_of_a_fitted_network(iris):
    X, y = iris
    model = MLPClassifier(8, max_iter=100, random_state=0).fit(X[::2], y[::2])
    sets = SplitConformalClassifier(model, confidence_level=0.9, prefit=True).conformalize(X[1::2], y[1::2])
    assert sets.predict_set(X)[1].shape[:2] == (150, 3)


def test_sets_of_a_fitted_table(table, labels):
    model = TabularClassifier(1, **SMALL).fit(table[:150], labels[:150])
    sets = SplitConformalClassifier(model, confidence_level=0.9, prefit=True)
    sets.conformalize(table[150:], labels[150:])
    assert sets.predict_set(table)[1].shape[:2] == (300, 2)


def test_sets_across_folds(iris):
    X, y = iris
    sets = CrossConformalClassifier(MLPClassifier(8, max_iter=50, random_state=0), confidence_level=0.9, cv=3)
    assert sets.fit_conformalize(X, y).predict_set(X)[1].shape[:2] == (150, 3)


@pytest.mark.parametrize("kind", [CrossConformalRegressor, JackknifeAfterBootstrapRegressor])
def test_intervals_across_folds(kind, iris):
    X, y = iris
    arguments = {"cv": 3} if kind is CrossConformalRegressor else {"resampling": 3}
    model = MLPRegressor(hidden_layer_sizes=8, max_iter=50, random_state=0)
    intervals = kind(model, confidence_level=0.8, **arguments).fit_conformalize(X, y.astype(float))
    low, high = intervals.predict_interval(X)[1][:, :, 0].T
    assert ((low <= y) & (y <= high)).mean() > 0.6


def test_intervals_of_a_table(table, amounts):
    model = TabularRegressor(1, **SMALL).fit(table[:150], amounts[:150])
    intervals = SplitConformalRegressor(model, confidence_level=0.9, prefit=True)
    intervals.conformalize(table[150:], amounts[150:])
    low, high = intervals.predict_interval(table)[1][:, :, 0].T
    assert ((low <= amounts) & (amounts <= high)).mean() > 0.8


def test_intervals_from_quantiles(iris):
    X, y = iris
    y = X[:, 0] + 0.1 * np.random.default_rng(0).normal(size=150)
    models = [
        MLPRegressor(hidden_layer_sizes=8, loss=f"quantile(q={q})", max_iter=100, random_state=0).fit(
            X[::2], y[::2]
        )
        for q in (0.05, 0.95, 0.5)
    ]
    intervals = ConformalizedQuantileRegressor(models, confidence_level=0.9, prefit=True)
    low, high = intervals.conformalize(X[1::2], y[1::2]).predict_interval(X)[1][:, :, 0].T
    assert ((low <= y) & (y <= high)).mean() > 0.8
