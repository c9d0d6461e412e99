"""``ellayer train FILE``: read, split, fit, judge, write; each in a file of its own."""

from __future__ import annotations

from collections.abc import Mapping
from json import dumps
from pathlib import Path
from typing import Any

from ..cli.errors import CHECK_FAILED, DONE, INTERRUPTED
from .folder import output_folder
from ..cli.progress import progress_bars

CHECKPOINT = "checkpoint.ellayer"
__all__ = ["CHECKPOINT", "run_file"]


def run_file(
    settings: Mapping[str, Any], out: Path | None, quiet: bool, json: bool, resume: Path | None = None
) -> int:
    """Train on a file, write the folder, print what was reached; return the exit code.

    Parameters
    ----------
    settings : mapping
        As the options name them.
    out : Path or None
    quiet, json : bool
    resume : Path or None
        The folder of a run to go on with.
    """
    from .table_trainer import fit_file
    from .job import read_job

    job = read_job(settings)
    with output_folder(resume or out, job.name, goes_on=resume is not None) as folder:
        with progress_bars(shown=not (quiet or json)) as start:
            run = fit_file(job, start, folder, resume)
        from .facts import judge  # what it loads is wanted only once there is something to judge
        from .artifacts import write_run

        facts = judge(run)
        summary = write_run(folder.staging, run, facts)
        path = folder.finish()
        if not run.interrupted:
            (path / CHECKPOINT).unlink(missing_ok=True)  # the run is complete
    if json:
        print(dumps({"run": str(path), **summary}))
    elif quiet:
        print(path)
    else:
        from ..cli.display import show_run

        show_run(run, facts, summary, path)
    if run.interrupted:
        return INTERRUPTED
    return CHECK_FAILED if run.model.stopped_by_ == "divergence" else DONE
