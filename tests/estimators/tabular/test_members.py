"""Several members: what they predict together."""

from __future__ import annotations

import numpy as np
import pytest

from ellayer import TabularClassifier


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
