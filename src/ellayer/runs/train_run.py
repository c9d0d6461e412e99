"""Train on a file: read, split, fit, evaluate, write; each in a file of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .checkpoints import CHECKPOINT
from .folder import output_folder
from .progress import StartProgress, no_progress

if TYPE_CHECKING:
    from ..report.run_facts import RunFacts
    from .table_trainer import FileRun

__all__ = ["FinishedRun", "run_file"]


@dataclass(frozen=True)
class FinishedRun:
    """A finished run on a file: its facts, its summary as in ``run.json``, and its folder."""

    run: FileRun
    facts: RunFacts
    summary: dict[str, Any]
    path: Path


def run_file(
    settings: Mapping[str, Any],
    out: Path | None = None,
    resume: Path | None = None,
    start: StartProgress = no_progress,
) -> FinishedRun:
    """Train on a file and write the folder.

    Parameters
    ----------
    settings : mapping
        Keyed by the names of the options.
    out : Path, optional
        The folder; ``runs/NAME-N`` by default.
    resume : Path, optional
        The folder of a run to resume.
    start : callable, optional
    """
    from .job import read_job
    from .table_trainer import fit_file

    job = read_job(settings)
    with output_folder(resume or out, job.name, goes_on=resume is not None) as folder:
        run = fit_file(job, start, folder, resume)
        from .artifacts import write_run  # matplotlib: only once there is something to draw
        from .facts import judge

        facts = judge(run)
        summary = write_run(folder.staging, run, facts)
        path = folder.finish()
        if not run.interrupted:
            (path / CHECKPOINT).unlink(missing_ok=True)  # the run is complete
    return FinishedRun(run, facts, summary, path)
