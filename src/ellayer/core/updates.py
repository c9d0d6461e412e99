"""Former home of ``core.optimizers`` and ``core.schedules``; the names can still be imported from here."""

from .optimizers import OPTIMIZERS, Optimizer, clip_gradients, decay_weights, global_norm
from .schedules import SCHEDULES, Schedule

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "Optimizer",
    "Schedule",
    "clip_gradients",
    "decay_weights",
    "global_norm",
]
