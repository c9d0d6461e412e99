"""What happens at records: callbacks and stopping."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .history import History


class DivergenceWarning(UserWarning):
    """The cost stopped being a number; the last finite parameters were kept."""


@dataclass
class Info:
    """What a callback sees at a record.

    Attributes
    ----------
    iteration, total : int
        Updates done and to be done.
    cost : float
        The last recorded cost.
    history : History
    state : TrainState
        The run's whole state, for checkpoints; formed when looked at.
    states : list of TrainState
        That of every network, where many are trained at once.
    parameters : dict
        Copies of the parameters; formed when looked at.
    """

    iteration: int
    total: int
    cost: float
    history: History
    _state: Callable[[], Any]
    _states: Callable[[], list] | None = None  # of networks trained at once

    @property
    def state(self) -> Any:
        """All that continuing needs; a copy, formed when looked at."""
        return self._state()

    @property
    def states(self) -> list:
        """The state of every network of the run, one or many."""
        return self._states() if self._states else [self._state()]

    @property
    def parameters(self) -> dict[str, np.ndarray]:
        """The parameters; copies, formed when looked at."""
        return self._state().parameters


def wants_to_stop(answer: Any) -> bool:
    """Tell whether a callback answered True, Python's or NumPy's."""
    return isinstance(answer, (bool, np.bool_)) and bool(answer)


def can_wait(callbacks: Sequence[Callable]) -> bool:
    """Tell whether every callback says how many records may pass before it is called."""
    return all(hasattr(callback, "records_ahead") for callback in callbacks)


def records_ahead(callbacks: Sequence[Callable]) -> int:
    """Return how many records may pass before the callbacks are called.

    One, but where each has a method ``records_ahead``: a callback that cannot want to stop before so
    many records have passed, and that reads them from the history, need not be asked after each.
    """
    if not can_wait(callbacks):
        return 1
    return max(1, min((callback.records_ahead() for callback in callbacks), default=1))  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Stopping:
    """When to stop and what to keep.

    Parameters
    ----------
    monitor : str
        The watched column: "loss", "validation_loss" or a metric's name.
    maximize : bool
        Whether more is better.
    patience : int or None
        Stop after so many records in a row without an improvement of more than ``tolerance``.
    tolerance : float
    time_limit : float or None
        Seconds.
    """

    monitor: str = "loss"
    maximize: bool = False
    patience: int | None = None
    tolerance: float = 0.0
    time_limit: float | None = None

    def judge(self, value: float, best: float | None, waited: int) -> tuple[bool, int]:
        """Return whether ``value`` is the best so far, and the records waited for an improvement."""
        if best is None or math.isnan(best):
            return True, 0
        sign = -1.0 if self.maximize else 1.0
        gain = sign * (best - value)
        enough = gain >= self.tolerance if self.tolerance else gain > 0
        return gain > 0, 0 if enough else waited + 1
