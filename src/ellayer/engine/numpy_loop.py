"""The reference: a for-statement you can step through."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from ..core.network import Network
from .batches import Batches
from .disk_rows import Feed
from .step import Batch, Knobs, Plan, cost, evaluate, gradient_norm, update

SMALL = 1 << 20  # bytes
MANY_OPERATIONS = 100_000_000  # in one product, a millisecond's work
KEPT = 24 << 20  # bytes


def blas_threads(network: Network, m: int) -> AbstractContextManager:
    """Return a context with one BLAS thread where products are small.

    There a second thread gains little, and where another process wants the core it costs
    twentyfold: BLAS waits for it in a busy loop.
    """
    if max(2 * n * k * m for n, k in pairwise(network.widths)) > MANY_OPERATIONS:
        return nullcontext()
    return _thread_pools().limit(limits=1, user_api="blas")


@lru_cache
def keep_freed_memory() -> None:
    """Allocate and free one untouched block, after which glibc keeps what is freed for the next array.

    Before it has seen a large block come back, glibc returns every freed array of more than 128 kB to
    the system, and the next of the same size is paid for page by page: half the time of a step.
    """
    np.empty(KEPT, np.uint8)


@lru_cache
def _thread_pools() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@dataclass
class Records:
    """What a stretch of updates reports, one entry per record in it.

    ``means`` holds the mean cost of the interval that the record closes, nan where there is none.
    """

    costs: list[float] = field(default_factory=list)
    gradient_norms: list[float] = field(default_factory=list)
    means: list[float] = field(default_factory=list)


class NumpyLoop:
    """Runs updates on NumPy.

    Parameters
    ----------
    plan : Plan
    knobs : Knobs
    batch : Batch or Feed
        All the examples, or what reads them from disk.
    batches : Batches
    record_every : int
    """

    name = "numpy"
    chunk_limit = 1 << 30

    def __init__(self, plan: Plan, knobs: Knobs, batch: Batch | Feed, batches: Batches, record_every: int):
        self.plan, self.knobs, self.batches, self.record_every = plan, knobs, batches, record_every
        self._feed = batch if isinstance(batch, Feed) else None
        if isinstance(batch, Feed):
            return
        if batches.full and batch.X.nbytes < SMALL:  # BLAS copies a small transposed X at every product
            batch = batch._replace(X=np.ascontiguousarray(batch.X))
        self._all = batch
        if not batches.full:  # rows are gathered: one stretch of memory per example
            self._X_rows = np.ascontiguousarray(batch.X.T)
            self._Y_rows = np.ascontiguousarray(batch.Y.T)

    def resources(self) -> AbstractContextManager:
        """Return the context to run in."""
        keep_freed_memory()
        context = ExitStack()
        context.enter_context(blas_threads(self.plan.network, self.batches.batch_size))
        if self._feed is not None:
            context.enter_context(self._feed.reading())
        return context

    def start(self, parameters: dict, optimizer_state: Any, step: int, interval: tuple[float, float]) -> None:
        """Take the state to continue from."""
        self._carry = (parameters, optimizer_state, step, interval)

    def state(self) -> tuple[dict, Any, int, tuple[float, float]]:
        """Return parameters, optimizer state, step and the interval's (sum, number) of costs."""
        return self._carry

    def advance(self, rates: np.ndarray) -> tuple[Records, bool]:
        """Do one update per rate; return what was recorded and whether Ctrl-C cut it short.

        The state moves from one whole update to the next in a single assignment, and an update's
        record is kept only with it.
        """
        rows: list[tuple[float, float, float]] = []
        interrupted = False
        try:
            for rate in rates.tolist():
                carry, row = self._one(rate)
                self._carry = carry
                if row:
                    rows.append(row)
        except KeyboardInterrupt:
            interrupted = True
        return Records(*map(list, zip(*rows, strict=True))), interrupted

    def _one(self, rate: float) -> tuple[tuple, tuple[float, float, float] | None]:
        """Return the state after one update, and the row to record where one is due."""
        plan, knobs = self.plan, self.knobs
        parameters, optimizer_state, step, (cost_sum, count) = self._carry
        batch = self._batch(step)
        at = evaluate(plan, knobs, parameters, batch, step)
        record = step % self.record_every == 0
        row = None
        if record or plan.every_cost:
            J = float(cost(plan, knobs, parameters, batch, at))
        if record:
            row = (J, float(gradient_norm(plan, batch, at)), cost_sum / count if count else math.nan)
            cost_sum, count = 0.0, 0.0
        if plan.every_cost:
            share = len(batch.Y[0]) if batch.weights is None else float(batch.weights.sum())
            cost_sum, count = cost_sum + share * J, count + share
        parameters, optimizer_state = update(
            plan, knobs, parameters, optimizer_state, at.grads, rate, step + 1.0
        )
        return (parameters, optimizer_state, step + 1, (cost_sum, count)), row

    def _batch(self, step: int) -> Batch:
        if self._feed is not None:
            return self._feed.batch(step)
        if self.batches.full:
            return self._all
        rows = self.batches.indices(step)
        weights = self._all.weights
        return Batch(
            self._X_rows[rows].T, self._Y_rows[rows].T, None if weights is None else weights[:, rows]
        )
