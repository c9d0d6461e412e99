"""Networks trained by workers equal networks trained in turn, to the bit; and what happens when something goes wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path
from types import SimpleNamespace

import joblib
import numpy as np
import pytest
from engine_cases import BINARY, problem

import ellayer
from ellayer.core import Network
from ellayer.engine import Batches, DivergenceWarning, ahead
from ellayer.engine.step import Batch
from ellayer.engine.workers import Workers, job_count
from ellayer.errors import EllayerError, ParameterError

X, Y = problem(BINARY, m=60)
HELD = [problem(BINARY, m=m, seed=m) for m in (9, 14)]
CLASSES = Network([3, 5, 3], "tanh", "cross_entropy")
ONE_HOT = np.eye(3)[np.random.RandomState(0).randint(3, size=60)].T
COMMON = {"engine": "numpy", "learning_rate": [0.1, 0.3], "num_iterations": 40, "record_every": 5}
CASES = {
    "full batch": {},
    "mini-batches": {"batch_size": 16, "seed": [3, 4], "optimizer": "adam"},
    "one order": {"batch_size": 16, "dropout": [0.0, 0.4], "weight_decay": [0.1, 0.0], "optimizer": "adam"},
    "weights": {"sample_weight": np.random.RandomState(1).rand(2, 60), "l2": [0.0, 0.1]},
    "validation": {"validation": HELD, "restore_best": True, "batch_size": 16, "record_every": 4},
    "one validation set": {"validation": HELD[0], "patience": 2, "schedule": "cosine"},
    "patience of each": {"validation": HELD, "patience": 1, "learning_rate": [0.01, 40.0]},
    "the adaptive schedule": {"validation": HELD, "schedule": "adaptive"},
    "a ragged end": {"num_iterations": 43, "metrics": {"size": lambda AL, Y: float(AL.size)}},
}


@pytest.fixture(autouse=True)
def any_run_pays(monkeypatch):
    monkeypatch.setattr(ahead, "FEWEST_SECONDS", 0.0)


def assert_same(ours: list[ellayer.TrainingResult], theirs: list[ellayer.TrainingResult]) -> None:
    """The results are equal to the bit, but for the time that they took."""
    for one, other in zip(ours, theirs, strict=True):
        assert (one.stopped_by, one.engine, one.state.step) == (
            other.stopped_by,
            other.engine,
            other.state.step,
        )
        for name in one.parameters:
            np.testing.assert_array_equal(one.parameters[name], other.parameters[name])
            np.testing.assert_array_equal(one.state.parameters[name], other.state.parameters[name])
        assert set(one.history) == set(other.history)
        for name in set(one.history) - {"seconds"}:
            np.testing.assert_array_equal(one.history[name], other.history[name])
        assert one.history.final == other.history.final


@pytest.mark.parametrize("case", CASES)
def test_workers_give_the_same_bits(case, task_counts):
    options = COMMON | CASES[case]
    expected = ellayer.train_many(BINARY, X, Y, **options)
    assert not task_counts
    assert_same(ellayer.train_many(BINARY, X, Y, **options, n_jobs=2), expected)
    assert bool(task_counts) == (case != "the adaptive schedule")


def test_a_joint_score_callbacks_and_continuing(task_counts):
    def mean(outputs, targets, weights) -> float:
        return float(np.mean([abs(AL - Y).mean() for AL, Y in zip(outputs, targets, strict=True)]))

    def fit(**more):
        calls = []

        def stop(info) -> bool:
            calls.append((info.iteration, info.cost, info.states[1].optimizer_state["v"]["W1"].sum()))
            return info.iteration == 30

        options = {**COMMON, "optimizer": "adam", "validation": HELD, "joint_score": mean, "monitor": "validation_score",
                   "maximize": False, "schedule_length": 40}  # fmt: skip
        first = ellayer.train_many(BINARY, X, Y, **options, callbacks=[stop], **more)
        options["num_iterations"] = 10
        states = [result.state for result in first]
        return first, ellayer.train_many(BINARY, X, Y, **options, states=states, **more), calls

    (first, then, calls), (other, last, others) = fit(), fit(n_jobs=2)
    assert calls == others
    assert_same(other, first)
    assert_same(last, then)
    assert task_counts


def test_classes_in_float32_on_threads():
    options = {**COMMON, "dtype": "float32", "batch_size": 20, "optimizer": "adam"}
    expected = ellayer.train_many(CLASSES, X, ONE_HOT, **options)
    with joblib.parallel_config("threading", n_jobs=2):
        assert_same(ellayer.train_many(CLASSES, X, ONE_HOT, **options), expected)


def test_a_network_that_diverges():
    line = Network([3, 4, 1], "identity", "squared_error")
    options = {**COMMON, "learning_rate": [0.01, 1e9]}
    results = []
    for more in ({}, {"n_jobs": 2}):
        with pytest.warns(DivergenceWarning, match="network 1: the cost stopped being a finite number"):
            results.append(ellayer.train_many(line, X, Y, **options, **more))
    assert_same(*results)
    assert [result.stopped_by for result in results[0]] == ["iterations", "divergence"]


@pytest.mark.parametrize(("updates", "networks", "n_jobs", "pays"),
                         [(5, 2, 2, True), (4, 2, 2, False), (10, 1, 2, False), (5, 2, 1, False)])  # fmt: skip
def test_workers_pay_from_the_fewest_seconds_on(monkeypatch, updates, networks, n_jobs, pays):
    monkeypatch.setattr(ahead, "FEWEST_SECONDS", 10.0)
    monkeypatch.setattr(ahead, "step_seconds", lambda *arguments: 1.0)
    order = Batches(60, 16)
    data = SimpleNamespace(examples=Batch(X, Y, None), batch_orders=(order,), batches=order, dtype="float64")
    settings = SimpleNamespace(
        adaptive=None, stopping=SimpleNamespace(time_limit=None), config=None, values=[None] * networks, num_iterations=updates,
    )  # fmt: skip
    assert ahead.can_compute_ahead(settings, data, n_jobs) == pays


def test_what_workers_have_computed_is_not_computed_here(monkeypatch, task_counts):
    monkeypatch.setattr(ahead.LoopsAhead, "_advance_here", None)
    ellayer.train_many(BINARY, X, Y, **COMMON, n_jobs=2)
    assert task_counts


def test_a_run_that_is_too_short_stays_here(monkeypatch, task_counts):
    monkeypatch.setattr(ahead, "FEWEST_SECONDS", 10.0)
    ellayer.train_many(BINARY, X, Y, **COMMON, n_jobs=2)
    assert not task_counts


# Workers


def double(shared: int, value: int) -> int:
    if value < 0:
        raise ParameterError("value: expected one above 0", "value", "one above 0", value)
    if value == 7:
        warnings.warn("seven", UserWarning, stacklevel=1)
    return shared * value


def end(shared: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def threads(shared: int) -> tuple[str | None, str | None, int]:
    from threadpoolctl import threadpool_info

    used = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    return os.environ.get("NPROC"), os.environ.get("OMP_NUM_THREADS"), max(used)


def test_results_are_in_order_and_warnings_and_errors_arrive():
    done: list[int] = []
    with Workers(2, 10) as workers:
        with pytest.warns(UserWarning, match="seven"):
            assert workers.map(double, [(k,) for k in range(8)], done.append) == [10 * k for k in range(8)]
        assert workers.map(double, [(1,), (2,)]) == [10, 20]  # without the data on the way again
        with pytest.raises(ParameterError, match="expected one above 0") as caught:
            workers.map(double, [(1,), (-1,)])
    assert caught.value.parameter == "value"
    assert done == list(range(1, 9))


def test_a_killed_worker_is_a_named_error():
    with (
        pytest.raises(
            EllayerError, match="n_jobs: expected workers that end their tasks, but one was killed"
        ),
        Workers(2, 1) as workers,
    ):
        workers.map(end, [(), ()])


def test_threads_of_all_workers_are_as_many_as_cores(monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    with Workers(2, 1) as workers:
        for xla, blas, used in workers.map(threads, [(), ()]):
            assert xla == blas == str(max(1, joblib.cpu_count() // 2))
            assert used == int(blas)


@pytest.mark.parametrize("value", [0, True, 1.5, "two"])
def test_an_odd_number_of_jobs(value):
    with pytest.raises(EllayerError, match="n_jobs: expected None, an integer >= 1, or -1 for all cores"):
        ellayer.train_many(BINARY, X, Y, **COMMON, n_jobs=value)


def test_the_number_of_jobs_follows_joblib():
    assert job_count(None) == 1
    assert job_count(-1) == joblib.cpu_count()
    with joblib.parallel_config("threading", n_jobs=3):
        assert job_count(None) == 3


FIT = """
import numpy as np, ellayer, sys
from ellayer.engine import ahead
ahead.TASK_SECONDS = 0.2
X = np.random.RandomState(0).rand(20, 3000)
result = ellayer.train_many(ellayer.Network([20, 60, 1]), X, X[:1] > 0.5, learning_rate=[0.1, 0.2], num_iterations=10**7,
                            record_every=10, batch_size=100, engine="numpy", n_jobs=2,
                            progress=lambda info: print(info.iteration, flush=True))
