"""Edges of the engine that a whole run hardly shows: clocks, read-ahead, caches, messages."""

from __future__ import annotations

import math
from types import SimpleNamespace

import jax
import numpy as np
import pytest
from engine_cases import BINARY, assert_same, problem

import ellayer
from ellayer.core import Inputs, Network
from ellayer.engine import (
    Batches,
    DiskRows,
    History,
    TrainState,
    batches,
    compile_cache,
    device_placement,
    find_optimizer,
    jax_loop,
    rows_in_place,
    wide,
)
from ellayer.engine.disk_rows import DiskReader
from ellayer.engine.history import mean_epochs
from ellayer.engine.loop import Records
from ellayer.engine.rows_in_place import find_rows_in_place
from ellayer.engine.state import NUMBERS_OF_ONE_THREAD, is_finite, sum_of_squares
from ellayer.engine.stored import read_network
from ellayer.engine.track import Chunk, Track
from ellayer.engine.training_data import _batch_orders, _blocks
from ellayer.engine.validation import check_weights, check_Y


def test_a_record_has_the_time_at_the_end_of_its_update():
    config = SimpleNamespace(every_cost=False, widths=lambda m: (3, 1))
    settings = SimpleNamespace(learning_rates=[0.1], record_every=2, config=config, stopping=None)
    data = SimpleNamespace(of_network=lambda k: None, validation=[None], m=4)
    track = Track(settings, data, TrainState({}, None, history={"seconds": [7.0]}), 0)
    track.record(
        Records([0.5, 0.4], [1.0, 2.0], [math.nan] * 2), Chunk(3, np.full(4, 0.1), 10.0, 0.25, "numpy"), {}
    )
    assert track.history["iteration"][1:] == [4, 6]
    assert track.history["seconds"] == [7.0, 7.0 + 10.0 + 2 * 0.25, 7.0 + 10.0 + 4 * 0.25]


@pytest.mark.parametrize("batch_size", [5, 7])  # the last mini-batch is full with 5, and incomplete with 7
@pytest.mark.parametrize("weighted", [False, True])
def test_rows_that_are_read_where_they_lie_give_the_bits_of_rows_on_the_device(
    monkeypatch, batch_size, weighted
):
    X, Y = problem(Network([3, 4, 2], "tanh"), m=90, dtype="float32")
    options = {
        "optimizer": "adam", "num_iterations": 50, "batch_size": batch_size, "engine": "jax", "dropout": 0.2,
        "sample_weight": np.linspace(0.0, 1.0, 90) if weighted else None, "record_every": 7,
    }  # fmt: skip
    placed = ellayer.train(Network([3, 4, 2], "tanh"), X, Y, **options)
    monkeypatch.setattr(jax_loop, "READ_BYTES", 0)
    monkeypatch.setattr(jax_loop, "NUMBERS_OF_STACK", 4 * batch_size * 6)  # four updates
    assert_same(ellayer.train(Network([3, 4, 2], "tanh"), X, Y, **options), placed)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("offset", [0, 1, 20])  # numbers before the first row in the same memory
def test_large_tables_are_read_in_place_with_the_same_bits(monkeypatch, weighted, offset):
    network = Network([3, 4, 2], "tanh")
    X, Y = problem(network, m=88, dtype="float32")
    memory = np.full(offset + X.size, np.nan, "float32")
    memory[offset:] = X.T.ravel()
    lying = memory[offset:].reshape(88, 3).T
    options = {
        "optimizer": "adam", "num_iterations": 40, "batch_size": 7, "engine": "jax", "record_every": 7,
        "sample_weight": np.linspace(0.0, 1.0, 88) if weighted else None,
    }  # fmt: skip
    copied = ellayer.train(network, X, Y, **options)
    found = []
    monkeypatch.setattr(batches, "IN_PLACE_BYTES", 0)
    monkeypatch.setattr(
        device_placement, "find_rows_in_place", lambda *a: found.append(find_rows_in_place(*a)) or found[-1]
    )
    assert_same(ellayer.train(network, lying, Y, **options), copied)
    assert found[0].numbers.unsafe_buffer_pointer() % 64 == 0
    first = found[0].numbers.unsafe_buffer_pointer() + 4 * int(found[0].first)
    assert first == lying.ctypes.data
    assert_same(
        ellayer.train(network, np.asfortranarray(lying.T).T, Y, **options), copied
    )  # has to be copied
    assert found[1] is None
    if not offset:
        several = ellayer.train_many(network, lying, Y, seed=[0, 1], **options)
        np.testing.assert_allclose(several[0].parameters["W1"], copied.parameters["W1"], rtol=1e-5)


