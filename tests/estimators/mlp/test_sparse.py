"""Sparse rows: the fit is that of dense ones, also by non-zeros, and where they are many they are never dense together."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sparse

from ellayer import MLPClassifier, MLPRegressor, load, save
from ellayer.estimators import FitWarning
from ellayer.estimators.examples import Examples
from ellayer.estimators.mlp import rows

RNG = np.random.default_rng(3)
X = sparse.random(300, 40, density=0.2, random_state=0, format="csr")
FEW = sparse.random(
    300, 1100, density=0.01, random_state=1, format="csr"
)  # of few non-zeros: products by them
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


CASES = [
    *((case, sparse.csr_matrix) for case in SETTINGS),
    ("plain", sparse.csc_array),
    ("plain", sparse.coo_matrix),
]


def both(case, rows, make, weights):
    """Return a model of sparse rows and one of dense ones."""
    settings = {"max_iter": 10, "random_state": 0} | SETTINGS[case]
    weights = weights if settings.pop("weighted", False) else None
    if "validation_data" in settings:
        settings["validation_data"] = rows[:50], Y[:50]
    model, dense = MLPClassifier((8,), **settings), MLPClassifier((8,), **settings)
    return model.fit(make(rows), Y, weights), dense.fit(rows.toarray(), Y, weights)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::ellayer.estimators.FitWarning")
@pytest.mark.parametrize(("case", "kind"), CASES)
def test_a_fit_of_sparse_rows_is_that_of_dense_ones(case, kind, never_dense):
    model, dense = both(case, X, kind, RNG.random(300))
    for a, b in zip(model.coefs_, dense.coefs_, strict=True):
        np.testing.assert_array_equal(a, b)
    assert model.loss_ == dense.loss_
    if model.early_stopping:
        assert model.validation_scores_ == pytest.approx(dense.validation_scores_)
    np.testing.assert_allclose(model.predict_proba(kind(X)), dense.predict_proba(X.toarray()), rtol=1e-5)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::ellayer.estimators.FitWarning")
@pytest.mark.parametrize("case", SETTINGS)
def test_a_fit_by_nonzeros_is_that_of_dense_rows(case):
    model, dense = both(case, FEW, sparse.csr_matrix, RNG.random(300))
    close = {"rtol": 1e-3, "atol": 1e-5} if case == "float32" else {"rtol": 1e-6, "atol": 1e-9}
    for a, b in zip(model.coefs_, dense.coefs_, strict=True):
        np.testing.assert_allclose(a, b, **close)
    assert model.loss_ == pytest.approx(dense.loss_, rel=close["rtol"])
    np.testing.assert_allclose(model.predict_proba(FEW), dense.predict_proba(FEW.toarray()), **close)
    assert model.score(FEW, Y) == dense.score(FEW.toarray(), Y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("rows", [X, FEW])
def test_partial_fit_a_warm_start_and_a_file_go_on(rows, never_dense, tmp_path):
    y = np.asarray(X[:, :3].sum(axis=1)).ravel()
    settings = {"hidden_layer_sizes": (8,), "random_state": 0}
    once = MLPRegressor(**settings).partial_fit(rows, y)
    save(once, tmp_path / "once.zip")
    twice = once.partial_fit(rows, y)
    dense = MLPRegressor(**settings).partial_fit(rows.toarray(), y).partial_fit(rows.toarray(), y)
    np.testing.assert_allclose(twice.coefs_[0], dense.coefs_[0], rtol=0 if rows is X else 1e-9)
    warm = MLPRegressor(**settings, warm_start=True, max_iter=1)
    np.testing.assert_array_equal(warm.fit(rows, y).fit(rows, y).coefs_[0], twice.coefs_[0])
    read = load(tmp_path / "once.zip").partial_fit(rows, y)
    np.testing.assert_array_equal(read.coefs_[0], twice.coefs_[0])
    np.testing.assert_allclose(read.predict(rows), dense.predict(rows.toarray()), rtol=1e-6)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_warnings_of_the_data(never_dense):
    wide = sparse.hstack([X, sparse.csr_matrix(np.full((300, 1), 1e6)), sparse.csr_matrix((300, 1))]).tocsr()
    with pytest.warns(FitWarning, match="column 40 is of a scale up to 1e.06"):
        MLPClassifier((4,), max_iter=2).fit(wide, Y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::ellayer.estimators.FitWarning")
@pytest.mark.parametrize(
    "solver", [{"solver": "adam", "early_stopping": True}, {"solver": "lbfgs", "max_fun": 2}]
)
def test_no_rows_become_dense_where_products_are_by_nonzeros(solver):
    """Ten thousand texts of sixty words among two hundred thousand: 16 GB if they were dense."""
    rows, columns = np.repeat(np.arange(10_000), 60), RNG.integers(0, 200_000, 600_000)
    texts = sparse.csr_matrix((np.ones(600_000), (rows, columns)), (10_000, 200_000))
    y = np.asarray(texts[:, ::2].sum(axis=1)).ravel() > 30
    model = MLPClassifier((2,), max_iter=1, batch_size=2000, random_state=0, **solver)
    tracemalloc.start()
    model.fit(texts, y).score(texts, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60 * model.coefs_[0].nbytes


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.slow
def test_many_rows_are_never_dense_together_in_the_compiled_loop():
    """Three thousand texts of twelve thousand words: 288 MB if they were dense."""
    texts = sparse.random(3000, 12_000, density=0.001, random_state=0, format="csr")
    y = np.asarray(texts[:, :1000].sum(axis=1)).ravel() > 0.5
    model = MLPClassifier((4,), max_iter=1, random_state=0, engine="jax")
    model.fit(texts, y)  # compiled once: tracing the memory of the compiler takes long
    tracemalloc.start()
    model.fit(texts, y).predict(texts)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.5 * texts.shape[0] * texts.shape[1] * 8


def test_the_columns_of_stored_numbers_that_are_not_finite():
    bad = FEW.copy()
    bad.data[bad.indices == bad.indices[0]] = np.nan
    with pytest.raises(ValueError, match=rf"nan or infinite, by column: {bad.indices[0]}: \d"):
        MLPClassifier((4,)).fit(bad, Y)


def test_the_scale_of_a_column_is_that_of_all_its_blocks(monkeypatch):
    monkeypatch.setattr("ellayer.estimators.examples.BLOCK_BYTES", 100)
    X = np.random.RandomState(0).randn(50, 3) * [1.0, -4.0, 0.0]
    X[49, 0], X[7, 1] = -9.0, 8.5
    for table in (X, np.asfortranarray(X), X.astype("float32"), sparse.csr_matrix(X)):
        np.testing.assert_array_equal(
            Examples(table, np.zeros((50, 1))).scale, abs(X.astype(table.dtype)).max(axis=0)
        )
