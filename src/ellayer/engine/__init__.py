"""The loop: training on NumPy to look at, compiled by jax for speed."""

from .batches import Batches, BlockBatches
from .events import DivergenceWarning, History, Info
from .many import train_many
from .optimizers import OPTIMIZER_NAMES, find_optimizer, find_schedule
from .sources import DiskRows
from .state import TrainState
from .train import TrainingResult, train

__all__ = [
    "OPTIMIZER_NAMES",
    "Batches",
    "BlockBatches",
    "DiskRows",
    "DivergenceWarning",
    "History",
    "Info",
    "TrainState",
    "TrainingResult",
    "find_optimizer",
    "find_schedule",
    "train",
    "train_many",
]
