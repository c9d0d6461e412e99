"""Checkpoints of a run on a file: saved in its folder every half minute until it is complete."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._unfinished import temporary_folder
from ..engine.group import current_group
from .config import write_config
from .folder import OutputFolder

if TYPE_CHECKING:
    from ..estimators.epoch_info import EpochInfo
    from ..storage import Checkpoint

CHECKPOINT = "checkpoint.ellayer"
EVERY = 30.0  # seconds


def _say_nothing(place: Path) -> None:
    """Announce no checkpoint."""


@dataclass(frozen=True)
class CheckpointPlan:
    """The interval between checkpoints, and the function to notify.

    Attributes
    ----------
    every : float
        Seconds between two writes.
    announce : callable
        Called with the folder after each.
    """

    every: float = field(default_factory=lambda: EVERY)
    announce: Callable[[Path], None] = _say_nothing


class CheckpointWriter:
    """A callback that saves the state of the fit in the run's folder every half minute.

    The first checkpoint also creates the final folder with the config of the run, for ``--resume``. In a group of
    processes only the first has a folder.

    Attributes
    ----------
    error : str
        Why the last checkpoint could not be written; "" if it could.
    """

    folder: OutputFolder | None
    settings: Mapping[str, Any]
    plan: CheckpointPlan
    error: str

    def __init__(
        self, folder: OutputFolder | None, settings: Mapping[str, Any], plan: CheckpointPlan | None = None
    ):
        self.folder, self.settings, self.error = folder, settings, ""
        self.plan = plan or CheckpointPlan()
        self._last: EpochInfo | None = None
        self._written = time.monotonic()

    def __call__(self, info: EpochInfo) -> None:
        """Write the state if half a minute has passed since the last write."""
        self._last = info
        if time.monotonic() - self._written >= self.plan.every:
            self.write()

    def write(self) -> bool:
        """Write the current state; a full disk does not end the run. Return whether the run can be resumed."""
        from ..storage import save_checkpoint

        if self.folder is None:
            return False
        if self._last is None:  # before the end of the first epoch
            return (self.folder.reserve() / CHECKPOINT).exists()
        try:
            place = self.folder.reserve()
            if not (place / "config.toml").exists():
                write_config(place / "config.toml", self.settings)
            save_checkpoint(self._last.states, place / CHECKPOINT)
            self.error = ""
            self.plan.announce(place)
        except OSError as error:
            self.error = f"no checkpoint could be written ({error.strerror}): if it is killed, this run cannot be resumed"
        self._written = time.monotonic()
        return not self.error


def load_states(folder: Path | None) -> Checkpoint | None:
    """Return the states of the members in the folder of a run; None without one.

    In a group of processes the first reads the file for all: on other machines there may be no such folder.
    """
    from ..storage import load_checkpoint

    if folder is None:
        return None
    group = current_group()
    if group is None:
        return load_checkpoint(folder / CHECKPOINT)
    with group.together():
        data = (folder / CHECKPOINT).read_bytes() if group.rank == 0 else b""
    first = group.gather_bytes(data)[0]
    with temporary_folder() as own:
        (own / CHECKPOINT).write_bytes(first)
        return load_checkpoint(own / CHECKPOINT)
