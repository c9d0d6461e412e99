"""L-BFGS for small full-batch work."""

from __future__ import annotations

import itertools
import time
from contextlib import nullcontext

import numpy as np
import pytest
from engine_cases import BINARY, M, assert_same_parameters, by_hand, problem

import ellayer
from ellayer.core import L_model_backward, L_model_forward, Network, compute_cost, initialize_parameters
from ellayer.engine.group import Group

LOGISTIC = Network([3, 1])
X, Y = problem(LOGISTIC, m=60, seed=4)


def lbfgs(network=LOGISTIC, X=X, Y=Y, **options):
    return ellayer.train(
        network, X, Y, optimizer=options.pop("optimizer", "lbfgs"), record_every=1, **options
    )


def test_it_finds_the_minimum_of_a_convex_cost():
    result = lbfgs(l2=1.0, num_iterations=200)
    assert result.stopped_by == "converged"
    assert result.engine == "lbfgs"
    assert result.history["loop"][0] == "lbfgs"
    long = ellayer.train(
        LOGISTIC, X, Y, l2=1.0, learning_rate=1.0, num_iterations=3000, record_every=2999, engine="numpy"
    )
    for name, theta in result.parameters.items():
        np.testing.assert_allclose(theta, long.parameters[name], atol=1e-4)
    assert result.costs[-1] <= long.costs[-1] + 1e-9
    assert result.history["gradient_norm"][-1] < 1e-3 < result.history["gradient_norm"][0]


def test_it_is_scikit_learns_logistic_regression():
    linear_model = pytest.importorskip("sklearn.linear_model")
    peer = linear_model.LogisticRegression(C=1.0, tol=1e-8).fit(X.T, Y[0])
    ours = lbfgs(l2=1.0, num_iterations=200, optimizer="lbfgs(gtol=1e-8)")
    np.testing.assert_allclose(ours.parameters["W1"], peer.coef_, atol=1e-5)
    np.testing.assert_allclose(ours.parameters["b1"][0], peer.intercept_, atol=1e-5)


def test_costs_are_those_before_each_iteration_and_fall():
    result = lbfgs(num_iterations=6)
    assert result.costs[0] == pytest.approx(by_hand(LOGISTIC, X, Y, 0.1, 1).costs[0], rel=1e-12)
    assert len(result.costs) == 6 == result.state.step
    assert result.stopped_by == "iterations"
    assert (np.diff(result.costs) < 0).all()
    AL, _ = L_model_forward(X, result.parameters, LOGISTIC)
    assert float(compute_cost(AL, Y, LOGISTIC)) < result.costs[-1]
    every_third = ellayer.train(LOGISTIC, X, Y, optimizer="lbfgs", num_iterations=6, record_every=3)
    assert every_third.costs == result.costs[::3]
    assert_same_parameters(every_third.parameters, result.parameters)
    assert every_third.history["iteration"] == [0, 3]


def test_no_iterations():
    result = lbfgs(num_iterations=0, seed=2)
    assert_same_parameters(result.parameters, initialize_parameters(LOGISTIC, seed=2))
    assert result.costs == []


def test_weights_are_repeated_examples():
    weights = np.arange(60) % 3
    weighted = lbfgs(l2=0.5, sample_weight=weights, num_iterations=100, optimizer="lbfgs(gtol=1e-9)")
    repeated = lbfgs(
        X=np.repeat(X, weights, axis=1), Y=np.repeat(Y, weights, axis=1), l2=0.5, num_iterations=100,
        optimizer="lbfgs(gtol=1e-9)",
    )  # fmt: skip
    np.testing.assert_allclose(weighted.parameters["W1"], repeated.parameters["W1"], atol=1e-6)


def test_l1_makes_weights_small():
    sizes = [np.abs(lbfgs(l1=l1, num_iterations=100).parameters["W1"]).sum() for l1 in (0.0, 5.0, 50.0)]
    assert sizes[0] > sizes[1] > sizes[2]


