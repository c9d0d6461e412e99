"""What a run records, under which names, and as one row per epoch."""

from __future__ import annotations

import csv
import io
import math

import numpy as np
import pytest
from engine_cases import BATCH, BINARY, assert_same, problem

import ellayer
from ellayer.engine import History
from ellayer.engine.history import mean_epochs


def test_history_columns_rows_and_csv():
    X, Y = problem(BINARY)
    result = ellayer.train(
        BINARY, X, Y, num_iterations=12, record_every=5, batch_size=BATCH, validation=(X, Y),
        metrics={"accuracy": lambda AL, Y: np.mean((AL > 0.5) == Y)}, engine="numpy",
    )  # fmt: skip
    history = result.history
    assert list(history) == [
        "iteration", "loss", "mean_loss", "accuracy", "validation_loss", "validation_accuracy", "learning_rate",
        "gradient_norm", "seconds", "loop",
    ]  # fmt: skip
    assert sorted(history["seconds"]) == history["seconds"]
    assert 0 < history["seconds"][0] <= history["seconds"][-1] <= result.seconds
    assert history["accuracy"] == history["validation_accuracy"]
    assert history.final["iteration"] == 12
    rows = list(csv.DictReader(io.StringIO(history.to_csv())))
    assert len(rows) == len(history.rows()) == 3
    assert [float(row["loss"]) for row in rows] == result.costs
    assert rows[0]["loop"] == "numpy"
    assert history.rows()[2]["iteration"] == 10


def test_a_new_column_is_filled_and_rows_are_taken_back():
    history = History({"loss": [1.0, 2.0]})
    history.append({"loss": 3.0, "extra": 4.0})
    assert history["loss"] == [1.0, 2.0, 3.0]
    assert math.isnan(history["extra"][0])
    history["loss"].append(5.0)  # a row that was cut off
    history.truncate(3)
    assert len(history) == len(history["loss"]) == 3
    assert not History()


def test_the_names_of_earlier_versions_find_their_columns():
    X, Y = problem(BINARY)
    result = ellayer.train(
        BINARY, X, Y, num_iterations=9, batch_size=BATCH, validation=(X, Y), record_every=3
    )
    for older, name in {
        "cost": "loss",
        "mean_cost": "mean_loss",
        "validation_cost": "validation_loss",
    }.items():
        assert older in result.history
        assert older not in list(result.history)
        assert result.history[older] == result.history.get(older) == result.history[name]
    assert result.history.final["validation_cost"] == result.history.final["validation_loss"]
    assert History({"iteration": [0], "cost": [1.0]}, {"cost": 0.5}).rows() == [{"iteration": 0, "loss": 1.0}]


@pytest.mark.parametrize("monitor", ["loss", "validation_loss"])
def test_the_older_name_of_a_monitor_is_the_same(monitor):
    X, Y = problem(BINARY)
    options = {
        "num_iterations": 40,
        "validation": problem(BINARY, m=6, seed=1),
        "record_every": 2,
        "engine": "numpy",
    }
    now, then = (
        ellayer.train(BINARY, X, Y, monitor=name, **options)
        for name in (monitor, monitor.replace("loss", "cost"))
    )
    assert_same(now, then)


def test_a_run_as_epochs_and_the_mean_of_several():
    run = History(
        {"iteration": [0, 3], "loss": [9.0, 9.0], "mean_loss": [4.0, 2.0], "validation_loss": [5.0, 3.0],
         "learning_rate": [0.1, 0.1], "gradient_norm": [1.0, 1.0], "seconds": [0.5, 1.0]},
        {"validation_loss": 1.0},
    )  # fmt: skip
    table = run.epochs()
    assert (table["epoch"], table["loss"], table["validation_loss"]) == ([1, 2], [4.0, 2.0], [3.0, 1.0])
    assert run.epochs({"validation_score": [0.5, 0.6]})["validation_score"] == [0.5, 0.6]
    shorter = History({name: column[:1] for name, column in run.items()}, run.final)
    assert mean_epochs([run, shorter])["loss"] == [4.0]
    assert mean_epochs([run, run]) == table
    longer = History({"epoch": [1], "loss": [8.0]})
    longer.extend(table)
    assert longer["loss"] == [8.0, 4.0, 2.0]
    assert math.isnan(longer["validation_loss"][0])
