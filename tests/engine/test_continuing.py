"""A run that is continued equals one that never stopped, bit for bit."""

from __future__ import annotations

import copy

import hypothesis.strategies as st
import numpy as np
import pytest
from engine_cases import BATCH, BINARY, M, assert_same, assert_same_parameters, problem
from hypothesis import given, settings

import ellayer
from ellayer.core import Network

WIDE = Network([60, 4, 1], "tanh")
TOTAL = 40
HELD = problem(BINARY, m=6, seed=1)
SETTINGS = {
    "full batch": {"learning_rate": 0.3},
    "mini-batches": {"learning_rate": 0.3, "batch_size": BATCH},
    "dropout and weights": {
        "learning_rate": 0.3,
        "batch_size": BATCH,
        "dropout": [0.2, 0.4],
        "sample_weight": np.linspace(0, 2, M),
    },
    "adam and cosine": {
        "optimizer": "adam",
        "learning_rate": 0.02,
        "batch_size": BATCH,
        "schedule": "cosine",
    },
    "patience on the cost": {"learning_rate": 0.3, "patience": 4, "tolerance": 0.02},
    "patience on the mean cost": {
        "learning_rate": 0.05,
        "patience": 4,
        "tolerance": 0.02,
        "batch_size": BATCH,
        "dropout": 0.4,
    },
    "patience on validation": {"learning_rate": 0.9, "patience": 3, "validation": HELD, "batch_size": BATCH},
    "best of a metric": {
        "learning_rate": 0.9,
        "monitor": "validation_hits",
        "validation": HELD,
        "metrics": {"hits": lambda AL, Y: np.mean((AL > 0.5) == Y)},
    },
    "adaptive": {"learning_rate": 0.3, "schedule": "adaptive(0.5, 2)", "tolerance": 0.02},
    "adaptive on mini-batches": {
        "optimizer": "nesterov",
        "learning_rate": 0.3,
        "schedule": "adaptive(0.5, 2)",
        "tolerance": 0.02,
        "batch_size": BATCH,
    },
}
COMPILED = ("full batch", "dropout and weights", "adam and cosine", "patience on validation", "adaptive")
STOPS = [(20,), (13,), (5, 6, 23), (0, 4, 8, 12)]  # at records, in mid-interval, in mid-epoch


def in_parts(network, X, Y, stops, **options):
    """Train to TOTAL with a stop at each of ``stops``."""
    state, done = None, 0
    for stop in (*stops, TOTAL):
        result = ellayer.train(network, X, Y, num_iterations=stop - done, state=state, **options)
        if result.stopped_by != "iterations":
            break
        state, done = result.state, stop
    return result


def check(network, X, Y, stops, **options):
    """Compare the parts with the whole."""
    options = {"record_every": 4, "schedule_length": TOTAL, **options}
    whole = ellayer.train(network, X, Y, num_iterations=TOTAL, **options)
    parts = in_parts(network, X, Y, stops, **options)
    assert whole.stopped_by == parts.stopped_by
    assert_same(whole, parts)
    return whole


@pytest.mark.parametrize("stops", STOPS)
@pytest.mark.parametrize("name", SETTINGS)
def test_on_numpy(name, stops):
    X, Y = problem(BINARY)
    whole = check(BINARY, X, Y, stops, engine="numpy", **SETTINGS[name])
    if "patience" in name:
        assert whole.stopped_by == "patience"  # or the test would show nothing
    if "adaptive" in name:
        assert whole.state.rate_scale < 1


@pytest.mark.parametrize("name", COMPILED)
def test_compiled(name):
    X, Y = problem(BINARY)
    for stops in STOPS:
        check(BINARY, X, Y, stops, engine="jax+direct", **SETTINGS[name])


