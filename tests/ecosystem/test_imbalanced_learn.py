"""imbalanced-learn: its pipelines and its ensembles around the estimators."""

from __future__ import annotations

import numpy as np
import pytest

from ellayer import MLPClassifier, TabularClassifier

pytest.importorskip("imblearn")
from imblearn.ensemble import BalancedBaggingClassifier, EasyEnsembleClassifier
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import make_pipeline
from imblearn.under_sampling import InstanceHardnessThreshold, RandomUnderSampler

SMALL = {"epochs": 20, "hidden_layer_sizes": 16, "random_state": 0}


@pytest.fixture
def rare(iris):
    X, y = iris
    return X[40:], np.where(y == 0, "rare", "common")[40:]


@pytest.mark.parametrize(
    "sampler", [SMOTE(random_state=0), RandomUnderSampler(random_state=0)], ids=["smote", "under"]
)
def test_a_pipeline(sampler, rare):
    X, y = rare
    model = make_pipeline(sampler, MLPClassifier(8, max_iter=200, random_state=0)).fit(X, y)
    assert model.score(X, y) > 0.9
    assert model.predict_proba(X).shape == (110, 2)


def test_samplers_of_tables(table, labels):
    for sampler in (RandomOverSampler(random_state=0), RandomUnderSampler(random_state=0)):
        model = make_pipeline(sampler, TabularClassifier(1, **SMALL)).fit(table, labels)
        assert model.score(table, labels) > 0.6


@pytest.mark.parametrize("kind", [BalancedBaggingClassifier, EasyEnsembleClassifier])
def test_ensembles(kind, rare):
    X, y = rare
    network = MLPClassifier(8, learning_rate_init=0.02, max_iter=200, random_state=0)
    model = kind(estimator=network, n_estimators=3, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.9


def test_the_hardness_of_rows(rare):
    """It takes labels as indices, so that they are whole numbers."""
    X, y = rare[0], (rare[1] == "rare").astype(int)
    network = MLPClassifier(8, max_iter=60, random_state=0)
    sampler = InstanceHardnessThreshold(estimator=network, random_state=0, cv=3)
    assert len(sampler.fit_resample(X, y)[0]) < len(X)
