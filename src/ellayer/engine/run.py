"""Drive a loop to its end: chunks of updates, and between them records, decisions, callbacks, the clock."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from .events import Info, Observers, records_ahead
from .loop import Loop, Records
from .state import Parameters, TrainState
from .track import Chunk, Track

CHUNK_SECONDS = 0.25  # the time that progress, callbacks, Ctrl-C and limits wait for a chunk


class Run:
    """A loop with its K networks; their states are whole whichever way the run ends.

    Parameters
    ----------
    loop : Loop
        Started.
    tracks : list of Track
        One of each network, with the same settings.
    end : int
        Updates done at the end.
    observers : Observers
    """

    def __init__(self, loop: Loop, tracks: Sequence[Track], end: int, observers: Observers):
        self.loop, self.tracks, self.end, self.observers = loop, tracks, end, observers
        self.settings = tracks[0].settings
        self._watches = any(track.monitor for track in tracks) or self.settings.judges
        self._decide_at = self._next_decision()
        self._speed = 0.0  # updates per second of the last chunk

    def go(self) -> None:
        """Run to the end; the tracks know what ended it."""
        self._begin = time.perf_counter()
        self._save()
        with np.errstate(all="ignore"), self.loop.resources():
            try:
                reason = self._run_chunks()
            except KeyboardInterrupt:
                reason = "interrupted"
                self._restore()
            for k, track in enumerate(self.tracks):
                track.finish(track.stopped or self.loop.state(k), track.stopped_by or reason)

    def _run_chunks(self) -> str:
        while self.loop.step < self.end:
            interrupted = self._run_chunk()
            self._save()
            if interrupted:
                return "interrupted"
            if not self._active():
                break
            if reason := self._notify():
                return reason
        return "iterations"

    def _run_chunk(self) -> bool:
        """Do a chunk of updates, record and judge it; return whether Ctrl-C cut it short."""
        first, active, every = self.loop.step, self._active(), self.settings.record_every
        at_record = {k: self.loop.parameters(k) for k in active} if first % every == 0 else {}
        monitored = {k: self.tracks[k].evaluate(parameters) for k, parameters in at_record.items()}
        factors = self.settings.rates.factors(first, self._chunk_size())
        rates = np.array([track.rates(factors) for track in self.tracks])
        before, begin = self.loop.snapshot(), time.perf_counter()
        records, interrupted = self.loop.advance(rates)
        sick = [k for k in active if not self.tracks[k].healthy(records[k], self.loop.parameters(k))]
        if sick:
            records = self._replay(before, rates, sick)
        count = self.loop.step - first
        seconds = (time.perf_counter() - begin) / max(1, count)
        for k in active:
            chunk = Chunk(first, rates[k], begin - self._begin, seconds, self.loop.name)
            self.tracks[k].record(records[k], chunk, monitored.get(k, {}))
            self._close_interval(k)
        if self.settings.judges and count:
            for k in self._active():
                over = self._judge(k, first, at_record)
                if over and not interrupted:
                    self.tracks[k].stop("patience", self.loop.state(k))
        self._speed = count / max(time.perf_counter() - begin, 1e-9)
        return interrupted

    def _close_interval(self, k: int) -> None:
        """Write the mean loss since the last record into its row, up to where network k is."""
        track = self.tracks[k]
        track.close_interval(track.stopped.interval if track.stopped else self.loop.interval(k))

    def _active(self) -> list[int]:
        """Return the numbers of the networks that have not stopped."""
        return [k for k, track in enumerate(self.tracks) if track.stopped is None]

    def _judge(self, k: int, first: int, at_record: dict[int, Parameters]) -> bool:
        """Judge a record's value as it comes, an interval's mean at its end; return True if patience is over."""
        step, every = self.loop.step, self.settings.record_every
        if first % every == 0:
            self.tracks[k].judge_record(first, at_record[k])
        return step % every == 0 and self.tracks[k].judge_interval(step, self.loop.parameters(k))

    def _replay(self, before: object, rates: np.ndarray, sick: list[int]) -> list[Records]:
        """Repeat a chunk one update at a time, up to where the last of the diverged networks has stopped.

        Parameters
        ----------
        before : object
            Snapshot of the loop.
        rates : array, shape (K, count)
        sick : list of int
            The networks that end the chunk with numbers that are not finite.

        Returns
        -------
        list of Records
            Of each network, up to its first bad update or to where the others are now.
        """
        self.loop.restore(before)
        collected = [Records() for _ in self.tracks]
        for i in range(rates.shape[1]):
            states = {k: self.loop.state(k) for k in sick}
            records, interrupted = self.loop.advance(rates[:, i : i + 1])
            if interrupted:
                raise KeyboardInterrupt
            for k, track in enumerate(self.tracks):
                if k in sick and not track.healthy(records[k], self.loop.parameters(k)):
                    track.diverge(states[k], float(rates[k, i]))
                    sick.remove(k)
                elif track.stopped is None:
                    collected[k].extend(records[k])
            if not sick:
                break
        return collected

    # Ctrl-C

    def _save(self) -> None:
        """Note the updates and what belongs to them, in one assignment: where Ctrl-C falls back to."""
        self._saved = (self.loop.snapshot(), [track.snapshot() for track in self.tracks])

    def _restore(self) -> None:
        """Return to where updates, records and decisions belonged together, a chunk ago at most."""
        loop, tracks = self._saved
        self.loop.restore(loop)
        for k, (track, snapshot) in enumerate(zip(self.tracks, tracks, strict=True)):
            track.restore(snapshot)
            self._close_interval(k)

    # Chunks

    def _chunk_size(self) -> int:
        """Return the number of updates until something has to be done."""
        count = min(self.end - self.loop.step, self.loop.chunk_limit)
        if self._watches or self.observers.callbacks:
            count = min(count, self._decide_at - self.loop.step)
        return max(1, min(count, int(self._speed * CHUNK_SECONDS)))

    def _next_decision(self) -> int:
        """Return the update after which callbacks or stopping rules must run: the next record, or a later one."""
        step, every = self.loop.step, self.settings.record_every
        ahead = 1 if self._watches else records_ahead(self.observers.callbacks)
        return step - step % every + ahead * every

    def _notify(self) -> str | None:
        """Call progress and callbacks, and look at the clock; return what wants to stop."""
        step = self.loop.step
        several = self.states if len(self.tracks) > 1 else None
        loss = sum(track.last_loss for track in self.tracks) / len(self.tracks)
        info = Info(step, self.end, loss, self.tracks[0].history, lambda: self.states()[0], several)
        self.observers.show(info)
        if step % self.settings.record_every == 0 or step == self.end:
            if self.observers.stop(info):
                return "callback"
            self._decide_at = self._next_decision()
        limit = self.settings.stopping.time_limit
        if limit is not None and time.perf_counter() - self._begin >= limit:
            return "time"
        return None

    def states(self) -> list[TrainState]:
        """Return the state of every network."""
        return [track.state(self.loop.state(k)) for k, track in enumerate(self.tracks)]
