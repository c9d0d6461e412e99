"""5 + 5 epochs are 10, whichever way they are asked for."""

from __future__ import annotations

import numpy as np
import pytest

from ellayer import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SETTINGS = [
    {},
    {"batch_size": 32},
    {"batch_size": 32, "dropout": 0.3},
    {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.1, "batch_size": 40},
    {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 0.3,
        "n_iter_no_change": 2,
        "batch_size": 30,
    },
    {"early_stopping": True, "n_iter_no_change": 50},
    {"optimizer": "rmsprop", "clip_norm": 0.5, "batch_size": 50},
    {"engine": "jax", "batch_size": 50},
    {"optimizer": "lion", "learning_rate_init": 1e-3},
]


def same(a, b):
    return all(
        np.array_equal(p, q) for p, q in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_, strict=True)
    )


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_warm_start_and_partial_fit_equal_one_long_fit(settings, iris):
    X, y = iris
    long = MLPClassifier(random_state=1, max_iter=10, **settings).fit(X, y)
    warm = MLPClassifier(random_state=1, max_iter=5, warm_start=True, **settings).fit(X, y).fit(X, y)
    steps = MLPClassifier(random_state=1, **settings)
    for _ in range(10):
        steps.partial_fit(X, y, classes=[0, 1, 2])
    assert same(long, warm)
    assert same(long, steps)
    assert long.loss_curve_ == warm.loss_curve_ == steps.loss_curve_
    assert long.validation_scores_ == warm.validation_scores_ == steps.validation_scores_
    assert (long.n_iter_, warm.n_iter_, steps.n_iter_) == (10, 5, 1)
    assert long.t_ == warm.t_ == steps.t_
    assert warm.history_["epoch"] == list(range(1, 11))


def test_max_iter_is_per_call(iris):
    model = MLPClassifier(warm_start=True, max_iter=4).fit(*iris)
    model.set_params(max_iter=6).fit(*iris)
    assert model.n_iter_ == 6
    assert len(model.loss_curve_) == 10


def test_without_warm_start_a_fit_begins_anew(iris):
    model = MLPClassifier(max_iter=4, random_state=0)
    first = [W.copy() for W in model.fit(*iris).coefs_]
    assert all(np.array_equal(a, b) for a, b in zip(first, model.fit(*iris).coefs_, strict=True))
    assert len(model.loss_curve_) == 4


def test_a_changed_architecture_is_told(iris):
    model = MLPClassifier(warm_start=True, max_iter=2).fit(*iris).set_params(hidden_layer_sizes=7)
    with pytest.raises(ValueError, match="expected the layers of the fitted network"):
        model.fit(*iris)


def test_partial_fit_with_early_stopping_keeps_the_best(cancer):
    X, y = cancer
    model = MLPClassifier(early_stopping=True, learning_rate_init=0.05, random_state=0)
    for _ in range(30):
        model.partial_fit(X, y, classes=[0, 1])
    assert len(model.validation_scores_) == 30
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert model.validation_scores_[-1] <= model.best_validation_score_
    assert model.score(X, y) > 0.95


def test_edited_coefficients_are_what_training_goes_on_from(iris):
    X, y = iris
    model = MLPClassifier(warm_start=True, max_iter=2, random_state=0).fit(X, y)
    model.coefs_[0] = np.zeros_like(model.coefs_[0])
    assert np.array_equal(model.parameters_["W1"], np.zeros((100, 4)))
    model.set_params(max_iter=1, learning_rate_init=1e-12).fit(X, y)
    assert abs(model.coefs_[0]).max() < 1e-6


def test_regressor_goes_on_with_sgd(line):
    X, y = line
    long = MLPRegressor(solver="sgd", random_state=0, max_iter=8).fit(X, y)
    warm = MLPRegressor(solver="sgd", random_state=0, max_iter=4, warm_start=True).fit(X, y).fit(X, y)
    assert same(long, warm)
