"""train_many equals train: for every setting, on every way out, and for every wrong argument."""

from __future__ import annotations

import inspect
import time
import warnings
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from engine_cases import BINARY, assert_parameters_close, problem
from hypothesis import HealthCheck, given, settings
from test_train_input import DATA, OPTIONS

import ellayer
from ellayer.core import Network
from ellayer.engine import DivergenceWarning, TrainState

M = 24
TOTAL = 48
X, Y = problem(BINARY, m=M)
HELD = problem(BINARY, m=9, seed=1)
LINEAR = Network([3, 4, 1], "identity", "squared_error")
PER_NETWORK = ("learning_rate", "l2", "l1", "weight_decay", "dropout", "seed")
METRICS = {"error": lambda AL, Y: float(np.abs(AL - Y).mean())}


def score(AL, Y, weights) -> float:
    return float(np.average(np.abs(AL - Y)[0], weights=None if weights is None else weights[0]))


def own(options: dict[str, Any], k: int) -> dict[str, Any]:
    """Return the options of network k alone."""
    alone = {name: value[k] if name in PER_NETWORK else value for name, value in options.items()}
    if isinstance(options.get("validation"), list):
        alone["validation"] = options["validation"][k]
    weights = options.get("sample_weight")
    if weights is not None and weights.ndim == 2:
        alone["sample_weight"] = weights[k]
    return alone


def assert_equal(one: ellayer.TrainingResult, alone: ellayer.TrainingResult, tolerance: float = 1e-9) -> None:
    """Two results are equal within rounding: parameters, histories, ends and all that continuing needs."""
    close = {"rtol": tolerance, "atol": tolerance}
    assert one.stopped_by == alone.stopped_by
    assert set(one.history) == set(alone.history)
    for name in set(one.history) - {"seconds", "loop"}:
        np.testing.assert_allclose(one.history[name], alone.history[name], err_msg=name, **close)
    assert set(one.history.final) == set(alone.history.final)
    for name, value in alone.history.final.items():
        np.testing.assert_allclose(one.history.final[name], value, err_msg=name, **close)
    np.testing.assert_allclose(one.costs, alone.costs, **close)
    assert_parameters_close(one.parameters, alone.parameters, tolerance)
    a, b = one.state, alone.state
    assert_parameters_close(a.parameters, b.parameters, tolerance)
    assert (a.step, a.seed, a.best_step, a.waited) == (b.step, b.seed, b.best_step, b.waited)
    assert a.stopped_by == b.stopped_by
    assert (a.best_value is None, a.best_parameters is None) == (
        b.best_value is None,
        b.best_parameters is None,
    )
    np.testing.assert_allclose([a.rate_scale, *a.interval], [b.rate_scale, *b.interval], **close)
    if a.best_value is not None:
        np.testing.assert_allclose(a.best_value, b.best_value, **close)
    if a.best_parameters is not None:
        assert_parameters_close(a.best_parameters, b.best_parameters, tolerance)
    assert set(a.history) == set(b.history)


@st.composite
def options_of_three(draw, network: Network = BINARY) -> dict[str, Any]:
    """Draw options of three networks; few sets of switches, so that few programs are compiled."""
    rate = st.floats(0.01, 1.0)
    rich = draw(st.booleans())
    three = lambda values: st.tuples(values, values, values).map(list)  # noqa: E731
    options: dict[str, Any] = {
        "learning_rate": draw(three(rate)),
        "seed": draw(three(st.integers(0, 3))),
        "batch_size": draw(st.sampled_from([None, 10])),
        "record_every": draw(st.integers(1, 9)),
        "schedule": draw(st.sampled_from([None, "cosine", "adaptive(0.5, 2)"])),
        "validation": draw(st.sampled_from([None, HELD, "own"])),
    }
    if options["validation"] == "own":
        options["validation"] = [problem(network, m=7, seed=seed) for seed in (4, 5, 6)]
    if rich:
        options |= {
            "optimizer": "momentum",
            "learning_rate": [value / 10 for value in options["learning_rate"]],
            "l2": draw(three(st.floats(0.1, 1.0))),
            "l1": draw(three(st.floats(0.1, 1.0))),
            "weight_decay": draw(three(st.floats(0.01, 0.1))),
            "dropout": draw(three(st.floats(0.1, 0.5))),
            "learning_rate_factors": {"b": draw(st.floats(0.1, 2.0))},
            "sample_weight": 1.0 + np.arange(3 * M).reshape(3, M) % 5,
        }  # fmt: skip
    if draw(st.booleans()):
        options["metrics"] = METRICS
        options["score"] = score if options["validation"] is not None else None
    monitors = [None, "loss", *(["error"] if "metrics" in options else [])]
    if options["validation"] is not None:
        monitors += [
            "validation_loss",
            *(["validation_error", "validation_score"] if "metrics" in options else []),
        ]
    options["monitor"] = draw(st.sampled_from(monitors))
    options["maximize"] = False
    options["restore_best"] = draw(st.sampled_from([None, True, False]))
    return options


law = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])


@law
@given(options=options_of_three(), total=st.integers(0, TOTAL))
def test_to_the_last_iteration(options, total):
    options |= {"num_iterations": total}
    for k, one in enumerate(ellayer.train_many(BINARY, X, Y, **options)):
        assert_equal(one, ellayer.train(BINARY, X, Y, engine="numpy", **own(options, k)))


@law
@given(
    options=options_of_three(),
    patience=st.integers(1, 4),
    tolerance=st.sampled_from([1e-3, 0.02, 0.1]),
)
def test_until_patience_is_over(options, patience, tolerance):
    options |= {"num_iterations": 2 * TOTAL, "patience": patience, "tolerance": tolerance}
    for k, one in enumerate(ellayer.train_many(BINARY, X, Y, **options)):
        assert_equal(one, ellayer.train(BINARY, X, Y, engine="numpy", **own(options, k)))


@law
@given(options=options_of_three(), at=st.integers(0, TOTAL))
def test_until_a_callback_stops_it(options, at):
    options |= {"num_iterations": TOTAL, "callbacks": [lambda info: info.iteration >= at]}
    for k, one in enumerate(ellayer.train_many(BINARY, X, Y, **options)):
        over = options["schedule"] == "adaptive(0.5, 2)" and one.stopped_by == "patience"  # the least rate
        assert one.stopped_by == "callback" or one.state.step == TOTAL or over
        assert_equal(one, ellayer.train(BINARY, X, Y, engine="numpy", **own(options, k)))


@settings(law, max_examples=10)
@given(
    options=options_of_three(), at=st.integers(1, TOTAL - 1), where=st.sampled_from(["callbacks", "progress"])
)
def test_until_ctrl_c(options, at, where):
    def ctrl_c(info):
        if info.iteration >= at:
            raise KeyboardInterrupt

    options |= {"num_iterations": TOTAL, "schedule_length": TOTAL}
    hook = {"callbacks": [ctrl_c]} if where == "callbacks" else {"progress": ctrl_c}
    for k, one in enumerate(ellayer.train_many(BINARY, X, Y, **options, **hook)):
        if one.stopped_by == "interrupted":
            assert at <= one.state.step
            one.stopped_by = "iterations"
        alone = ellayer.train(
            BINARY, X, Y, engine="numpy", **own(options | {"num_iterations": one.state.step}, k)
        )
        assert_equal(one, alone)


@settings(law, max_examples=5)
@given(options=options_of_three())
def test_until_the_time_is_up(options):
    options |= {"num_iterations": 10**6, "schedule_length": TOTAL}
    dawdle = {"callbacks": [lambda info: time.sleep(0.02)], "time_limit": 0.05}
    for k, one in enumerate(ellayer.train_many(BINARY, X, Y, **options, **dawdle)):
        if one.stopped_by == "time":
            assert 0 < one.state.step < 10**6
            one.stopped_by = "iterations"
        alone = ellayer.train(
            BINARY, X, Y, engine="numpy", **own(options | {"num_iterations": one.state.step}, k)
        )
        assert_equal(one, alone)


@settings(law, max_examples=15)
@given(
    rates=st.permutations([0.01, 5.0, 50.0]),
    record_every=st.sampled_from([1, 7, 100]),
    batch_size=st.sampled_from([None, 10]),
    best=st.booleans(),
    validated=st.booleans(),
)
def test_until_one_diverges(rates, record_every, batch_size, best, validated):
    X, Y = problem(LINEAR, m=M)
    options = {
        "learning_rate": rates, "seed": [0, 1, 2], "num_iterations": 400, "record_every": record_every,
        "batch_size": batch_size, "restore_best": best, "validation": problem(LINEAR, m=7, seed=3) if validated else None,
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DivergenceWarning)
        many = ellayer.train_many(LINEAR, X, Y, **options)
        alone = [ellayer.train(LINEAR, X, Y, engine="numpy", **own(options, k)) for k in range(3)]
    assert sorted(one.stopped_by for one in many) == ["divergence", "divergence", "iterations"]
    for one, its_own in zip(many, alone, strict=True):
        assert_equal(one, its_own, 1e-6)  # rounding grows with every update
        assert all(np.isfinite(theta).all() for theta in one.parameters.values())


