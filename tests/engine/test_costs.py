"""What a run records: costs, lengths and columns, against loops written out by hand."""

from __future__ import annotations

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from engine_cases import BATCH, BINARY, M, assert_parameters_close, by_hand, problem
from hypothesis import given, settings

import ellayer
from ellayer.cli.reproduce.published import FLOWER_COST_RANGES
from ellayer.core import (
    SCHEDULES,
    L_model_backward,
    L_model_forward,
    Network,
    compute_cost,
    initialize_parameters,
    update_parameters,
)
from ellayer.data import load
from ellayer.engine import Batches

LOOPS = ("numpy", "jax+direct")
FLOWER = [0.693048, 0.288083, 0.254385, 0.233864, 0.226792, 0.222644, 0.219731, 0.217504]  # the notes' table


@pytest.mark.parametrize("engine", LOOPS)
def test_each_record_is_the_cost_before_its_update(engine):
    X, Y = problem(BINARY)
    hand = by_hand(BINARY, X, Y, 0.3, 23)
    result = ellayer.train(BINARY, X, Y, learning_rate=0.3, num_iterations=23, record_every=5, engine=engine)
    np.testing.assert_allclose(result.costs, hand.costs[::5], rtol=1e-12)
    assert result.history["iteration"] == [0, 5, 10, 15, 20]
    assert result.history["loss"] == result.costs
    np.testing.assert_allclose(result.history["gradient_norm"], hand.norms[::5], rtol=1e-10)
    assert_parameters_close(result.parameters, hand.parameters[23], 1e-12)
    assert result.state.step == 23
    assert result.stopped_by == "iterations"


@pytest.mark.parametrize("engine", LOOPS)
@pytest.mark.parametrize(
    ("num_iterations", "record_every", "records"),
    [(0, 5, 0), (1, 5, 1), (4, 5, 1), (5, 5, 1), (6, 5, 2), (10, 5, 2), (3, 100, 1), (7, 1, 7)],
)
def test_number_of_records(engine, num_iterations, record_every, records):
    X, Y = problem(BINARY)
    result = ellayer.train(
        BINARY, X, Y, num_iterations=num_iterations, record_every=record_every, engine=engine
    )
    assert len(result.costs) == len(result.history) == records
    assert all(len(column) == records for column in result.history.values())
    assert result.state.step == num_iterations


def test_no_iterations_give_back_the_start():
    X, Y = problem(BINARY)
    start = initialize_parameters(BINARY, seed=3)
    for engine in LOOPS:
        result = ellayer.train(
            BINARY, X, Y, seed=3, num_iterations=0, engine=engine, validation=(X, Y), patience=2
        )
        assert_parameters_close(result.parameters, start, 0.0)
        assert result.predict(X).shape == (1, M)
        assert result.history.final["validation_loss"] > 0


def test_weights_regularisation_and_the_gradient_norm_of_the_whole_cost():
    X, Y = problem(BINARY)
    weights = np.arange(M, dtype=float)
    hand = by_hand(BINARY, X, Y, 0.3, 4, weights=weights)
    result = ellayer.train(
        BINARY, X, Y, learning_rate=0.3, num_iterations=4, record_every=1, sample_weight=weights
    )
    np.testing.assert_allclose(result.costs, hand.costs, rtol=1e-12)
    start = initialize_parameters(BINARY)
    squares = sum(np.sum(start[name] ** 2) for name in ("W1", "W2"))
    sizes = sum(np.sum(np.abs(start[name])) for name in ("W1", "W2"))
    regularised = ellayer.train(BINARY, X, Y, num_iterations=1, l2=3.0, l1=2.0, sample_weight=weights)
    expected = hand.costs[0] + (3.0 / 2 * squares + 2.0 * sizes) / weights.sum()
    assert regularised.costs[0] == pytest.approx(expected, rel=1e-12)
    assert regularised.history["gradient_norm"][0] != pytest.approx(hand.norms[0])