def test_a_hidden_layer_in_float32():
    X32, Y32 = problem(BINARY, dtype="float32")
    result = lbfgs(BINARY, X32, Y32, num_iterations=100, l2=0.1)
    assert {theta.dtype for theta in result.parameters.values()} == {np.dtype("float32")}
    assert result.costs[-1] < 0.5 * result.costs[0]
    AL, caches = L_model_forward(
        X32.astype(float), {k: v.astype(float) for k, v in result.parameters.items()}, BINARY
    )
    grads = L_model_backward(AL, Y32, caches, BINARY)
    assert np.abs(grads["db2"]).max() < 1e-3


def test_its_numbers_and_its_seed():
    coarse, fine = (lbfgs(l2=1.0, num_iterations=100, optimizer=f"lbfgs(gtol={g})") for g in (0.1, 1e-8))
    assert coarse.state.step < fine.state.step
    few = lbfgs(l2=1.0, num_iterations=100, optimizer="lbfgs(max_evaluations=3)")
    assert few.state.step < coarse.state.step + 3
    assert_same_parameters(
        lbfgs(num_iterations=5, seed=3).parameters, lbfgs(num_iterations=5, seed=3).parameters
    )


def test_stopping_and_events():
    seen = []

    def third(info):
        seen.append((info.iteration, info.total, len(info.history)))
        assert info.parameters["W1"].shape == (1, 3)
        return np.bool_(info.iteration >= 3)

    result = lbfgs(num_iterations=50, callbacks=[third])
    assert result.stopped_by == "callback"
    assert result.state.step == 3
    assert seen == [(0, 50, 1), (1, 50, 2), (2, 50, 3), (3, 50, 4)]

    def ctrl_c(info):
        if info.iteration == 4:
            raise KeyboardInterrupt

    cut = lbfgs(num_iterations=50, progress=ctrl_c)
    assert cut.stopped_by == "interrupted"
    assert cut.state.step == 4
    assert_same_parameters(cut.parameters, lbfgs(num_iterations=4).parameters)
    assert lbfgs(num_iterations=50, patience=2, tolerance=0.05).stopped_by == "patience"


def test_time_limit_and_progress_between_records(monkeypatch):
    from ellayer.engine import lbfgs as module

    function = module.evaluate_all

    def slowly(*arguments):
        time.sleep(0.05)
        return function(*arguments)

    monkeypatch.setattr(module, "evaluate_all", slowly)
    network = Network([5, 30, 1], "tanh")
    X, Y = problem(network, m=300)
    moments = []
    result = ellayer.train(
        network, X, Y, optimizer="lbfgs", num_iterations=10**6, record_every=10**6, time_limit=1.0,
        progress=lambda info: moments.append(info.iteration),
    )  # fmt: skip
    assert result.stopped_by == "time"
    assert 1.0 <= result.seconds < 3
    assert len(moments) >= 3
    assert moments == sorted(set(moments))
    assert len(result.costs) == 1


def test_the_best_on_a_validation_set():
    held_out = problem(LOGISTIC, m=30, seed=9)
    result = lbfgs(num_iterations=40, validation=held_out, restore_best=True)
    column = [*result.history["validation_loss"], result.history.final["validation_loss"]]
    AL, _ = L_model_forward(held_out[0], result.parameters, LOGISTIC)
    assert float(compute_cost(AL, held_out[1], LOGISTIC)) == pytest.approx(min(column), rel=1e-9)
    assert result.history.final["iteration"] == result.state.step


@pytest.mark.parametrize("late", [False, True])
def test_the_last_parameters_are_compared_with_the_best_recorded(late):
    """A validation score that only the end improves on, or that the end is worse than."""
    scores = iter([0.5, 0.4, 0.3, 0.1 if late else 0.6])
    result = ellayer.train(
        LOGISTIC, X, Y, optimizer="lbfgs", num_iterations=6, record_every=2, validation=(X, Y),
        score=lambda AL, Y, w: next(scores), monitor="validation_score", maximize=False,
    )  # fmt: skip
    assert result.history["validation_score"] == [0.5, 0.4, 0.3]
    assert (result.state.best_value, result.state.best_step) == (0.3, 4)
    expected = lbfgs(num_iterations=6 if late else 4).parameters
    assert_same_parameters(result.parameters, expected)
    assert_same_parameters(result.state.best_parameters, lbfgs(num_iterations=4).parameters)


