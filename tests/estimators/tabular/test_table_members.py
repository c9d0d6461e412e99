"""Several members: what they predict together."""

from __future__ import annotations

import numpy as np
import pytest

from ellayer import TabularClassifier
from ellayer.estimators.tabular.calibration import (
    mean_probabilities,
    outputs_per_row,
    soften,
    temperature_for,
    temperature_of_more,
)
from ellayer.estimators.tabular.intervals import of_the_mean


@pytest.fixture(scope="module")
def table():
    random = np.random.RandomState(0)
    X = random.randn(60, 4)
    return X, np.where(X[:, 0] + X[:, 1] > 0, "yes", "no")


@pytest.fixture(scope="module")
def members(table):
    return TabularClassifier(2, epochs=2, hidden_layer_sizes=8, random_state=0).fit(*table)


def test_threads_change_nothing(members, table, monkeypatch):
    expected = members.predict_proba(table[0])
    monkeypatch.setattr("ellayer.estimators.tabular.fitted.ROWS_OF_THREAD", 20)
    monkeypatch.setattr("ellayer.estimators.tabular.fitted.blas_thread_count", lambda: 4)
    np.testing.assert_allclose(members.predict_proba(table[0]), expected, rtol=1e-12)


def outputs_of_members(random, m, sureness, spread, K=8, classes=3):
    """Labels drawn from softmax of a truth, and outputs of members: the truth times a factor, and noise of each."""
    truth = 2.0 * random.randn(m, classes)
    numbers = np.array([random.choice(classes, p=p) for p in soften(truth, 1.0)])
    return sureness * truth + spread * random.randn(K, m, classes), numbers


@pytest.mark.parametrize(("sureness", "spread"), [(1.0, 1.0), (2.0, 2.0), (1.0, 0.1)])
def test_the_temperature_of_the_mean_follows_from_that_of_one_member(sureness, spread):
    random = np.random.RandomState(0)
    Z, numbers = outputs_of_members(random, 4000, sureness, spread)
    held_out = np.full_like(Z, np.nan)  # each row by one member
    rows = np.arange(4000)
    held_out[rows % 8, rows] = Z[rows % 8, rows]
    alone = temperature_for(outputs_per_row(held_out), numbers, None)
    together = temperature_of_more(alone, Z[:, :400], 1)
    best = temperature_for(Z, numbers, None)  # with labels that a fit has not
    assert together <= alone
    assert together == pytest.approx(best, rel=0.1)


def test_rows_of_one_member_and_of_two_keep_their_outputs():
    Z = np.full((3, 4, 2), np.nan)
    Z[0, :2], Z[1, 2:], Z[2, 3] = 1.0, 2.0, 4.0
    few = outputs_per_row(Z)
    assert few.shape == (2, 4, 2)
    np.testing.assert_allclose(np.nanmean(few, axis=0)[:, 0], [1.0, 1.0, 2.0, 3.0])
    assert np.isfinite(mean_probabilities(few, 1.0)).all()


def test_residuals_of_all_members_stay_as_they_are():
    random = np.random.RandomState(0)
    residuals, predictions = np.sort(random.randn(50)), random.randn(4, 30)
    np.testing.assert_allclose(of_the_mean(residuals, predictions, 4), residuals)
    spreads = [of_the_mean(residuals, predictions, k).std() for k in (1, 2, 4)]
    assert spreads == sorted(spreads)


def test_members_have_one_best_epoch_and_the_temperature_of_their_mean(table, monkeypatch):
    model = TabularClassifier(4, epochs=6, hidden_layer_sizes=8, random_state=0).fit(*table)
    assert len(set(model.best_epochs_)) == 1
    fold = temperature_for(np.log(model.oof_prediction_)[None], (table[1] == "yes").astype(int), None)
    assert fold == pytest.approx(1.0, abs=0.02) or fold > 1.0  # out-of-fold probabilities are calibrated too
    assert 0.1 < model.temperature_ < 8.0


def test_a_shared_validation_set_scores_the_mean(table):
    X, y = table
    model = TabularClassifier(3, epochs=3, hidden_layer_sizes=8, random_state=0)
    model.fit(X[:40], y[:40], eval_set=(X[40:], y[40:]))
    P = model.predict_proba(X[40:])
    loss = -np.log(P[np.arange(20), (y[40:] == "yes").astype(int)]).mean()
    assert loss == pytest.approx(model.validation_score_, rel=1e-6)
