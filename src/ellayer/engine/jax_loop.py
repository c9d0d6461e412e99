"""The compiled loop: the same step, jitted and run in chunks of updates inside one program.

A chunk is a ``while`` over up to ``length`` updates whose number, learning rates and examples are
arguments, so that one compiled program serves a whole run and every later run of the same shapes.
Several networks of one architecture are the same program with a leading axis, by ``vmap``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache, partial
from typing import NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np

from ..core.arrays import Array, is_sparse
from . import compile_cache
from .batch_reader import BatchReader, RowReader
from .batches import Batches
from .device_placement import DevicePlacement
from .loop import LoopState, Records
from .rows_in_place import RowsInPlace
from .shard_step import evaluate_shard
from .sparse import SparseReader, dense_batch
from .state import copy_tree
from .step import Batch, Evaluation, StepConfig, StepValues, cost, evaluate, gradient_norm, update
from .train_settings import TrainSettings
from .training_data import TrainingData

NUMBERS_OF_STACK = 1 << 22  # maximum number of values in the mini-batches of a chunk that are read
# Bytes of X, as many as 32-bit indices reach in float32; above it, mini-batches are read by a thread, a tenth slower.
READ_BYTES = 1 << 33
_traces = 0


def trace_count() -> int:
    """Return how many times a chunk was traced in this process."""
    return _traces


class Carry(NamedTuple):
    """The arrays that change from one update to the next."""

    parameters: dict[str, Array]
    optimizer_state: object
    loss_sum: Array  # since the last record, as ``number`` is
    number: Array


class ChunkExamples(NamedTuple):
    """The examples of a chunk: all of them and a table (length, batch_size) of rows, or a stack of mini-batches."""

    batch: Batch
    indices: Array | None
    places: Array | None = None  # of the examples in the update, if a device has some of them only

    def of_update(self, i: Array) -> Batch:
        """Return the examples of the chunk's update i, as columns."""
        if self.indices is not None:
            return _gather(self.batch, self.indices[i])
        if self.batch.X.ndim == 2:  # the full batch, already columns
            return self.batch
        return Batch(*(None if a is None else a[i].T for a in self.batch))


def _gather(batch: Batch, rows: Array) -> Batch:
    """Take a mini-batch; examples are rows in the store, columns in the equations. -1 has weight 0."""
    weights = None
    if batch.weights is not None:
        weights = jnp.where(rows >= 0, batch.weights[:, rows], 0.0)
    X = batch.X.take(rows) if isinstance(batch.X, RowsInPlace) else batch.X[rows]
    return Batch(X.T, batch.Y[rows].T, weights)


