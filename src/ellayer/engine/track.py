"""The records and decisions for one network: history, best value and parameters, patience, learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .._warn import warn_user
from ..core.inference import EXAMPLES_AT_ONCE, outputs
from ..core.objective import objective
from .batch_reader import BatchReader
from .events import DivergenceWarning
from .full_batch import evaluate_all
from .group import current_group
from .history import Columns, History
from .loop import Interval, LoopState, Records
from .numpy_loop import blas_threads
from .state import Parameters, TrainState, all_finite
from .step import Batch, root_of_squares
from .train_settings import TrainSettings
from .training_data import TrainingData


class Chunk(NamedTuple):
    """One chunk of updates, for its records.

    Parameters
    ----------
    first : int
        Updates done before it.
    rates : array
        The learning rate of each of its updates.
    begin, seconds : float
        Its start, in seconds since the start of the run, and the seconds per update.
    loop : str
        The loop that ran it.
    """

    first: int
    rates: np.ndarray
    begin: float
    seconds: float
    loop: str


class ValidationValues(NamedTuple):
    """A^[L] of the validation examples, and their loss."""

    AL: np.ndarray
    loss: float


class _Judgement(NamedTuple):
    """The result of all monitored values so far."""

    best_value: float | None
    best_step: int
    best_parameters: Parameters | None  # in the form of the loop; None if they are of an earlier part
    waited: int
    scale: float


TrainingOutputs = tuple[np.ndarray, np.ndarray]  # A^[L] and Y
Snapshot = tuple[int, _Judgement, LoopState | None, str | None]


class Track:
    """The records and decisions for one network; the loop has its parameters.

    Parameters
    ----------
    settings : TrainSettings
    data : TrainingData
    start : TrainState
        The initial state.
    k : int
        Number of the network.

    Attributes
    ----------
    history : History
    stopped : LoopState or None
        The state at which the network stopped while others continue.
    stopped_by : str or None
        "divergence" or "patience" after it has stopped; at the end, the reason why the run ended.
    validation_outputs : array
        A^[L] of the validation examples at the last evaluation, for a joint score.
    computed : callable or None
        Returns the values of the validation examples for the parameters of network k if a worker has computed them.
    """

    settings: TrainSettings
    k: int
    learning_rate: float
    examples: Batch | BatchReader
    validation: Batch | None
    validation_outputs: np.ndarray

    def __init__(self, settings: TrainSettings, data: TrainingData, start: TrainState, k: int):
        self.settings, self.k, self.learning_rate = settings, k, settings.learning_rates[k]
        self.examples, self.validation = data.of_network(k), data.validation[k]
        self.history: History = History(start.history)
        if settings.config.every_cost and self.history and "mean_loss" not in self.history:
            self.history["mean_loss"] = list(self.history["loss"])  # of the full batch until now
        self.stopped: LoopState | None = None
        self.stopped_by: str | None = None
        self._start, self._m = start, data.m
        self.computed: Callable[[int, Parameters], ValidationValues | None] | None = None
        self._earlier = self.history["seconds"][-1] if self.history else 0.0
        self._judgement = _Judgement(start.best_value, start.best_step, None, start.waited, start.rate_scale)
        self._targets: np.ndarray | None = None  # of all processes, for the metrics
        self._final_best: Parameters | None = None  # the last parameters, if better than every record's

    # Records

    def rates(self, factors: np.ndarray) -> np.ndarray:
        """Return the learning rates of some updates, from the schedule's factors."""
        return self.learning_rate * self._judgement.scale * factors

    def training_outputs(self, parameters: Parameters) -> TrainingOutputs | None:
        """Return the outputs and targets of all training examples, for the metrics; None without any.

        Those of a group of processes are gathered by every process.
        """
        batch, group = self.examples, current_group()
        if not self.settings.metrics or not isinstance(batch, Batch):
            return None
        AL, _ = outputs(batch.X, parameters, self.settings.network, EXAMPLES_AT_ONCE)
        if group is None:
            return AL, batch.Y
        if self._targets is None:
            self._targets = group.gather(np.ascontiguousarray(batch.Y.T)).T
        return group.gather(np.ascontiguousarray(AL.T)).T, self._targets

    def evaluate(self, parameters: Parameters, training: TrainingOutputs | None) -> dict[str, float]:
        """Return the metrics of both sets, the validation loss and the score, for the parameters of a loop."""
        metrics, batch = self.settings.metrics, self.validation
        values = {name: float(f(*training)) for name, f in metrics.items()} if training else {}
        if batch is not None:
            known = self.computed and self.computed(self.k, parameters)
            AL, loss = known or validation_values(self.settings, self._m, batch, parameters)
            values["validation_loss"] = loss
            values |= {f"validation_{name}": float(f(AL, batch.Y)) for name, f in metrics.items()}
            if self.settings.joint_score is not None:
                self.validation_outputs = AL
            if self.settings.score is not None:
                values["validation_score"] = float(self.settings.score(AL, batch.Y, batch.weights))
        return values

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
            elif "mean_loss" in self.history:
                row["mean_loss"] = loss
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
        """Evaluate the value of the last record, of ``step`` and these parameters."""
        if not self.settings.by_interval:
            self._judge(self.history[self.settings.stopping.monitor][-1], step, parameters)

    def judge_interval(self, step: int, parameters: Parameters) -> bool:
        """Evaluate the mean loss of an interval at its end; return True if patience has run out."""
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
        """Return True if patience has run out; the adaptive schedule lowers the rate first."""
        now, adaptive = self._judgement, self.settings.adaptive
        patience = self.settings.stopping.patience
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
        if span and self.settings.dtype == "float32":
            # float64 coordinates may be finite where the dtype of the run is not
            W1 = root_of_squares(parameters["W1"], span.gram)
            parameters = {name: theta.astype("float32") for name, theta in (parameters | {"W1": W1}).items()}
        return all(map(math.isfinite, records.losses)) and all_finite(parameters)

    def stop(self, reason: str, state: LoopState) -> None:
        """Stop this network, while the loop and other networks may continue."""
        self.stopped, self.stopped_by = state, reason

    def diverge(self, state: LoopState, rate: float) -> None:
        """Stop before the first update with a number that is not finite, and warn."""
        self.stop("divergence", state)
        name = f"network {self.k}: " if len(self.settings.values) > 1 else ""
        warn_user(
            f"{name}the cost stopped being a finite number at iteration {state.step} with learning rate {rate:g}; "
            f"the last finite parameters, those after {state.step} updates, are returned. Try learning_rate="
            f"{self.learning_rate / 10:g}, scaled inputs, or clip_norm=1",
            DivergenceWarning,
        )

    def finish(self, state: LoopState, reason: str, final: dict[str, float]) -> None:
        """End the run with the values of the last parameters, which may be the best."""
        self.stopped, self.stopped_by = state, reason
        monitor, config, batch = self.settings.stopping.monitor, self.settings.config, self.examples
        if self.settings.judges and reason != "divergence":
            if monitor == "loss" and isinstance(batch, Batch) and not config.every_cost:
                values = self.settings.values[self.k]
                final["loss"], _ = evaluate_all(config, values, state.parameters, batch, state.step)
            if monitor in final:
                now = self._judgement
                better, _ = self.settings.stopping.judge(final[monitor], now.best_value, now.waited)
                # not in the state, which may continue
                self._final_best = state.parameters if better else None
        if final:
            self.history.final = Columns({"iteration": state.step, **final})

    # State

    def snapshot(self) -> Snapshot:
        """Return records and decisions, for ``restore``."""
        return len(self.history), self._judgement, self.stopped, self.stopped_by

    def restore(self, snapshot: Snapshot) -> None:
        """Restore a snapshot."""
        rows, self._judgement, self.stopped, self.stopped_by = snapshot
        self.history.truncate(rows)

    def network_parameters(self, parameters: Parameters) -> Parameters:
        """Return copies of the parameters of the network, from the form of the loop."""
        if self.settings.span:
            parameters = parameters | {"W1": self.settings.span.W1(parameters["W1"])}
        names = self.settings.config.names  # in their own order: jax sorts dicts
        return {name: np.array(parameters[name], dtype=self.settings.dtype, order="C") for name in names}

    def best_parameters(self) -> Parameters | None:
        """Return the best parameters, including those at the end of the run."""
        if self._final_best is not None:
            return self.network_parameters(self._final_best)
        return self._best_recorded()

    def _best_recorded(self) -> Parameters | None:
        if self._judgement.best_parameters is not None:
            return self.network_parameters(self._judgement.best_parameters)
        earlier = self._start.best_parameters
        return None if earlier is None else {name: theta.copy() for name, theta in earlier.items()}

    def state(self, now: LoopState) -> TrainState:
        """Return the state needed to continue, from the current state of the loop."""
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
            stopped_by=self.stopped_by if self.stopped_by in ("divergence", "patience") else None,
        )


