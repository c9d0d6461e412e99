"""Drive a loop to its end: chunks of updates, and between them records, decisions, callbacks, the clock."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TypeVar

import numpy as np

from .ahead import LoopsAhead
from .events import Info, Observers
from .group import current_group
from .loop import Loop, LoopState, Records
from .state import Parameters, TrainState
from .track import Chunk, Track, evaluate_together
from .train_settings import TrainSettings

T = TypeVar("T")
CHUNK_SECONDS = 0.25  # the time of a chunk, for which progress, callbacks, Ctrl-C and limits wait


class Run(ABC):
    """K networks on their way; their states are consistent however the run ends.

    Parameters
    ----------
    tracks : list of Track
        One of each network.
    now : list of LoopState
        Where each network begins.
    """

    tracks: Sequence[Track]
    settings: TrainSettings
    observers: Observers

    def __init__(self, tracks: Sequence[Track], now: list[LoopState]):
        self.tracks, self.settings, self.observers = tracks, tracks[0].settings, tracks[0].settings.observers
        self._now = now
        self._group = current_group()
        self.end: int = self._step + self.settings.num_iterations

    @abstractmethod
    def _run(self) -> str:
        """Update the networks until the run ends; return the reason."""

    @abstractmethod
    def _resources(self) -> AbstractContextManager[object]:
        """Return the context to run in."""

    def go(self) -> None:
        """Run to the end; the tracks record the reason for stopping."""
        self._begin = time.perf_counter()
        self._save()
        with np.errstate(all="ignore"), self._resources():
            try:
                reason = self._run()
            except KeyboardInterrupt:
                if self._group is not None:  # the others go on without it
                    raise
                reason = "interrupted"
                self._restore()
            last = [track.stopped or now for track, now in zip(self.tracks, self._now, strict=True)]
            finals = self._evaluate(self.tracks, [state.parameters for state in last])
            for track, state, final in zip(self.tracks, last, finals, strict=True):
                track.finish(state, track.stopped_by or reason, final)

    def _agree(self, make: Callable[[], T]) -> T:
        """Return a value, in a group of processes the one of the first."""
        return make() if self._group is None else self._group.agree(make)

    def _evaluate(self, tracks: Sequence[Track], parameters: Sequence[Parameters]) -> list[dict[str, float]]:
        """Return the monitored values of some networks, as process 0 of a group computes them."""
        training = [track.training_outputs(theta) for track, theta in zip(tracks, parameters, strict=True)]
        return self._agree(lambda: evaluate_together(tracks, parameters, training))

    def _agree_to_stop(self, reason: str | None) -> str | None:
        """Return the reason to stop, if any; in a group that of process 0, or Ctrl-C in any process."""
        if self._group is None:
            return reason
        reasons = self._group.exchange("interrupted" if self._group.interrupted.is_set() else reason)
        return "interrupted" if "interrupted" in reasons else reasons[0]

    @property
    def _step(self) -> int:
        """Updates done."""
        return self._now[0].step

    def states(self) -> list[TrainState]:
        """Return the state of every network."""
        return [track.state(now) for track, now in zip(self.tracks, self._now, strict=True)]

    def _info(self) -> Info:
        loss = sum(track.last_loss for track in self.tracks) / len(self.tracks)
        return Info(self._step, self.end, loss, self.tracks[0].history, self.states, self.settings.network)

    def _time_is_over(self) -> bool:
        limit = self.settings.stopping.time_limit
        return limit is not None and time.perf_counter() - self._begin >= limit

    # Ctrl-C

    def _save(self) -> None:
        """Save the updates with their records in one assignment, for the case of Ctrl-C."""
        self._saved = (self._now, [track.snapshot() for track in self.tracks])

    def _restore(self) -> None:
        """Restore the last consistent updates, records and decisions, at most a chunk ago."""
        self._now, snapshots = self._saved
        for track, snapshot, now in zip(self.tracks, snapshots, self._now, strict=True):
            track.restore(snapshot)
            track.close_interval((track.stopped or now).interval)


class LoopRun(Run):
    """A run of chunks of a loop's updates.

    Parameters
    ----------
    loop : Loop
        Started.
    tracks : list of Track
    """

    def __init__(self, loop: Loop, tracks: Sequence[Track]):
        super().__init__(tracks, loop.states())
        self.loop = loop
        self._decide_at = self._next_decision()
        self._speed = 0.0  # updates per second of the last chunk

    def _resources(self) -> AbstractContextManager[object]:
        return self.loop.resources()

    def _run(self) -> str:
        while self._step < self.end and self._active():
            interrupted = self._run_chunk()
            self._save()
            if interrupted:
                return "interrupted"
            if self._active() and (reason := self._notify()):
                return reason
        return "iterations"

    def _run_chunk(self) -> bool:
        """Run a chunk of updates, record and evaluate it; return whether Ctrl-C interrupted it."""
        before, first, active = self._now, self._step, self._active()
        at_record = first % self.settings.record_every == 0
        monitored: dict[int, dict[str, float]] = {}
        if at_record:
            values = self._evaluate([self.tracks[k] for k in active], [before[k].parameters for k in active])
            monitored = dict(zip(active, values, strict=True))
        factors = self._agree_on_factors(first)
        rates = np.array([track.rates(factors) for track in self.tracks])
        begin = time.perf_counter()
        records, interrupted = self.loop.advance(rates)
        self._now = self.loop.states()
        sick = self._agree(
            lambda: [k for k in active if not self.tracks[k].healthy(records[k], self._now[k].parameters)]
        )
        if sick:
            records = self._replay(before, rates, sick)
        count = self._step - first
        seconds = (time.perf_counter() - begin) / max(1, count)
        for k in active:
            track = self.tracks[k]
            chunk = Chunk(first, rates[k], begin - self._begin, seconds, self.loop.name)
            track.record(records[k], chunk, monitored.get(k, {}))
            track.close_interval((track.stopped or self._now[k]).interval)
            if self.settings.judges and count and track.stopped is None:
                if at_record:
                    track.judge_record(first, before[k].parameters)
                at_end = self._step % self.settings.record_every == 0
                over = at_end and track.judge_interval(self._step, self._now[k].parameters)
                if over and not interrupted:
                    track.stop("patience", self._now[k])
        self._speed = count / max(time.perf_counter() - begin, 1e-9)
        return interrupted

    def _active(self) -> list[int]:
        """Return the numbers of the networks that have not stopped."""
        return [k for k, track in enumerate(self.tracks) if track.stopped is None]

    def _replay(self, before: list[LoopState], rates: np.ndarray, sick: list[int]) -> list[Records]:
        """Repeat a chunk one update at a time, up to where the last of the diverged networks has stopped.

        Parameters
        ----------
        before : list of LoopState
            The beginning of the chunk.
        rates : array, shape (K, count)
        sick : list of int
            The networks that end the chunk with numbers that are not finite.

        Returns
        -------
        list of Records
            Of each network, up to its first bad update or to where the others are now.
        """
        self.loop.start(before)
        self._now = before
        collected = [Records() for _ in self.tracks]
        for i in range(rates.shape[1]):
            last = self._now
            records, interrupted = self.loop.advance(rates[:, i : i + 1])
            if interrupted:
                raise KeyboardInterrupt
            self._now = self.loop.states()
            for k, track in enumerate(self.tracks):
                if k in sick and not track.healthy(records[k], self._now[k].parameters):
                    track.diverge(last[k], float(rates[k, i]))
                    sick.remove(k)
                elif track.stopped is None:
                    collected[k].extend(records[k])
            if not sick:
                break
        return collected

    # Chunks

    def _chunk_size(self) -> int:
        """Return the number of updates until something has to be done."""
        count = min(self.end - self._step, self.loop.chunk_limit)
        if self.settings.watches or self.observers.callbacks:
            count = min(count, self._decide_at - self._step)
        if isinstance(self.loop, LoopsAhead):
            return max(1, self.loop.chunk_size(self._step, count))
        return max(1, min(count, int(self._speed * CHUNK_SECONDS)))

    def _agree_on_factors(self, first: int) -> np.ndarray:
        """Return the schedule's factors of the next chunk, which may depend on the clock, as its length does."""
        if self._group is None:
            return self.settings.factors(first, self._chunk_size())
        return np.array(self._agree(lambda: self.settings.factors(first, self._chunk_size()).tolist()))

    def _next_decision(self) -> int:
        """Return the update after which callbacks or stopping rules must run: the next record, or a later one."""
        step, every = self._step, self.settings.record_every
        ahead = 1 if self.settings.watches else self.observers.records_ahead()
        return step - step % every + ahead * every

    def _notify(self) -> str | None:
        """Call progress and callbacks, and check the clock; return the reason to stop, if any."""
        info, reason = self._info(), None
        self.observers.show(info)
        if self._step % self.settings.record_every == 0 or self._step == self.end:
            reason = "callback" if self.observers.stop(info) else None
            self._decide_at = self._next_decision()
        return self._agree_to_stop(reason or ("time" if self._time_is_over() else None))