def _chunk(config: StepConfig, length: int, carry: Carry, values: StepValues, examples: ChunkExamples, rates: Array,
           bounds: Array, *, flat: bool = False) -> tuple[Carry, Array]:  # fmt: skip
    """Run a chunk; return the carry and a table (3, length + 1): per record loss, gradient norm, interval mean.

    ``flat`` updates all arrays as vectors.
    """
    global _traces
    _traces += 1
    first, count, every = bounds
    dtype = rates.dtype
    first_record = first // every + (first % every != 0)

    def body(state: tuple[jax.Array, Carry, jax.Array]) -> tuple[jax.Array, Carry, jax.Array]:
        i, (parameters, optimizer_state, loss_sum, number), columns = state
        step = first + i
        batch = examples.of_update(i)
        at, known, share = _evaluate(config, values, parameters, examples, i, batch, step)
        record = step % every == 0
        J, norm = _record_values(config, parameters, batch, at, record, known)
        mean = jnp.where(number > 0, loss_sum / jnp.maximum(number, np.finfo(dtype).tiny), jnp.nan)
        slot = jnp.where(record, step // every - first_record, length)  # the last is for no record
        columns = jax.lax.dynamic_update_slice(
            columns, jnp.stack([J, norm, mean])[:, None], (jnp.int32(0), slot)
        )
        if config.every_cost:
            loss_sum = jnp.where(record, 0.0, loss_sum) + share * J
            number = jnp.where(record, 0.0, number) + share
        t = (step + 1).astype(dtype)
        parameters, optimizer_state = (_update_flat if flat else update)(
            config, values, parameters, optimizer_state, at.grads, rates[i].astype(dtype), t
        )
        return i + 1, Carry(parameters, optimizer_state, loss_sum, number), columns

    columns = jnp.zeros((3, length + 1), dtype)
    _, carry, columns = jax.lax.while_loop(lambda s: s[0] < count, body, (jnp.int32(0), carry, columns))
    return carry, columns


def _update_flat(config: StepConfig, values: StepValues, parameters: dict[str, Array], optimizer_state: object,
                 grads: dict[str, Array], rate: Array, t: Array) -> tuple[dict[str, Array], object]:  # fmt: skip
    """Update all arrays as vectors: XLA uses vector instructions along the last axis only.

    That of a small network is so short that roots and quotients are computed one by one. A network that is alone
    gains little, and keeps its bits.
    """
    if not config.optimizer.elementwise:  # optax's rules, and a caller's own, may depend on the shapes
        return update(config, values, parameters, optimizer_state, grads, rate, t)
    of_parameters = {f"d{name}": grads[f"d{name}"] for name in parameters}
    vectors, state, slopes = jax.tree.map(jnp.ravel, (parameters, optimizer_state, of_parameters))
    new = update(config, values, vectors, state, slopes, rate, t)
    return cast(
        tuple[dict[str, Array], object],
        jax.tree.map(lambda vector, array: vector.reshape(array.shape), new, (parameters, optimizer_state)),
    )


def _evaluate(config: StepConfig, values: StepValues, parameters: dict[str, Array], examples: ChunkExamples, i: Array,
              batch: Batch, step: Array) -> tuple[Evaluation, Array | None, Array | float]:  # fmt: skip
    """Return the evaluation of an update, its loss if that is known already, and the weight of its examples."""
    if config.shards:
        places = cast(Array, examples.places)
        places = places if batch is examples.batch else places[i]
        return evaluate_shard(config, values, parameters, batch, places, step)
    share = batch.X.shape[1] if batch.weights is None else jnp.sum(batch.weights)
    return evaluate(config, values, parameters, batch, step), None, share


def _record_values(config: StepConfig, parameters: dict[str, Array], batch: Batch, at: Evaluation, record: Array,
                   known: Array | None) -> tuple[Array, Array]:  # fmt: skip
    """Return loss and gradient norm if a record is due, else zeros; the loss always if its mean is recorded."""
    dtype = at.AL.dtype
    zero = jnp.zeros((), dtype)

    def loss(known: Array | None) -> Array:
        return cost(config, parameters, batch, at).astype(dtype) if known is None else known

    J, norm = jax.lax.cond(
        record,
        lambda J: (loss(J), gradient_norm(config, batch, at).astype(dtype)),
        lambda J: (zero if J is None else J, zero),
        loss(None) if config.every_cost and known is None else known,
    )
    return J, norm


class Shared(NamedTuple):
    """Data shared by networks that are trained together: the order of the examples, and their weights."""

    order: bool
    weights: bool


Split = Callable[[Callable[..., tuple[Carry, Array]]], Callable[..., tuple[Carry, Array]]]


@lru_cache(maxsize=256)
def _program(
    config: StepConfig, length: int, shared: Shared | None, split: Split | None = None
) -> Callable[..., tuple[Carry, Array]]:
    """Return the compiled chunk, with a leading axis of networks on what they do not share if ``shared`` is given.

    ``split`` runs it on several devices, each with its own examples.
    """
    chunk: Callable[..., tuple[Carry, Array]] = partial(_chunk, config, length)
    if shared is not None:
        batch = Batch(None, None, None if shared.weights else 0)
        order = None if shared.order else 0
        chunk = jax.vmap(
            partial(chunk, flat=True), in_axes=(0, 0, ChunkExamples(batch, order, order), 0, None)
        )
    return jax.jit(chunk if split is None else split(chunk), donate_argnums=0)


class JaxLoop:
    """Updates of one network or of several at once, compiled; a ``Loop``.

    Parameters
    ----------
    settings : TrainSettings
    data : TrainingData
    longest : int, optional
        The maximum number of updates per call: small chunks need small tables.
    """

    data: TrainingData
    record_every: int
    stacked: bool
    compile_seconds: float

    def __init__(self, settings: TrainSettings, data: TrainingData, longest: int | None = None):
        config, values = settings.config, settings.values
        self.data, self.record_every, self.stacked = data, settings.record_every, settings.several
        self._names = config.names  # in their own order: jax sorts dicts
        self.dtype: str = data.dtype  # the caller's global jax configuration is not changed
        self.name: str = f"jax, {len(values)} at once" if self.stacked else "jax"
        self.compile_seconds = 0.0
        self._ahead: tuple[int, Batch] | None = None
        self._tables_ahead: tuple[int, int, list[np.ndarray]] | None = None  # of ``_order_tables``
        self._products: str | None = None  # their precision; None for that of the CPU, which has one
        self._placement = DevicePlacement(settings.devices, data.batches, not (config.wide or self.stacked))
        if not self._placement.in_memory:
            self._products = "tensorfloat32" if settings.engine.tf32 else "highest"
        with self._context():
            self._reader = self._find_reader()
            self._length: int = _chunk_length(data.batches, longest, self._reader)
            self.chunk_limit: int = self._length
            self._values = self._stack_values(values)
            shared = self._store_examples()
        self._run = self._make_program(config, shared)

    def _make_program(self, config: StepConfig, shared: Shared | None) -> Callable[..., tuple[Carry, Array]]:
        return _program(config, self._length, shared)

    def _stack_values(self, values: Sequence[StepValues]) -> StepValues:
        """Place the numbers of the step, with a leading axis for several networks."""

        def place(dtype: str, *numbers: Array) -> Array:
            return jax.device_put(np.asarray(numbers if self.stacked else numbers[0], dtype))

        seeds = place("uint32", *(np.uint32(v.seed & 0xFFFFFFFF) for v in values))
        placed: StepValues = jax.tree.map(partial(place, self.dtype), *(v._replace(seed=0) for v in values))
        return placed._replace(seed=seeds)

    def _find_reader(self) -> BatchReader | None:
        """Return the reader of the mini-batches, or None if all examples are placed on the devices."""
        examples, batches = self.data.examples, self.data.batches
        if isinstance(examples, BatchReader):
            return examples
        if is_sparse(examples.X) and not batches.full:
            return SparseReader(examples, batches)
        all_at_once = batches.full or self.stacked or examples.X.nbytes <= READ_BYTES
        return None if all_at_once or not self._placement.in_memory else RowReader(examples, batches)

    def _store_examples(self) -> Shared | None:
        """Place the examples on the devices; return the data that several networks share."""
        self._batch = None
        if self._reader is None and isinstance(self.data.examples, Batch):
            examples = dense_batch(self.data.examples)
            self._batch = self._placement.store(examples, self.data.batches, self.dtype)
        if not self.stacked:
            return None
        weights = None if self._batch is None else self._batch.weights
        shared = Shared(len(self.data.batch_orders) == 1, weights is None or len(weights) == 1)
        if self._batch is not None and weights is not None and not shared.weights:
            self._batch = self._batch._replace(weights=weights[:, None, :])
        return shared

    def resources(self) -> AbstractContextManager[object]:
        """Return a context for the run; it does nothing unless examples are read."""
        return nullcontext() if self._reader is None else self._reader.reading()

    def start(self, states: Sequence[LoopState]) -> None:
        """Set the states to continue from, one for each network after the same number of updates, and compile."""
        with self._context():
            carries = [
                Carry(s.parameters, s.optimizer_state, *(np.asarray(x, self.dtype) for x in s.interval))
                for s in states
            ]
            host = jax.tree.map(lambda *x: np.stack(x) if self.stacked else x[0], *carries)
            # placed like the examples: otherwise the second chunk would be compiled again
            self._carry = jax.tree.map(self._replicate, host)
            self._host, self._step = copy_tree(self._carry), states[0].step
            begin = time.perf_counter()
            with compile_cache.context():
                jax.block_until_ready(self._call(np.zeros((len(states), 0))))  # type: ignore[no-untyped-call]
        self.compile_seconds += time.perf_counter() - begin

    def _replicate(self, array: Array) -> Array:
        """Place an array on every device."""
        return self._placement.replicate(jax.device_put(array, may_alias=False))

    def states(self) -> list[LoopState]:
        """Return the state of each network; views if there are several."""
        if not self.stacked:
            return [self._state_of(self._host)]
        leaves, structure = jax.tree.flatten(self._host)
        carries = (jax.tree.unflatten(structure, [a[k] for a in leaves]) for k in range(len(leaves[0])))
        return [self._state_of(carry) for carry in carries]

    def _state_of(self, carry: Carry) -> LoopState:
        parameters = {name: carry.parameters[name] for name in self._names}
        return LoopState(
            parameters, carry.optimizer_state, self._step, (float(carry.loss_sum), float(carry.number))
        )

    def advance(self, rates: np.ndarray) -> tuple[list[Records], bool]:
        """Do one update per column of rates (K, count), at most ``chunk_limit``; return the records."""
        first, every = self._step, self.record_every
        last = first + rates.shape[1]
        rows = -(-last // every) - -(-first // every)
        try:
            with self._context():
                running = self._call(rates)
                self._read_ahead(last, rates.shape[1])
                columns = np.asarray(running)
                host = copy_tree(self._carry)
            tables = columns if self.stacked else columns[None]
            records = [Records(*table[:, :rows].astype(float).tolist()) for table in tables]
            self._host, self._step = host, last
        except KeyboardInterrupt:
            return [Records() for _ in rates], True  # the state at the beginning of the chunk is kept
        return records, False

    def _call(self, rates: np.ndarray) -> Array:
        count = rates.shape[1]
        padded = np.zeros((len(rates), self._length), self.dtype)
        padded[:, :count] = rates
        self._carry, columns = self._run(
            self._carry,
            self._values,
            self._examples(count),
            *self._updates(padded if self.stacked else padded[0], count),
        )
        return columns

    def _updates(self, rates: np.ndarray, count: int) -> tuple[Array, Array]:
        """Return the learning rates of a chunk, and its first update, their number and that between two records."""
        return rates, np.array([self._step, count, self.record_every], np.int32)

    def _examples(self, count: int) -> ChunkExamples:
        """Return the examples of the next ``count`` updates."""
        if self._reader is not None:
            ahead, self._ahead = self._ahead, None
            if ahead is not None and ahead[0] == self._step:
                return ChunkExamples(ahead[1], None)
            stack = self._placement.split_stack(self._reader, self._step, count, self._length)
            return ChunkExamples(stack, None)
        indices = None
        if not self.data.batches.full:
            chunk, self._tables_ahead = self._tables_ahead, None
            if chunk is None or chunk[0] != self._step or chunk[1] < count:
                chunk = self._order_tables(self._step, count)
            tables = chunk[2]
            indices = np.stack(tables) if len(tables) > 1 else self._placement.split_rows(tables[0])
        return ChunkExamples(cast(Batch, self._batch), indices)

    def _order_tables(self, first: int, count: int) -> tuple[int, int, list[np.ndarray]]:
        """Return both numbers, and for each order a table of the examples of ``count`` updates."""
        tables = [order.padded_indices(first, count, self._length) for order in self.data.batch_orders]
        return first, count, tables

    def _read_ahead(self, first: int, count: int) -> None:
        """Prepare the next ``count`` updates while the device computes: the order of their examples, or their rows.

        Rows are transferred to a device with its own memory.
        """
        if self._reader is None and not self.data.batches.full:
            self._tables_ahead = self._order_tables(first, count)
        if self._reader is None or self._placement.in_memory:
            return
        stack = self._placement.split_stack(self._reader, first, self._length, self._length)
        self._ahead = first, self._placement.transfer(stack)

    @contextmanager
    def _context(self) -> Iterator[None]:
        """Run on the chosen device, in the precision of the run."""
        products = nullcontext() if self._products is None else jax.default_matmul_precision(self._products)
        with self._placement.device_context(), jax.enable_x64(self.dtype == "float64"), products:
            yield


def _chunk_length(batches: Batches, longest: int | None, reader: BatchReader | None) -> int:
    """Return the maximum number of updates of a chunk: thousands, fewer if the tables of examples would be large."""
    length = 4096 if batches.full else int(np.clip(1_000_000 // batches.batch_size, 16, 4096))
    if reader is not None:
        numbers = batches.batch_size * reader.width
        length = int(np.clip(NUMBERS_OF_STACK // numbers, 1, length))
    return length if longest is None else min(length, max(16, 1 << (longest - 1).bit_length()))
