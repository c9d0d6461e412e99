"""Protocol for the progress of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class StartProgress(Protocol):
    """Start showing the progress of one fit."""

    def __call__(self, label: str, total: int) -> Callable[[Any], None] | None:
        """Return the ``progress`` function for ``train`` or ``fit``; None to show nothing.

        Parameters
        ----------
        label : str
            The name of the model being fitted.
        total : int
            Number of updates; 0 if unknown.
        """


def no_progress(label: str, total: int) -> None:
    """Show nothing."""
