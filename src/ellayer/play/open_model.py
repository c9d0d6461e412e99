"""The model that a session continues, or shows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from ..engine.state import Parameters
from .all_members import averages, predict_together
from .errors import StateError
from .messages import JsonObject, State
from .model_message import NO_MODEL, Scores, model_message, read_only_message, score_members
from .opening import ReadOnlyModel, StartModel
from .problem import Problem, make_network
from .run import Run


class OpenModel:
    """A model that was opened on a page.

    Parameters
    ----------
    start : StartModel or None
        To train further.

    Attributes
    ----------
    read_only : ReadOnlyModel or None
        Shown instead of the run.
    """

    def __init__(self, start: StartModel | None) -> None:
        self.start = start
        self.read_only: ReadOnlyModel | None = None
        self._scores: tuple[Problem, Scores] | None = None

    def check_runs(self) -> None:
        """Raise if a model is shown that cannot be trained further."""
        if self.read_only is not None:
            raise StateError("", f"{self.read_only.card.name} is open to look at only. {self.read_only.why}")

    def make_run(self, state: State, problem: Problem) -> Run:
        """Return the run of a state: from the parameters of a member where the network is that of the model.

        The member of the state is set to None where they are drawn.
        """
        start = self._start(state)
        if (
            start is not None
            and {name: theta.shape for name, theta in start.items()} != make_network(state, problem).shapes
        ):
            start = None  # the network is that of the model, but the data are others
        if start is None:
            state["network"]["member"] = None
        return Run(state, problem, start)

    def _start(self, state: State) -> Parameters | None:
        model, network = self.start, state["network"]
        if model is None or not model.starts(network, state["training"]["loss"]):
            return None
        member = network["member"] or 0
        if member >= len(model.members):
            raise StateError(
                "network.member", f"member: expected a number below {len(model.members)}, received {member}"
            )
        network["member"] = member
        return model.members[member]

    def whole(self, run: Run) -> Callable[[np.ndarray], np.ndarray] | None:
        """Return the function from inputs to the outputs of all members; None where the run is the whole model."""
        model = self.start
        return partial(predict_together, model, run) if model is not None and averages(model, run) else None

    def message(self, run: Run) -> JsonObject:
        """Return the message about the model."""
        if self.read_only is not None:
            return read_only_message(self.read_only)
        if self.start is None or run.start is None:
            return NO_MODEL
        if self._scores is None or self._scores[0] is not run.problem:
            self._scores = run.problem, score_members(self.start, run)
        return model_message(self.start, run, self._scores[1])

    @property
    def has_embeddings(self) -> bool:
        """Whether the model has a table for some category."""
        return self.start is not None and bool(self.start.card.embedded)

    def text(self, run: Run) -> str:
        """Return the parameters that a run starts from in the Python text; "" where they are drawn."""
        member = run.state["network"]["member"]
        return "" if self.start is None or member is None else self.start.text(member)
