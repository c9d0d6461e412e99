"""A callback that writes the history of a run for TensorBoard."""

from __future__ import annotations

import os
from typing import Any

from ..engine.events import Info
from .records import NewRecords, need, numbers


class TensorBoard:
    """Write the columns of a run's history as scalars for TensorBoard, with the library tensorboardX.

    Parameters
    ----------
    log_dir : path
        Folder of the run, as in ``tensorboard --logdir``.
    histograms : bool
        Whether to write the distribution of each parameter, too.

    Raises
    ------
    EllayerError
        If tensorboardX is not installed.

    Examples
    --------
    Then ``tensorboard --logdir logs`` shows the curves of all runs::

        train(network, X, Y, callbacks=[TensorBoard("logs/first")])
    """

    def __init__(self, log_dir: str | os.PathLike[str], histograms: bool = False) -> None:
        need("TensorBoard", "tensorboardX")
        self.log_dir: str = os.fspath(log_dir)
        self.histograms = histograms
        self._writer: Any = None
        self._records = NewRecords()

    def __call__(self, info: Info) -> None:
        """Write the new records.

        Parameters
        ----------
        info : Info
        """
        if self._writer is None:
            from tensorboardX import SummaryWriter

            self._writer = SummaryWriter(self.log_dir)
        for step, row in self._records.of(info):
            for name, value in numbers(row).items():
                self._writer.add_scalar(name, value, step)
        if self.histograms:
            for name, parameter in info.parameters.items():
                self._writer.add_histogram(name, parameter, info.iteration)
        self._writer.flush()

    def __getstate__(self) -> dict[str, Any]:
        """Return the settings for pickle, and not the open file."""
        return {**self.__dict__, "_writer": None}