def test_only_large_tables_whose_places_are_int32_are_read_in_place(monkeypatch):
    columns, order = np.ones((10, 3)).T, Batches(10, 5)
    assert rows_in_place.find_place(columns, order, "float64") is None  # not large
    monkeypatch.setattr(batches, "IN_PLACE_BYTES", 0)
    for most, fits in ((31, True), (30, False)):
        monkeypatch.setattr(rows_in_place, "MOST_NUMBERS", most)
        assert (rows_in_place.find_place(columns, order, "float64") is not None) == fits


def test_records_of_lbfgs_are_no_later_than_its_end():
    network = Network([3, 1])
    result = ellayer.train(network, *problem(network), optimizer="lbfgs", num_iterations=5, record_every=1)
    assert 0 < result.history["seconds"][0] <= result.history["seconds"][-1] <= result.seconds


def test_tables_of_examples_are_padded_by_minus_one():
    batches = Batches(5, 2, shuffle=False)
    assert batches.padded_indices(1, 2, 4).tolist() == [[2, 3], [4, -1], [-1, -1], [-1, -1]]


def test_the_next_orders_are_prepared_while_a_chunk_runs(monkeypatch):
    steps = []

    def examples(loop, count, method=jax_loop.JaxLoop._examples):
        steps.append((loop._step, loop._tables_ahead and loop._tables_ahead[0]))
        return method(loop, count)

    monkeypatch.setattr(jax_loop.JaxLoop, "_examples", examples)
    X, Y = np.random.default_rng(0).random((2, 10)), np.arange(10) % 2
    settings = {"batch_size": 4, "record_every": 2, "num_iterations": 9, "learning_rate": 0.1, "seed": 3}
    in_chunks = ellayer.train(
        Network([2, 3, 1]), X, Y, engine="jax", callbacks=[lambda info: False], **settings
    )
    assert len(steps) >= 5  # the first compiles, the second begins
    assert [ahead for _, ahead in steps[2:]] == [step for step, _ in steps[2:]]
    on_numpy = ellayer.train(Network([2, 3, 1]), X, Y, engine="numpy", **settings)
    np.testing.assert_allclose(in_chunks.costs, on_numpy.costs, rtol=1e-12)


def test_the_next_window_is_read_ahead_across_epochs(tmp_path):
    np.random.default_rng(0).random((40, 4)).tofile(tmp_path / "rows")
    rows = DiskRows(tmp_path / "rows", 3, 1, "float64", block_bytes=64, window_bytes=320)
    network = Network([3, 1], loss="squared_error")
    settings = SimpleNamespace(batch_size=5, seeds=[0], shuffle=True)
    reader = DiskReader(rows, _blocks(settings, rows), network)
    assert reader.blocks.windows == 4
    with reader.reading():
        ahead = []
        for step in range(9):
            reader.batch(step)
            ahead.append(sorted(reader._windows)[-1])
    assert ahead == [(0, 1), (0, 1), (0, 2), (0, 2), (0, 3), (0, 3), (1, 0), (1, 0), (1, 1)]


# The compilation cache


@pytest.fixture
def jax_cache():
    yield lambda: jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", None)


def test_the_cache_is_switched_on_within_the_context_alone(jax_cache, tmp_path, monkeypatch):
    folder = tmp_path / "deep" / "down"
    monkeypatch.setenv("ELLAYER_CACHE", str(folder))
    before = jax_cache()
    with compile_cache.context():
        assert folder.is_dir()
        assert jax_cache() == (str(folder) if before is None else before)
    assert jax_cache() == before


@pytest.mark.parametrize("off", ["0", "off", "No", "FALSE"])
def test_the_cache_can_be_switched_off(jax_cache, monkeypatch, off):
    monkeypatch.setenv("ELLAYER_CACHE", off)
    assert compile_cache.folder() is None
    before = jax_cache()
    with compile_cache.context():
        assert jax_cache() == before


def test_a_cache_that_the_caller_configured_stays(jax_cache, tmp_path, monkeypatch):
    monkeypatch.setenv("ELLAYER_CACHE", str(tmp_path / "ours"))
    jax.config.update("jax_compilation_cache_dir", str(tmp_path / "theirs"))
    with compile_cache.context():
        assert jax_cache() == str(tmp_path / "theirs")
    assert not (tmp_path / "ours").exists()


# Rules and checks


def test_the_span_pays_if_it_takes_less_than_half_of_the_direct_way():
    random = np.random.RandomState(0)
    outcomes = []
    for _ in range(3000):
        n_x, n_1, m, steps = (int(2 ** random.uniform(0, top)) for top in (14, 6, 8, 9))
        direct = 4 * steps * n_1 * n_x * m
        prepare = 2 * m * n_x * (m + 2 * n_1) + 2 * n_1 * n_x * m
        outcomes.append(prepare + 2 * steps * n_1 * m * (m + n_1) < direct / 2)
        assert wide.pays(Network([n_x, n_1, 1]), m, steps) == outcomes[-1], (n_x, n_1, m, steps)
    assert 0.1 < np.mean(outcomes) < 0.9


