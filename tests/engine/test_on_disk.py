"""Examples in a file: the same training as in memory, whatever the file's blocks and windows are."""

from __future__ import annotations

import gc
import threading

import hypothesis.strategies as st
import numpy as np
import pytest
from engine_cases import BATCH, BINARY, M, assert_close, assert_same, problem
from hypothesis import given, settings

import ellayer
from ellayer.core import Network
from ellayer.engine import BlockBatches, DiskRows

CLASSES = Network([3, 5, 3], "relu", "cross_entropy")
SMALL = {"block_bytes": 64, "window_bytes": 128}  # of rows of 32 bytes: two rows a block, two blocks a window
RUN = {"learning_rate": 0.3, "batch_size": BATCH, "record_every": 2}
ALL_OF_IT = {
    "optimizer": "adam(beta2=0.95)",
    "learning_rate": 0.02,
    "batch_size": 4,
    "schedule": "cosine",
    "dropout": 0.3,
    "l2": 0.1,
    "weight_decay": 0.01,
    "clip_norm": 1.0,
    "record_every": 3,
}


def on_disk(path, X, Y, weights=None, **sizes):
    """Write examples (columns) as rows of a file."""
    columns = [X, Y] if weights is None else [X, Y, np.reshape(weights, (1, -1))]
    rows = np.concatenate(columns).T
    rows.astype(X.dtype).tofile(path)
    return DiskRows(path, len(X), len(Y), str(X.dtype), weights is not None, **sizes)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "rows"


# The same as in memory


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("network", [BINARY, CLASSES])
@pytest.mark.parametrize("settings_", [RUN, ALL_OF_IT])
def test_a_file_of_one_window_trains_as_in_memory(file, network, settings_, shuffle):
    X, Y = problem(network)
    options = {**settings_, "num_iterations": 25, "shuffle": shuffle, "engine": "numpy", "seed": 3}
    memory = ellayer.train(network, X, Y, **options)
    assert_same(memory, ellayer.train(network, on_disk(file, X, Y), **options))


def test_weights_come_from_the_rows(file):
    X, Y = problem(BINARY)
    weights = np.linspace(0, 2, M)
    memory = ellayer.train(BINARY, X, Y, sample_weight=weights, num_iterations=20, engine="numpy", **RUN)
    disk = ellayer.train(BINARY, on_disk(file, X, Y, weights), num_iterations=20, engine="numpy", **RUN)
    assert_same(memory, disk)


def test_a_window_is_a_block_and_a_block_a_row_at_least(file):
    X, Y = problem(BINARY, m=53)
    for limits, sizes in (((63, 63), (1, 1)), ((64, 127), (2, 1)), ((64, 128), (2, 2)), ((1, 320), (1, 10))):
        rows = on_disk(file, X, Y, block_bytes=limits[0], window_bytes=limits[1])
        assert (rows.block, rows.window) == sizes


def test_in_order_windows_make_no_difference(file):
    X, Y = problem(BINARY, m=53)
    options = {**ALL_OF_IT, "num_iterations": 40, "shuffle": False, "engine": "numpy"}
    memory = ellayer.train(BINARY, X, Y, **options)
    assert_same(memory, ellayer.train(BINARY, on_disk(file, X, Y, **SMALL), **options))


def test_shuffled_windows_are_the_order_that_is_told(file):
    """Each epoch in memory, its examples put in the file's order by hand."""
    X, Y = problem(BINARY, m=53)
    rows = on_disk(file, X, Y, **SMALL)
    order = BlockBatches(53, 4, seed=0, block=rows.block, window=rows.window)
    assert order.windows > 10
    epochs, each = 4, order.steps_per_epoch
    options = {**ALL_OF_IT, "engine": "numpy", "schedule_length": epochs * each}
    disk = ellayer.train(BINARY, rows, num_iterations=epochs * each, **options)
    state = None
    for epoch in range(epochs):
        p = order.order(epoch)
        memory = ellayer.train(BINARY, X[:, p], Y[:, p], num_iterations=each, shuffle=False, state=state, **options)  # fmt: skip
        state = memory.state
    assert_same(memory, disk)