def test_a_diverged_network_is_stopped_as_its_own_training_is():
    X, Y = problem(LINEAR)
    with pytest.warns(DivergenceWarning, match="after [0-9]+ updates, are returned") as caught:
        (one,) = ellayer.train_many(LINEAR, X, Y, learning_rate=[50.0], num_iterations=60)
    assert caught[0].filename == __file__
    with pytest.warns(DivergenceWarning):
        alone = ellayer.train(LINEAR, X, Y, learning_rate=50.0, num_iterations=60, engine="jax+direct")
    assert one.state.step == alone.state.step < 60
    assert_equal(one, alone)


@pytest.mark.parametrize(
    "where", ["History.append", "Track.record", "Track._judge", "Run._save", "Track.evaluate"]
)
@pytest.mark.parametrize("nth", [5, 6, 7])
def test_ctrl_c_between_an_update_and_its_records(where, nth, monkeypatch):
    """All networks fall back to one update, records and decisions included."""
    from ellayer.engine import history, run, track

    options = {
        "learning_rate": [0.2, 0.5, 0.9], "record_every": 4, "patience": 90, "batch_size": 10, "validation": HELD,
        "schedule_length": 60,
    }  # fmt: skip
    owners = {"History": history.History, "Track": track.Track, "Run": run.Run}
    owner, _, name = where.partition(".")
    function, calls = getattr(owners[owner], name), []

    def interrupted(*arguments):
        calls.append(where)
        if len(calls) == nth:
            raise KeyboardInterrupt
        return function(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(owners[owner], name, interrupted)
        cut = ellayer.train_many(BINARY, X, Y, num_iterations=60, **options)
    assert {one.stopped_by for one in cut} == {"interrupted"}
    assert len({one.state.step for one in cut}) == 1
    assert len({len(column) for one in cut for column in one.history.values()}) == 1
    rest = ellayer.train_many(
        BINARY, X, Y, num_iterations=60 - cut[0].state.step, states=[one.state for one in cut], **options
    )
    for a, b in zip(ellayer.train_many(BINARY, X, Y, num_iterations=60, **options), rest, strict=True):
        assert_equal(a, b, 0.0)


# Continuing


@law
@given(
    options=options_of_three(),
    stop=st.integers(1, TOTAL - 1),
    patience=st.one_of(st.none(), st.integers(1, 9)),
    tolerance=st.sampled_from([0.0, 0.02]),
)
def test_continuing_is_running_longer(options, stop, patience, tolerance):
    options |= {"schedule_length": TOTAL, "patience": patience, "tolerance": tolerance}
    whole = ellayer.train_many(BINARY, X, Y, num_iterations=TOTAL, **options)
    part = ellayer.train_many(BINARY, X, Y, num_iterations=stop, **options)
    rest = ellayer.train_many(
        BINARY, X, Y, num_iterations=TOTAL - stop, states=[r.state for r in part], **options
    )
    for a, b in zip(whole, rest, strict=True):
        assert_equal(a, b, 0.0)
        assert b.history["seconds"] == sorted(b.history["seconds"])


@pytest.mark.parametrize("through_a_file", [False, True])
@pytest.mark.parametrize("rates", [[50.0, 0.01, 5.0], [0.01, 5.0, 50.0]])
def test_networks_that_had_ended_stay_ended_in_a_continued_run(rates, through_a_file, tmp_path):
    """One diverges at once and one later; those before the cut stay, and the others run as if never stopped."""
    X, Y = problem(LINEAR, m=M)
    options = {"learning_rate": rates, "seed": [0, 1, 2], "record_every": 7, "schedule_length": 400,
               "validation": problem(LINEAR, m=7, seed=3), "restore_best": True}  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DivergenceWarning)
        whole = ellayer.train_many(LINEAR, X, Y, num_iterations=400, **options)
        ends = sorted(one.state.step for one in whole)
        assert ends[0] < ends[1] < ends[2] == 400
        for cut in (ends[0] + 1, ends[1] + 1, 399):
            part = ellayer.train_many(LINEAR, X, Y, num_iterations=cut, **options)
            states = [one.state for one in part]
            if through_a_file:
                ellayer.storage.save_checkpoint(states, tmp_path / "many")
                states = ellayer.storage.load_checkpoint(tmp_path / "many")
            rest = ellayer.train_many(LINEAR, X, Y, num_iterations=400 - cut, states=states, **options)
            for a, b in zip(whole, rest, strict=True):
                assert_equal(a, b, 0.0)


def test_a_run_whose_networks_have_all_ended_does_nothing():
    ended = ellayer.train_many(
        BINARY, X, Y, seed=[1, 2], num_iterations=40, record_every=5, patience=1, tolerance=9.0
    )
    states = [one.state for one in ended]
    assert {state.stopped_by for state in states} == {"patience"}
    again = ellayer.train_many(BINARY, X, Y, num_iterations=9, record_every=5, patience=1, states=states)
    for a, b in zip(ended, again, strict=True):
        assert_equal(a, b, 0.0)
    one = ellayer.train(BINARY, X, Y, num_iterations=9, state=states[0])
    assert one.state.step == states[0].step + 9  # one network goes on, whatever ended it
    assert (one.stopped_by, one.state.stopped_by) == ("iterations", None)


