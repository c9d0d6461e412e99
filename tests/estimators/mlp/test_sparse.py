"""Sparse rows: the fit is that of dense ones, and where they are many they are never dense together."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sparse

from ellayer import MLPClassifier, MLPRegressor
from ellayer.estimators import FitWarning
from ellayer.estimators.examples import Examples
from ellayer.estimators.mlp import rows

RNG = np.random.default_rng(3)
X = sparse.random(300, 40, density=0.2, random_state=0, format="csr")
Y = np.asarray(X[:, :3].sum(axis=1)).ravel() > 0.2
SETTINGS = {
    "plain": {},
    "float32": {"dtype": "float32"},
    "compiled": {"engine": "jax", "dropout": 0.2},
    "early stopping": {"early_stopping": True},
    "a scorer without examples held out": {"monitor": "roc_auc", "max_iter": 4},
    "full batch": {"batch_size": 300},
    "lbfgs": {"solver": "lbfgs"},
    "balanced, with weights": {"class_weight": "balanced", "weighted": True},
    "validation data": {"validation_data": (X[:50], Y[:50]), "early_stopping": True, "monitor": "loss"},
}


@pytest.fixture
def never_dense(monkeypatch):
    """Every sparse X counts as too large to be made dense."""
    monkeypatch.setattr(rows, "DENSE_BYTES", 0)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::ellayer.estimators.FitWarning")
@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_array, sparse.coo_matrix])
@pytest.mark.parametrize("case", SETTINGS)
def test_a_fit_of_sparse_rows_is_that_of_dense_ones(case, kind, never_dense):
    settings = dict(SETTINGS[case])
    weights = RNG.random(300) if settings.pop("weighted", False) else None
    model = MLPClassifier((8,), **{"max_iter": 10, **settings}, random_state=0)
    dense = MLPClassifier((8,), **{"max_iter": 10, **settings}, random_state=0)
    model.fit(kind(X), Y, weights)
    dense.fit(X.toarray(), Y, weights)
    for a, b in zip(model.coefs_, dense.coefs_, strict=True):
        np.testing.assert_array_equal(a, b)
    assert model.loss_ == dense.loss_
    if model.early_stopping:
        assert model.validation_scores_ == pytest.approx(dense.validation_scores_)
    np.testing.assert_allclose(model.predict_proba(kind(X)), dense.predict_proba(X.toarray()), rtol=1e-5)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_partial_fit_and_a_warm_start_go_on(never_dense):
    y = np.asarray(X[:, :3].sum(axis=1)).ravel()
    twice = MLPRegressor(hidden_layer_sizes=(8,), random_state=0).partial_fit(X, y).partial_fit(X, y)
    dense = MLPRegressor(hidden_layer_sizes=(8,), random_state=0)
    dense.partial_fit(X.toarray(), y).partial_fit(X.toarray(), y)
    np.testing.assert_array_equal(twice.coefs_[0], dense.coefs_[0])
    warm = MLPRegressor(hidden_layer_sizes=(8,), random_state=0, warm_start=True, max_iter=1)
    np.testing.assert_array_equal(warm.fit(X, y).fit(X, y).coefs_[0], dense.coefs_[0])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_warnings_of_the_data(never_dense):
    wide = sparse.hstack([X, sparse.csr_matrix(np.full((300, 1), 1e6)), sparse.csr_matrix((300, 1))]).tocsr()
    with pytest.warns(FitWarning, match="column 40 is of a scale up to 1e.06"):
        MLPClassifier((4,), max_iter=2).fit(wide, Y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.slow
@pytest.mark.parametrize("settings", [{"early_stopping": True, "engine": "numpy"}, {"engine": "jax"}])
def test_many_rows_are_never_dense_together(settings):
    """Three thousand texts of twelve thousand words: 288 MB if they were dense."""
    texts = sparse.random(3000, 12_000, density=0.001, random_state=0, format="csr")
    y = np.asarray(texts[:, :1000].sum(axis=1)).ravel() > 0.5
    model = MLPClassifier((4,), max_iter=1, random_state=0, **settings)
    if settings["engine"] == "jax":
        model.fit(texts, y)  # compiled once: tracing the memory of the compiler takes long
    tracemalloc.start()
    model.fit(texts, y).predict(texts)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.5 * texts.shape[0] * texts.shape[1] * 8


def test_the_scale_of_a_column_is_that_of_all_its_blocks(monkeypatch):
    monkeypatch.setattr("ellayer.estimators.examples.BLOCK_BYTES", 100)
    X = np.random.RandomState(0).randn(50, 3) * [1.0, -4.0, 0.0]
    X[49, 0], X[7, 1] = -9.0, 8.5
    for table in (X, np.asfortranarray(X), X.astype("float32"), sparse.csr_matrix(X)):
        np.testing.assert_array_equal(
            Examples(table, np.zeros((50, 1))).scale, abs(X.astype(table.dtype)).max(axis=0)
        )
