"""Protocol for the progress of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol


class StartProgress(Protocol):
    """Start showing the progress of one fit."""

    def __call__(self, label: str, total: int) -> Callable[[Any], None] | None:
        """Return the ``progress`` function for ``train`` or ``fit``; None to show nothing.

        Parameters
        ----------
        label : str
            The name of the model being fitted, or of a stage after the fit, which reports ``StageInfo``.
        total : int
            Number of updates, or of units of the stage; 0 if unknown.
        """


def no_progress(label: str, total: int) -> None:
    """Show nothing."""


@dataclass(frozen=True)
class StageInfo:
    """Progress of a stage of the work after the fit.

    Attributes
    ----------
    iteration, total : int
        Units done, and in total.
    unit : str
        Like "pictures".
    """

    iteration: int
    total: int
    unit: str


def begin_stage(start: StartProgress, label: str, total: int, unit: str) -> Callable[[], None]:
    """Begin a stage, and return a function to call after each of its units.

    Parameters
    ----------
    start : callable
    label : str
    total : int
    unit : str

    Examples
    --------
    >>> done = begin_stage(lambda label, total: print, "testing", 1, "models")
    >>> done()
    StageInfo(iteration=1, total=1, unit='models')
    """
    report, numbers = start(label, total), count(1)

    def advance() -> None:
        number = next(numbers)
        if report is not None:
            report(StageInfo(min(number, total), total, unit))

    return advance