def test_the_clock_and_the_best_of_a_continued_run_go_on():
    first = ellayer.train_many(
        BINARY, X, Y, learning_rate=[0.5, 0.9], num_iterations=20, record_every=5, restore_best=True,
        progress=lambda info: time.sleep(0.05),
    )  # fmt: skip
    states = [one.state for one in first]
    rest = ellayer.train_many(
        BINARY, X, -Y + 1, learning_rate=[9.0, 9.0], num_iterations=10, record_every=5, restore_best=True,
        states=states,
    )  # fmt: skip
    for before, after in zip(first, rest, strict=True):
        assert after.history["seconds"][4] > before.history["seconds"][-1] > 0.05
        if after.state.best_step < 20:
            assert after.state.best_value == before.state.best_value
            assert_parameters_close(after.state.best_parameters, before.state.best_parameters, 0.0)
    assert any(one.state.best_step < 20 for one in rest)  # or the test would show nothing


def test_states_count_the_updates_before_them():
    """A state with updates on other examples, as the estimators keep, is continued alike."""
    import dataclasses

    state = ellayer.train(BINARY, X, Y, optimizer="adam", num_iterations=7).state
    state = dataclasses.replace(state, before=7, step=0)
    options = {"optimizer": "adam", "num_iterations": 9, "record_every": 4}
    (one,) = ellayer.train_many(BINARY, X, Y, states=[state], **options)
    assert_equal(one, ellayer.train(BINARY, X, Y, state=state, engine="numpy", **options))


def test_some_seeds_may_be_the_same():
    options = {"seed": [1, 2, 1], "batch_size": 10, "num_iterations": 9, "record_every": 4}
    for k, one in enumerate(ellayer.train_many(BINARY, X, Y, **options)):
        assert_equal(one, ellayer.train(BINARY, X, Y, engine="numpy", **own(options, k)))


# Wrong arguments


def error_of(function, *arguments, **options) -> str:
    with pytest.raises(ellayer.EllayerError) as caught:
        function(*arguments, **options)
    return str(caught.value)


SHARED = [
    case for case, (options, _) in OPTIONS.items()
    if set(options) <= {*inspect.signature(ellayer.train_many).parameters, "state"}
    and not isinstance(options.get("dropout"), list)
]  # fmt: skip


@pytest.mark.parametrize("case", SHARED)
def test_wrong_arguments_get_the_same_error(case):
    options = {"num_iterations": 2, **OPTIONS[case][0]}
    X, Y = problem(BINARY)
    expected = error_of(ellayer.train, BINARY, X, Y, **options)
    if "parameters" in options:
        options["parameters"] = [options["parameters"]]
    if "state" in options:
        options["states"] = [options.pop("state")]
        expected = "states: expected the TrainState of each result, received dict"
    assert error_of(ellayer.train_many, BINARY, X, Y, **options) == expected


@pytest.mark.parametrize("case", DATA)
def test_wrong_data_get_the_same_error(case):
    network, X_bad, Y_bad, _ = DATA[case]
    expected = error_of(ellayer.train, network, X_bad, Y_bad, num_iterations=2)
    assert error_of(ellayer.train_many, network, X_bad, Y_bad, num_iterations=2) == expected


def test_many_networks_read_rows_on_disk(tmp_path):
    np.vstack([X, Y]).T.astype("float64").tofile(tmp_path / "rows")
    rows = ellayer.engine.DiskRows(tmp_path / "rows", len(X), len(Y), "float64")
    settings = {"num_iterations": 6, "batch_size": 4, "learning_rate": 0.1}
    many = ellayer.train_many(BINARY, rows, None, seed=[1, 2], **settings)
    for seed, result in zip((1, 2), many, strict=True):  # in the order of the first seed
        start = ellayer.initialize_parameters(BINARY, seed=seed)
        engine = result.engine.partition(",")[0]
        alone = ellayer.train(BINARY, rows, None, seed=1, parameters=start, engine=engine, **settings)
        for name, values in alone.parameters.items():
            np.testing.assert_allclose(result.parameters[name], values, rtol=1e-12, atol=1e-14)


def test_what_one_network_can_and_many_cannot():
    assert "try train" in error_of(ellayer.train_many, BINARY, X, Y, optimizer="lbfgs")
    assert "at least one network" in error_of(ellayer.train_many, BINARY, X, Y, learning_rate=[])
    wide = ellayer.train(BINARY, X, Y, num_iterations=2, engine="wide").state
    assert "continues only so" in error_of(ellayer.train_many, BINARY, X, Y, states=[wide])
    assert isinstance(wide, TrainState)
