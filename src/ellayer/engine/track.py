"""One network's way through a run: its records, best value and parameters, patience and learning rate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from .._warn import warn_user
from ..core.schedules import Schedule
from .batch_reader import BatchReader
from .events import DivergenceWarning, Stopping
from .history import Columns, History
from .loop import Interval, LoopState, Records
from .monitor import Monitor
from .state import Parameters, TrainState, all_finite
from .step import StepConfig, StepValues, cost, evaluate
from .wide import ExampleSpan, root_of_squares


@dataclass(frozen=True)
class LearningRates:
    """The learning rate of each update: a network's own, times the schedule, times its adaptive scale.

    Parameters
    ----------
    schedule : Schedule
    total : int
        Updates that the schedule spans.
    """

    schedule: Schedule
    total: int

    def factors(self, first: int, count: int) -> np.ndarray:
        """Return the schedule's factors of ``count`` updates from ``first`` on."""
        steps = np.arange(first, first + count)
        return np.asarray(self.schedule.factor(steps, self.total), dtype=float)

    @cached_property
    def adaptive(self) -> dict[str, float] | None:
        """The numbers of the adaptive schedule: factor, patience and minimum; None for another schedule."""
        factor = self.schedule.factor
        return factor.keywords if self.schedule.adaptive and isinstance(factor, partial) else None


@dataclass(frozen=True)
class TrackSettings:
    """The settings of a track that all networks of a run share.

    Parameters
    ----------
    config : StepConfig
    stopping : Stopping
    rates : LearningRates
    record_every : int
    dtype : str
        Of the network's parameters, whatever the loop computes in.
    span : ExampleSpan or None
        The coordinates of W1, for a run in the span of the examples.
    """

    config: StepConfig
    stopping: Stopping
    rates: LearningRates
    record_every: int
    dtype: str
    span: ExampleSpan | None = None

    @cached_property
    def judges(self) -> bool:
        """Whether a monitored value decides at each record how the run continues."""
        return self.stopping.keep_best or self.stopping.patience is not None or self.rates.schedule.adaptive

    @cached_property
    def by_interval(self) -> bool:
        """Whether the monitored value is the mean loss of an interval, known at its end, and not a record's."""
        return self.stopping.monitor == "loss" and self.config.every_cost


class Chunk(NamedTuple):
    """One chunk of updates, as its records need to know it.

    Parameters
    ----------
    first : int
        Updates done before it.
    rates : array
        The learning rate of each of its updates.
    begin, seconds : float
        When it began, in seconds since the run did, and the seconds that each update took.
    loop : str
        The loop that ran it.
    """

    first: int
    rates: np.ndarray
    begin: float
    seconds: float
    loop: str


class _Judgement(NamedTuple):
    """The outcome of all monitored values so far."""

    best_value: float | None
    best_step: int
    best_parameters: Parameters | None  # as the loop carries them; None if they are of an earlier part
    waited: int
    scale: float


