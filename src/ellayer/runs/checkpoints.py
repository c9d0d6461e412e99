"""Checkpoints of a run on a file: in its folder, from the first half minute on, until it is complete."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from .config import write_config
from .folder import OutputFolder

CHECKPOINT = "checkpoint.ellayer"
EVERY = 30.0  # seconds


class CheckpointWriter:
    """A callback that writes the state of the fit into the run's folder every half minute.

    The folder gets its name with the first of them, and holds the run's config beside it: all that
    ``--resume`` needs.
    """

    def __init__(self, folder: OutputFolder, settings: dict[str, Any]):
        self.folder, self.settings = folder, settings
        self._last: Any = None
        self._written = time.monotonic()

    def __call__(self, info: Any) -> None:
        """Write the state if it is time to."""
        self._last = info
        if time.monotonic() - self._written >= EVERY:
            self.write()

    def write(self) -> None:
        """Write the state reached."""
        from ..storage import save_checkpoint

        if self._last is None:
            return
        place = self.folder.reserve()
        if not (place / "config.toml").exists():
            write_config(place / "config.toml", self.settings)
        save_checkpoint(self._last.states, place / CHECKPOINT)
        self._written = time.monotonic()


def load_states(folder: Path | None) -> Any:
    """Return the states of the members in the folder of a run; None without one."""
    from ..storage import load_checkpoint

    return None if folder is None else load_checkpoint(folder / CHECKPOINT)
