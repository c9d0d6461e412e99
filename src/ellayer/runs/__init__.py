"""From settings to a run folder, and from a run folder to predictions: the library behind the command line.

Nothing here prints or ends the program; progress is handed in as a ``StartProgress`` function.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "read_config": "config",
    "open_model": "saved_model",
    "SavedModel": "saved_model",
    "FinishedRun": "train_run",
    "run_sweep": "sweep",
    "train_run": "train_run",
    "StartProgress": "progress",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'ellayer.runs' has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
