"""Where the loss alone decides, epochs run several at once, and end where they would have one by one."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from ellayer import MLPClassifier, MLPRegressor
from ellayer.engine import jax_loop
from ellayer.engine.events import DivergenceWarning
from ellayer.engine.numpy_loop import NumpyLoop

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

LOOPS = {"numpy": NumpyLoop, "jax": jax_loop.JaxLoop}


def watched(info) -> None:
    """Answer nothing: a callback has to be called after each epoch, so each is a stretch of its own."""


def pair(X, y, kind=MLPClassifier, **parameters):
    """Return the model fitted with epochs at once, and one by one."""
    settings = {"hidden_layer_sizes": (8,), "random_state": 0, "batch_size": 64, **parameters}
    return kind(**settings).fit(X, y), kind(**settings, callbacks=[watched]).fit(X, y)


def assert_same_fit(one, other):
    assert one.loss_curve_ == other.loss_curve_
    assert (one.n_iter_, one.t_, one.best_loss_, one.loss_, one.stopped_by_) == (
        other.n_iter_, other.t_, other.best_loss_, other.loss_, other.stopped_by_
    )  # fmt: skip
    for a, b in zip(one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        np.testing.assert_array_equal(a, b)
    for name in ("epoch", "loss", "learning_rate", "gradient_norm"):
        assert one.history_[name] == other.history_[name]


@pytest.mark.parametrize("engine", LOOPS)
@pytest.mark.parametrize(
    "parameters",
    [
        {"learning_rate_init": 0.05, "tol": 1e-2},
        {"learning_rate_init": 0.05, "tol": 1e-2, "n_iter_no_change": 1},
        {"learning_rate_init": 0.05, "tol": 1e-2, "n_iter_no_change": 3, "dropout": 0.2},
        {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.3, "tol": 1e-3},
        {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.3, "tol": 1e-2},
        {"batch_size": 569, "learning_rate_init": 0.1, "tol": 1e-3},
        {"n_iter_no_change": None, "max_iter": 25},
        {"max_iter": 17},
        {"restore_best": True, "learning_rate_init": 0.3, "tol": 1e-2},
    ],
    ids=lambda parameters: ",".join(parameters),
)
def test_a_fit_ends_at_the_same_epoch_with_the_same_bits(cancer, engine, parameters):
    assert_same_fit(*pair(*cancer, **{"max_iter": 120, "engine": engine, **parameters}))


@pytest.mark.parametrize("engine", LOOPS)
def test_going_on_counts_the_epochs_that_waited_before(cancer, engine):
    X, y = cancer
    models = []
    for callbacks in (None, [watched]):
        model = MLPClassifier(
            (8,), batch_size=64, random_state=0, warm_start=True, max_iter=7, tol=5e-2, n_iter_no_change=9,
            learning_rate_init=0.05, engine=engine, callbacks=callbacks,
        )  # fmt: skip
        for _ in range(4):
            model.fit(X, y)
        models.append(model)
    assert_same_fit(*models)


@pytest.mark.parametrize("engine", LOOPS)
@pytest.mark.parametrize(("batch_size", "rate"), [(30, 2.0), (120, 50.0)])
def test_divergence_gives_back_the_best_epoch(line, engine, batch_size, rate):
    X, y = line
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DivergenceWarning)
        warnings.simplefilter("ignore", UserWarning)
        settings = {
            "solver": "sgd",
            "momentum": 0.0,
            "learning_rate_init": rate,
            "activation": "identity" if rate > 10 else "relu",
            "batch_size": batch_size,
        }
        one, other = pair(X, y, MLPRegressor, **settings, max_iter=60, engine=engine)
    assert one.stopped_by_ == "divergence"
    assert one.loss_curve_
    assert_same_fit(one, other)


@pytest.mark.parametrize(("engine", "loop"), LOOPS.items())
def test_fewer_calls_than_epochs(cancer, engine, loop, monkeypatch):
    calls = []
    advance = loop.advance
    monkeypatch.setattr(
        loop, "advance", lambda self, rates: calls.append(rates.shape[1]) or advance(self, rates)
    )
    X, y = cancer
    model = MLPClassifier((8,), batch_size=200, random_state=0, max_iter=60, engine=engine).fit(X, y)
    assert model.n_iter_ == 60
    assert sum(calls) == 60 * 3
    assert len(calls) < 20
    assert max(calls) <= 11 * 3  # with n_iter_no_change=10 the eleventh epoch can be the last


def test_a_grid_search_compiles_once(cancer):
    X, y = cancer
    grid = {"learning_rate_init": [1e-3, 1e-2], "alpha": [1e-4, 1e-3], "n_iter_no_change": [3, 10]}
    model = MLPClassifier((8,), random_state=0, max_iter=12, engine="jax")
    before = jax_loop.trace_count()
    GridSearchCV(model, grid, cv=5, refit=False).fit(X, y)
    assert jax_loop.trace_count() <= before + 1
