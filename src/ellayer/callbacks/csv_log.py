"""A callback that writes the history of a run to a CSV file while it runs."""

from __future__ import annotations

import os
from pathlib import Path

from ..engine.events import Info
from .records import NewRecords


class CSV:
    """Write the records of a run to a CSV file as they come.

    The file of an earlier run is replaced at the first record. It can be read while the run goes on.

    Parameters
    ----------
    path : path

    Examples
    --------
    >>> import ellayer, tempfile
    >>> flower, network = ellayer.data.load("flower"), ellayer.Network([2, 4, 1])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "history.csv")
    ...     _ = ellayer.train(network, flower.X, flower.Y, num_iterations=30, record_every=10, callbacks=[CSV(path)])
    ...     len(path.read_text().splitlines())
    4
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path: Path = Path(path)
        self._records = NewRecords()
        self._columns: list[str] = []

    def __call__(self, info: Info) -> None:
        """Write the new records.

        Parameters
        ----------
        info : Info
        """
        new = list(self._records.of(info))
        if len(new) == len(info.history) or list(info.history) != self._columns:
            self._columns = list(info.history)
            self.path.write_text(info.history.to_csv(), encoding="utf-8")
        elif new:
            lines = info.history.to_csv(first=len(info.history) - len(new))
            with self.path.open("a", encoding="utf-8") as file:
                file.write(lines)
