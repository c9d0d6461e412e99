from .._progress_bars import StartProgress as StartProgress
from .config import read_config as read_config
from .saved_model import SavedModel as SavedModel
from .saved_model import open_model as open_model
from .sweep import run_sweep as run_sweep
from .train_run import FinishedRun as FinishedRun
from .training_rows import read_training_rows as read_training_rows
