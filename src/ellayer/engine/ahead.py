"""Updates of several networks on NumPy, each network in a task of its own, computed some records ahead.

A run decides at each record: which is the best, whether to stop, what callbacks say. Workers know none of this. They
compute the updates up to some records ahead, with the learning rates that the schedule gives, and the outputs for the
validation examples at each record. The run then takes one chunk after another from these, with the decisions that it
would take otherwise. What does not fit, as a chunk that is repeated update by update after a divergence, is computed here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..core.schedules import SCHEDULES
from .batches import Batches
from .events import Observers
from .loop import LoopState, Records
from .loop_choice import NUMPY, step_seconds
from .numpy_loop import NumpyLoop, NumpyLoops
from .state import Parameters
from .step import Batch
from .track import ValidationValues, validation_values
from .workers import Workers, job_count

if TYPE_CHECKING:
    from .train_settings import TrainSettings
    from .training_data import TrainingData

FEWEST_SECONDS = 0.5  # estimated work of a run from which workers pay
TASK_SECONDS = 1.0  # of a task, many times what sending it takes
MOST_BYTES = 1 << 28  # of all states and outputs that are ahead
MOST_GROWTH = 16  # of the number of records ahead, from one round to the next

Rates = Callable[[int, int], np.ndarray]
Results = list[tuple[list["Piece"], float]]  # of each network, with the seconds that it took


class Piece(NamedTuple):
    """A network after a chunk: the records of the chunk, the state, and the values of the validation examples."""

    records: Records
    state: LoopState
    values: ValidationValues | None


@dataclass(frozen=True)
class Chunk:
    """A chunk that has been computed ahead: its learning rates (K, count), and a piece of each network."""

    rates: np.ndarray
    pieces: list[Piece]


@dataclass(frozen=True)
class Job:
    """The settings and examples that all tasks of a run share, without the user's functions and the orders of mini-batches."""

    settings: TrainSettings
    data: TrainingData

    @classmethod
    def of(cls, settings: TrainSettings, data: TrainingData) -> Job:
        """Return the job of a run."""
        plain = replace(
            settings, observers=Observers(), metrics={}, score=None, joint_score=None, schedule=SCHEDULES["constant"]
        )  # fmt: skip
        return cls(plain, replace(data, batch_orders=()))

    def run(self, k: int, state: LoopState, rates: Sequence[np.ndarray]) -> tuple[list[Piece], float]:
        """Return network k after each of some chunks, and the seconds that they took."""
        begin, settings = time.perf_counter(), self.settings
        seed = settings.seeds[k] if len(set(settings.seeds)) > 1 else settings.seeds[0]
        order = Batches(self.data.m, settings.batch_size, seed, settings.shuffle)
        loop = NumpyLoop(
            replace(settings, values=(settings.values[k],)),
            replace(self.data, examples=self.data.of_network(k), batch_orders=(order,)),
        )
        pieces, batch = [], self.data.validation[k]
        with np.errstate(all="ignore"), loop.resources():
            loop.start([state])
            for chunk_rates in rates:
                (records,), interrupted = loop.advance(chunk_rates[None])
                if interrupted:
                    raise KeyboardInterrupt
                (state,) = loop.states()
                values = batch and validation_values(settings, self.data.m, batch, state.parameters)
                pieces.append(Piece(records, state, values))
        return pieces, time.perf_counter() - begin


def can_compute_ahead(settings: TrainSettings, data: TrainingData, n_jobs: int | None) -> bool:
    """Return whether the networks may be trained by workers, and whether that pays.

    Examples have to be in memory, and the learning rates known in advance: those of the adaptive schedule follow from
    decisions, and those of a fit with a time limit may follow from the clock.
    """
    plain = isinstance(data.examples, Batch) and all(type(order) is Batches for order in data.batch_orders)
    if not plain or settings.adaptive is not None or settings.stopping.time_limit is not None:
        return False
    seconds = step_seconds(settings.config, data.batches.batch_size, NUMPY[data.dtype])
    K = len(settings.values)
    return K > 1 and seconds * settings.num_iterations * K >= FEWEST_SECONDS and job_count(n_jobs) > 1


