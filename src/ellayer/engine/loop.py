"""The protocol of a loop: it runs chunks of updates of one network, or of several of one architecture."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np

from .state import Parameters

Interval = tuple[float, float]  # sum and number of the losses since the last record, for "mean_loss"


class LoopState(NamedTuple):
    """The state of one network between two updates, in a loop."""

    parameters: Parameters
    optimizer_state: object
    step: int
    interval: Interval


@dataclass
class Records:
    """Values recorded during one chunk of updates, one entry per record.

    ``means`` holds the mean loss of the interval that the record closes, nan at the first record of a run.
    """

    losses: list[float] = field(default_factory=list)
    gradient_norms: list[float] = field(default_factory=list)
    means: list[float] = field(default_factory=list)

    def extend(self, more: Records) -> None:
        """Append the records of a later chunk."""
        self.losses += more.losses
        self.gradient_norms += more.gradient_norms
        self.means += more.means


class Loop(Protocol):
    """Updates of K networks at once; K is 1 except in the compiled loop of ``train_many``.

    States are replaced and never modified, so that a reference to one stays valid.
    """

    name: str
    chunk_limit: int
    compile_seconds: float

    def resources(self) -> AbstractContextManager[object]:
        """Return the context to run in."""

    def start(self, states: Sequence[LoopState]) -> None:
        """Set the states to continue from, one for each network after the same number of updates; compile."""

    def states(self) -> list[LoopState]:
        """Return the state of each network."""

    def advance(self, rates: np.ndarray) -> tuple[list[Records], bool]:
        """Do one update per column of ``rates`` (K, count).

        Returns
        -------
        records : list of Records
            One of each network.
        interrupted : bool
            Whether Ctrl-C cut the chunk short; the states are those after the last whole update or chunk.
        """
