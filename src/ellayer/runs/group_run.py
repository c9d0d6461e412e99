"""The training pipeline in each process of a group: all read, check and train; the first evaluates and writes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from .._progress_bars import StartProgress, no_progress
from ..distributed import shutdown
from ..engine.group import current_group
from .checkpoints import CheckpointPlan
from .config import FILE, OF_THE_MACHINE, check_settings, shown_source
from .folder import output_folder
from .notes_recipes import check_spreadable
from .table_trainer import TableTrainer
from .train_run import FinishedRun, finish, named_checkpoint


def train_in_group(
    settings: Mapping[str, Any],
    out: Path | None = None,
    *,
    resume: Path | None = None,
    start: StartProgress = no_progress,
    plan: CheckpointPlan | None = None,
) -> FinishedRun | None:
    """Train on a table whose rows are spread over the processes of the group, and leave the group.

    Parameters
    ----------
    settings : mapping
        Keyed by the names of the options, the same in every process.
    out, resume, start
        As for ``train_run``.
    plan : CheckpointPlan, optional

    Returns
    -------
    FinishedRun or None
        None in all processes but the first.

    Raises
    ------
    EllayerError
        In every process, if a setting or the data of one cannot be used.
    """
    group = current_group()
    assert group is not None
    trainer = _read({**settings, "processes": group.size})
    trainer = replace(trainer, plan=plan or CheckpointPlan())
    with ExitStack() as stack:
        folder = None
        with group.together():
            if group.rank == 0:
                context = output_folder(resume or out, trainer.name, resume=resume is not None)
                folder = stack.enter_context(context)
        if folder is not None:
            stack.enter_context(named_checkpoint(folder, resume))
        run = trainer.train(folder, resume, start if group.rank == 0 else no_progress)
        shutdown()
        return None if folder is None else finish(run, folder, start)


def _read(settings: dict[str, Any]) -> TableTrainer:
    source = settings["source"]
    check_spreadable(source)
    check_settings(settings, (*FILE, *OF_THE_MACHINE), f"the file {shown_source(source)}")
    return TableTrainer.read(settings)
