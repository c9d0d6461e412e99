"""The compiled loop: the same step, jitted and run in chunks of updates inside one program.

A chunk is a ``while`` over up to ``length`` updates whose number, learning rates and examples are
arguments, so that one compiled program serves a whole run and every later run of the same shapes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from . import compile_cache
from .batches import Batches
from .disk_rows import Feed
from .numpy_loop import Records
from .state import copy_tree
from .step import Batch, Knobs, Plan, cost, evaluate, gradient_norm, update

NUMBERS_OF_STACK = 1 << 22  # of a chunk's mini-batches from disk

ALIGNED = 64  # bytes: what jax asks of memory that it is to use without copying it
_traces = 0


def trace_count() -> int:
    """Return how many times a chunk was traced in this process."""
    return _traces


def _chunk(plan: Plan, length: int, carry: Any, batch: Batch, knobs: Knobs, indices: Any, rates: Any,
           first: Any, count: Any, record_every: Any) -> Any:  # fmt: skip
    """Run ``count`` updates; return the carry and, by record, costs, gradient norms and interval means."""
    global _traces
    _traces += 1
    dtype = rates.dtype
    first_record = first // record_every + (first % record_every != 0)

    def body(state):
        i, (parameters, optimizer_state, cost_sum, number), columns = state
        step = first + i
        part = _part(batch, indices, i)
        at = evaluate(plan, knobs, parameters, part, step)
        record = step % record_every == 0

        look = partial(_look, plan, knobs, parameters, part, at, dtype)
        J = _cost(plan, knobs, parameters, part, at, dtype) if plan.every_cost else None
        J, norm = jax.lax.cond(record, look, lambda J: (_or_zero(J, dtype), jnp.zeros((), dtype)), J)
        mean = jnp.where(number > 0, cost_sum / jnp.maximum(number, jnp.finfo(dtype).tiny), jnp.nan)
        slot = jnp.where(record, step // record_every - first_record, length)  # the last is for no record
        columns = jax.lax.dynamic_update_slice(
            columns, jnp.stack([J, norm, mean])[:, None], (jnp.int32(0), slot)
        )
        if plan.every_cost:
            share = part.X.shape[1] if part.weights is None else jnp.sum(part.weights)
            cost_sum = jnp.where(record, 0.0, cost_sum) + share * J
            number = jnp.where(record, 0.0, number) + share
        t = (step + 1).astype(dtype)
        parameters, optimizer_state = update(
            plan, knobs, parameters, optimizer_state, at.grads, rates[i].astype(dtype), t
        )
        return i + 1, (parameters, optimizer_state, cost_sum, number), columns

    columns = jnp.zeros((3, length + 1), dtype)
    _, carry, columns = jax.lax.while_loop(lambda s: s[0] < count, body, (jnp.int32(0), carry, columns))
    return carry, columns


def _cost(plan: Plan, knobs: Knobs, parameters: Any, batch: Batch, at: Any, dtype: Any) -> Any:
    return cost(plan, knobs, parameters, batch, at).astype(dtype)


def _look(plan: Plan, knobs: Knobs, parameters: Any, batch: Batch, at: Any, dtype: Any, J: Any) -> Any:
    """What a record holds; J where it is known already."""
    J = _cost(plan, knobs, parameters, batch, at, dtype) if J is None else J
    return J, gradient_norm(plan, batch, at).astype(dtype)


def _or_zero(J: Any, dtype: Any) -> Any:
    return jnp.zeros((), dtype) if J is None else J


def _part(batch: Batch, indices: Any, i: Any) -> Batch:
    """The examples of the chunk's update i: all, those of a table, or of the chunk's own stack of mini-batches."""
    if indices is not None:
        return _gather(batch, indices[i])
    if batch.X.ndim == 2:
        return batch
    return Batch(*(None if a is None else a[i].T for a in batch))


def _gather(batch: Batch, rows: Any) -> Batch:
    """Take a mini-batch; examples are rows in the store, columns in the equations. -1 weighs nothing."""
    weights = None
    if batch.weights is not None:
        weights = jnp.where(rows >= 0, batch.weights[:, rows], 0.0)
    return Batch(batch.X[rows].T, batch.Y[rows].T, weights)


@lru_cache(maxsize=256)
def _program(plan: Plan, length: int) -> Callable:
    return jax.jit(partial(_chunk, plan, length), donate_argnums=0)


@lru_cache(maxsize=64)
def _program_of_many(plan: Plan, length: int, shared_order: bool, shared_weights: bool) -> Callable:
    """The chunk over a leading axis of networks: parameters, knobs and rates differ, the data does not."""
    axes = (
        0,
        Batch(None, None, None if shared_weights else 0),
        0,
        None if shared_order else 0,
        0,
        None,
        None,
        None,
    )
    return jax.jit(jax.vmap(partial(_chunk, plan, length), in_axes=axes), donate_argnums=0)


class JaxLoop:
    """Runs updates compiled; the interface is ``NumpyLoop``'s.

    Parameters
    ----------
    plan : Plan
    knobs : Knobs
    batch : Batch or Feed
        All the examples, as NumPy arrays, or what reads them from disk.
    batches : Batches
    record_every : int
    dtype : str
        "float32" or "float64"; the caller's global jax configuration is left alone.
    devices : list of jax devices, optional
        The examples are split over them; all of the default backend where None.
    longest : int, optional
        The most updates that will be asked for at once: a small chunk takes small tables.
    """

    name = "jax"

    def __init__(
        self,
        plan: Plan,
        knobs: Knobs,
        batch: Batch | Feed,
        batches: Batches,
        record_every: int,
        dtype: str,
        devices: Any = None,
        longest: int | None = None,
    ):
        self.plan, self.batches, self.record_every, self.dtype = plan, batches, record_every, dtype
        self.compile_seconds = 0.0
        self._feed = batch if isinstance(batch, Feed) else None
        self._length = _chunk_length(batches, longest, self._feed)
        self.chunk_limit = self._length
        with self._precision():
            self._placement = _Placement(devices, batches, plan)
            self._batch: Any = None
            if not isinstance(batch, Feed):
                self._batch = self._placement.store(batch, batches, dtype)
            self._knobs = jax.tree.map(lambda x: jnp.asarray(x, dtype), knobs._replace(seed=0))._replace(
                seed=jnp.uint32(knobs.seed & 0xFFFFFFFF)
            )
        self._run = _program(plan, self._length)

    def resources(self) -> AbstractContextManager:
        """Return a context for the run; the compiled loop needs none but for rows on disk."""
        return nullcontext() if self._feed is None else self._feed.reading()

    def start(self, parameters: dict, optimizer_state: Any, step: int, interval: tuple[float, float]) -> None:
        """Take the state to continue from, and compile."""
        self._step = step
        with self._precision():
            as_device = partial(jax.tree.map, lambda x: self._placement.replicate(jnp.array(x)))
            carry = (as_device(parameters), as_device(optimizer_state))
            self._carry = (*carry, *(self._placement.replicate(jnp.asarray(x, self.dtype)) for x in interval))
            self._host = copy_tree(self._carry)
            begin = time.perf_counter()
            with compile_cache.enabled():
                jax.block_until_ready(self._call(np.zeros(0)))
            self.compile_seconds += time.perf_counter() - begin

    def state(self) -> tuple[dict, Any, int, tuple[float, float]]:
        """Return parameters, optimizer state, step and the interval's (sum, number) of costs."""
        parameters, optimizer_state, cost_sum, number = self._host
        return parameters, optimizer_state, self._step, (float(cost_sum), float(number))

    def advance(self, rates: np.ndarray) -> tuple[Records, bool]:
        """Do one update per rate, at most ``chunk_limit``; return the records and whether Ctrl-C came."""
        first, k = self._step, self.record_every
        count = -(-(first + len(rates)) // k) - -(-first // k)
        try:
            with self._precision():
                columns = np.asarray(self._call(rates))
                host = copy_tree(self._carry)
            records = Records(*columns[:, :count].astype(float).tolist())
            self._host, self._step = host, first + len(rates)
        except KeyboardInterrupt:
            return Records(), True  # the state of the chunk's beginning stands, whole
        return records, False

    def _call(self, rates: np.ndarray) -> Any:
        padded = np.zeros(self._length, self.dtype)
        padded[: len(rates)] = rates
        batch, indices = self._batch, None
        if self._feed is not None:
            batch = self._placement.split_stack(self._feed, self._step, len(rates), self._length)
        elif not self.batches.full:
            indices = self._placement.split_rows(
                self.batches.padded_indices(self._step, len(rates), self._length)
            )
        self._carry, columns = self._run(
            self._carry,
            batch,
            self._knobs,
            indices,
            padded,
            np.int32(self._step),
            np.int32(len(rates)),
            np.int32(self.record_every),
        )
        return columns

    def _precision(self):
        return jax.enable_x64(self.dtype == "float64")


class JaxLoopOfMany(JaxLoop):
    """K networks of one architecture in one compiled program.

    Parameters
    ----------
    plan, record_every, dtype
        As for ``JaxLoop``.
    knobs : Knobs
        Each number an array of length K.
    batch : Batch
        All the examples; weights (1, m) or (K, m).
    orders : list of Batches
        One for all, or one each.
    K : int
    """

    def __init__(
        self,
        plan: Plan,
        knobs: Knobs,
        batch: Batch,
        orders: list[Batches],
        record_every: int,
        dtype: str,
        K: int,
    ):
        one = knobs._replace(seed=0)
        super().__init__(plan, one, batch, orders[0], record_every, dtype, jax.devices()[:1])
        self.K, self._orders, self.name = K, orders, f"jax, {K} at once"
        with self._precision():
            self._knobs = self._knobs._replace(
                seed=jnp.asarray(np.asarray(knobs.seed) & 0xFFFFFFFF, jnp.uint32)
            )
            weights = self._batch.weights
            shared_weights = weights is None or len(weights) == 1
            if weights is not None and not shared_weights:
                self._batch = self._batch._replace(weights=weights[:, None, :])
        self._run = _program_of_many(plan, self._length, len(orders) == 1, shared_weights)

    def start(  # type: ignore[override]
        self,
        parameters: list,
        optimizer_states: list | None,
        step: int = 0,
        intervals: Sequence[tuple[float, float]] | None = None,
    ) -> None:
        """Take K starts, or where K networks stand after ``step`` updates, and compile."""
        with self._precision():
            stacked = jax.tree.map(lambda *x: jnp.stack([jnp.asarray(a, self.dtype) for a in x]), *parameters)
            if optimizer_states is None:
                states = jax.vmap(self.plan.optimizer.init)(stacked)
            elif jax.tree.leaves(optimizer_states[0]):
                states = jax.tree.map(lambda *x: jnp.stack([jnp.asarray(a) for a in x]), *optimizer_states)
            else:
                states = optimizer_states[0]
            sums = jnp.asarray(intervals or [(0.0, 0.0)] * self.K, self.dtype)
            carry = (stacked, states, sums[:, 0], sums[:, 1])
            # placed as the examples are: else the second chunk would be compiled anew
            self._carry = jax.tree.map(self._placement.replicate, carry)
            self._step = step
            self._host = copy_tree(self._carry)
            begin = time.perf_counter()
            with compile_cache.enabled():
                jax.block_until_ready(self._call(np.zeros((self.K, 0))))
            self.compile_seconds = time.perf_counter() - begin

    def advance(self, rates: np.ndarray) -> np.ndarray:  # type: ignore[override]
        """Do one update per column of rates (K, count); return the columns (K, 3, length)."""
        with self._precision():
            columns = np.asarray(self._call(rates), dtype=float)
            self._host = copy_tree(self._carry)
        self._step += rates.shape[1]
        return columns

    def parameters(self, k: int) -> dict[str, np.ndarray]:
        """Return the parameters of network k."""
        return {name: self._host[0][name][k] for name in self.plan.names}

    def optimizer_state(self, k: int) -> Any:
        """Return the optimizer's state of network k."""
        return jax.tree.map(lambda a: np.asarray(a)[k], self._host[1])

    def interval(self, k: int) -> tuple[float, float]:
        """Return (sum, number) of the costs since the last record."""
        return float(self._host[2][k]), float(self._host[3][k])

    def close_means(self, histories: list) -> None:
        """Fill in the mean cost of the last interval."""
        for k, history in enumerate(histories):
            cost_sum, number = self.interval(k)
            if number and history:
                history["mean_loss"][-1] = cost_sum / number

    def _call(self, rates: np.ndarray) -> Any:
        count = rates.shape[1]
        padded = np.zeros((self.K, self._length), self.dtype)
        padded[:, :count] = rates
        indices = None
        if not self.batches.full:
            tables = [order.padded_indices(self._step, count, self._length) for order in self._orders]
            indices = tables[0] if len(tables) == 1 else np.stack(tables)
        self._carry, columns = self._run(
            self._carry,
            self._batch,
            self._knobs,
            indices,
            padded,
            np.int32(self._step),
            np.int32(count),
            np.int32(self.record_every),
        )
        return columns


def _chunk_length(batches: Batches, longest: int | None, feed: Feed | None = None) -> int:
    """Updates a chunk can hold: thousands, fewer where the table of examples, or they themselves, would grow large."""
    length = 4096 if batches.full else int(np.clip(1_000_000 // batches.batch_size, 16, 4096))
    if feed is not None:
        numbers = batches.batch_size * feed.source.width
        length = int(np.clip(NUMBERS_OF_STACK // numbers, 1, length))
    return length if longest is None else min(length, max(16, 1 << (longest - 1).bit_length()))


class _Placement:
    """Where arrays lie: on one device, or the examples split over several."""

    def __init__(self, devices: list | None, batches: Batches, plan: Plan):
        chosen = devices is not None
        devices = list(devices) if devices is not None else jax.devices()
        if batches.batch_size < 2 * len(devices) or plan.wide:
            devices = devices[:1]
        self.count = len(devices)
        self._placed = self.count > 1 or chosen
        self._mesh = jax.sharding.Mesh(np.array(devices), ("m",))

    def _put(self, array: Any, *axes: str | None) -> Any:
        spec = jax.sharding.PartitionSpec(*axes)
        return jax.device_put(array, jax.sharding.NamedSharding(self._mesh, spec))

    def replicate(self, array: Any) -> Any:
        return self._put(array) if self._placed else array

    def split_rows(self, indices: np.ndarray) -> Any:
        """Split each update's examples over the devices, padded to a whole share."""
        if self.count == 1:
            return indices
        extra = -indices.shape[1] % self.count
        return self._put(np.pad(indices, ((0, 0), (0, extra)), constant_values=-1), None, "m")

    def split_stack(self, feed: Feed, first: int, count: int, length: int) -> Batch:
        """Return a chunk's mini-batches from disk, the examples of each split over the devices."""
        size = feed.batches.batch_size
        extra = -size % self.count
        stack = feed.stack(first, count, length, bool(feed.source.weighted or feed.batches.ragged or extra))
        if self.count == 1:
            return stack
        pad = lambda a: np.pad(a, ((0, 0), (0, extra), (0, 0)))  # noqa: E731
        return Batch(*(None if a is None else self._put(pad(a), None, "m", None) for a in stack))

    def store(self, batch: Batch, batches: Batches, dtype: str) -> Batch:
        """Place the examples: columns for the full batch, rows for gathering mini-batches."""
        weights = None if batch.weights is None else np.asarray(batch.weights, dtype)
        gram = None if batch.gram is None else jnp.asarray(batch.gram, dtype)
        if batches.full:
            X, Y = np.asarray(batch.X, dtype), np.asarray(batch.Y, dtype)
            extra = -X.shape[1] % self.count
            if extra:
                weights = np.ones((1, X.shape[1]), dtype) if weights is None else weights
                X, Y, weights = (np.pad(a, ((0, 0), (0, extra))) for a in (X, Y, weights))
            if self.count == 1:
                place = lambda a: None if a is None else self.replicate(jnp.asarray(a))  # noqa: E731
                return Batch(place(X), place(Y), place(weights), place(gram))
            X, Y = self._put(X, None, "m"), self._put(Y, None, "m")
            return Batch(X, Y, None if weights is None else self._put(weights, None, "m"))
        padded = batches.ragged or batches.batch_size % self.count
        if weights is None and padded:
            weights = np.ones((1, batches.m), dtype)
        if weights is not None:
            weights = np.pad(weights, ((0, 0), (0, batches.rows_kept - batches.m)))
            weights = self.replicate(jnp.asarray(weights))
        X, Y = (_as_rows(a, batches.rows_kept, dtype) for a in (batch.X, batch.Y))
        return Batch(self.replicate(jax.device_put(X)), self.replicate(jax.device_put(Y)), weights)


def _as_rows(columns: np.ndarray, count: int, dtype: str) -> np.ndarray:
    """Return examples as rows, zeros below, in one copy that jax's CPU takes over as it lies."""
    shape = (count, len(columns))
    size = count * len(columns) * np.dtype(dtype).itemsize
    memory = np.empty(size + ALIGNED - 1, np.uint8)
    begin = -memory.ctypes.data % ALIGNED
    rows = memory[begin : begin + size].view(dtype).reshape(shape)
    rows[: columns.shape[1]] = columns.T
    rows[columns.shape[1] :] = 0.0
    return rows
