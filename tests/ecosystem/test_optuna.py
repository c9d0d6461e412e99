"""optuna: a search, with pruning by a callback."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import cross_val_score

from ellayer import MLPClassifier, TabularRegressor

optuna = pytest.importorskip("optuna")


def test_a_search_of_settings(iris):
    X, y = iris

    def objective(trial):
        model = MLPClassifier(
            trial.suggest_int("width", 4, 16),
            activation=trial.suggest_categorical("activation", ["relu", "tanh"]),
            learning_rate_init=trial.suggest_float("rate", 1e-3, 1e-1, log=True),
            max_iter=30,
            random_state=0,
        )
        return cross_val_score(model, X, y, cv=2).mean()

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(objective, n_trials=6)
    assert study.best_value > 0.8


def test_a_callback_prunes(table, amounts):
    def objective(trial):
        rate = trial.suggest_float("rate", 1e-5, 1e-1, log=True)

        def report(info):
            trial.report(info.validation_score, info.epoch)
            if trial.should_prune():
                raise optuna.TrialPruned

        model = TabularRegressor(1, epochs=10, hidden_layer_sizes=8, learning_rate=rate, random_state=0)
        return model.fit(table, amounts, callbacks=[report]).validation_score_

    pruner = optuna.pruners.MedianPruner(n_startup_trials=2, n_warmup_steps=2)
    study = optuna.create_study(
        direction="minimize", sampler=optuna.samplers.RandomSampler(seed=0), pruner=pruner
    )
    study.optimize(objective, n_trials=8)
    states = [trial.state for trial in study.trials]
    assert optuna.trial.TrialState.PRUNED in states
    assert np.isfinite(study.best_value)


def test_its_search_estimator(iris):
    integration = pytest.importorskip("optuna_integration")
    X, y = iris
    search = integration.OptunaSearchCV(
        MLPClassifier(8, max_iter=30, random_state=0),
        {"learning_rate_init": optuna.distributions.FloatDistribution(1e-3, 1e-1, log=True)},
        n_trials=3,
        cv=2,
        random_state=0,
    )
    assert search.fit(X, y).best_score_ > 0.6