class LoopsAhead:
    """Updates of several networks by workers, some records ahead; a ``Loop``.

    Parameters
    ----------
    settings : TrainSettings
    data : TrainingData
    rates : callable
        ``rates(first, count)`` returns the learning rates (K, count) of some updates.
    """

    chunk_limit: int = NumpyLoops.chunk_limit
    compile_seconds: float = 0.0

    def __init__(self, settings: TrainSettings, data: TrainingData, rates: Rates):
        self._here = NumpyLoops(settings, data)
        self.name: str = self._here.name  # the same arithmetic
        self._rates, self._every = rates, settings.record_every
        self._job, self._n_jobs = Job.of(settings, data), settings.n_jobs
        self._updates: int = settings.num_iterations
        self._chunks: list[Chunk] = []  # ahead, the next one last
        self._last: list[Piece | None] = [None for _ in settings.values]
        self._records_ahead = 1
        self._sent: tuple[list[np.ndarray], Callable[[], Results]] | None = None

    def resources(self) -> AbstractContextManager[object]:
        """Return the context to run in."""
        context = ExitStack()
        context.enter_context(self._here.resources())
        self._workers = context.enter_context(Workers(self._n_jobs, self._job))
        return context

    def start(self, states: Sequence[LoopState]) -> None:
        """Set the states to continue from, one for each network."""
        if not hasattr(self, "_states"):
            self._end = states[0].step + self._updates
        self._states: list[LoopState] = list(states)
        self._chunks = []
        if self._sent is not None:
            self._sent = None
            self._workers.cancel()

    def states(self) -> list[LoopState]:
        """Return the state of each network."""
        return self._states

    def chunk_size(self, step: int, count: int) -> int:
        """Return the number of updates of a chunk: up to the next record, whatever its time."""
        return min(count, self._every - step % self._every)

    def validation_values(self, k: int, parameters: Parameters) -> ValidationValues | None:
        """Return the values of the validation examples of network k, if a worker has computed them."""
        piece = self._last[k]
        return piece.values if piece is not None and piece.state.parameters is parameters else None

    def advance(self, rates: np.ndarray) -> tuple[list[Records], bool]:
        """Do one update per column of rates (K, count); Ctrl-C keeps the states at the beginning."""
        step, count = self._states[0].step, rates.shape[1]
        whole = (step + count) % self._every == 0 or step + count == self._end
        try:
            if whole and not self._chunks:
                self._receive(step)
        except KeyboardInterrupt:
            return [Records() for _ in self._states], True
        chunk = self._chunks.pop() if self._chunks else None
        if chunk is None or not np.array_equal(chunk.rates, rates):
            return self._advance_here(rates)
        self._states = [piece.state for piece in chunk.pieces]
        self._last = list(chunk.pieces)
        return [piece.records for piece in chunk.pieces], False

    def _advance_here(self, rates: np.ndarray) -> tuple[list[Records], bool]:
        self._here.start(self._states)
        records, interrupted = self._here.advance(rates)
        self.start(self._here.states())
        return records, interrupted

    def _receive(self, step: int) -> None:
        """Take the chunks that the workers have computed from this step on, and let them continue."""
        rates, results = self._sent or self._send(step, self._states)
        of_networks = results()
        self._sent = None
        of_chunks = zip(*(pieces for pieces, _ in of_networks), strict=True)
        chunks = [
            Chunk(chunk_rates, list(pieces)) for chunk_rates, pieces in zip(rates, of_chunks, strict=True)
        ]
        seconds = max(seconds for _, seconds in of_networks) / len(chunks)
        size = sum(_bytes(piece) for piece in chunks[0].pieces)
        wish = min(TASK_SECONDS / max(seconds, 1e-6), MOST_BYTES / size, MOST_GROWTH * len(chunks))
        self._records_ahead = max(1, int(wish))
        states = [piece.state for piece in chunks[-1].pieces]
        if states[0].step < self._end:
            self._sent = self._send(states[0].step, states)
        self._chunks = chunks[::-1]

    def _send(self, step: int, states: Sequence[LoopState]) -> tuple[list[np.ndarray], Callable[[], Results]]:
        """Have the workers compute the next chunks, each network in a task; return the rates and the results to come."""
        rates: list[np.ndarray] = []
        while len(rates) < self._records_ahead and step < self._end:
            count = self.chunk_size(step, self._end - step)
            rates.append(self._rates(step, count))
            step += count
        tasks = [(k, state, [chunk_rates[k] for chunk_rates in rates]) for k, state in enumerate(states)]
        return rates, self._workers.submit(Job.run, tasks)


def _bytes(piece: Piece) -> int:
    """Return the approximate memory of a piece."""
    outputs = 0 if piece.values is None else piece.values.AL.nbytes
    arrays = [piece.state.parameters]
    if isinstance(piece.state.optimizer_state, dict):
        arrays += [tree for tree in piece.state.optimizer_state.values() if isinstance(tree, dict)]
    return outputs + sum(theta.nbytes for tree in arrays for theta in tree.values())