def validation_values(
    settings: TrainSettings, m: int, batch: Batch, parameters: Parameters
) -> ValidationValues:
    """Return the outputs for validation examples and their loss, in a run on m examples."""
    network = settings.network
    with blas_threads(settings.config.widths(m), batch.X.shape[1]):
        AL, ZL = outputs(batch.X, parameters, network, EXAMPLES_AT_ONCE)
    J = objective(network, batch.X.shape[1], batch.weights)
    return ValidationValues(AL, float(J.cost(AL, ZL, batch.Y, {})))


def evaluate_together(
    tracks: Sequence[Track], parameters: Sequence[Parameters], training: Sequence[TrainingOutputs | None]
) -> list[dict[str, float]]:
    """Return the values of ``evaluate`` of each network, and their joint score."""
    values = [
        track.evaluate(theta, of_training)
        for track, theta, of_training in zip(tracks, parameters, training, strict=True)
    ]
    score = tracks[0].settings.joint_score if tracks else None
    if score is not None:
        sets = [track.validation for track in tracks if track.validation is not None]
        outputs = [track.validation_outputs for track in tracks]
        value = float(score(outputs, [batch.Y for batch in sets], [batch.weights for batch in sets]))
        values = [{**one, "validation_score": value} for one in values]
    return values


def _own(parameters: Parameters) -> Parameters:
    """Return the parameters, copied if they are views: a view would keep the arrays of all networks in memory."""
    return {name: theta if theta.base is None else theta.copy() for name, theta in parameters.items()}
