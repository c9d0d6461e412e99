"""Curves of former runs, to draw over one another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from . import limits


@dataclass(frozen=True)
class SavedRun:
    """The curve of a former run."""

    id: int
    name: str
    points: list[list[float | None]]


class SavedRuns:
    """The curves that a session keeps; the oldest go first."""

    def __init__(self) -> None:
        self._runs: list[SavedRun] = []
        self._last = 0

    def add(self, name: str, points: list[list[float | None]]) -> Mapping[str, object]:
        """Keep a curve, and return the message about all."""
        self._last += 1
        run = SavedRun(self._last, (name or f"run {self._last}")[:100], points)
        self._runs = [*self._runs, run][-limits.SAVED_RUNS :]
        return self.message()

    def drop(self, number: int) -> Mapping[str, object]:
        """Forget a curve, and return the message about the others."""
        self._runs = [run for run in self._runs if run.id != number]
        return self.message()

    def __len__(self) -> int:
        return len(self._runs)

    def message(self) -> Mapping[str, object]:
        """Return the message about all curves."""
        return {"type": "saved_runs", "runs": [asdict(run) for run in self._runs]}