def test_mini_batches_by_hand():
    X, Y = problem(BINARY)
    batches = Batches(M, BATCH, seed=4)
    parameters, costs = initialize_parameters(BINARY, seed=4), []
    for step in range(8):
        rows = batches.indices(step)
        AL, caches = L_model_forward(X[:, rows], parameters, BINARY)
        costs.append(float(compute_cost(AL, Y[:, rows], BINARY)))
        parameters = update_parameters(parameters, L_model_backward(AL, Y[:, rows], caches, BINARY), 0.3)
    for engine in LOOPS:
        result = ellayer.train(
            BINARY,
            X,
            Y,
            learning_rate=0.3,
            num_iterations=8,
            record_every=3,
            batch_size=BATCH,
            seed=4,
            engine=engine,
        )
        np.testing.assert_allclose(result.costs, costs[::3], rtol=1e-12)
        sizes = [5, 5, 3, 5, 5, 3, 5, 5]  # the mean is over examples, not over batches
        means = [np.average(costs[i : i + 3], weights=sizes[i : i + 3]) for i in (0, 3, 6)]
        np.testing.assert_allclose(result.history["mean_loss"], means, rtol=1e-12)
        assert_parameters_close(result.parameters, parameters, 1e-12)


@pytest.mark.parametrize("batch_size", [M, M + 1, None])
def test_a_batch_of_all_examples_is_the_full_batch(batch_size):
    X, Y = problem(BINARY)
    result = ellayer.train(BINARY, X, Y, learning_rate=0.3, num_iterations=9, batch_size=batch_size)
    assert_parameters_close(result.parameters, by_hand(BINARY, X, Y, 0.3, 9).parameters[9], 1e-12)
    assert "mean_loss" not in result.history


@pytest.mark.parametrize("engine", LOOPS)
@pytest.mark.parametrize("schedule", [s for s in SCHEDULES if s != "adaptive"])
def test_the_rate_of_every_schedule_is_its_formula(schedule, engine):
    X, Y = problem(BINARY)
    result = ellayer.train(
        BINARY, X, Y, learning_rate=0.2, schedule=schedule, num_iterations=23, record_every=5, engine=engine
    )
    expected = 0.2 * SCHEDULES[schedule].factor(np.arange(0, 23, 5), 23)
    np.testing.assert_allclose(result.history["learning_rate"], expected, rtol=1e-15)


def test_the_scheduled_rate_is_the_one_that_is_used():
    X, Y = problem(BINARY)
    parameters, hand = initialize_parameters(BINARY), []
    for step in range(6):
        AL, caches = L_model_forward(X, parameters, BINARY)
        hand.append(float(compute_cost(AL, Y, BINARY)))
        parameters = update_parameters(parameters, L_model_backward(AL, Y, caches, BINARY), 0.5 / (1 + step))
    for engine in LOOPS:
        result = ellayer.train(
            BINARY, X, Y, learning_rate=0.5, schedule=lambda step: 1 / (1 + step), num_iterations=6, record_every=1,
            engine=engine,
        )  # fmt: skip
        np.testing.assert_allclose(result.costs, hand, rtol=1e-12)
        np.testing.assert_allclose(result.history["learning_rate"], 0.5 / np.arange(1, 7))


def test_schedule_length_stretches_the_schedule():
    X, Y = problem(BINARY)
    result = ellayer.train(
        BINARY,
        X,
        Y,
        learning_rate=1.0,
        schedule="cosine",
        num_iterations=10,
        record_every=5,
        schedule_length=20,
    )
    np.testing.assert_allclose(result.history["learning_rate"], [1.0, 0.5 * (1 + math.cos(math.pi / 4))])


def test_adaptive_lowers_the_rate_where_the_cost_does_not_fall():
    X, Y = problem(BINARY)
    for engine in LOOPS:
        result = ellayer.train(
            BINARY, X, Y, learning_rate=0.1, schedule="adaptive(factor=0.5, patience=2, minimum=0.02)", tolerance=1.0,
            num_iterations=100, record_every=3, engine=engine,
        )  # fmt: skip
        rates = [0.1, 0.1, 0.1, 0.05, 0.05, 0.025, 0.025, 0.0125, 0.0125]  # the first record is no wait
        np.testing.assert_allclose(result.history["learning_rate"], rates)
        assert result.stopped_by == "patience"