@pytest.mark.parametrize("network", [BINARY, CLASSES])
@pytest.mark.parametrize("weights", [None, np.linspace(0, 2, M)])
def test_the_compiled_loop_agrees(file, network, weights):
    X, Y = problem(network)
    options = {**ALL_OF_IT, "num_iterations": 30}
    rows = on_disk(file, X, Y, weights, **SMALL)
    assert_close(
        ellayer.train(network, rows, engine="numpy", **options),
        ellayer.train(network, rows, engine="jax", **options),
    )


def test_the_compiled_loop_equals_itself_in_memory(file):
    X, Y = problem(BINARY, dtype="float32")
    options = {**RUN, "num_iterations": 30, "engine": "jax", "validation": problem(BINARY, seed=1)}
    memory, disk = (ellayer.train(BINARY, *of, **options) for of in ((X, Y), (on_disk(file, X, Y),)))
    assert_close(memory, disk, 1e-5)
    assert disk.history.final["validation_loss"] == pytest.approx(memory.history.final["validation_loss"])


def test_auto_takes_the_numpy_loop_for_little_work(file):
    result = ellayer.train(BINARY, on_disk(file, *problem(BINARY)), num_iterations=3, **RUN)
    assert result.engine == "numpy"


def test_a_file_that_is_open_is_read_and_stays_open(file):
    X, Y = problem(BINARY)
    expected = ellayer.train(BINARY, on_disk(file, X, Y), num_iterations=6, **RUN)
    with open(file, "r+b") as opened:
        rows = DiskRows(opened, 3, 1, "float64")
        assert_same(expected, ellayer.train(BINARY, rows, num_iterations=6, **RUN))
        assert not opened.closed


# Continuing


@pytest.mark.parametrize("engine", ["numpy", "jax"])
@pytest.mark.parametrize("stops", [(20,), (13,), (5, 6, 23)])
def test_continued_equals_never_stopped(file, engine, stops):
    rows = on_disk(file, *problem(BINARY, m=23), **SMALL)
    options = {**ALL_OF_IT, "engine": engine, "schedule_length": 40, "validation": problem(BINARY, seed=1)}
    whole = ellayer.train(BINARY, rows, num_iterations=40, patience=30, **options)
    state, done = None, 0
    for stop in (*stops, 40):
        parts = ellayer.train(BINARY, rows, num_iterations=stop - done, patience=30, state=state, **options)
        state, done = parts.state, stop
    assert_same(whole, parts)


def test_a_run_that_diverges_falls_back(file):
    rows = on_disk(file, *problem(Network([3, 4, 1], "relu", "squared_error")), **SMALL)
    with pytest.warns(ellayer.engine.DivergenceWarning):
        result = ellayer.train(
            Network([3, 4, 1], "relu", "squared_error"),
            rows,
            **{**RUN, "learning_rate": 1e6},
            num_iterations=300,
        )
    assert result.stopped_by == "divergence"
    assert all(np.isfinite(theta).all() for theta in result.parameters.values())


def test_ctrl_c_leaves_a_state_to_continue_from_and_no_thread(file):
    rows = on_disk(file, *problem(BINARY, m=23), **SMALL)
    options = {**ALL_OF_IT, "engine": "numpy", "schedule_length": 400}
    whole = ellayer.train(BINARY, rows, num_iterations=400, **options)

    def stop(info):
        if info.iteration > 5:
            raise KeyboardInterrupt

    first = ellayer.train(BINARY, rows, num_iterations=400, progress=stop, **options)
    assert first.stopped_by == "interrupted"
    left = 400 - first.state.step
    assert 0 < left < 400
    assert_same(whole, ellayer.train(BINARY, rows, num_iterations=left, state=first.state, **options))
    gc.collect()
    assert not [t for t in threading.enumerate() if t.name.startswith("ellayer-read")]


# The order


