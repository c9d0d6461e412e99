"""What ends a run, what it gives back then, and what callbacks and progress see."""

from __future__ import annotations

import itertools
import json
import time

import hypothesis.strategies as st
import numpy as np
import pytest
from engine_cases import (
    BATCH,
    BINARY,
    assert_parameters_close,
    assert_same,
    assert_same_parameters,
    by_hand,
    problem,
)
from hypothesis import example, given

import ellayer
from ellayer.core import L_model_forward, compute_cost
from ellayer.engine.events import Observers, Stopping, wants_to_stop

LOOPS = ("numpy", "jax+direct")
RATE = 0.9


def held_out() -> tuple[np.ndarray, np.ndarray]:
    """Return a set whose cost falls up to about 60 updates and rises as the 13 examples are learned by heart."""
    X_held, _ = problem(BINARY, m=60, seed=3)
    halfway = by_hand(BINARY, *problem(BINARY), RATE, 40).parameters[40]
    return X_held, (L_model_forward(X_held, halfway, BINARY)[0] > 0.5).astype(float)


HELD = held_out()


def stepped(costs_at: list[float]):
    """Return a metric that goes through given values, one per call."""
    values = iter(costs_at)
    return lambda AL, Y: next(values)


def validation_cost(parameters) -> float:
    AL, _ = L_model_forward(HELD[0], parameters, BINARY)
    return float(compute_cost(AL, HELD[1], BINARY))


@pytest.mark.parametrize("engine", LOOPS)
def test_patience_on_the_cost(engine):
    X, Y = problem(BINARY)
    options = {"learning_rate": 0.3, "record_every": 4, "engine": engine}
    costs = by_hand(BINARY, X, Y, 0.3, 200).costs[::4]
    best, waited, expected = costs[0], 0, None
    for row, cost in enumerate(costs[1:], start=1):
        waited = 0 if best - cost >= 0.02 else waited + 1
        best = min(best, cost)
        if waited == 3:
            expected = 4 * (row + 1)
            break
    result = ellayer.train(BINARY, X, Y, num_iterations=200, patience=3, tolerance=0.02, **options)
    assert result.stopped_by == "patience"
    assert result.state.step == expected < 200
    assert len(result.costs) == expected // 4


@pytest.mark.parametrize("engine", LOOPS)
def test_patience_on_a_metric_that_should_grow(engine):
    X, Y = problem(BINARY)
    metric = stepped([0.1, 0.5, 0.3, 0.5, 0.4, 0.0])
    result = ellayer.train(
        BINARY, X, Y, num_iterations=100, record_every=2, metrics={"score": metric}, monitor="score", patience=3,
        learning_rate=0.3, engine=engine,
    )  # fmt: skip
    assert result.stopped_by == "patience"
    assert result.history["score"] == [0.1, 0.5, 0.3, 0.5, 0.4]
    assert (result.state.best_value, result.state.best_step) == (0.5, 2)
    assert_parameters_close(result.parameters, by_hand(BINARY, X, Y, 0.3, 2).parameters[2], 1e-12)


def test_a_metric_that_should_fall():
    X, Y = problem(BINARY)
    metric = stepped([0.4, 0.1, 0.3, 0.2, 0.5])
    result = ellayer.train(
        BINARY,
        X,
        Y,
        num_iterations=8,
        record_every=2,
        metrics={"error": metric},
        monitor="error",
        maximize=False,
    )
    assert (result.state.best_value, result.state.best_step) == (0.1, 2)


def test_a_metric_undefined_at_first():
    X, Y = problem(BINARY)
    metric = stepped([np.nan, 0.2, 0.3, np.nan, 0.1])
    result = ellayer.train(
        BINARY,
        X,
        Y,
        num_iterations=8,
        record_every=2,
        metrics={"score": metric},
        monitor="score",
        engine="numpy",
    )
    assert result.state.best_value == 0.3