print([one.stopped_by for one in result], len({one.state.step for one in result}))
"""


def children(pid: int) -> list[str]:
    """Return the commands of the processes that descend from a process or carry its number in their arguments."""
    listed = subprocess.run(["ps", "-eo", "pid,ppid,pgid,args"], capture_output=True, text=True, check=True)
    rows = [line.split(None, 3) for line in listed.stdout.splitlines()[1:]]
    return [row[3] for row in rows if int(row[2]) == pid and int(row[0]) != pid]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "killed"])
def test_no_worker_outlives_its_parent(tmp_path: Path, number: int):
    process = subprocess.Popen([sys.executable, "-c", FIT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               start_new_session=True, env={**os.environ, "TMPDIR": str(tmp_path)})  # fmt: skip
    try:
        assert process.stdout is not None
        for _ in range(60):  # a whole round, and the next has begun
            process.stdout.readline()
        assert len(children(process.pid)) >= 2
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal sends it
        else:
            process.send_signal(number)
        out, error = process.communicate(timeout=20)
        if number == signal.SIGINT:
            assert out.splitlines()[-1] == "['interrupted', 'interrupted'] 1", error
            assert "Traceback" not in error
        until = time.monotonic() + 10
        while (left := children(process.pid)) and time.monotonic() < until:
            time.sleep(0.1)
        assert not left
    finally:
        process.kill()
