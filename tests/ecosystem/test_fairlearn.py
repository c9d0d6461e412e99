"""fairlearn: measures, thresholds and reductions around the estimators."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from ellayer import MLPClassifier, TabularClassifier

pytest.importorskip("fairlearn")
from fairlearn.metrics import MetricFrame, demographic_parity_difference
from fairlearn.postprocessing import ThresholdOptimizer
from fairlearn.reductions import DemographicParity, ExponentiatedGradient, GridSearch

SMALL = {"epochs": 20, "hidden_layer_sizes": 16, "random_state": 0}


def test_measures_by_group(table, labels):
    model = TabularClassifier(1, **SMALL).fit(table, labels)
    frame = MetricFrame(
        metrics=accuracy_score, y_true=labels, y_pred=model.predict(table), sensitive_features=table["group"]
    )
    assert set(frame.by_group.index) == {"f", "m"}


@pytest.mark.parametrize("prefit", [False, True])
def test_thresholds_by_group(prefit, table, labels):
    ones = (labels == "yes").astype(int)
    model = TabularClassifier(1, **SMALL)
    model = model.fit(table, ones) if prefit else model
    fair = ThresholdOptimizer(
        estimator=model, constraints="demographic_parity", predict_method="predict_proba", prefit=prefit
    )
    fair.fit(table, ones, sensitive_features=table["group"])
    predicted = fair.predict(table, sensitive_features=table["group"], random_state=0)
    assert demographic_parity_difference(ones, predicted, sensitive_features=table["group"]) < 0.2


@pytest.mark.parametrize("kind", ["network", "table"])
def test_reductions(kind, table, labels):
    ones = (labels == "yes").astype(int)
    network = MLPClassifier(8, max_iter=30, random_state=0)
    model, X = (
        (network, np.nan_to_num(table[["age"]].to_numpy()))
        if kind == "network"
        else (TabularClassifier(1, **SMALL), table)
    )
    for fair in (
        ExponentiatedGradient(model, DemographicParity(), max_iter=3),
        GridSearch(model, DemographicParity(), grid_size=3),
    ):
        fair.fit(X, ones, sensitive_features=table["group"])
        assert fair.predict(X).shape == (300,)
