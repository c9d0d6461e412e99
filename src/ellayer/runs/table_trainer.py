"""From a job to a fitted model."""

from __future__ import annotations

import re
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .checkpoints import CheckpointWriter, load_states
from .config import FILE, READING
from .folder import OutputFolder
from .job import PARAMETERS, Job
from .progress import StartProgress


@dataclass
class FileRun:
    """A fitted model and where it comes from."""

    job: Job
    model: Any
    notes: list[str]
    interrupted: bool
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, Any]:
        """All settings of the run, those left to their defaults too: what a config repeats it by."""
        told = {option: _plain(self.model.get_params()[name]) for option, name in PARAMETERS.items()
                if name in self.model.get_params()}  # fmt: skip
        if told.get("layers") is None and self.model.network_ is not None:
            told["layers"] = list(self.model.network_.layer_dims[1:-1])
        job = self.job
        how = {key: value for key, value in (job.train.reading or {}).items() if key in READING}
        every = {**job.settings, **told, "task": job.survey.task, "target": job.train.target, **how}
        return {key: every[key] for key in FILE if key in every}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def told_by_fit(caught: list[warnings.WarningMessage]) -> list[str]:
    """Return what a fit warned of, but for what the survey says of the columns already.

    Parameters
    ----------
    caught : list of WarningMessage
    """
    texts = dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, UserWarning))
    return [text for text in texts if not re.match(r"column .* (is treated as|is ignored)", text)]


def fit_file(job: Job, start: StartProgress, folder: OutputFolder, resume: Path | None) -> FileRun:
    """Fit the model of a job; Ctrl-C keeps what was reached.

    Parameters
    ----------
    job : Job
    start : callable
        ``start(label, total)`` returns a progress function.
    folder : OutputFolder
        Where checkpoints go.
    resume : Path or None
        The folder of a run to go on with.

    Returns
    -------
    FileRun
    """
    begin = time.perf_counter()
    checkpoints = CheckpointWriter(folder, job.settings)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        examples = (job.train.X, job.train.y) if job.stream is None else (job.stream, None)
        job.model.fit(
            *examples, callbacks=[checkpoints], progress=start("network", 0), states=load_states(resume)
        )
    fitting = time.perf_counter() - begin
    notes = [*job.notes, *told_by_fit(caught)]
    interrupted = job.model.stopped_by_ == "interrupted"
    if interrupted:
        checkpoints.write()
        notes.append(
            f"interrupted by Ctrl-C after {len(job.model.history_)} epochs; what was reached is saved, and "
            "--resume with this folder goes on"
        )
    return FileRun(job, job.model, notes, interrupted, {"reading": job.seconds, "fitting": fitting})