@given(
    m=st.integers(1, 200),
    batch_size=st.integers(1, 50),
    block=st.integers(1, 40),
    window=st.integers(1, 9),
    shuffle=st.booleans(),
)
@settings(deadline=None)
def test_every_row_comes_once_an_epoch(m, batch_size, block, window, shuffle):
    batches = BlockBatches(m, batch_size, seed=7, shuffle=shuffle, block=block, window=window)
    for epoch in (0, 3):
        steps = range(epoch * batches.steps_per_epoch, (epoch + 1) * batches.steps_per_epoch)
        seen = []
        for step in steps:
            examples = []
            for e, k, first, last in batches.parts(step):
                assert e == epoch
                spans, order = batches.window(e, k)
                assert len(spans) <= window
                rows = np.concatenate([np.arange(i, i + n) for i, n in spans])
                examples += rows[order][first:last].tolist()
            assert examples == batches.indices(step).tolist()
            assert len(examples) == batches.batch_size or step == steps[-1]
            seen += examples
        assert sorted(seen) == list(range(m))
        assert shuffle or seen == sorted(seen)


def test_the_order_is_new_each_epoch_and_with_each_seed():
    orders = [
        BlockBatches(1000, 10, seed=seed, block=10, window=5).order(epoch).tolist()
        for seed in (0, 1)
        for epoch in (0, 1, 2)
    ]
    assert len(set(map(tuple, orders))) == 6
    again = BlockBatches(1000, 10, seed=1, block=10, window=5).order(1).tolist()
    assert again == orders[4]


# Errors


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": None}, "batch_size: expected a number of examples per update"),
        ({"Y": np.ones((1, M))}, "Y, sample_weight: expected None"),
        ({"sample_weight": np.ones(M)}, "Y, sample_weight: expected None"),
        ({"dtype": "float32"}, "dtype: expected that of the rows on disk, float64"),
        ({"metrics": {"hits": lambda AL, Y: 0.0}}, "metrics: expected none with rows on disk"),
        ({"optimizer": "lbfgs"}, "optimizer 'lbfgs': expected the full batch"),
        ({"engine": "wide"}, "engine 'wide': expected the full batch"),
    ],
)
def test_what_rows_on_disk_cannot_go_with(file, options, message):
    rows = on_disk(file, *problem(BINARY))
    with pytest.raises(ValueError, match=message):
        ellayer.train(BINARY, rows, **{**RUN, **options})


def test_rows_of_another_network(file):
    with pytest.raises(ValueError, match="expected rows of 4 inputs and 1 targets"):
        ellayer.train(Network([4, 2, 1]), on_disk(file, *problem(BINARY)), **RUN)


@pytest.mark.parametrize("engine", ["numpy", "jax"])
@pytest.mark.parametrize(
    ("row", "column", "value", "message"),
    [
        (11, 1, np.nan, "X on disk: expected finite numbers"),
        (11, 3, 0.5, "Y on disk: the loss 'binary_cross_entropy' expects labels 0 and 1"),
        (11, 4, -1.0, "weights on disk: expected finite numbers >= 0"),
    ],
)
def test_bad_numbers_in_a_file_are_refused(file, engine, row, column, value, message):
    X, Y = problem(BINARY)
    on_disk(file, X, Y, np.ones(M))
    rows = np.fromfile(file).reshape(M, 5)
    rows[row, column] = value
    rows.tofile(file)
    with pytest.raises(ValueError, match=message):
        ellayer.train(BINARY, DiskRows(file, 3, 1, "float64", True), num_iterations=9, engine=engine, **RUN)


def test_a_file_that_is_no_whole_number_of_rows(file):
    on_disk(file, *problem(BINARY))
    with pytest.raises(ValueError, match=r"expected rows of 3 float64 numbers.*received 416 bytes"):
        DiskRows(file, 2, 1, "float64")
    file.write_bytes(b"")
    with pytest.raises(ValueError, match="received 0 bytes"):
        DiskRows(file, 3, 1)


def test_a_file_that_is_cut_while_it_is_read(file):
    rows = on_disk(file, *problem(BINARY), **SMALL)
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(ValueError, match="the file is shorter"):
        ellayer.train(BINARY, rows, num_iterations=9, **RUN)


def test_no_targets_in_memory_is_said():
    with pytest.raises(ValueError, match="Y: expected targets, received None"):
        ellayer.train(BINARY, problem(BINARY)[0])
