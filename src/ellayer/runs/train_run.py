"""The training pipeline: read and check, train, evaluate, write the folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._progress_bars import StartProgress, no_progress
from .checkpoints import CHECKPOINT
from .config import FILE, NAMED, OF_THE_MACHINE, check_settings, check_source, shown_source
from .folder import OutputFolder, output_folder
from .notes_recipes import RECIPES

if TYPE_CHECKING:
    from ..report.run_facts import RunFacts
    from .trained_run import TrainedRun, Trainer


@dataclass(frozen=True)
class FinishedRun:
    """A run whose folder is written.

    Attributes
    ----------
    run : TrainedRun
    facts : RunFacts
    summary : dict
        As in ``run.json``, with the curves of the networks.
    path : Path
        The folder.
    """

    run: TrainedRun
    facts: RunFacts
    summary: dict[str, Any]
    path: Path


def train_run(
    settings: Mapping[str, Any],
    out: Path | None = None,
    *,
    resume: Path | None = None,
    start: StartProgress = no_progress,
) -> FinishedRun:
    """Train on a file or a named data set and write the folder of the run.

    Parameters
    ----------
    settings : mapping
        Keyed by the names of the options; "source" is the file or the name of the data set.
    out : Path, optional
        The folder; ``runs/NAME-N`` by default.
    resume : Path, optional
        The folder of a run to resume, with its checkpoint.
    start : callable, optional
        Starts showing the progress of a fit.

    Raises
    ------
    EllayerError
        If a setting or the data cannot be used; nothing is written.
    """
    trainer = make_trainer(settings)
    with output_folder(resume or out, trainer.name, resume=resume is not None) as folder:
        with named_checkpoint(folder, resume):
            run = trainer.train(folder, resume, start)
        return finish(run, folder, start)


@contextmanager
def named_checkpoint(folder: OutputFolder, resume: Path | None) -> Iterator[None]:
    """Name the last checkpoint, if there is one, in the message of a Ctrl-C that ends the training without a model."""
    try:
        yield
    except KeyboardInterrupt:
        place = resume or folder.reserved
        if place is None or not (place / CHECKPOINT).exists():
            raise
        raise KeyboardInterrupt(f"interrupted; --resume {place} continues") from None


def make_trainer(settings: Mapping[str, Any]) -> Trainer:
    """Return the trainer of a named data set or of a file, its examples read and checked.

    Parameters
    ----------
    settings : mapping
    """
    source = settings["source"]
    if isinstance(source, str) and source in RECIPES:
        check_settings(settings, NAMED, f"the named set {source!r}")
        from .notes_trainer import NotesTrainer

        return NotesTrainer.read(settings)
    from .table_trainer import TableTrainer

    check_settings(settings, (*FILE, *OF_THE_MACHINE), f"the file {shown_source(source)}")
    check_source(source, "a file, a folder of images, or the name of a data set", list(RECIPES))
    return TableTrainer.read(settings)


def finish(run: TrainedRun, folder: OutputFolder, start: StartProgress = no_progress) -> FinishedRun:
    """Evaluate a trained run and write its folder; Ctrl-C leaves out all that is not the model itself.

    Parameters
    ----------
    run : TrainedRun
    folder : OutputFolder
    start : callable, optional
        Starts showing the progress of a stage.
    """
    before = {*folder.staging.glob("*")}
    try:
        return _finish(run, folder, start)
    except KeyboardInterrupt:
        if run.interrupted:
            raise
        run.interrupted = True
        run.messages.append("interrupted during the evaluation; the model is saved without its report")
        folder.clear(before)
        return _finish(run, folder, start)


def _finish(run: TrainedRun, folder: OutputFolder, start: StartProgress) -> FinishedRun:
    import numpy as np

    from .artifacts import write_run
    from .facts import evaluate

    with np.errstate(over="ignore", invalid="ignore"):  # a diverged run has a message about it
        facts = evaluate(run, start)
        folder.staging.mkdir(parents=True, exist_ok=True)  # if it has been deleted since
        summary = write_run(folder.staging, run, facts, start)
    path = folder.finish()
    if not run.interrupted:
        (path / CHECKPOINT).unlink(missing_ok=True)  # the run is complete
    return FinishedRun(run, facts, summary, path)
