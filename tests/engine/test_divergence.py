"""A run whose cost stops being a number keeps the last finite parameters and says what to try."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from engine_cases import BATCH, assert_parameters_close, assert_same_parameters, by_hand, problem

import ellayer
from ellayer.core import Network
from ellayer.engine import DivergenceWarning

REGRESSION = Network([3, 4, 1], "tanh", "squared_error")
LINEAR = Network([3, 4, 1], "identity", "squared_error")
LOOPS = ("numpy", "jax+direct")


def last_finite(network, X, Y, rate, record_every) -> tuple[int, dict, list]:
    """Return the update at which the loop by hand ends, its parameters and the recorded costs."""
    hand = by_hand(network, X, Y, rate, 3000)
    for step in range(3000):
        bad_cost = step % record_every == 0 and not np.isfinite(hand.costs[step])
        after = hand.parameters[step + 1]
        if bad_cost or not all(np.isfinite(theta).all() for theta in after.values()):
            costs = [J for J in hand.costs[: step + 1 : record_every] if np.isfinite(J)]
            return step, hand.parameters[step], costs
    raise AssertionError("the loop by hand did not diverge")


@pytest.mark.parametrize("engine", LOOPS)
@pytest.mark.parametrize("record_every", [1, 7, 1000])
@pytest.mark.parametrize(("network", "rate"), [(REGRESSION, 30.0), (LINEAR, 50.0)])
def test_the_last_finite_parameters_are_kept(network, rate, record_every, engine):
    X, Y = problem(network)
    step, parameters, costs = last_finite(network, X, Y, rate, record_every)
    with pytest.warns(DivergenceWarning) as caught:
        result = ellayer.train(
            network, X, Y, learning_rate=rate, num_iterations=3000, record_every=record_every, engine=engine
        )
    message = str(caught[0].message)
    assert f"at iteration {step} with learning rate {rate:g}" in message
    assert f"after {step} updates, are returned" in message
    assert f"Try learning_rate={rate / 10:g}" in message
    assert "clip_norm" in message
    assert caught[0].filename == __file__  # it points at the call of train
    assert len(caught) == 1
    assert result.stopped_by == "divergence"
    assert result.state.step == step
    assert all(np.isfinite(theta).all() for theta in result.parameters.values())
    for (
        name,
        theta,
    ) in parameters.items():  # rounding grows with every update, more with some versions of BLAS
        assert np.abs(result.parameters[name] - theta).max() < 1e-5 * np.abs(theta).max()
    np.testing.assert_allclose(result.costs, costs, rtol=1e-6)
    assert all(len(column) == len(result.costs) for column in result.history.values())


@pytest.mark.parametrize("engine", LOOPS)
def test_mini_batches_and_a_schedule(engine):
    X, Y = problem(LINEAR)
    with pytest.warns(DivergenceWarning, match="with learning rate 49.9997.*Try learning_rate=5,"):
        result = ellayer.train(
            LINEAR, X, Y, learning_rate=50.0, schedule="exponential(every=100000)", num_iterations=3000, batch_size=BATCH,
            record_every=10, engine=engine,
        )  # fmt: skip
    assert 0 < result.state.step < 3000
    assert all(np.isfinite(theta).all() for theta in result.parameters.values())
    assert np.isfinite(result.costs).all()
    again = ellayer.train(
        LINEAR, X, Y, learning_rate=50.0, schedule="exponential(every=100000)", num_iterations=result.state.step,
        batch_size=BATCH, record_every=10, engine=engine, schedule_length=3000,
    )  # fmt: skip
    assert_same_parameters(result.parameters, again.parameters)


@pytest.mark.parametrize("engine", LOOPS)
def test_the_best_parameters_come_back_where_asked(engine):
    X, Y = problem(LINEAR)
    with pytest.warns(DivergenceWarning):
        result = ellayer.train(
            LINEAR,
            X,
            Y,
            learning_rate=5.0,
            num_iterations=3000,
            record_every=1,
            restore_best=True,
            engine=engine,
        )
    hand = by_hand(LINEAR, X, Y, 5.0, 30)
    assert_parameters_close(result.parameters, hand.parameters[int(np.nanargmin(hand.costs))], 1e-9)


def test_wide_and_float32():
    network = Network([60, 4, 1], "identity", "squared_error")
    X, Y = problem(network, m=7, dtype="float32")
    for engine in ("numpy+wide", "numpy+direct", "jax+direct"):
        with pytest.warns(DivergenceWarning):
            result = ellayer.train(
                network, X, Y, learning_rate=50.0, num_iterations=3000, record_every=5, engine=engine
            )
        assert np.isfinite(result.costs).all()
        assert result.parameters["W1"].dtype == np.float32
        assert all(np.isfinite(theta).all() for theta in result.parameters.values())


def test_a_cost_that_is_no_number_from_the_start():
    X, Y = problem(REGRESSION)
    start = {name: theta + 1e200 for name, theta in ellayer.initialize_parameters(REGRESSION).items()}
    with pytest.warns(DivergenceWarning, match="at iteration 0"):
        result = ellayer.train(REGRESSION, X, Y, parameters=start, learning_rate=0.1, num_iterations=10)
    assert_same_parameters(result.parameters, start)
    assert result.costs == []


def test_a_saturated_classifier_is_no_divergence():
    network = Network([3, 1])
    X, Y = problem(network)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = ellayer.train(network, 1e4 * X, Y, learning_rate=1e3, num_iterations=50, record_every=1)
    assert np.isfinite(result.costs).all()
    assert result.stopped_by == "iterations"
