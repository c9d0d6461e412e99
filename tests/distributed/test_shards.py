"""Each example of an update is computed once, by the device that has it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ellayer
from ellayer.distributed import initialize, shutdown
from ellayer.engine.batches import Batches
from ellayer.engine.shards import Shards


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.integers(2, 40), min_size=1, max_size=4), devices=st.integers(1, 2), size=st.integers(1, 50),
    seed=st.integers(0, 5), shuffle=st.booleans(),
)  # fmt: skip
def test_every_example_once(counts, devices, size, seed, shuffle):
    orders = [Batches(sum(counts), min(size, sum(counts) - 1), seed, shuffle) for seed in (seed, seed + 1)]
    shards = Shards(counts, devices, orders)
    number = len(counts) * devices
    updates = orders[0].steps_per_epoch
    rows, places = shards.tables(0, updates, range(number), updates, shards.most)
    for k, order in enumerate(orders):
        for update in range(updates):
            examples = order.indices(update)
            again = np.full(len(examples), -1)
            for device in range(number):
                own = rows[k, update, device] >= 0
                at = rows[k, update, device][own] + shards.bounds[device]
                assert (at < shards.bounds[device + 1]).all()
                again[places[k, update, device][own]] = at
            assert np.array_equal(again, examples)


@pytest.mark.parametrize("shuffle", [True, False])
def test_updates_without_room_are_seen(shuffle):
    order = Batches(64, 16, 0, shuffle)
    shards = Shards([32, 32], 1, [order])
    shards.usual = 9
    for step in range(8):
        largest = max(np.bincount(order.indices(step) // 32))
        assert shards.fits(step, 1) == (largest <= 9)
    assert shards.fits(0, 8) == next(
        (step for step in range(8) if np.bincount(order.indices(step) // 32).max() > 9), 8
    )


def test_room_for_large_batches_is_little_more_than_their_share():
    shards = Shards([50_000, 50_000], 1, [Batches(100_000, 10_000)])
    assert 5_000 < shards.usual < 5_300
    assert shards.fits(0, 10) == 10
    assert Shards([50_000, 50_000], 1, [Batches(100_000, 10_000, 0, False)]).usual == 10_000


def test_a_group_of_one_process_trains_as_one_device_within_rounding():
    random = np.random.default_rng(0)
    X, weights = random.normal(size=(3, 30)), random.random(30)
    Y = (X[:1] > 0).astype(float)
    options = {
        "batch_size": 8,
        "optimizer": "adam",
        "l2": 0.1,
        "dropout": 0.2,
        "num_iterations": 9,
        "record_every": 2,
    }
    network = ellayer.Network([3, 4, 1], "tanh")
    plain = ellayer.train(network, X, Y, sample_weight=weights, engine="numpy", **options)
    initialize()
    try:
        shared = ellayer.train(network, X, Y, sample_weight=weights, **options)
    finally:
        shutdown()
    assert shared.engine == "jax"
    for name in ("loss", "mean_loss", "gradient_norm"):
        np.testing.assert_allclose(shared.history[name], plain.history[name], rtol=1e-10)
    for name, theta in plain.parameters.items():
        np.testing.assert_allclose(shared.parameters[name], theta, rtol=1e-10, atol=1e-12)
