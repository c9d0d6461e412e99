"""A fit in two processes: the model of one process up to rounding, and to the bit whatever happens to the workers."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest
from disturbances import SETTINGS, Disturber, fit, parameters, table, write_parts

import ellayer
from ellayer import EllayerError, TabularClassifier
from ellayer.distributed import initialize, shutdown
from ellayer.runs.checkpoints import CHECKPOINT
from ellayer.runs.group_run import train_in_group
from ellayer.runs.supervisor import GroupOptions, train_in_processes

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("plain_workers")]
EPOCHS = 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_parts(tmp_path_factory.mktemp("disturbed"))


@pytest.fixture(scope="module")
def calm(folder, plain_workers):
    return fit(folder, folder / "calm", EPOCHS)[0]


@pytest.fixture
def alone():
    yield initialize()
    shutdown()


def test_two_processes_equal_one_within_rounding(folder, calm, alone):
    settings = {**SETTINGS, "source": str(folder / "whole.parquet"), "epochs": EPOCHS}
    one = train_in_group(settings, folder / "one")
    assert one is not None
    first, second = parameters(one), parameters(calm)
    assert {*first} == {*second}
    for name in first:
        assert np.allclose(first[name], second[name], rtol=0, atol=1e-4), name
    assert one.summary["rows"] == calm.summary["rows"]
    assert calm.summary["settings"]["processes"] == 2
    engines = [ellayer.load(run.path / "model.ellayer").engine_ for run in (one, calm)]
    assert engines == ["jax", "jax, 2 processes"]


def test_a_killed_and_a_stopped_worker_change_no_bit(folder, calm):
    disturber = Disturber([signal.SIGSTOP, signal.SIGKILL], folder / "wild" / CHECKPOINT)
    wild, texts = fit(folder, folder / "wild", EPOCHS, disturber, limit=6.0)
    assert disturber.sent == 2
    assert wild.restarts == len(texts) >= 2
    first, second = parameters(calm), parameters(wild)
    for name in first:
        assert np.array_equal(first[name], second[name]), name
    assert wild.summary["scores"] == calm.summary["scores"]
    assert {path.name for path in wild.path.iterdir()} == {path.name for path in calm.path.iterdir()}
    assert not list(folder.glob(".*"))


def test_parts_that_differ_are_one_message_and_leave_nothing(tmp_path):
    parts = tmp_path / "parts"
    parts.mkdir()
    table().write_parquet(parts / "a.parquet")
    table().drop("w").write_parquet(parts / "b.parquet")
    numbers: list[int] = []
    options = GroupOptions(2, on_start=numbers.extend)
    with pytest.raises(
        EllayerError,
        match=r"process 1: .*b\.parquet lacks 'w', unlike .*a\.parquet|^expected the same columns",
    ):
        train_in_processes({**SETTINGS, "source": str(parts)}, options, tmp_path / "new" / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["parts"]
    for number in numbers:
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)


def test_an_estimator_takes_the_rows_of_its_process(alone):
    frame = table()
    options = {"n_members": 1, "epochs": 2, "hidden_layer_sizes": [4], "random_state": 0}
    model = TabularClassifier(**options).fit(frame.drop("y"), frame["y"].to_numpy())
    assert model.engine_ == "jax"
    assert model.score(frame.drop("y"), frame["y"].to_numpy()) > 0.6
    with pytest.raises(EllayerError, match="expected a polars or pandas frame"):
        TabularClassifier(**options).fit(np.ones((4, 2)), [0, 1, 0, 1])
    with pytest.raises(EllayerError, match="sample_weight: expected None in a group of processes"):
        TabularClassifier(**options).fit(frame.drop("y"), frame["y"].to_numpy(), np.ones(900))