@pytest.mark.parametrize("engine", ["numpy+wide", "jax+wide"])
def test_wide_with_momentum(engine):
    X, Y = problem(WIDE, m=7)
    for stops in STOPS[1:]:
        whole = check(
            WIDE, X, Y, stops, engine=engine, optimizer="momentum", learning_rate=0.05, l2=0.1, patience=30
        )
        assert whole.engine == engine.replace("+", " ")
    assert whole.state.optimizer_state["v"]["W1"].shape == (4, 7 + 4)


def test_wide_goes_on_wide_by_itself_and_direct_direct():
    X, Y = problem(WIDE, m=7)
    part = ellayer.train(WIDE, X, Y, num_iterations=3, engine="numpy+wide")
    assert ellayer.train(WIDE, X, Y, num_iterations=3, state=part.state).engine == "numpy wide"
    network = Network([3000, 20, 1])
    X, Y = problem(network, m=20)
    part = ellayer.train(network, X, Y, num_iterations=1, engine="numpy+direct")
    assert (
        ellayer.train(network, X, Y, num_iterations=100, state=part.state, engine="numpy").engine == "numpy"
    )


@pytest.mark.parametrize("engine", ["numpy+direct", "jax+direct", "numpy+wide"])
def test_in_float32(engine):
    X, Y = problem(WIDE, m=7, dtype="float32")
    whole = check(WIDE, X, Y, (13,), engine=engine, optimizer="momentum", learning_rate=0.05)
    assert whole.parameters["W1"].dtype == np.float32


def test_a_rule_of_optax():
    X, Y = problem(BINARY)
    check(BINARY, X, Y, (13,), optimizer="adagrad", batch_size=BATCH)


@settings(deadline=None, max_examples=40)
@given(
    stops=st.lists(st.integers(0, TOTAL), max_size=4).map(sorted),
    batch_size=st.sampled_from([None, 4, 5, 13]),
    record_every=st.integers(1, 9),
    patience=st.one_of(st.none(), st.integers(1, 4)),
    validated=st.booleans(),
    schedule=st.sampled_from([None, "one_cycle", "adaptive(0.5, 2)"]),
    optimizer=st.sampled_from(["gd", "velocity", "rmsprop", "adamw"]),
    seed=st.integers(0, 99),
)
def test_any_run_stopped_anywhere(
    stops, batch_size, record_every, patience, validated, schedule, optimizer, seed
):
    X, Y = problem(BINARY)
    check(
        BINARY, X, Y, stops, engine="numpy", learning_rate=0.05, batch_size=batch_size, record_every=record_every,
        patience=patience, tolerance=1e-3, validation=HELD if validated else None, schedule=schedule,
        optimizer=optimizer, seed=seed, dropout=0.2,
    )  # fmt: skip


@pytest.mark.parametrize("engine", ["numpy", "jax+direct"])
@pytest.mark.parametrize("stopper", ["callback", "progress"])
def test_after_ctrl_c(engine, stopper):
    """Interrupted wherever a user's function may be, the run goes on as if nothing had been."""
    X, Y = problem(BINARY)
    options = {
        "learning_rate": 0.9, "batch_size": BATCH, "record_every": 4, "patience": 3, "validation": HELD,
        "schedule_length": TOTAL, "engine": engine,
    }  # fmt: skip
    whole = ellayer.train(BINARY, X, Y, num_iterations=TOTAL, **options)

    def interrupt(info):
        if info.iteration >= 8:
            raise KeyboardInterrupt

    hook = {"callbacks": [interrupt]} if stopper == "callback" else {"progress": interrupt}
    cut = ellayer.train(BINARY, X, Y, num_iterations=TOTAL, **options, **hook)
    assert cut.stopped_by == "interrupted"
    assert 8 <= cut.state.step < TOTAL
    rest = ellayer.train(BINARY, X, Y, num_iterations=TOTAL - cut.state.step, state=cut.state, **options)
    assert_same(whole, rest)


