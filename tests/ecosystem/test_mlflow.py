"""mlflow: a model in its default format, its signature, its server's function, and autolog."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import ellayer
from ellayer import MLPClassifier, TabularClassifier, TabularRegressor

mlflow = pytest.importorskip("mlflow")

TRUSTED = {"skops_trusted_types": ellayer.storage.trusted_types()}
SMALL = {"epochs": 20, "hidden_layer_sizes": 16, "random_state": 0}


@pytest.fixture
def tracking(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/runs.db")
    mlflow.set_experiment("networks")
    yield
    mlflow.sklearn.autolog(disable=True)
    if mlflow.active_run():
        mlflow.end_run()


def test_the_default_format(tracking, iris):
    X, y = iris
    model = MLPClassifier(8, max_iter=20, random_state=0).fit(X, y)
    with mlflow.start_run():
        signature = mlflow.models.infer_signature(X, model.predict(X))
        info = mlflow.sklearn.log_model(
            model, name="network", signature=signature, input_example=X[:2], **TRUSTED
        )
    again = mlflow.sklearn.load_model(info.model_uri)
    assert np.array_equal(again.predict_proba(X), model.predict_proba(X))
    served = mlflow.pyfunc.load_model(info.model_uri)
    assert np.array_equal(served.predict(X), model.predict(X))


@pytest.mark.parametrize("kind", [TabularClassifier, TabularRegressor])
def test_a_table_estimator(kind, tracking, table, labels, amounts):
    model = kind(n_members=1, **SMALL).fit(table, labels if kind is TabularClassifier else amounts)
    with mlflow.start_run():
        signature = mlflow.models.infer_signature(table, model.predict(table))
        info = mlflow.sklearn.log_model(model, name="table", signature=signature, **TRUSTED)
    served = mlflow.pyfunc.load_model(info.model_uri)
    assert np.array_equal(served.predict(table), model.predict(table))


def test_autolog(tracking, iris, table, labels):
    X, y = iris
    mlflow.sklearn.autolog(log_models=False)
    with mlflow.start_run() as run:
        MLPClassifier(8, max_iter=20, random_state=0).fit(X, y)
    assert mlflow.get_run(run.info.run_id).data.params == {}, (
        "mlflow patches scikit-learn's own classes alone"
    )
    with mlflow.start_run() as run:
        ellayer_log(TabularClassifier(1, **SMALL).fit(table, labels))
    data = mlflow.get_run(run.info.run_id).data
    assert data.params["epochs"] == "20"
    assert "validation_score" in data.metrics


def ellayer_log(model):
    """Log what autolog would: the recipe of the guide."""
    mlflow.log_params(model.get_params())
    mlflow.log_metric("validation_score", model.validation_score_)
    for epoch, loss in enumerate(model.history_["loss"]):
        mlflow.log_metric("loss", loss, step=epoch)


def test_a_model_file_as_an_artifact(tracking, iris, tmp_path):
    X, y = iris
    model = MLPClassifier(8, max_iter=20, random_state=0).fit(X, y)
    ellayer.save(model, "iris.ellayer")
    with mlflow.start_run() as run:
        mlflow.log_artifact("iris.ellayer")
    path = mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/iris.ellayer")
    assert np.array_equal(ellayer.load(path).predict(X), model.predict(X))


def test_nothing_of_ours_warns_in_the_tracking(tracking, iris):
    X, y = iris
    model = MLPClassifier(8, max_iter=20, random_state=0).fit(X, y)
    with warnings.catch_warnings(record=True) as caught, mlflow.start_run():
        warnings.simplefilter("always")
        mlflow.sklearn.load_model(mlflow.sklearn.log_model(model, name="network", **TRUSTED).model_uri)
    assert not [warning for warning in caught if "ellayer" in str(warning.category)]
