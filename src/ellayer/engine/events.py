"""Callbacks, progress and stopping rules."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .._progress import ProgressArgument
from ..core.network import Network
from .history import History
from .state import Parameters, TrainState


class DivergenceWarning(UserWarning):
    """The cost is no longer finite; the last finite parameters are returned."""


@dataclass
class Info:
    """The argument of a callback: the progress of a run.

    Attributes
    ----------
    iteration, total : int
        Updates done, and in total.
    cost : float
        The last recorded cost; for ``train_many`` the mean.
    history : History
        For ``train_many`` that of the first network.
    state : TrainState
        The state of the run, for checkpoints; computed on access.
    states : list of TrainState
        The state of every network, for ``train_many``.
    parameters : dict
        Copies of the parameters; computed on access.
    network : Network
        The architecture; None in an ``Info`` without a run.
    """

    iteration: int
    total: int
    cost: float
    history: History
    _states: Callable[[], list[TrainState]]
    network: Network | None = None

    @property
    def state(self) -> TrainState:
        """The state needed to continue; a copy, computed on access."""
        return self._states()[0]

    @property
    def states(self) -> list[TrainState]:
        """The state of every network of the run, one or many."""
        return self._states()

    @property
    def parameters(self) -> Parameters:
        """The parameters; copies, made on access."""
        return self.state.parameters


Callback = Callable[[Info], object]
Metric = Callable[[np.ndarray, np.ndarray], float]
Score = Callable[[np.ndarray, np.ndarray, np.ndarray | None], float]
JointScore = Callable[[Sequence[np.ndarray], Sequence[np.ndarray], Sequence[np.ndarray | None]], float]


@dataclass(frozen=True)
class Observers:
    """The user's functions that a run calls.

    Parameters
    ----------
    callbacks : sequence of callables
        Called after each record's updates; True stops the run.
    progress : callable, bool or None
        A function that is called several times a second, or True to show bars.
    """

    callbacks: Sequence[Callback] = ()
    progress: ProgressArgument = None

    def show(self, info: Info) -> None:
        """Call ``progress``."""
        if callable(self.progress):
            self.progress(info)

    def stop(self, info: Info) -> bool:
        """Call every callback; return True if any returns True."""
        return any([wants_to_stop(callback(info)) for callback in self.callbacks])  # noqa: C419 - call each

    @property
    def can_wait(self) -> bool:
        """True if there are callbacks, and all have ``records_ahead``."""
        return bool(self.callbacks) and all(hasattr(callback, "records_ahead") for callback in self.callbacks)

    def records_ahead(self) -> int:
        """Return how many records may pass before the callbacks are called.

        One, unless each of them has a method ``records_ahead``: such a callback cannot stop the run before that
        number of records has passed, and reads them from the history.
        """
        if not self.can_wait:
            return 1
        ahead: list[int] = [callback.records_ahead() for callback in self.callbacks]  # type: ignore[attr-defined]
        return max(1, min(ahead))


def wants_to_stop(answer: object) -> bool:
    """Return whether a callback returned True, of Python or NumPy."""
    return isinstance(answer, (bool, np.bool_)) and bool(answer)


@dataclass(frozen=True)
class Stopping:
    """The stopping rules, and which parameters to return.

    Parameters
    ----------
    monitor : str
        The monitored column: "loss", "validation_loss", "validation_score" or a metric's name.
    maximize : bool
        Whether higher is better.
    patience : int or None
        Number of consecutive records without an improvement after which to stop.
    tolerance : float
        The smallest change that counts as an improvement; at 0 any does.
    time_limit : float or None
        Seconds.
    keep_best : bool
        Whether to return the parameters of the best record.
    """

    monitor: str = "loss"
    maximize: bool = False
    patience: int | None = None
    tolerance: float = 0.0
    time_limit: float | None = None
    keep_best: bool = False

    def judge(self, value: float, best: float | None, waited: int) -> tuple[bool, int]:
        """Return whether ``value`` is the best so far, and the records waited for an improvement."""
        if best is None or math.isnan(best):
            return True, 0
        sign = -1.0 if self.maximize else 1.0
        gain = sign * (best - value)
        improves = gain >= self.tolerance if self.tolerance else gain > 0
        return gain > 0, 0 if improves else waited + 1
