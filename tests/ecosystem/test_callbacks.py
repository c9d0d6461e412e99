"""Callbacks with the libraries that they write to."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import ellayer
from ellayer.callbacks import LivePlot, MLflow, TensorBoard

X = np.random.default_rng(0).standard_normal((2, 40))
Y = (X[:1] > 0).astype(int)
SETTINGS = {"num_iterations": 50, "record_every": 10, "seed": 1}


def run(callback):
    return ellayer.train(ellayer.Network([2, 3, 1]), X, Y, **SETTINGS, callbacks=[callback])


def test_tensorboard_reads_the_curves(tmp_path):
    pytest.importorskip("tensorboardX")
    reading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    result = run(TensorBoard(tmp_path / "logs", histograms=True))
    events = reading.EventAccumulator(str(tmp_path / "logs"))
    events.Reload()
    scalars = events.Scalars("loss")
    assert [event.step for event in scalars] == result.history["iteration"]
    assert [event.value for event in scalars] == pytest.approx(result.costs)
    assert set(events.Tags()["histograms"]) == set(result.parameters)


def test_mlflow_has_the_metrics_and_the_settings(tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/runs.db")
    with mlflow.start_run() as active:
        result = run(MLflow())
    client = mlflow.MlflowClient()
    metrics = client.get_metric_history(active.info.run_id, "loss")
    assert [metric.value for metric in metrics] == result.costs
    assert client.get_run(active.info.run_id).data.params["updates"] == "50"
    with mlflow.start_run() as active:
        model = ellayer.MLPClassifier(3, max_iter=5, tol=0.0, n_iter_no_change=99, callbacks=[MLflow()])
        with pytest.warns(match="Maximum iterations"):
            model.fit(X.T, Y.ravel())
    stored = client.get_run(active.info.run_id).data
    assert stored.params["max_iter"] == "5"
    assert stored.metrics["loss"] == pytest.approx(model.loss_)
    assert pickle.loads(pickle.dumps(model)).predict(X.T).shape == (40,)


def test_a_notebook_shows_the_curve():
    client = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    code = (
        "import numpy as np, ellayer\n"
        "from ellayer.callbacks import LivePlot\n"
        "X = np.random.default_rng(0).standard_normal((2, 40))\n"
        "ellayer.train(ellayer.Network([2, 3, 1]), X, (X[:1] > 0).astype(int), num_iterations=500, record_every=10,\n"
        "              callbacks=[LivePlot(every=0)])\n"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    client.NotebookClient(notebook, timeout=120).execute()
    outputs = notebook.cells[0].outputs
    shown = [output for output in outputs if output.output_type == "display_data"]
    assert len(shown) == 1
    assert "500 of 500 updates" in shown[0].data["text/html"]
    assert "<polyline" in shown[0].data["text/html"]
    assert "<polyline" in outputs[-1].data["text/html"], "the result shows its own curve"


def test_outside_a_notebook_the_plot_is_text(capsys):
    pytest.importorskip("IPython")
    run(LivePlot(every=0))
    assert "HTML" in capsys.readouterr().out
