"""Callbacks: each record once, in several runs, in the engine and in an estimator."""

from __future__ import annotations

import csv

import numpy as np
import pytest

import ellayer
from ellayer.callbacks import CSV, Checkpoint, LivePlot, MLflow, TensorBoard
from ellayer.callbacks.records import NewRecords

X = np.random.default_rng(0).standard_normal((2, 40))
Y = (X[:1] > 0).astype(int)
NETWORK = ellayer.Network([2, 3, 1])


def run(callback, updates=50, every=10):
    return ellayer.train(NETWORK, X, Y, num_iterations=updates, record_every=every, callbacks=[callback])


def rows_of(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_record_comes_once_and_a_second_run_starts_again():
    records, seen = NewRecords(), []
    for updates in (50, 20):
        run(lambda info: seen.extend(step for step, _ in records.of(info)), updates)
    assert seen == [0, 10, 20, 30, 40, 0, 10]


def test_the_file_has_the_history_of_the_run(tmp_path):
    log = CSV(tmp_path / "log.csv")
    result = run(log)
    assert log.path.read_text() == result.history.to_csv()
    shorter = run(log, 20)
    assert log.path.read_text() == shorter.history.to_csv()


def test_the_file_can_be_read_while_the_run_goes_on(tmp_path):
    log, lengths = CSV(tmp_path / "log.csv"), []
    ellayer.train(NETWORK, X, Y, num_iterations=30, record_every=10,
                  callbacks=[log, lambda info: lengths.append(len(rows_of(log.path)))])  # fmt: skip
    assert lengths[:3] == [1, 2, 3]


def test_an_estimator_takes_them(tmp_path):
    log = CSV(tmp_path / "log.csv")
    model = ellayer.MLPClassifier(3, max_iter=5, callbacks=[log, Checkpoint(tmp_path / "fit.checkpoint")])
    with pytest.warns(match="Maximum iterations"):
        model.fit(X.T, Y.ravel())
    assert [float(row["loss"]) for row in rows_of(log.path)] == pytest.approx(model.loss_curve_)
    assert (tmp_path / "fit.checkpoint").exists()


@pytest.mark.parametrize(
    ("callback", "package"),
    [(lambda: TensorBoard("logs"), "tensorboardX"), (MLflow, "mlflow"), (LivePlot, "IPython")],
)
def test_a_missing_library_is_named(callback, package, monkeypatch):
    monkeypatch.setattr("ellayer.callbacks.records.find_spec", lambda name: None)
    with pytest.raises(ellayer.EllayerError, match=f"pip install {package}"):
        callback()
