"""Where the compiled loop's arrays lie: three devices by a stand-in for ``_put``, real ones in test_sharding."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from ellayer.engine.batch_reader import ALIGNED
from ellayer.engine.batches import Batches
from ellayer.engine.device_placement import DevicePlacement, _as_rows
from ellayer.engine.sparse import SparseReader
from ellayer.engine.step import Batch

DEVICE = jax.devices()[0]
X, Y = np.arange(22.0).reshape(2, 11), np.arange(11.0)[None] % 2
WEIGHTS = np.linspace(0.5, 1.5, 11)[None]


@pytest.fixture
def put(monkeypatch):
    """Record the axes that arrays are split along, and leave the arrays where they are."""
    axes = []
    monkeypatch.setattr(DevicePlacement, "_put", lambda self, array, *names: axes.append(names) or array)
    return axes


def three(batches: Batches, split: bool = True) -> DevicePlacement:
    return DevicePlacement([DEVICE] * 3, batches, split)


@pytest.mark.parametrize(
    ("batch_size", "split", "count"), [(6, True, 3), (5, True, 1), (6, False, 1), (7, True, 3)]
)
def test_examples_are_split_if_each_device_has_two_of_them(batch_size, split, count):
    assert three(Batches(60, batch_size), split).count == count
    assert DevicePlacement(None, Batches(60, batch_size), split).count == 1  # this process has one


def test_arrays_are_replicated_where_several_devices_are_used(put):
    DevicePlacement([DEVICE], Batches(60, 6), True).replicate(X)
    assert put == []
    three(Batches(60, 6)).replicate(X)
    assert put == [()]


def test_the_full_batch_is_padded_by_examples_that_weigh_nothing(put):
    batches = Batches(11, None)
    for weights, own in ((None, np.ones((1, 11))), (WEIGHTS, WEIGHTS)):
        stored = three(batches).store(Batch(X, Y, weights), batches, "float64")
        assert stored.X.shape == (2, 12)
        np.testing.assert_array_equal(stored.X, np.pad(X, ((0, 0), (0, 1))))
        np.testing.assert_array_equal(stored.Y, np.pad(Y, ((0, 0), (0, 1))))
        np.testing.assert_array_equal(stored.weights, np.pad(own, ((0, 0), (0, 1))))
        assert stored.gram is None
    assert put == [(None, "m")] * 6
    twelve = Batches(12, None)
    stored = three(twelve).store(Batch(np.ones((2, 12)), np.ones((1, 12))), twelve, "float64")
    assert stored.weights is None  # nothing to pad


def test_one_device_takes_the_full_batch_as_it_is():
    batches = Batches(11, None)
    stored = DevicePlacement(None, batches, True).store(Batch(X, Y, None, np.eye(11)), batches, "float32")
    assert [a.dtype for a in (stored.X, stored.Y, stored.gram)] == [np.float32] * 3
    assert stored.weights is None
    np.testing.assert_array_equal(stored.X, X)


@pytest.mark.parametrize(("size", "weighed"), [(6, True), (11, False), (9, True)])
def test_mini_batches_are_stored_as_rows_with_weights_where_some_are_padded(put, size, weighed):
    batches = Batches(22, size)
    many_X, many_Y = np.tile(X, 2), np.tile(Y, 2)
    stored = DevicePlacement(None, batches, True).store(Batch(many_X, many_Y), batches, "float64")
    assert stored.X.shape == (batches.rows_kept, 2)
    np.testing.assert_array_equal(stored.X[:22], many_X.T)
    assert not np.any(stored.X[22:])
    assert (stored.weights is not None) == weighed
    if weighed:
        np.testing.assert_array_equal(stored.weights, [[1.0] * 22 + [0.0] * (batches.rows_kept - 22)])
    # 11 and 9 are no multiples of three devices: their shares are padded, and padding weighs nothing
    spread = three(batches).store(Batch(many_X, many_Y), batches, "float64")
    assert (spread.weights is None) == (22 % size == 0 and size % 3 == 0)


def test_indices_are_padded_to_whole_shares(put):
    indices = np.arange(16).reshape(2, 8)
    padded = three(Batches(60, 8)).split_rows(indices)
    np.testing.assert_array_equal(padded, np.pad(indices, ((0, 0), (0, 1)), constant_values=-1))
    assert put == [(None, "m")]
    assert DevicePlacement(None, Batches(60, 8), True).split_rows(indices) is indices


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_a_chunk_of_read_batches_is_padded_to_whole_shares(put, weights):
    from scipy import sparse

    batches = Batches(11, 7, shuffle=False)
    reader = SparseReader(Batch(sparse.csr_array(X), Y, weights), batches)
    stack = three(batches).split_stack(reader, first=0, count=2, length=3)
    assert [a.shape for a in stack[:3]] == [(3, 9, 2), (3, 9, 1), (3, 9, 1)]
    np.testing.assert_array_equal(stack.X[0, :7], X.T[:7])
    np.testing.assert_array_equal(stack.X[1, :4], X.T[7:])
    own = np.ones(11) if weights is None else weights[0]
    np.testing.assert_array_equal(stack.weights[0, :7, 0], own[:7])
    np.testing.assert_array_equal(stack.weights[1, :4, 0], own[7:])
    for a, used in ((stack.X, (7, 4, 0)), (stack.Y, (7, 4, 0)), (stack.weights, (7, 4, 0))):
        for row, count in zip(a, used, strict=True):
            assert not row[count:].any()
    assert put == [(None, "m", None)] * 3
    alone = DevicePlacement(None, batches, True).split_stack(reader, first=0, count=2, length=3)
    assert alone.X.shape == (3, 7, 2)


def test_rows_lie_as_jax_takes_them_over():
    rows = _as_rows(X, 16, "float32")
    assert (rows.shape, rows.dtype, rows.ctypes.data % ALIGNED) == ((16, 2), np.float32, 0)
    np.testing.assert_array_equal(rows, np.pad(X.T, ((0, 5), (0, 0))))