@pytest.mark.parametrize("engine", LOOPS)
def test_the_flowers_published_costs(engine):
    flower = load("flower")
    result = ellayer.train(
        Network([2, 4, 1], "tanh"), flower.X, flower.Y, initializer="randn", seed=2, learning_rate=1.2,
        num_iterations=10000, record_every=1000, engine=engine,
    )  # fmt: skip
    np.testing.assert_allclose(result.costs[:8], FLOWER, atol=6e-7)
    for cost, (low, high) in zip(result.costs[8:], FLOWER_COST_RANGES.values(), strict=True):
        assert low <= cost <= high
    assert 0.90 <= np.mean(result.predict(flower.X) == flower.Y) <= 0.91


def test_metrics_and_validation_belong_to_the_parameters_before_the_update():
    X, Y = problem(BINARY)
    X_held, Y_held = problem(BINARY, m=6, seed=1)
    hand = by_hand(BINARY, X, Y, 0.3, 10)
    for engine in LOOPS:
        result = ellayer.train(
            BINARY, X, Y, learning_rate=0.3, num_iterations=10, record_every=4, engine=engine,
            validation=(X_held, Y_held), metrics={"error": lambda AL, Y: np.abs(AL - Y).mean()},
        )  # fmt: skip
        for row, step in enumerate((0, 4, 8)):
            AL, _ = L_model_forward(X, hand.parameters[step], BINARY)
            assert result.history["error"][row] == pytest.approx(np.abs(AL - Y).mean(), rel=1e-10)
            AL, _ = L_model_forward(X_held, hand.parameters[step], BINARY)
            cost = float(compute_cost(AL, Y_held, BINARY))
            assert result.history["validation_loss"][row] == pytest.approx(cost, rel=1e-10)
        AL, _ = L_model_forward(X_held, hand.parameters[10], BINARY)
        assert result.history.final["validation_loss"] == pytest.approx(
            float(compute_cost(AL, Y_held, BINARY))
        )


def test_a_score_sees_the_weights_of_the_validation_set():
    X, Y = problem(BINARY)
    weights = np.arange(M, dtype=float)
    seen = []

    def score(AL, Y_held, w):
        seen.append((AL.shape, Y_held.shape, w.ravel().tolist()))
        return 0.5

    result = ellayer.train(
        BINARY, X, Y, validation=(X, Y, weights), score=score, num_iterations=4, record_every=2, monitor="validation_score"
    )  # fmt: skip
    assert result.history["validation_score"] == [0.5, 0.5]
    assert seen == [((1, M), (1, M), weights.tolist())] * 3  # the end included


@settings(deadline=None)
@given(m=st.integers(1, 40), batch_size=st.integers(1, 45), seed=st.integers(0, 9), epoch=st.integers(0, 3))
def test_every_epoch_sees_every_example_once(m, batch_size, seed, epoch):
    batches = Batches(m, batch_size, seed)
    steps = range(epoch * batches.steps_per_epoch, (epoch + 1) * batches.steps_per_epoch)
    parts = [batches.indices(step) for step in steps]
    assert sorted(np.concatenate(parts).tolist()) == list(range(m))
    assert [len(part) for part in parts[:-1]] == [batches.batch_size] * (len(parts) - 1)
    table = batches.padded_indices(steps[0], len(parts), len(parts) + 2)
    assert table.shape == (len(parts) + 2, batches.batch_size)
    for row, part in zip(table, parts, strict=False):
        assert row[row >= 0].tolist() == part.tolist()
    assert (table[len(parts) :] == -1).all()


def test_another_seed_and_another_epoch_are_another_order():
    orders = [Batches(50, 10, seed).order(epoch).tolist() for seed in (0, 1) for epoch in (0, 1)]
    assert len({tuple(order) for order in orders}) == 4
    assert Batches(50, 10, shuffle=False).order(1).tolist() == list(range(50))