def test_ctrl_c_between_records_keeps_the_last_iterate(monkeypatch):
    from ellayer.engine import lbfgs as module

    options = {"optimizer": "lbfgs", "num_iterations": 40, "record_every": 10, "l2": 0.1}
    calls = []
    late = module.LbfgsRun._late

    def interrupted(self):
        calls.append(self._step)
        if calls[-1] == 6:
            raise KeyboardInterrupt
        return late(self)

    monkeypatch.setattr(module.LbfgsRun, "_late", interrupted)
    cut = ellayer.train(BINARY, *problem(BINARY), **options)
    monkeypatch.undo()
    assert (cut.stopped_by, cut.state.step, cut.history["iteration"]) == ("interrupted", 6, [0])
    whole = ellayer.train(BINARY, *problem(BINARY), **options | {"num_iterations": 6})
    assert_same_parameters(cut.parameters, whole.parameters)


@pytest.mark.parametrize(
    "options", [{"batch_size": 10}, {"dropout": [0.2]}, {"clip_norm": 1.0}, {"weight_decay": 0.1}]
)
def test_what_it_cannot_do(options):
    with pytest.raises(
        ValueError, match=r"optimizer 'lbfgs': expected the full batch, no dropout.*use 'adam'"
    ):
        lbfgs(num_iterations=5, **options)


def test_it_continues_from_no_state_but_may_be_the_start_of_one():
    first = lbfgs(num_iterations=5)
    with pytest.raises(ValueError, match="no state to continue from"):
        lbfgs(num_iterations=5, state=first.state)
    more = ellayer.train(
        LOGISTIC, X, Y, learning_rate=0.1, num_iterations=5, state=first.state, record_every=1
    )
    assert more.state.step == 10
    assert more.costs[:5] == first.costs
    assert more.costs[5] < first.costs[-1]


def test_inputs_are_left_alone():
    start = initialize_parameters(BINARY)
    copies = {name: theta.copy() for name, theta in start.items()}
    X, Y = problem(BINARY)  # read-only
    lbfgs(BINARY, X, Y, parameters=start, sample_weight=np.ones(M), num_iterations=10)
    assert_same_parameters(start, copies)


def test_no_point_is_evaluated_twice_in_a_row(monkeypatch):
    from ellayer.engine import lbfgs as module

    points = []
    evaluate = module.evaluate_all

    def spied(config, values, parameters, batch, step):
        points.append(np.concatenate([theta.ravel() for theta in parameters.values()]))
        return evaluate(config, values, parameters, batch, step)

    monkeypatch.setattr(module, "evaluate_all", spied)
    lbfgs(num_iterations=20)
    assert len(points) > 5
    assert not any(np.array_equal(a, b) for a, b in itertools.pairwise(points))


def test_devices_without_examples_add_nothing_to_the_cost_of_a_group(monkeypatch):
    few, targets, weights = X[:, :5], Y[:, :5], np.array([0.0, 2.0, 1.0, 0.5, 0.0])
    alone = [lbfgs(X=few, Y=targets, l2=1.0, sample_weight=w, num_iterations=5) for w in (None, weights)]
    group = Group(0, 1, (None,) * 8, nullcontext)  # eight devices of one process, by which no array is placed
    monkeypatch.setattr("ellayer.engine.group._current", [group])
    for w, one in zip((None, weights), alone, strict=True):
        spread = lbfgs(X=few, Y=targets, l2=1.0, sample_weight=w, num_iterations=5)
        np.testing.assert_allclose(spread.costs, one.costs, rtol=1e-9)
