"""A callback that logs the history of a run to MLflow."""

from __future__ import annotations

import importlib

from ..engine.events import Info
from .records import NewRecords, need, numbers


class MLflow:
    """Log the columns of a run's history as metrics of the active MLflow run.

    Without an active run one is started, as by MLflow's own functions. Metrics of an estimator's fit have its
    parameters beside them.

    Raises
    ------
    EllayerError
        If mlflow is not installed.

    Examples
    --------
    Metrics appear while the network trains::

        with mlflow.start_run():
            train(network, X, Y, callbacks=[MLflow()])
    """

    def __init__(self) -> None:
        need("MLflow", "mlflow")
        self._records = NewRecords()
        self._run_id = ""

    def __call__(self, info: Info) -> None:
        """Log the new records.

        Parameters
        ----------
        info : Info
        """
        mlflow = importlib.import_module("mlflow")
        run = mlflow.active_run() or mlflow.start_run()
        if run.info.run_id != self._run_id:
            self._run_id = run.info.run_id
            mlflow.log_params(_settings(info))
        for step, row in self._records.of(info):
            mlflow.log_metrics(numbers(row), step=step)


def _settings(info: Info) -> dict[str, object]:
    """Return what identifies a run: the parameters of its estimator, or the shapes of its network."""
    estimator = getattr(info, "estimator", None)
    if estimator is not None:
        return {**estimator.get_params(deep=False), "callbacks": None}
    return {name: str(value.shape) for name, value in info.parameters.items()} | {"updates": info.total}
