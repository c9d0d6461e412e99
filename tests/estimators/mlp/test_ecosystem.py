"""The rest of scikit-learn's world: pipelines, searches, calibration, frames, processes."""

from __future__ import annotations

import io
import pickle

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multioutput import ClassifierChain
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ellayer import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FAST = {"hidden_layer_sizes": 12, "max_iter": 60, "learning_rate_init": 0.02, "random_state": 0}


def test_pipeline_and_search_with_two_processes(cancer):
    X, y = cancer
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(**FAST))
    grid = {"mlpclassifier__dropout": [0.0, 0.2], "mlpclassifier__activation": ["relu", "leaky_relu(0.1)"]}
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2).fit(X, y)
    assert search.best_score_ > 0.94
    assert search.transform(X).shape == (569, 12)


def test_cross_validation_and_calibration(cancer):
    X, y = cancer
    assert cross_val_score(MLPClassifier(**FAST), X, y, cv=3).min() > 0.94
    calibrated = CalibratedClassifierCV(MLPClassifier(**FAST), cv=2).fit(X, y)
    assert calibrated.score(X, y) > 0.95
    assert ClassifierChain(MLPClassifier(**FAST)).fit(X, np.c_[y, 1 - y]).predict(X).shape == (569, 2)


def test_hidden_units_as_features(iris):
    X, y = iris
    model = make_pipeline(MLPClassifier(**FAST), LogisticRegression()).fit(X, y)
    assert model.score(X, y) > 0.95


def test_permutation_importance(line):
    X, Y = line
    model = MLPRegressor(**FAST).fit(np.c_[X, np.zeros(len(X))], Y[:, 0])
    importances = permutation_importance(
        model, np.c_[X, np.zeros(len(X))], Y[:, 0], n_repeats=2, random_state=0
    )
    assert importances.importances_mean[-1] == 0
    assert importances.importances_mean.max() > 0.1


def test_clone_keeps_everything_asked_for():
    model = MLPClassifier(
        activation=["relu", "tanh"], class_weight={0: 2.0}, callbacks=[print], dropout=[0.1, 0.2]
    )
    assert clone(model).get_params() == model.get_params()
    assert "dropout=[0.1, 0.2]" in repr(model)


def test_pickle_and_joblib(iris):
    X, y = iris
    model = MLPClassifier(**FAST, batch_size=20, warm_start=True).fit(X, y)
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    for again in (pickle.loads(pickle.dumps(model)), joblib.load(file)):
        np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
        again.fit(X, y)
    np.testing.assert_array_equal(again.coefs_[0], model.fit(X, y).coefs_[0])


@pytest.mark.parametrize(
    "frame", [pd.DataFrame, lambda X, columns: pl.DataFrame(X, schema=columns)], ids=["pandas", "polars"]
)
def test_frames(frame, iris):
    X, y = iris
    table = frame(X, columns=["a", "b", "c", "d"])
    model = MLPClassifier(**FAST).fit(table, y)
    assert list(model.feature_names_in_) == ["a", "b", "c", "d"]
    np.testing.assert_allclose(model.predict_proba(table), MLPClassifier(**FAST).fit(X, y).predict_proba(X))
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame(X, columns=["a", "b", "d", "c"]))
    scored = MLPClassifier(**FAST, early_stopping=True, monitor="f1_macro").fit(table, y)
    assert scored.validation_scores_


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_set_output(kind, iris):
    X, y = iris
    model = MLPClassifier(**{**FAST, "hidden_layer_sizes": (12, 7)}).set_output(transform=kind).fit(X, y)
    assert model.transform(X).shape == (150, 7)
    assert list(model.transform(X, layer=1).columns)[-1] == "mlpclassifier11"
    assert model.transform(X, layer=-1).shape == (150, 3)


@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csc_matrix, sparse.coo_array])
def test_sparse(kind, iris):
    X, y = iris
    X = np.where(np.abs(X) > 0.5, X, 0.0)
    model = MLPClassifier(**FAST).fit(kind(X), y)
    np.testing.assert_allclose(model.predict_proba(kind(X)), MLPClassifier(**FAST).fit(X, y).predict_proba(X))
    assert model.partial_fit(kind(X), y).transform(kind(X)).shape == (150, 12)


def test_very_many_rows_go_through_in_blocks(iris, monkeypatch):
    X, y = iris
    model = MLPClassifier(**FAST).fit(X, y)
    whole = model.predict_proba(X)
    monkeypatch.setattr("ellayer.core.inference.NUMBERS_AT_ONCE", 200)
    np.testing.assert_allclose(model.predict_proba(X), whole, rtol=1e-12)
    np.testing.assert_allclose(model.predict_proba(sparse.csr_array(X)), whole, rtol=1e-12)


def test_metadata_routing(iris):
    X, y = iris
    weights = np.linspace(0.1, 1.0, 150)
    with sklearn.config_context(enable_metadata_routing=True):
        model = MLPClassifier(**FAST).set_fit_request(sample_weight=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
        pipeline.fit(X, y, sample_weight=weights)
    expected = MLPClassifier(**FAST).fit(StandardScaler().fit_transform(X), y, sample_weight=weights)
    np.testing.assert_allclose(pipeline[-1].coefs_[0], expected.coefs_[0])


def test_odd_labels_and_targets(iris):
    X, y = iris
    for labels in (
        y.astype(float) + 0.0,
        y > 0,
        np.array(["x", "yy", "z"], dtype=object)[y],
        list(map(str, y)),
    ):
        model = MLPClassifier(**FAST).fit(X, labels)
        assert (model.predict(X) == np.asarray(labels)).mean() > 0.9
    flags = sparse.csr_matrix(np.c_[y > 0, y > 1].astype(int))
    assert sparse.issparse(MLPClassifier(**FAST).fit(X, flags).predict(X))
    with pytest.warns(sklearn.exceptions.DataConversionWarning):
        MLPClassifier(**FAST).fit(X, y.reshape(-1, 1))