def test_a_callback_may_keep_the_state():
    X, Y = problem(BINARY)
    options = {"optimizer": "adam", "batch_size": BATCH, "record_every": 4, "engine": "numpy"}
    kept = []
    whole = ellayer.train(
        BINARY, X, Y, num_iterations=TOTAL, callbacks=[lambda info: kept.append(info.state)], **options
    )
    assert [state.step for state in kept] == list(range(4, TOTAL + 1, 4))
    rest = ellayer.train(BINARY, X, Y, num_iterations=TOTAL - 12, state=kept[2], **options)
    assert_same(whole, rest)


def test_continuing_leaves_the_given_state_alone():
    X, Y = problem(BINARY)
    options = {"optimizer": "momentum", "learning_rate": 0.3, "record_every": 4, "patience": 9}
    for engine in ("numpy", "jax+direct"):
        first = ellayer.train(BINARY, X, Y, num_iterations=10, engine=engine, **options)
        before = copy.deepcopy(first.state)
        again = ellayer.train(BINARY, X, Y, num_iterations=10, engine=engine, state=first.state, **options)
        for theta in again.parameters.values():
            theta += 1.0
        assert_same_parameters(first.state.parameters, before.parameters)
        assert_same_parameters(first.state.best_parameters, before.best_parameters)
        assert_same_parameters(first.state.optimizer_state["v"], before.optimizer_state["v"])
        assert first.state.history == before.history
        assert again.state.step == 20


def test_the_rate_may_change_between_the_parts():
    X, Y = problem(BINARY)
    first = ellayer.train(BINARY, X, Y, num_iterations=5, learning_rate=0.3, record_every=5)
    second = ellayer.train(
        BINARY, X, Y, num_iterations=5, learning_rate=0.1, record_every=5, state=first.state
    )
    assert second.history["learning_rate"] == [0.3, 0.1]
    assert second.costs[0] == first.costs[0]


def test_a_float32_state_goes_on_in_float64():
    X, Y = problem(BINARY)
    first = ellayer.train(BINARY, X, Y, num_iterations=5, optimizer="adam", dtype="float32")
    for engine in ("numpy", "jax+direct"):
        second = ellayer.train(
            BINARY, X, Y, num_iterations=5, optimizer="adam", state=first.state, engine=engine
        )
        assert second.parameters["W1"].dtype == np.float64
        assert second.state.optimizer_state["s"]["W1"].dtype == np.float64


def test_what_does_not_fit_the_state_is_refused():
    X, Y = problem(WIDE, m=7)
    direct = ellayer.train(WIDE, X, Y, num_iterations=5, optimizer="momentum", engine="numpy+direct").state
    wide = ellayer.train(WIDE, X, Y, num_iterations=5, optimizer="momentum", engine="numpy+wide").state
    options = {"num_iterations": 5, "optimizer": "momentum"}
    with pytest.raises(
        ValueError, match=r"state.parameters\['W1'\]: expected shape \(5, 60\), received \(4, 60\)"
    ):
        ellayer.train(Network([60, 5, 1]), X, Y, state=direct, **options)
    with pytest.raises(ValueError, match="state: expected the optimizer state of 'adam'"):
        ellayer.train(WIDE, X, Y, state=direct, num_iterations=5, optimizer="adam")
    with pytest.raises(ValueError, match="not 'wide'"):
        ellayer.train(WIDE, X, Y, state=direct, engine="wide", **options)
    with pytest.raises(ValueError, match="continues only so"):
        ellayer.train(WIDE, X, Y, state=wide, engine="direct", **options)
    with pytest.raises(ValueError, match="continues only so"):
        ellayer.train(WIDE, X, Y, state=wide, batch_size=3, **options)
    with pytest.raises(ValueError, match="expected the same X"):
        ellayer.train(WIDE, X[:, :5], Y[:, :5], state=wide, **options)
    with pytest.raises(ValueError, match="expected the same X"):
        ellayer.train(WIDE, X[:, ::-1], Y[:, ::-1], state=wide, **options)