@pytest.mark.parametrize("engine", LOOPS)
def test_patience_on_the_validation_cost_gives_back_the_best(engine):
    X, Y = problem(BINARY)
    options = {
        "learning_rate": RATE,
        "num_iterations": 400,
        "record_every": 4,
        "engine": engine,
        "validation": HELD,
    }
    result = ellayer.train(BINARY, X, Y, patience=3, **options)
    assert result.stopped_by == "patience"
    column = result.history["validation_loss"]
    assert 0 < np.argmin(column) < len(column) - 1
    assert min(column) == result.state.best_value
    assert result.state.best_step == 4 * np.argmin(column)
    assert validation_cost(result.parameters) == pytest.approx(min(column), rel=1e-12)
    last = ellayer.train(BINARY, X, Y, patience=3, restore_best=False, **options)
    assert_same_parameters(last.parameters, last.state.parameters)
    assert validation_cost(last.parameters) > min(column)


def ways_out():
    """Every way a run may end, as options of ``train``."""

    def at_80(info):
        return info.iteration >= 80

    def ctrl_c(info):
        if info.iteration >= 80:
            raise KeyboardInterrupt

    def dawdle(info):
        time.sleep(0.01)

    return {
        "patience": {"patience": 8},
        "iterations": {"num_iterations": 96},
        "callback": {"callbacks": [at_80]},
        "interrupted": {"callbacks": [ctrl_c]},
        "interrupted in progress": {"progress": ctrl_c},
        "time": {"callbacks": [dawdle], "time_limit": 0.8},
    }


@pytest.mark.parametrize("batch_size", [None, BATCH])
@pytest.mark.parametrize("engine", LOOPS)
@pytest.mark.parametrize("way", ways_out())
def test_the_best_parameters_come_back_on_every_way_out(way, engine, batch_size):
    X, Y = problem(BINARY)
    options = {
        "learning_rate": RATE, "num_iterations": 100000, "record_every": 4, "restore_best": True, "engine": engine,
        "validation": HELD, "batch_size": batch_size, **ways_out()[way],
    }  # fmt: skip
    result = ellayer.train(BINARY, X, Y, **options)
    assert result.stopped_by == way.split()[0]
    column = result.history["validation_loss"]
    assert len(column) > 10
    assert min(column) < column[-1]
    assert validation_cost(result.parameters) == pytest.approx(min(column), rel=1e-12)
    assert validation_cost(result.state.parameters) > min(column)
    assert result.history.final["iteration"] == result.state.step


def test_the_last_parameters_may_be_the_best():
    X, Y = problem(BINARY)
    for engine in LOOPS:
        result = ellayer.train(
            BINARY, X, Y, learning_rate=0.1, num_iterations=10, restore_best=True, engine=engine
        )
        assert_same_parameters(result.parameters, result.state.parameters)
        assert result.state.best_step == 0  # of the records; the end is none
        assert result.history.final["loss"] < result.costs[-1]


@pytest.mark.parametrize("engine", LOOPS)
def test_mini_batches_keep_the_best_mean_cost(engine):
    X, Y = problem(BINARY)
    kept = {}
    options = {"learning_rate": 8.0, "batch_size": BATCH, "record_every": 3, "seed": 2, "engine": engine}
    result = ellayer.train(
        BINARY, X, Y, num_iterations=60, monitor="loss", callbacks=[lambda i: kept.update({i.iteration: i.parameters})],
        **options,
    )  # fmt: skip
    means = result.history["mean_loss"]
    best = int(np.argmin(means))
    assert best < len(means) - 1
    assert result.state.best_value == means[best]
    assert result.state.best_step == 3 * (best + 1)
    assert_same_parameters(result.parameters, kept[3 * (best + 1)])


def test_without_a_wish_the_last_parameters_come_back():
    X, Y = problem(BINARY)
    result = ellayer.train(
        BINARY, X, Y, learning_rate=RATE, num_iterations=200, record_every=4, validation=HELD
    )
    assert_same_parameters(result.parameters, result.state.parameters)
    assert result.state.best_parameters is None


