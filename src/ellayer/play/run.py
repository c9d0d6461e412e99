"""A run that is advanced from outside: a few updates at a time, each by ``ellayer.train``."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypedDict

import numpy as np

from .._samples import even_sample
from .._warn import collect_warnings
from ..core.inference import outputs
from ..core.initializers import initialize_parameters
from ..core.network import Network
from ..core.propagation import compute_cost
from ..engine.history import History
from ..engine.result import TrainingResult
from ..engine.state import Parameters, TrainState
from ..engine.train import train
from ..engine.validation import check_Y
from ..errors import EllayerError
from ..inspection.film import Frame, frame_of
from . import limits
from .errors import StateError
from .input_names import input_names
from .messages import State
from .problem import Problem, make_network

ENGINE = "jax+direct"  # one loop, so that the bits depend on nothing but the state
# The thresholds of ramps are quantiles of the data; the table estimators do not train them either.
FIXED_RAMPS = {"t": 0.0}
COST_NUMBERS = 20_000_000  # multiplications for a cost that is shown
ANIMATION_FRAMES = 40  # steps
ANIMATION_EXAMPLES = 1_000
RECORD_EVERY = 100  # the default of ``train``; patience counts these records


class TrainOptions(TypedDict):
    """The options of ``train`` that a state determines, in the order of the Python text."""

    optimizer: str
    learning_rate: float
    schedule: str
    schedule_length: int
    batch_size: int | None
    l2: float
    l1: float
    weight_decay: float
    dropout: float
    seed: int
    engine: str
    learning_rate_factors: dict[str, float] | None


@dataclass(frozen=True)
class Part:
    """A part of a run: some updates with one size of the mini-batches, or the edit of a parameter before them.

    Attributes
    ----------
    count : int
        Updates.
    batch_size : int or None
    edit : (str, int, int, float) or None
        A parameter, its row and column, and the value.
    """

    count: int = 0
    batch_size: int | None = None
    edit: tuple[str, int, int, float] | None = None


@dataclass(frozen=True)
class Animation:
    """Steps of a run for pictures, with the examples that they show."""

    network: Network
    X: np.ndarray
    Y: np.ndarray
    frames: list[Frame]


class Run:
    """The training of a state, from its start.

    Parameters
    ----------
    state : State
    problem : Problem
    start : dict, optional
        Parameters to start from, of a model; by default they are drawn.

    Attributes
    ----------
    network : Network
    every : int
        Step between the examples on which the displayed costs are computed.
    parts : list of Part
        Everything that was done, in order.
    finished : str or None
        The reason why the run ended.
    is_compiled : bool
        Whether the next updates begin at once.
    curve : list of [int, float, float or None]
        Iteration, training cost and test cost.
    """

    def __init__(self, state: State, problem: Problem, start: Parameters | None = None) -> None:
        self.state: State = state
        self.problem: Problem = problem
        self.network: Network = make_network(state, problem)
        self.Y, self.Y_test = (problem.one_hot(y, self.network) for y in (problem.y, problem.y_test))
        try:
            check_Y(self.network, self.Y, self.Y.shape[1], "float64")
        except EllayerError as error:
            raise StateError("training.loss", f"loss: {error}") from None
        self.options = _options(state)
        if self.network.inputs is not None and self.network.inputs.ramps:
            self.options["learning_rate_factors"] = FIXED_RAMPS
        self.every: int = max(1, problem.X.shape[1] * self.network.parameter_count // COST_NUMBERS)
        self.start = start
        if start is None:
            settings = state["network"]
            self.parameters: Parameters = initialize_parameters(
                self.network, settings["initializer"], settings["seed"]
            )
        else:
            self.parameters = {name: theta.copy() for name, theta in start.items()}
        self.parts: list[Part] = []
        self.curve: list[tuple[int, float, float]] = []
        self.finished: str | None = None
        self._train_state: TrainState | None = None
        self._best, self._waited = math.inf, 0
        self.shown_cost: tuple[float, float] = self.costs()
        some = even_sample(problem.X.shape[1], ANIMATION_EXAMPLES)
        self._picture_examples = problem.X[:, some], self.Y[:, some]
        self._frames: list[Frame] = []
        self._frame_every, self._frame_calls = 1, 0
        self.is_compiled: bool = not ENGINE.startswith("jax")

    @cached_property
    def input_names(self) -> list[str]:
        """Names of the rows of A^[0]."""
        return input_names(self.problem.inputs, self.network.inputs)

    @property
    def iteration(self) -> int:
        """Updates done."""
        return 0 if self._train_state is None else self._train_state.step

    @property
    def updates_per_epoch(self) -> int:
        """Updates for every example once."""
        m, size = self.problem.X.shape[1], self.options["batch_size"]
        return 1 if size is None else -(-m // size)

    @property
    def learning_rate(self) -> float:
        """The rate of the last recorded update."""
        rates = self.history.get("learning_rate")
        return float(rates[-1]) if isinstance(rates, list) and rates else self.options["learning_rate"]

    @property
    def history(self) -> History:
        """The records of the run."""
        return History({} if self._train_state is None else self._train_state.history)

    def result(self) -> TrainingResult:
        """Return the run as the result of ``train``, with the test cost by record."""
        state = self._train_state or TrainState(self.parameters, None, seed=self.options["seed"])
        history = self.history
        reason = self.finished or "interrupted"
        return TrainingResult(
            self.network, self.parameters, list(history.get("loss") or []), history,
            reason, "jax", state, 0.0, 0.0,
        )  # fmt: skip

    def advance(self, count: int, batch_size: int | None = None, one_example: bool = False) -> None:
        """Do some updates, fewer if the stop rule ends the run before.

        Parameters
        ----------
        count : int
        batch_size : int, optional
            Not used unless ``one_example``.
        one_example : bool
            Whether each update is on a single example, as with a batch size of 1.
        """
        size = 1 if one_example else self.options["batch_size"]
        patience, most = self.state["stop"]["test_cost_patience"], self.state["stop"]["iterations"]
        while count > 0 and self.finished is None:
            part = count
            if most is not None:
                part = min(part, most - self.iteration)
            if patience is not None:
                part = min(part, RECORD_EVERY - self.iteration % RECORD_EVERY)
            if part > 0:
                self._train(part, size)
                count -= part
            if self.finished is None and most is not None and self.iteration >= most:
                self.finished = "iterations"
            if self.finished is None and patience is not None and self.iteration % RECORD_EVERY == 0:
                self._judge(patience)
        self.shown_cost = self.costs()

    def compile(self) -> None:
        """Compile the updates, before the first."""
        self.is_compiled = True
        self._call_train(0, self.options["batch_size"])

    def _call_train(self, count: int, batch_size: int | None) -> TrainingResult:
        options = TrainOptions({**self.options, "batch_size": batch_size})
        with collect_warnings():
            return train(
                self.network, self.problem.X, self.Y, num_iterations=count,
                parameters=self.parameters if self._train_state is None else None,
                state=self._train_state, **options,
            )  # fmt: skip

    def _train(self, count: int, batch_size: int | None) -> None:
        """Do some updates by ``train``, and record them."""
        first = self.iteration
        result = self._call_train(count, batch_size)
        self.is_compiled = True
        self._train_state = replace(result.state, history=_thin(result.state.history))
        self.parameters = result.state.parameters
        done = self.iteration - first
        last = self.parts[-1] if self.parts else None
        if last is not None and last.edit is None and last.batch_size == batch_size:
            self.parts[-1] = replace(last, count=last.count + done)
        elif done:
            self.parts.append(Part(done, batch_size))
        if result.stopped_by == "divergence":
            self.finished = "divergence"

    def _judge(self, patience: int) -> None:
        """End the run if the test cost has not improved for some records."""
        cost = self.costs()[1]
        if cost < self._best:
            self._best, self._waited = cost, 0
        else:
            self._waited += 1
        if self._waited >= patience:
            self.finished = "patience"

    def edit(self, name: str, row: int, column: int, value: float) -> None:
        """Set one number of a parameter, as of the next update.

        Raises
        ------
        StateError
        """
        theta = self.parameters.get(name)
        if (
            theta is None
            or theta.ndim != 2
            or not (0 <= row < theta.shape[0] and 0 <= column < theta.shape[1])
        ):
            raise StateError(
                "", f"edit: expected a place in one of {', '.join(self.parameters)}, received {name[:20]!r}"
            )
        self.parameters = {key: one.copy() for key, one in self.parameters.items()}
        self.parameters[name][row, column] = value
        if self._train_state is not None:
            self._train_state = replace(self._train_state, parameters=self.parameters)
        if self.finished == "divergence":
            self.finished = None
        self.parts.append(Part(edit=(name, row, column, value)))
        self.shown_cost = self.costs()

    def costs(self) -> tuple[float, float]:
        """Return the cost of training and test examples, without penalties; nan without test examples."""
        return self._cost(self.problem.X, self.Y), self._cost(self.problem.X_test, self.Y_test)

    def _cost(self, X: np.ndarray, Y: np.ndarray) -> float:
        if not X.shape[1]:
            return math.nan
        X, Y = X[:, :: self.every], Y[:, :: self.every]
        with np.errstate(all="ignore"):
            AL, ZL = outputs(X, self.parameters, self.network)
            return float(compute_cost(AL, Y, self.network, None, ZL))

    @property
    def animation(self) -> Animation:
        """The run so far; its last frame is the present."""
        frames = [frame for frame in self._frames if frame.iteration < self.iteration]
        return Animation(self.network, *self._picture_examples, [*frames, self._frame()])

    def _frame(self) -> Frame:
        return frame_of(
            self.network, self.parameters, *self._picture_examples, self.iteration, self.shown_cost[0]
        )

    def record(self) -> None:
        """Append the present costs to the curve, and a step to the animation; long ones keep every second."""
        if self._frame_calls % self._frame_every == 0:
            self._frames.append(self._frame())
        self._frame_calls += 1
        if len(self._frames) > ANIMATION_FRAMES:
            self._frames, self._frame_every = self._frames[::2], 2 * self._frame_every
        if not self.curve or self.curve[-1][0] != self.iteration:
            self.curve.append((self.iteration, *self.shown_cost))
        if len(self.curve) > 2 * limits.CURVE:
            self.curve = [*self.curve[:-1:2], self.curve[-1]]


def _thin(history: dict[str, list[float]]) -> dict[str, list[float]]:
    """Return a long history with every second record and the last: each call of ``train`` copies all of it."""
    while (length := len(history.get("iteration", []))) > 2 * limits.CURVE:
        rows = [*range(0, length - 1, 2), length - 1]
        history = {name: [column[row] for row in rows] for name, column in history.items()}
    return history


def _options(state: State) -> TrainOptions:
    training = state["training"]
    return TrainOptions(
        optimizer=training["optimizer"],
        learning_rate=training["learning_rate"],
        schedule=training["schedule"],
        schedule_length=training["schedule_length"],
        batch_size=training["batch_size"],
        l2=training["l2"],
        l1=training["l1"],
        weight_decay=training["weight_decay"],
        dropout=training["dropout"],
        seed=training["seed"],
        engine=ENGINE,
        learning_rate_factors=None,
    )
