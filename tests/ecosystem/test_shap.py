"""shap explains the functions of the estimators: arrays of numbers as they are, tables through their codes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import ellayer
from ellayer import MLPClassifier, MLPRegressor, TabularClassifier

shap = pytest.importorskip("shap")

SMALL = {"epochs": 20, "hidden_layer_sizes": 16, "random_state": 0}


def test_permutation_values_of_a_network_add_up(iris):
    X, y = iris
    model = MLPClassifier(8, max_iter=60, random_state=0).fit(X, y)
    explained = shap.Explainer(model.predict_proba, X)(X[:5])
    np.testing.assert_allclose(
        explained.values.sum(axis=1) + explained.base_values, model.predict_proba(X[:5]), atol=1e-6
    )


def test_kernel_values_of_a_regressor(iris):
    X, y = iris
    model = MLPRegressor(hidden_layer_sizes=8, max_iter=60, random_state=0).fit(X, y)
    explainer = shap.KernelExplainer(model.predict, X[:20])
    values = explainer.shap_values(X[:3], silent=True)
    np.testing.assert_allclose(values.sum(axis=1) + explainer.expected_value, model.predict(X[:3]), atol=1e-6)


def test_a_table_of_numbers(iris):
    X, y = iris
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = TabularClassifier(1, **SMALL).fit(frame, y)
    explained = shap.Explainer(model.predict_proba, frame)(frame[:3])
    assert explained.feature_names == list("abcd")
    np.testing.assert_allclose(
        explained.values.sum(axis=1) + explained.base_values, model.predict_proba(frame[:3]), atol=1e-6
    )


def test_a_table_of_text_and_dates(table, labels):
    """Only the kernel explainer takes text; the types of the columns are restored for the model."""
    model = TabularClassifier(1, **SMALL).fit(table, labels)

    def predict(rows):
        return model.predict_proba(pd.DataFrame(rows, columns=table.columns).astype(table.dtypes.to_dict()))

    explainer = shap.KernelExplainer(predict, table[:10])
    values = explainer.shap_values(table[:3], silent=True)
    np.testing.assert_allclose(values.sum(axis=1) + explainer.expected_value, predict(table[:3]), atol=1e-6)
    with pytest.raises(TypeError, match="unsupported operand"):
        shap.Explainer(model.predict_proba, table[:50])(table[:3])


def test_contributions_of_our_own_add_up(table, labels):
    model = TabularClassifier(1, **SMALL).fit(table, labels)
    explained = ellayer.explain(model, table[:20])
    np.testing.assert_allclose(explained.base + explained.values.sum(axis=1), explained.output, atol=0.01)