@pytest.mark.parametrize("engine", LOOPS)
def test_time_limit(engine):
    X, Y = problem(BINARY)
    begin = time.perf_counter()
    result = ellayer.train(
        BINARY, X, Y, num_iterations=10**9, record_every=10**6, time_limit=0.6, engine=engine
    )
    assert result.stopped_by == "time"
    assert 0.6 <= result.seconds < 3
    assert time.perf_counter() - begin < 10
    assert result.state.step > 100


@pytest.mark.parametrize("engine", LOOPS)
def test_callbacks_see_the_run_and_may_stop_it(engine):
    X, Y = problem(BINARY)
    hand = by_hand(BINARY, X, Y, 0.3, 12)
    seen, seen_too = [], []

    def watch(info):
        seen.append((info.iteration, info.total, info.cost, len(info.history), info.state.step))
        step = info.iteration
        assert_parameters_close(info.parameters, hand.parameters[step], 1e-12)
        info.parameters["W1"][:] = 0  # a copy: nothing happens
        return step >= 12

    options = {"learning_rate": 0.3, "num_iterations": 23, "record_every": 4, "engine": engine}
    result = ellayer.train(
        BINARY, X, Y, callbacks=[watch, lambda info: seen_too.append(info.iteration)], **options
    )
    assert result.stopped_by == "callback"
    assert [row[:2] for row in seen] == [(4, 23), (8, 23), (12, 23)]
    assert [row[3:] for row in seen] == [(1, 4), (2, 8), (3, 12)]
    np.testing.assert_allclose([row[2] for row in seen], hand.costs[0:12:4], rtol=1e-12)
    assert seen_too == [4, 8, 12]
    assert_parameters_close(result.parameters, hand.parameters[12], 1e-12)


def test_callbacks_see_the_end_too():
    X, Y = problem(BINARY)
    seen = []
    ellayer.train(
        BINARY, X, Y, num_iterations=10, record_every=4, callbacks=[lambda info: seen.append(info.iteration)]
    )
    assert seen == [4, 8, 10]


@pytest.mark.parametrize(
    ("answer", "stops"),
    [(True, True), (np.True_, True), (False, False), (None, False), (1, False), ("yes", False)],
)
def test_only_true_stops(answer, stops):
    assert wants_to_stop(answer) == stops


@pytest.mark.parametrize("engine", LOOPS)
def test_progress_is_called_several_times_a_second(engine):
    X, Y = problem(BINARY)
    moments, steps = [time.perf_counter()], []

    def progress(info):
        moments.append(time.perf_counter())
        steps.append(info.iteration)
        assert info.total == 10**9
        assert np.isfinite(info.cost)

    ellayer.train(
        BINARY,
        X,
        Y,
        num_iterations=10**9,
        record_every=10**6,
        time_limit=1.5,
        progress=progress,
        engine=engine,
    )
    assert len(steps) >= 4
    assert steps == sorted(set(steps))
    assert np.median(np.diff(moments[1:])) < 0.5


@pytest.mark.parametrize("engine", LOOPS)
def test_errors_of_a_callback_come_through(engine):
    def broken(info):
        raise RuntimeError("no space left")

    with pytest.raises(RuntimeError, match="no space left"):
        ellayer.train(BINARY, *problem(BINARY), num_iterations=10, callbacks=[broken], engine=engine)


CTRL_C = """
import json, os, random, signal, sys, threading
sys.path.insert(0, ".")
import numpy as np
import ellayer
from engine_cases import BINARY, problem

X, Y = problem(BINARY)
report = []
for engine, extra in (
    ("numpy", {}),
    ("numpy", {"batch_size": 5}),
    ("numpy", {"batch_size": 5, "patience": 10**9, "record_every": 3}),
    ("jax+direct", {}),
    ("jax+direct", {"batch_size": 5, "patience": 10**9, "record_every": 3}),
):
    options = {"learning_rate": 0.01, "record_every": 100, "engine": engine, "restore_best": True, **extra}
    for moment in random.Random(1).sample(range(10, 80), 4):
        started = []

        def progress(info):
            if not started:
                started.append(True)
                threading.Timer(moment / 1000, os.kill, (os.getpid(), signal.SIGINT)).start()

        cut = ellayer.train(BINARY, X, Y, num_iterations=10**9, progress=progress, **options)
        whole = ellayer.train(BINARY, X, Y, num_iterations=cut.state.step, **options)
        both = [
            (result.costs, result.history.get("mean_loss"), result.state.waited, result.state.best_value,
             result.state.interval, sorted({len(column) for column in result.history.values()}),
             {k: theta.tolist() for k, theta in result.parameters.items()},
             {k: theta.tolist() for k, theta in result.state.parameters.items()})
            for result in (cut, whole)
        ]
        report.append([cut.stopped_by, cut.state.step > 0, both[0] == both[1]])
print(json.dumps(report))
"""


