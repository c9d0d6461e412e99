"""The training loop: on NumPy for inspection, compiled by jax for speed."""

from .batches import Batches, BlockBatches
from .disk_rows import DiskRows
from .events import DivergenceWarning, Info
from .history import History
from .model import Model, ModelParts, unpack_model
from .optax_rules import OPTIMIZER_NAMES, find_optimizer, find_schedule
from .result import TrainingResult
from .state import TrainState
from .train import train
from .train_many import train_many

__all__ = [
    "OPTIMIZER_NAMES",
    "Batches",
    "BlockBatches",
    "DiskRows",
    "DivergenceWarning",
    "History",
    "Info",
    "Model",
    "ModelParts",
    "TrainState",
    "TrainingResult",
    "find_optimizer",
    "find_schedule",
    "train",
    "train_many",
    "unpack_model",
]
