"""The library behind the command line: from settings to a run folder, and from a run folder to predictions.

Nothing here prints or exits; progress is shown by a ``StartProgress`` function. This package is private.
"""

from __future__ import annotations

from .._lazy import lazy_names

_HOMES = {
    "FinishedRun": ".train_run",
    "SavedModel": ".saved_model",
    "StartProgress": ".._progress_bars",
    "open_model": ".saved_model",
    "read_config": ".config",
    "read_training_rows": ".training_rows",
    "run_sweep": ".sweep",
}
__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