@pytest.mark.slow
def test_a_real_ctrl_c_gives_back_a_whole_state(run_python):
    """At whatever moment it comes, the result is that of a run of as many updates."""
    assert json.loads(run_python(CTRL_C)) == [["interrupted", True, True]] * 20


@pytest.mark.parametrize("engine", LOOPS)
@pytest.mark.parametrize("batch_size", [None, BATCH])
@pytest.mark.parametrize(
    "where",
    [
        "History.append",
        "Track.record",
        "Track._judge",
        "Run._save",
        "Track.close_interval",
        "Track.evaluate",
    ],
)
def test_ctrl_c_between_an_update_and_its_record(where, engine, batch_size, monkeypatch):
    """Updates, records and decisions fall back together to where all were whole."""
    from ellayer.engine import history, run, track

    X, Y = problem(BINARY)
    options = {
        "learning_rate": RATE,
        "record_every": 4,
        "patience": 90,
        "batch_size": batch_size,
        "engine": engine,
    }
    options |= {"validation": HELD, "schedule_length": 60}
    whole = ellayer.train(BINARY, X, Y, num_iterations=60, **options)
    owner, _, name = where.partition(".")
    owners = {"History": history.History, "Track": track.Track, "Run": run.Run}
    function, calls = getattr(owners[owner], name), []

    def interrupted(*arguments):
        calls.append(where)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return function(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(owners[owner], name, interrupted)
        cut = ellayer.train(BINARY, X, Y, num_iterations=60, **options)
    assert cut.stopped_by == "interrupted"
    assert len({len(column) for column in cut.history.values()}) == 1
    rest = ellayer.train(BINARY, X, Y, num_iterations=60 - cut.state.step, state=cut.state, **options)
    assert_same(whole, rest)


@pytest.mark.parametrize("engine", LOOPS)
def test_ctrl_c_takes_back_the_count_of_records_waited(engine, monkeypatch):
    """A record that is judged, and then taken back, is waited for once."""
    from ellayer.engine.run import Run

    X, Y = problem(BINARY)
    options = {"record_every": 2, "patience": 3, "metrics": {"error": lambda AL, Y: 1.0}, "monitor": "error",
               "engine": engine, "schedule_length": 20}  # fmt: skip
    whole = ellayer.train(BINARY, X, Y, num_iterations=20, **options)
    assert (whole.stopped_by, whole.state.step, whole.state.waited) == ("patience", 8, 3)
    save, calls = Run._save, []

    def interrupted(self):
        calls.append(self)
        if self.states()[0].waited == 2 and len(calls) > 1:
            raise KeyboardInterrupt
        save(self)

    with monkeypatch.context() as patch:
        patch.setattr(Run, "_save", interrupted)
        cut = ellayer.train(BINARY, X, Y, num_iterations=20, **options)
    assert cut.stopped_by == "interrupted"
    assert cut.state.waited == len(cut.history) - 1 == 1
    rest = ellayer.train(BINARY, X, Y, num_iterations=20 - cut.state.step, state=cut.state, **options)
    assert_same(whole, rest)


@pytest.mark.parametrize("engine", LOOPS)
def test_an_improvement_of_the_tolerance_itself_counts(engine):
    X, Y = problem(BINARY)
    options = {"num_iterations": 40, "record_every": 2, "monitor": "error", "maximize": False, "patience": 2,
               "tolerance": 0.25, "engine": engine}  # fmt: skip
    falls = ellayer.train(BINARY, X, Y, metrics={"error": stepped(list(np.arange(40, 0, -1) / 4))}, **options)
    assert falls.stopped_by == "iterations"
    slower = ellayer.train(
        BINARY, X, Y, metrics={"error": stepped(list(np.arange(40, 0, -1) / 8))}, **options
    )
    assert (slower.stopped_by, len(slower.history)) == ("patience", 3)


@pytest.mark.parametrize("hit", ["evaluate", "cost", "gradient_norm", "update"])
@pytest.mark.parametrize("at_record", [True, False])
def test_an_update_cut_in_the_middle_leaves_no_trace(hit, at_record, monkeypatch):
    """Ctrl-C between any two operations: the state and the records are those of whole updates."""
    from ellayer.engine import numpy_loop

    X, Y = problem(BINARY)
    options = {"learning_rate": 0.3, "record_every": 4, "engine": "numpy", "batch_size": BATCH}
    calls_wanted = {True: 9, False: 10}[at_record]
    function, calls = getattr(numpy_loop, hit), []
    if hit == "gradient_norm":
        calls_wanted = 3  # called at records only

    def interrupted(*arguments):
        calls.append(hit)
        if len(calls) == calls_wanted:
            raise KeyboardInterrupt
        return function(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(numpy_loop, hit, interrupted)
        cut = ellayer.train(BINARY, X, Y, num_iterations=20, **options)
    assert cut.stopped_by == "interrupted"
    step = 8 if hit == "gradient_norm" else calls_wanted - 1
    assert cut.state.step == step
    whole = ellayer.train(BINARY, X, Y, num_iterations=step, **options)
    assert_same_parameters(cut.parameters, whole.parameters)
    assert cut.costs == whole.costs
    assert cut.history["mean_loss"] == whole.history["mean_loss"]


@given(
    values=st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=12),
    tolerance=st.sampled_from([0.0, 1.0, 2.5]),
    maximize=st.booleans(),
)
@example(values=[0.0, 2.0], tolerance=2.5, maximize=True)  # higher, by less than the tolerance
def test_judging_by_its_definition(values, tolerance, maximize):
    stopping = Stopping(maximize=maximize, tolerance=tolerance)
    best, waited, sign = None, 0, -1 if maximize else 1
    for i, value in enumerate(values):
        better, waited = stopping.judge(value, best, waited)
        earlier = [sign * v for v in values[:i]]
        assert better == (not earlier or sign * value < min(earlier))
        if earlier:
            gain = min(earlier) - sign * value
            assert (waited == 0) == (gain >= tolerance if tolerance else gain > 0)
        best = value if better else best


class Patient:
    """A callback that asks to be called no more than every fourth record."""

    def __init__(self):
        self.seen: list[int] = []

    def records_ahead(self) -> int:
        return 4

    def __call__(self, info) -> None:
        self.seen.append(info.iteration)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_callback_that_can_wait_is_called_later_and_changes_nothing(loop):
    X, Y = problem(BINARY)
    settings = {
        "learning_rate": RATE,
        "num_iterations": 50,
        "batch_size": BATCH,
        "record_every": 3,
        "engine": loop,
    }
    patient = Patient()
    waited = ellayer.train(BINARY, X, Y, callbacks=[patient], **settings)
    plain = ellayer.train(BINARY, X, Y, **settings)
    assert_same_parameters(waited.parameters, plain.parameters)
    assert waited.history["mean_loss"] == plain.history["mean_loss"]
    assert patient.seen[-1] == 50
    assert all(iteration % 3 == 0 for iteration in patient.seen[:-1])
    assert len(patient.seen) < 17
    assert all(b - a <= 12 for a, b in itertools.pairwise(patient.seen))


def test_one_callback_that_cannot_wait_is_enough():
    patient = Patient()
    assert Observers([patient]).records_ahead() == 4
    assert Observers([patient, print]).records_ahead() == 1
    assert Observers().records_ahead() == 1