def test_five_strange_labels_are_listed():
    with pytest.raises(ellayer.EllayerError, match=r"received 2, 3, 4, 5, 6; recode the labels"):
        check_Y(BINARY, np.arange(10.0), 10, "float64")


@pytest.mark.parametrize(
    "size", [0, 1, NUMBERS_OF_ONE_THREAD, NUMBERS_OF_ONE_THREAD + 1, 3 * NUMBERS_OF_ONE_THREAD + 7]
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_sum_of_squares_is_that_of_all_numbers_with_and_without_threads(size, dtype):
    vector = np.random.default_rng(size).standard_normal(size).astype(dtype)
    exact = math.fsum(float(x) ** 2 for x in vector)
    for threads in (False, True):
        assert sum_of_squares(vector, threads) == pytest.approx(exact, rel=1e-5)
    for bad in (np.nan, np.inf) if size else ():
        for place in (0, size // 2, size - 1):
            other = vector.copy()
            other[place] = bad
            assert not math.isfinite(sum_of_squares(other, False))
            assert not is_finite(other)


@pytest.mark.parametrize(
    ("network", "needed"),
    [(Network([3, 4, 2]), 4), (Network([2, 6, 5, 1], inputs=Inputs(frequencies=0, categories=(3, 2))), 8)],
)
def test_a_file_has_two_arrays_of_each_layer_and_one_of_each_category(network, needed):
    assert repr(read_network(network.to_json(), needed)) == repr(network)
    with pytest.raises(
        ellayer.EllayerError, match=f"at least {needed} arrays of parameters, received {needed - 1}"
    ):
        read_network(network.to_json(), needed - 1)


def test_weights_are_not_copied():
    weights = np.ones(5)
    assert np.shares_memory(check_weights(weights, 5, "float64"), weights)


@pytest.mark.parametrize(("seeds", "count"), [((3, 3, 3), 1), ((3, 4), 2), ((4, 3, 4), 3)])
def test_networks_of_one_seed_have_one_order_of_the_examples(seeds, count):
    settings = SimpleNamespace(seeds=seeds, batch_size=4, shuffle=True)
    orders = _batch_orders(settings, 20)
    assert len(orders) == count
    for order, seed in zip(orders, seeds, strict=False):
        np.testing.assert_array_equal(order.order(0), Batches(20, 4, seed).order(0))


@pytest.mark.parametrize(
    ("options", "has_loss"),
    [
        ({"monitor": "validation_loss"}, False),
        ({"monitor": "loss"}, True),
        ({"monitor": "loss", "batch_size": 4}, False),
    ],
)
def test_the_loss_of_the_last_parameters_is_evaluated_if_it_is_what_decides(options, has_loss):
    """With mini-batches, the mean of the losses decides."""
    X, Y = problem(BINARY, m=12)
    result = ellayer.train(
        BINARY,
        X,
        Y,
        num_iterations=6,
        record_every=3,
        restore_best=True,
        validation=(X, Y),
        engine="numpy",
        **options,
    )
    assert ("loss" in result.history.final) == has_loss


def test_the_mean_of_one_history_is_itself():
    history = History({"iteration": [0, 5], "loss": [0.5, 0.25], "learning_rate": [0.1, 0.1], "gradient_norm": [1.0, 2.0],
                       "seconds": [0.5, 1.0]})  # fmt: skip
    assert dict(mean_epochs([history])) == dict(history.epochs())


@pytest.mark.parametrize("l1", [0.05, 1.0])
def test_any_l1_is_in_the_cost(l1):
    X, Y = problem(BINARY)
    plain = ellayer.train(BINARY, X, Y, num_iterations=1, record_every=1, seed=1)
    start = ellayer.core.initialize_parameters(BINARY, seed=1)
    penalty = l1 / X.shape[1] * sum(np.abs(start[f"W{l}"]).sum() for l in (1, 2))
    penalised = ellayer.train(BINARY, X, Y, num_iterations=1, record_every=1, seed=1, l1=l1)
    np.testing.assert_allclose(penalised.costs[0], plain.costs[0] + penalty, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "decay"), [("adagrad", 0.0), ("yogi", 0.0), ("lion", 1e-3), ("nadamw", 1e-4)]
)
def test_rules_of_optax_decay_weights_as_optax_does(name, decay):
    assert find_optimizer(name).weight_decay == decay
