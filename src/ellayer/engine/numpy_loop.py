"""The reference loop: a for statement that you can step through."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, cast

import numpy as np

from ..core.arrays import is_sparse
from .batch_reader import BatchReader, RowReader
from .batches import Batches
from .loop import LoopState, Records
from .shared_context import SharedContext
from .sparse import SparseReader, dense_batch, nonzeros_per_example
from .state import Parameters
from .step import Batch, StepConfig, StepValues, cost, evaluate, gradient_norm, update
from .train_settings import TrainSettings
from .training_data import TrainingData

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

SMALL = 1 << 20  # bytes
MANY_OPERATIONS = 100_000_000  # in one product, about a millisecond
FREED_BYTES = 24 << 20


def blas_threads(widths: Sequence[int], m: int) -> AbstractContextManager[object]:
    """Return a context with one BLAS thread if the products of layers of these widths on m examples are small.

    A second thread then gains little, and if another process uses its core it makes products twenty times
    slower, because BLAS waits for it in a busy loop.
    """
    if max((2 * n * k * m for n, k in pairwise(widths)), default=0) > MANY_OPERATIONS:
        return nullcontext()
    return _ONE_THREAD


@lru_cache
def keep_freed_memory() -> None:
    """Allocate and free one untouched block, after which glibc reuses freed memory.

    Until a large block has been freed once, glibc returns every freed array of more than 128 kB to the
    system, and the next of the same size causes a page fault per page: half the time of a step.
    """
    np.empty(FREED_BYTES, np.uint8)


@lru_cache
def _thread_pools() -> ThreadpoolController:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def blas_thread_count() -> int:
    """Return the number of threads that BLAS may use now."""
    pools = _thread_pools().lib_controllers
    return max((pool.num_threads for pool in pools if pool.user_api == "blas"), default=1)


_ONE_THREAD = SharedContext(
    lambda: cast(AbstractContextManager[object], _thread_pools().limit(limits=1, user_api="blas"))
)


class NumpyLoop:
    """Updates of one network on NumPy; a ``Loop``.

    Parameters
    ----------
    settings : TrainSettings
    data : TrainingData
    """

    config: StepConfig
    values: StepValues
    batches: Batches

    name: str = "numpy"
    chunk_limit: int = 1 << 30
    compile_seconds: float = 0.0

    def __init__(self, settings: TrainSettings, data: TrainingData):
        self.config, self.values, self.batches = settings.config, settings.values[0], data.batches
        self.record_every: int = settings.record_every
        examples = data.examples
        self._by_nonzeros = nonzeros_per_example(settings.network, examples) is not None
        if isinstance(examples, Batch) and is_sparse(examples.X):
            if not data.batches.full:
                examples = SparseReader(examples, data.batches, self._by_nonzeros)
            elif not self._by_nonzeros:
                examples = dense_batch(examples)
        elif isinstance(examples, Batch) and not data.batches.full:
            examples = RowReader(examples, data.batches, data.omits)
        elif isinstance(examples, Batch) and examples.X.nbytes < SMALL:
            # BLAS would copy it for every product.
            examples = examples._replace(X=np.ascontiguousarray(examples.X))
        self._examples = examples

    def resources(self) -> AbstractContextManager[object]:
        """Return the context to run in."""
        keep_freed_memory()
        context = ExitStack()
        widths = self.config.widths(self.batches.m)[self._by_nonzeros :]  # of the layers that BLAS computes
        context.enter_context(blas_threads(widths, self.batches.batch_size))
        if isinstance(self._examples, BatchReader):
            context.enter_context(self._examples.reading())
        return context

    def start(self, states: Sequence[LoopState]) -> None:
        """Set the state to continue from."""
        (self._state,) = states
        if self._by_nonzeros:
            self._state = _transpose_in_memory(self._state)

    def states(self) -> list[LoopState]:
        """Return the state."""
        return [self._state]

    def advance(self, rates: np.ndarray) -> tuple[list[Records], bool]:
        """Do one update per rate (1, count); return the records and whether Ctrl-C cut it short.

        The state moves from one whole update to the next in a single assignment, and an update's
        record is kept only with it.
        """
        rows: list[tuple[float, float, float]] = []
        interrupted = False
        try:
            for rate in rates[0].tolist():
                state, row = self._one(rate)
                self._state = state
                if row:
                    rows.append(row)
        except KeyboardInterrupt:
            interrupted = True
        return [Records(*map(list, zip(*rows, strict=True)))], interrupted

    def _one(self, rate: float) -> tuple[LoopState, tuple[float, float, float] | None]:
        """Return the state after one update, and the row to record if one is due."""
        config, values = self.config, self.values
        parameters, optimizer_state, step, (loss_sum, count) = self._state
        examples, places = self._examples, None
        batch = examples if isinstance(examples, Batch) else examples.batch(step)
        if config.dropout and isinstance(examples, BatchReader):
            places = examples.places(step)
        at = evaluate(config, values, parameters, batch, step, places)
        record = step % self.record_every == 0
        row = None
        if record or config.every_cost:
            J = float(cost(config, parameters, batch, at))
        if record:
            row = (J, float(gradient_norm(config, batch, at)), loss_sum / count if count else math.nan)
            loss_sum, count = 0.0, 0.0
        if config.every_cost:
            share = len(batch.Y[0]) if batch.weights is None else float(batch.weights.sum())
            loss_sum, count = loss_sum + share * J, count + share
        parameters, optimizer_state = update(
            config, values, parameters, optimizer_state, at.grads, rate, step + 1.0
        )
        return LoopState(parameters, optimizer_state, step + 1, (loss_sum, count)), row


def _transpose_in_memory(state: LoopState) -> LoopState:
    """Return a state whose arrays of W1's shape have contiguous columns, as the products by non-zeros take and return them.

    Elementwise operations keep this order; where orders differ they are several times slower.
    """
    shape = state.parameters["W1"].shape

    def convert(tree: object) -> object:
        if isinstance(tree, dict):
            return {name: convert(value) for name, value in tree.items()}
        return np.asfortranarray(tree) if isinstance(tree, np.ndarray) and tree.shape == shape else tree

    return state._replace(
        parameters=cast(Parameters, convert(state.parameters)), optimizer_state=convert(state.optimizer_state)
    )


class NumpyLoops:
    """Updates of several networks on NumPy, one after another in each chunk; a ``Loop``.

    Parameters
    ----------
    settings : TrainSettings
    data : TrainingData
        Examples in memory; rows on disk would be read once for each network.
    """

    chunk_limit: int = NumpyLoop.chunk_limit
    compile_seconds: float = 0.0

    def __init__(self, settings: TrainSettings, data: TrainingData):
        K = len(settings.values)
        batch_orders = data.batch_orders if len(data.batch_orders) == K else data.batch_orders * K
        self.name = f"numpy, {K} in turn"
        self._loops = [
            NumpyLoop(
                replace(settings, values=(values,)),
                replace(data, examples=data.of_network(k), batch_orders=(batch_orders[k],)),
            )
            for k, values in enumerate(settings.values)
        ]

    def resources(self) -> AbstractContextManager[object]:
        """Return the context to run in."""
        context = ExitStack()
        for loop in self._loops:
            context.enter_context(loop.resources())
        return context

    def start(self, states: Sequence[LoopState]) -> None:
        """Set the states to continue from, one for each network."""
        for loop, state in zip(self._loops, states, strict=True):
            loop.start([state])

    def states(self) -> list[LoopState]:
        """Return the state of each network."""
        return [state for loop in self._loops for state in loop.states()]

    def advance(self, rates: np.ndarray) -> tuple[list[Records], bool]:
        """Do one update per column of rates (K, count); Ctrl-C keeps the states at the beginning."""
        before, records = self.states(), []
        for k, loop in enumerate(self._loops):
            (one,), interrupted = loop.advance(rates[k : k + 1])
            if interrupted:
                self.start(before)
                return [Records() for _ in self._loops], True
            records.append(one)
        return records, False
