"""Checkpoints of a run on a file: saved in its folder every half minute until it is complete."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .config import write_config
from .folder import OutputFolder

if TYPE_CHECKING:
    from ..estimators.epoch_info import EpochInfo
    from ..storage import Checkpoint

CHECKPOINT = "checkpoint.ellayer"
EVERY = 30.0  # seconds


class CheckpointWriter:
    """A callback that saves the state of the fit in the run's folder every half minute.

    The first checkpoint also creates the final folder with the config of the run, for ``--resume``.

    Attributes
    ----------
    error : str
        Why the last checkpoint could not be written; "" if it could.
    """

    folder: OutputFolder
    settings: Mapping[str, Any]
    error: str

    def __init__(self, folder: OutputFolder, settings: Mapping[str, Any]):
        self.folder, self.settings, self.error = folder, settings, ""
        self._last: EpochInfo | None = None
        self._written = time.monotonic()

    def __call__(self, info: EpochInfo) -> None:
        """Write the state if half a minute has passed since the last write."""
        self._last = info
        if time.monotonic() - self._written >= EVERY:
            self.write()

    def write(self) -> None:
        """Write the current state; a full disk does not end the run."""
        from ..storage import save_checkpoint

        if self._last is None:
            return
        try:
            place = self.folder.reserve()
            if not (place / "config.toml").exists():
                write_config(place / "config.toml", self.settings)
            save_checkpoint(self._last.states, place / CHECKPOINT)
            self.error = ""
        except OSError as error:
            self.error = f"no checkpoint could be written ({error.strerror}): if it is killed, this run cannot be resumed"
        self._written = time.monotonic()


def load_states(folder: Path | None) -> Checkpoint | None:
    """Return the states of the members in the folder of a run; None without one."""
    from ..storage import load_checkpoint

    return None if folder is None else load_checkpoint(folder / CHECKPOINT)
