"""Placement of the arrays of the compiled loop: on one device, or with the examples split over several."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import jax
import numpy as np

from ..core.arrays import Array
from .batch_reader import BatchReader, aligned_zeros
from .batches import Batches
from .rows_in_place import find_rows_in_place
from .step import Batch

if TYPE_CHECKING:
    from jax.sharding import PartitionSpec

    from .devices import Device


def partition(*axes: str | None) -> PartitionSpec:
    """Return which axes of an array are split over the devices."""
    return jax.sharding.PartitionSpec(*axes)  # type: ignore[no-untyped-call]


class DevicePlacement:
    """The devices of a run.

    Parameters
    ----------
    devices : sequence of jax devices, or None
        None: all of the default backend. Only the first is used if each would have fewer than 2 examples.
    batches : Batches
    split : bool
        Whether the examples may be split over several devices.
    """

    def __init__(self, devices: Sequence[Device] | None, batches: Batches, split: bool):
        devices = list(devices) if devices is not None else jax.local_devices()
        if batches.batch_size < 2 * len(devices) or not split:
            devices = devices[:1]
        self.count: int = len(devices)
        self.in_memory: bool = devices[0].platform == "cpu"  # the device uses the memory of the host
        self._device = devices[0]
        self._mesh = jax.sharding.Mesh(np.array(devices), ("m",))

    def device_context(self) -> AbstractContextManager[object]:
        """Return a context in which new arrays lie on the first device, and programs run there.

        Without it, those of the CPU would go by way of a GPU where jax sees one.
        """
        is_default = self._device == jax.local_devices()[0]
        return nullcontext() if is_default else jax.default_device(self._device)

    def _put(self, array: Array, *axes: str | None) -> Array:
        return jax.device_put(array, jax.sharding.NamedSharding(self._mesh, partition(*axes)))

    def replicate(self, array: Array) -> Array:
        """Replicate an array on every device, if there are several."""
        return self._put(array) if self.count > 1 else array

    def split_rows(self, indices: np.ndarray) -> Array:
        """Split each update's examples over the devices, padded to equal parts."""
        if self.count == 1:
            return indices
        extra = -indices.shape[1] % self.count
        return self._put(np.pad(indices, ((0, 0), (0, extra)), constant_values=-1), None, "m")

    def split_stack(self, reader: BatchReader, first: int, count: int, length: int) -> Batch:
        """Return the mini-batches of a chunk, each split over the devices."""
        extra = -reader.batches.batch_size % self.count
        stack = reader.stack(first, count, length, bool(reader.weighted or reader.batches.ragged or extra))
        if self.count == 1:
            return stack
        padding = ((0, 0), (0, extra), (0, 0))
        return Batch(*(None if a is None else self._put(np.pad(a, padding), None, "m", None) for a in stack))

    def transfer(self, stack: Batch) -> Batch:
        """Copy the mini-batches of a chunk to the device, and wait until the reader may use its memory again."""
        if self.count == 1:  # otherwise ``split_stack`` has copied them
            stack = Batch(
                *(None if a is None else jax.device_put(a, self._device, may_alias=False) for a in stack)
            )
        for array in stack:
            if isinstance(array, jax.Array):
                array.block_until_ready()
        return stack

    def store(self, batch: Batch, batches: Batches, dtype: str) -> Batch:
        """Place the examples: columns for the full batch, rows for gathering mini-batches."""
        weights = None if batch.weights is None else np.asarray(batch.weights, dtype)
        return (self._columns if batches.full else self._rows)(batch, weights, batches, dtype)

    def _columns(self, batch: Batch, weights: np.ndarray | None, batches: Batches, dtype: str) -> Batch:
        X, Y = np.asarray(batch.X, dtype), np.asarray(batch.Y, dtype)
        if extra := -X.shape[1] % self.count:
            weights = np.ones((1, X.shape[1]), dtype) if weights is None else weights
            X, Y, weights = (np.pad(a, ((0, 0), (0, extra))) for a in (X, Y, weights))
        if self.count == 1:
            gram = None if batch.gram is None else np.asarray(batch.gram, dtype)
            return Batch(
                *(None if a is None else self.replicate(jax.device_put(a)) for a in (X, Y, weights, gram))
            )
        return Batch(*(None if a is None else self._put(a, None, "m") for a in (X, Y, weights)))

    def _rows(self, batch: Batch, weights: np.ndarray | None, batches: Batches, dtype: str) -> Batch:
        if weights is None and (batches.ragged or batches.batch_size % self.count):
            weights = np.ones((1, batches.m), dtype)
        if weights is not None:
            weights = np.pad(weights, ((0, 0), (0, batches.rows_kept - batches.m)))
            weights = self.replicate(jax.device_put(weights))
        Y = self.replicate(jax.device_put(_as_rows(batch.Y, batches.rows_kept, dtype)))
        in_place = None
        if self.in_memory and self.count == 1:
            in_place = find_rows_in_place(batch.X, batches, dtype)
        if in_place is not None:
            return Batch(in_place, Y, weights)
        return Batch(self.replicate(jax.device_put(_as_rows(batch.X, batches.rows_kept, dtype))), Y, weights)


def _as_rows(columns: np.ndarray, count: int, dtype: str) -> np.ndarray:
    """Return examples as rows, zeros below, in one copy, which jax's CPU backend uses without another."""
    rows = aligned_zeros((count, len(columns)), np.dtype(dtype))
    rows[: columns.shape[1]] = columns.T
    return rows
