"""A sweep by several processes on any machines that see one folder, without a server.

The trials are in Optuna's journal, a file to which each worker appends. Trials that differ in the learning rate only are
one unit, as in a plain sweep. A worker takes the next unit under a lock, so that no two take the same. It proves that it
lives by its lease file (``leases``). A unit whose worker has died is marked as failed, and added once more, also under the
lock; a worker that is merely late finds its unit marked and drops its result. So each unit counts once.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._progress_bars import StageInfo, StartProgress, no_progress
from .._unfinished import SUFFIX
from ..engine.workers import Workers, job_count
from ..errors import UsageError
from .folder import LAST, output_folder
from .leases import Lease, Leases
from .sweep import (
    TRIALS,
    Clock,
    Sweep,
    SweepPlan,
    UnitResult,
    fit_unit,
    plan_sweep,
    read_sweep,
    write_sweep,
)  # fmt: skip
from .sweep_journal import SweepJournal, Unit

WAIT_SECONDS = 0.5  # between two looks at the units of others


@dataclass(frozen=True)
class SharedOptions:
    """Options of a shared sweep.

    Attributes
    ----------
    folder : Path
        The folder that all workers see.
    sampler : "grid", "random" or "tpe"
    trials : int or None
        Trials of all workers together.
    n_jobs : int or None
        Units that this worker fits at once.
    time_limit : float or None
        Seconds after which this worker takes no further unit.
    """

    folder: Path
    sampler: str = "grid"
    trials: int | None = None
    n_jobs: int | None = None
    time_limit: float | None = None


def run_shared_sweep(
    settings: Mapping[str, Any],
    axes: Mapping[str, Sequence[Any]] | None,
    options: SharedOptions,
    out: Path | None = None,
    start: StartProgress = no_progress,
) -> Sweep:
    """Take trials from the folder until none is left, then return all of them.

    Parameters
    ----------
    settings, axes
        As for ``run_sweep``; the same for all workers.
    options : SharedOptions
    out : Path, optional
        A folder for the best trial, written by this worker. By default it is ``best`` in the shared folder, written by
        the first worker that finds all trials done.
    start : callable, optional

    Raises
    ------
    UsageError
        If the folder cannot be written, or belongs to another sweep.
    """
    plan = plan_sweep(settings, axes, options.trials if options.sampler == "grid" else None)
    journal = SweepJournal.open(options.folder, plan, options.sampler, options.trials)
    with Lease(options.folder) as lease:
        worker = _Worker(plan, journal, lease, options)
        worker.work(start)
    results = journal.results(worker.models)
    if not results:
        raise UsageError(
            f"--shared {options.folder}: expected a trial that has ended, received none within --time-limit; allow more time"
        )
    return _write(plan, results, options.folder, out)


class _Worker:
    """One worker: it takes units, and those of workers that have died."""

    def __init__(self, plan: SweepPlan, journal: SweepJournal, lease: Lease, options: SharedOptions):
        self.journal, self.lease, self.options = journal, lease, options
        self.job = plan.job()
        self.leases = Leases(options.folder)
        self.models: dict[int, list[Any]] = {}  # of the units fitted here
        self._clock = Clock(options.time_limit)

    def work(self, start: StartProgress) -> None:
        """Take units until all are done, or until the time is over."""
        bar = start("trials", 0)
        while True:
            units = [] if self._clock.is_over() else self._take()
            if units:
                self._fit(units, start)
            elif self._clock.is_over() or self.journal.is_done():
                return
            else:  # others are busy with the last units, and may die
                time.sleep(WAIT_SECONDS)
            if bar is not None:
                bar(StageInfo(*self.journal.progress(), "trials"))

    def _take(self) -> list[Unit]:
        """Return the next units for this worker, as many as it fits at once."""
        with self.journal.lock():
            self.journal.revive(self.leases.is_dead)
            units = (self.journal.take(self.lease.name) for _ in range(job_count(self.options.n_jobs)))
            return [unit for unit in units if unit is not None]

    def _fit(self, units: list[Unit], start: StartProgress) -> None:
        results: dict[int, UnitResult] = {}
        try:
            if len(units) == 1:
                results[0] = fit_unit(self.job, units[0].points, start)
            else:
                with Workers(self.options.n_jobs, self.job) as workers:
                    workers.map(fit_unit, [(unit.points,) for unit in units], results=results)
        finally:  # those that ended before an interrupt, too
            for k, result in results.items():
                if self.journal.finish(units[k], result):
                    self.models[units[k].number] = result.models


def _write(plan: SweepPlan, results: list[UnitResult], shared: Path, out: Path | None) -> Sweep:
    """Write the folder of the best trial, unless another worker does so or has done so."""
    if out is not None:
        with output_folder(out, plan.trainer.name) as folder:
            return write_sweep(plan, results, folder)
    best = shared / "best"
    while (existing := read_sweep(plan, results, best)) is None:
        if (best / LAST).exists() and (best / TRIALS).exists():  # of fewer trials, within a time limit
            shutil.rmtree(best, ignore_errors=True)
        try:
            with output_folder(best, plan.trainer.name) as folder:
                return write_sweep(plan, results, folder)
        except UsageError:
            if not _is_being_written(best):
                raise
            time.sleep(WAIT_SECONDS)
    return existing


def _is_being_written(folder: Path) -> bool:
    """Return whether another worker writes a folder, or has just completed it."""
    return (folder.parent / f".{folder.name}{SUFFIX}").exists() or (folder / LAST).exists()