class Track:
    """The records and decisions of one network; the loop has its parameters.

    Parameters
    ----------
    settings : TrackSettings
    monitor : Monitor
    values : StepValues
    learning_rate : float
    start : TrainState
        Where to begin.
    name : str
        How warnings call the network, if there are several.

    Attributes
    ----------
    history : History
    stopped : LoopState or None
        Where the network stopped while others continue.
    stopped_by : str or None
        "divergence" or "patience" once it has stopped; at the end, what ended the run.
    """

    def __init__(
        self,
        settings: TrackSettings,
        monitor: Monitor,
        values: StepValues,
        learning_rate: float,
        start: TrainState,
        name: str = "",
    ):
        self.settings, self.monitor, self.values, self.learning_rate = (
            settings,
            monitor,
            values,
            learning_rate,
        )
        self.name = name
        self.history = History(start.history)
        self.stopped: LoopState | None = None
        self.stopped_by: str | None = None
        self._start = start
        self._earlier = self.history["seconds"][-1] if self.history else 0.0
        self._judgement = _Judgement(start.best_value, start.best_step, None, start.waited, start.rate_scale)
        self._final_best: Parameters | None = (
            None  # the last parameters, if they are better than every record's
        )

    # Records

    def rates(self, factors: np.ndarray) -> np.ndarray:
        """Return the learning rates of some updates, from the schedule's factors."""
        return self.learning_rate * self._judgement.scale * factors

    def evaluate(self, parameters: Parameters) -> dict[str, float]:
        """Return the monitored values at parameters as the loop carries them."""
        return self.monitor.evaluate(self.settings.config.network, parameters) if self.monitor else {}

    def record(self, records: Records, chunk: Chunk, monitored: dict[str, float]) -> None:
        """Append a chunk's records; ``monitored`` belongs to the parameters at its beginning."""
        every = self.settings.record_every
        iteration = -(-chunk.first // every) * every
        for loss, norm, mean in zip(records.losses, records.gradient_norms, records.means, strict=True):
            if not math.isnan(mean):
                self.history["mean_loss"][-1] = mean
            row: dict[str, Any] = {"iteration": iteration, "loss": loss}
            if self.settings.config.every_cost:
                row["mean_loss"] = math.nan
            row |= monitored
            row["learning_rate"] = float(chunk.rates[iteration - chunk.first])
            row["gradient_norm"] = norm
            row["seconds"] = self._earlier + chunk.begin + chunk.seconds * (iteration - chunk.first + 1)
            row["loop"] = chunk.loop
            self.history.append(row)
            iteration, monitored = iteration + every, {}

    def close_interval(self, interval: Interval) -> None:
        """Write the mean loss of the updates since the last record into its row."""
        loss_sum, count = interval
        if count and self.history:
            self.history["mean_loss"][-1] = loss_sum / count

    @property
    def last_loss(self) -> float:
        """The last recorded loss, nan before the first."""
        return float(self.history["loss"][-1]) if self.history else math.nan

    # Decisions

    def judge_record(self, step: int, parameters: Parameters) -> None:
        """Judge the value of the last record, made at ``step`` of these parameters."""
        if not self.settings.by_interval:
            self._judge(self.history[self.settings.stopping.monitor][-1], step, parameters)

    def judge_interval(self, step: int, parameters: Parameters) -> bool:
        """Judge the mean loss of an interval at its end; return True if patience is over."""
        if self.settings.by_interval:
            self._judge(self.history["mean_loss"][-1], step, parameters)
        return self._patience_over()

    def _judge(self, value: float, step: int, parameters: Parameters) -> None:
        """Keep the best, and count the records since."""
        last, keep = self._judgement, self.settings.stopping.keep_best
        better, waited = self.settings.stopping.judge(value, last.best_value, last.waited)
        if better:
            self._judgement = _Judgement(value, step, _own(parameters) if keep else None, waited, last.scale)
        else:
            self._judgement = last._replace(waited=waited)

    def _patience_over(self) -> bool:
        """Return True if the wait for a better value is over; the adaptive schedule lowers the rate first."""
        now, patience, adaptive = (
            self._judgement,
            self.settings.stopping.patience,
            self.settings.rates.adaptive,
        )
        if adaptive is None:
            return patience is not None and now.waited >= patience
        if now.waited >= (patience or adaptive["patience"]):
            if self.learning_rate * now.scale <= adaptive["minimum"]:
                return True
            self._judgement = now._replace(scale=now.scale * adaptive["factor"], waited=0)
        return False

    def healthy(self, records: Records, parameters: Parameters) -> bool:
        """Return True if the losses of a chunk and the parameters after it are finite."""
        span = self.settings.span
        if span and self.settings.dtype == "float32":  # the coordinates' float64 may hold what that does not
            W1 = root_of_squares(parameters["W1"], span.gram)
            parameters = {name: theta.astype("float32") for name, theta in (parameters | {"W1": W1}).items()}
        return all(map(math.isfinite, records.losses)) and all_finite(parameters)

    def stop(self, reason: str, state: LoopState) -> None:
        """Stop here, whatever the loop and other networks do."""
        self.stopped, self.stopped_by = state, reason

    def diverge(self, state: LoopState, rate: float) -> None:
        """Stop before the first update that led to a number that is not finite, and warn."""
        self.stop("divergence", state)
        warn_user(
            f"{self.name}the cost stopped being a finite number at iteration {state.step} with learning rate {rate:g}; "
            f"the last finite parameters, those after {state.step} updates, were kept. Try learning_rate="
            f"{self.learning_rate / 10:g}, scaled inputs, or clip_norm=1",
            DivergenceWarning,
        )

    def finish(self, state: LoopState, reason: str, loss: float | None = None) -> None:
        """End the run: look at the last parameters too, which may be the best.

        Parameters
        ----------
        state : LoopState
        reason : str
        loss : float, optional
            The loss at the last parameters, if it is known already.
        """
        self.stopped, self.stopped_by = state, reason
        final = self.evaluate(state.parameters)
        monitor, config, batch = self.settings.stopping.monitor, self.settings.config, self.monitor.train
        if self.settings.judges and reason != "divergence":
            if monitor == "loss" and not config.every_cost and not isinstance(batch, BatchReader):
                if loss is None:
                    at = evaluate(config, self.values, state.parameters, batch, state.step)
                    loss = float(cost(config, state.parameters, batch, at))
                final["loss"] = loss
            if monitor in final:
                now = self._judgement
                better, _ = self.settings.stopping.judge(final[monitor], now.best_value, now.waited)
                self._final_best = state.parameters if better else None  # not the state's: it may continue
        if final:
            self.history.final = Columns({"iteration": state.step, **final})

    # State

    def snapshot(self) -> object:
        """Return records and decisions, for ``restore``."""
        return len(self.history), self._judgement, self.stopped, self.stopped_by

    def restore(self, snapshot: Any) -> None:
        """Return to a snapshot."""
        rows, self._judgement, self.stopped, self.stopped_by = snapshot
        self.history.truncate(rows)

    def network_parameters(self, parameters: Parameters) -> Parameters:
        """Return copies of the parameters as the network has them, from how the loop carries them."""
        if self.settings.span:
            parameters = parameters | {"W1": self.settings.span.W1(parameters["W1"])}
        names = self.settings.config.names  # in their own order: jax sorts dicts
        return {name: np.array(parameters[name], dtype=self.settings.dtype) for name in names}

    def best_parameters(self) -> Parameters | None:
        """Return the best parameters, those at the end of the run included."""
        if self._final_best is not None:
            return self.network_parameters(self._final_best)
        return self._best_recorded()

    def _best_recorded(self) -> Parameters | None:
        if self._judgement.best_parameters is not None:
            return self.network_parameters(self._judgement.best_parameters)
        earlier = self._start.best_parameters
        return None if earlier is None else {name: theta.copy() for name, theta in earlier.items()}

    def state(self, now: LoopState) -> TrainState:
        """Return all that continuing needs, from where the loop is now."""
        state = self.stopped or now
        judgement, span = self._judgement, self.settings.span
        return TrainState(
            parameters=self.network_parameters(state.parameters),
            optimizer_state=state.optimizer_state,
            step=state.step,
            before=self._start.before,
            seed=self._start.seed,
            rate_scale=judgement.scale,
            interval=state.interval,
            best_value=judgement.best_value,
            best_step=judgement.best_step,
            best_parameters=self._best_recorded(),
            waited=judgement.waited,
            history={name: list(column) for name, column in self.history.items()},
            coordinates=state.parameters | {"W0": span.W0} if span else None,
        )


def _own(parameters: Parameters) -> Parameters:
    """Return the parameters, copied if they are views: a view would keep the arrays of all networks alive."""
    return {name: theta if theta.base is None else theta.copy() for name, theta in parameters.items()}
