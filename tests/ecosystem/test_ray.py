"""ray: fits in its tasks and actors, and its processes behind joblib."""

from __future__ import annotations

import joblib
import numpy as np
import pytest
from sklearn.model_selection import cross_val_score

from ellayer import MLPClassifier, TabularClassifier

ray = pytest.importorskip("ray")

SMALL = {"epochs": 20, "hidden_layer_sizes": 16, "random_state": 0}


@pytest.fixture(scope="module", autouse=True)
def cluster():
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        configure_logging=False,
        object_store_memory=10**8,
    )
    yield
    ray.shutdown()


def test_a_task_and_an_object(table, labels):
    @ray.remote
    def fit(X, y):
        return TabularClassifier(1, **SMALL).fit(X, y)

    model = ray.get(fit.remote(ray.put(table), labels))
    expected = TabularClassifier(1, **SMALL).fit(table, labels)
    assert np.array_equal(model.predict_proba(table), expected.predict_proba(table))

    @ray.remote
    def predict(model, X):
        return model.predict(X)

    assert np.array_equal(ray.get(predict.remote(ray.put(model), table)), model.predict(table))


def test_cross_validation_on_its_workers(iris):
    from ray.util.joblib import register_ray

    X, y = iris
    register_ray()
    model = MLPClassifier(8, max_iter=20, random_state=0)
    with joblib.parallel_config("ray"):
        scores = cross_val_score(model, X, y, cv=3, n_jobs=2)
    assert np.array_equal(scores, cross_val_score(model, X, y, cv=3))
