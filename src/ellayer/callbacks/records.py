"""The records of a run that a callback has not seen yet."""

from __future__ import annotations

import math
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from ..engine.events import Info
from ..errors import EllayerError


class NewRecords:
    """Yields each record of a run once, also if the callback is used for several runs."""

    def __init__(self) -> None:
        self._count = 0

    def of(self, info: Info) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield the number of the update and the columns of each new record.

        Parameters
        ----------
        info : Info
        """
        if len(info.history) < self._count:  # another run
            self._count = 0
        begin, self._count = self._count, len(info.history)
        for i in range(begin, self._count):
            row = {name: column[i] for name, column in info.history.items()}
            yield int(row.get("iteration", i)), row


def numbers(row: dict[str, Any]) -> dict[str, float]:
    """Return the finite numbers of a record, without the columns that count or measure time.

    >>> numbers({"iteration": 10, "loss": 0.5, "seconds": 0.1, "loop": "numpy", "validation_loss": float("nan")})
    {'loss': 0.5}
    """
    return {
        name: float(value)
        for name, value in row.items()
        if name not in ("iteration", "epoch", "seconds")
        and isinstance(value, (int, float))
        and math.isfinite(value)
    }


def need(callback: str, package: str) -> None:
    """Raise an error if a library is not installed."""
    if find_spec(package) is None:
        raise EllayerError(
            f"{callback}: expected the library {package}, which is not installed; try 'pip install {package}'"
        )
