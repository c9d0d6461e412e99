"""dask: its frames, and its processes behind joblib."""

from __future__ import annotations

import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from ellayer import MLPClassifier, TabularClassifier

dask = pytest.importorskip("dask")
frames = pytest.importorskip("dask.dataframe")
distributed = pytest.importorskip("distributed")

SMALL = {"epochs": 20, "hidden_layer_sizes": 16, "random_state": 0}


@pytest.fixture(scope="module")
def client():
    with distributed.Client(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
    ) as client:
        yield client


def test_a_frame(table, labels):
    frame = frames.from_pandas(table, npartitions=3)
    model = TabularClassifier(1, **SMALL).fit(frame, labels)
    expected = TabularClassifier(1, **SMALL).fit(table, labels)
    np.testing.assert_allclose(model.predict_proba(frame), expected.predict_proba(table), atol=1e-6)


def test_an_array(iris):
    arrays = pytest.importorskip("dask.array")
    X, y = iris
    model = MLPClassifier(8, max_iter=20, random_state=0).fit(arrays.from_array(X, chunks=50), y)
    assert np.array_equal(
        model.predict(X), MLPClassifier(8, max_iter=20, random_state=0).fit(X, y).predict(X)
    )


def test_a_search_on_its_workers(client, iris):
    X, y = iris
    search = GridSearchCV(MLPClassifier(8, max_iter=20, random_state=0), {"alpha": [0.0, 0.1]}, cv=2)
    with joblib.parallel_config("dask"):
        search.fit(X, y)
    assert (
        search.best_score_
        == search.__class__(search.estimator, search.param_grid, cv=2).fit(X, y).best_score_
    )


def test_a_fit_in_a_task(client, table, labels):
    model = client.submit(lambda: TabularClassifier(1, **SMALL).fit(table, labels)).result()
    expected = TabularClassifier(1, **SMALL).fit(table, labels)
    assert np.array_equal(model.predict_proba(table), expected.predict_proba(table))


def test_predictions_by_partition(table, labels):
    model = TabularClassifier(1, **SMALL).fit(table, labels)
    frame = frames.from_pandas(table, npartitions=3)
    predicted = frame.map_partitions(model.predict, meta=np.array([], dtype=object)).compute()
    assert np.array_equal(np.asarray(predicted), model.predict(table))
