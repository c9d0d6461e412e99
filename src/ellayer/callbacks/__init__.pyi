from ..inspection.recording import Recording as Recording
from ..storage.checkpoint import Checkpoint as Checkpoint
from .csv_log import CSV as CSV
from .live_plot import LivePlot as LivePlot
from .mlflow_log import MLflow as MLflow
from .tensorboard_log import TensorBoard as TensorBoard
