"""The compiled loop of a group of processes: each device has its own rows, and gradients are added up in each update.

The same program runs on every device. K processes with one device each compute the bits of one process with K devices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, cast

import jax
import numpy as np

from ..core.arrays import Array, is_sparse
from .batch_reader import BatchReader, aligned_zeros, extend_in_place
from .device_placement import partition
from .group import Group, lost_peers
from .jax_loop import ChunkExamples, JaxLoop, Shared, Split, _program
from .loop import LoopState, Records
from .rows_in_place import RowsInPlace, find_place
from .shard_step import AXIS
from .shards import Shards
from .sparse import SparseReader
from .step import Batch, StepConfig
from .train_settings import TrainSettings
from .training_data import TrainingData

if TYPE_CHECKING:
    from .jax_loop import Carry


class ShardedLoop(JaxLoop):
    """Updates of one network or of several at once, each device of a group with its own rows; a ``Loop``.

    Parameters
    ----------
    settings : TrainSettings
    data : TrainingData
        The rows of this process, with the orders of all rows.
    longest : int, optional
        The maximum number of updates per call.
    group : Group
    """

    def __init__(self, settings: TrainSettings, data: TrainingData, longest: int | None, group: Group):
        self._group = group
        self._shards = Shards(data.counts, group.local_shards, data.batch_orders)
        self._room: int = self._shards.usual
        config = replace(settings.config, shards=group.shards)
        super().__init__(replace(settings, config=config, devices=group.local_devices[:1]), data, longest)
        self.name += f", {group.size} processes" if group.size > 1 else ""
        with self._context():
            self._values = jax.tree.map(self._replicate, self._values)

    # Placement

    def _replicate(self, array: Array) -> Array:
        """Place an array on every device of the group; all processes have the same."""
        return self._put(np.broadcast_to(array, (self._group.local_shards, *np.shape(array))))

    def _put(
        self, parts: Sequence[np.ndarray] | np.ndarray, axis: int | None = None, may_alias: bool = False
    ) -> Array:
        """Place a part on each device of this process; ``axis`` is that along which they are joined, None for copies."""
        group, shape = self._group, list(parts[0].shape)
        if axis is not None:
            shape[axis] *= group.shards
        placed = [
            jax.device_put(np.asarray(part, order="C"), device, may_alias=may_alias)
            for part, device in zip(parts, group.local_devices, strict=True)
        ]
        sharding = jax.sharding.NamedSharding(group.mesh, partition() if axis is None else _along(axis))
        return jax.make_array_from_single_device_arrays(tuple(shape), sharding, placed)

    def _find_reader(self) -> BatchReader | None:
        examples = cast(Batch, self.data.examples)
        return SparseReader(examples, self.data.batches) if is_sparse(examples.X) else None

    def _store_examples(self) -> Shared | None:
        """Place the rows of each device, padded to equally many; those of padding have weight 0.

        Sparse rows are made dense one chunk at a time.
        """
        self._batch, self._places = None, None
        if self._reader is not None:
            return None
        examples, full, height = (
            cast(Batch, self.data.examples),
            self.data.batches.full,
            self._shards.rows_kept,
        )
        m = examples.X.shape[1]
        weights = np.ones((1, m), self.dtype) if examples.weights is None else examples.weights
        X = self._place_in_memory(examples.X) or self._place(examples.X)
        Y = self._place(examples.Y)
        one_order = full or len(self.data.batch_orders) == 1
        shared = Shared(one_order, len(weights) == 1) if self.stacked else None
        parts = self._parts(weights, True)
        stacked_weights = shared is not None and not shared.weights
        W = self._put(
            [part[:, None] for part in parts] if stacked_weights else parts, 2 if stacked_weights else 1, True
        )
        self._batch = Batch(X, Y, W)
        if full:
            first = self._group.rank * self._group.local_shards
            bounds = self._shards.bounds[first : first + self._group.local_shards]
            places = (bounds[:, None] + np.arange(height)).astype(np.int32)
            self._places = self._put(places, 0)
        return shared

    def _place(self, columns: np.ndarray) -> Array:
        """Place the columns of the full batch, or rows for mini-batches."""
        full = self.data.batches.full
        return self._put(self._parts(columns if full else columns.T, full), int(full), True)

    def _place_in_memory(self, columns: np.ndarray) -> RowsInPlace | None:
        """Return rows that are read where they lie, if all processes can do so in the same program."""
        group, place = self._group, None
        is_even = len(set(np.diff(self._shards.bounds))) == 1 and group.local_shards == 1
        if is_even and self._placement.in_memory and not self.data.batches.full:
            place = find_place(columns, self.data.batches, self.dtype)
        begins = group.exchange(None if place is None else place[1])
        if place is None or len(set(begins)) > 1:
            return None
        first = self._put([np.array([place[1]], np.int32)], 0)
        return RowsInPlace(self._put([place[0]], 0, True), first, len(columns))

    def _parts(self, array: np.ndarray, columns: bool) -> list[np.ndarray]:
        """Return the examples of each device of this process, padded with zeros; an array that has its length as it is."""
        height, parts = self._shards.rows_kept, []
        for part in np.array_split(array, self._group.local_shards, axis=int(columns)):
            if part.shape[columns] < height or part.dtype != self.dtype:
                shape = (len(part), height) if columns else (height, part.shape[1])
                padded = None if columns or part.dtype != self.dtype else extend_in_place(part, height)
                if padded is None:
                    padded = aligned_zeros(shape, np.dtype(self.dtype))
                    padded[tuple(map(slice, part.shape))] = part
                part = padded
            parts.append(part)
        return parts

    def _make_program(self, config: StepConfig, shared: Shared | None) -> Callable[..., tuple[Carry, Array]]:
        order = 0 if shared is None or shared.order else 1
        weights = 1 if shared is None or shared.weights else 2
        split = _split_over(self._group.mesh, self.data.batches.full, order, weights)
        return _program(config, self._length, shared, split)

    def _updates(self, rates: np.ndarray, count: int) -> tuple[Array, Array]:
        first, second = super()._updates(rates, count)
        return self._replicate(first), self._replicate(second)

    # Updates

    def start(self, states: Sequence[LoopState]) -> None:
        """Set the states to continue from, which have to be the same in every process."""
        leaves = [np.asarray(leaf) for leaf in jax.tree.leaves([list(state) for state in states])]
        self._group.check_same_start(leaves)
        with lost_peers(), self._group.waiting("the first update"):
            super().start(states)

    def advance(self, rates: np.ndarray) -> tuple[list[Records], bool]:
        """Do one update per column of rates; an update with too many rows on one device takes a larger program."""
        with lost_peers(), self._group.waiting("an update"):
            if self.data.batches.full:
                return _chunk_records(super().advance(rates)), False
            records, done, count = [Records() for _ in rates], 0, rates.shape[1]
            while done < count:
                fitting = self._shards.fits(self._step, count - done)
                self._room = self._shards.usual if fitting else self._shards.most
                number = fitting or 1
                more = _chunk_records(super().advance(rates[:, done : done + number]))
                for record, one in zip(records, more, strict=True):
                    record.extend(one)
                done += number
        return records, False

    def _read_ahead(self, first: int, count: int) -> None:
        """Prepare nothing: rows of sparse examples are in memory, and each process has orders of its own."""

    def _examples(self, count: int) -> ChunkExamples:
        batch = cast(Batch, self._batch)
        if self.data.batches.full:
            return ChunkExamples(batch, None, self._places)
        group = self._group
        devices = range(group.rank * group.local_shards, (group.rank + 1) * group.local_shards)
        tables = self._shards.tables(self._step, count, devices, self._length, self._room)
        rows, places = (table.transpose(2, 0, 1, 3) for table in tables)  # devices first
        if self._reader is not None:
            batch, rows = self._dense_rows(rows[:, 0])
            return ChunkExamples(batch, self._put(rows, 1), self._put(places[:, 0], 1))
        if len(tables[0]) == 1:
            return ChunkExamples(batch, self._put(rows[:, 0], 1), self._put(places[:, 0], 1))
        return ChunkExamples(batch, self._put(rows, 2), self._put(places, 2))

    def _dense_rows(self, tables: np.ndarray) -> tuple[Batch, np.ndarray]:
        """Return the sparse examples that the devices of this process need in a chunk as dense rows, and tables of these."""
        reader, bounds = cast(SparseReader, self._reader), self._shards.bounds
        first = self._group.rank * self._group.local_shards
        parts: list[tuple[np.ndarray, ...]] = []
        places = np.where(tables >= 0, np.arange(tables[0].size, dtype=np.int32).reshape(tables[0].shape), -1)
        for k, table in enumerate(tables):
            at = table.ravel() >= 0
            numbers = table.ravel()[at] + (bounds[first + k] - bounds[first])
            shapes = (at.size, reader.n_x), (at.size, reader.n_y), (1, at.size)
            X, Y, W = arrays = tuple(aligned_zeros(shape, reader.dtype) for shape in shapes)
            X[at], Y[at], W[:, at] = reader.rows(numbers)
            parts.append(arrays)
        X, Y, W = (
            self._put(part, axis, True)
            for part, axis in zip(zip(*parts, strict=True), (0, 0, 1), strict=True)
        )
        return Batch(X, Y, W), places


def _along(axis: int) -> jax.sharding.PartitionSpec:
    """Return that an axis of an array is split over the devices."""
    return partition(*[None] * axis, AXIS)


def _chunk_records(chunk: tuple[list[Records], bool]) -> list[Records]:
    """Return the records of a chunk; Ctrl-C in one process cannot go back, for the others continue."""
    if chunk[1]:
        raise KeyboardInterrupt
    return chunk[0]


@lru_cache(maxsize=64)
def _split_over(mesh: jax.sharding.Mesh, full: bool, order: int, weights: int) -> Split:
    """Return a function that runs a chunk on every device of a mesh.

    Parameters
    ----------
    mesh : jax mesh
    full : bool
        Whether the examples are columns of the full batch, not rows.
    order, weights : int
        Leading axes of the tables of examples and of the weights.
    """

    rows, table, whole = _along(1 if full else 0), _along(order + 1), partition()
    examples = ChunkExamples(
        Batch(rows, rows, _along(weights)), None if full else table, _along(0) if full else table
    )

    def split(chunk: Callable[..., tuple[Carry, Array]]) -> Callable[..., tuple[Carry, Array]]:
        return jax.shard_map(
            chunk,
            mesh=mesh,
            in_specs=(whole, whole, examples, whole, whole),
            out_specs=whole,
            check_vma=False,
        )

    return split
