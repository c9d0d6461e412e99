"""One run: stretches of updates on a loop, and between them records, stopping, callbacks, progress."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.inference import EXAMPLES_AT_ONCE, outputs
from ..core.objective import objective
from ..core.schedules import Schedule
from .events import DivergenceWarning, Info, Stopping, records_ahead, wants_to_stop
from .history import Columns, History
from .numpy_loop import Records, blas_threads
from .state import Parameters, TrainState, all_finite
from .step import Batch, Knobs, Plan, cost, evaluate
from .wide import Span, root_of_squares

STRETCH_SECONDS = 0.25  # progress, callbacks, Ctrl-C and limits are looked at this often

Metric = Callable[[np.ndarray, np.ndarray], float]
Score = Callable[[np.ndarray, np.ndarray, np.ndarray | None], float]


@dataclass(frozen=True)
class Rates:
    """The learning rate of each update: base x schedule x what the adaptive rule has made of it."""

    base: float
    schedule: Schedule
    total: int

    def of(self, first: int, count: int, scale: float) -> np.ndarray:
        """Return the rates of ``count`` updates from ``first`` on."""
        steps = np.arange(first, first + count)
        return self.base * scale * np.asarray(self.schedule.factor(steps, self.total), dtype=float)


@dataclass(frozen=True)
class Watch:
    """What is evaluated at each record besides the cost of the update."""

    train: Any  # Batch, or the Feed of rows on disk
    validation: Batch | None
    metrics: Mapping[str, Metric]
    score: Score | None = None

    def __bool__(self) -> bool:
        return self.validation is not None or bool(self.metrics)

    def look(self, plan: Plan, parameters: Parameters) -> dict[str, float]:
        """Return the validation loss and the metrics of both sets at these parameters."""
        values: dict[str, float] = {}
        if self.metrics:
            AL, _ = outputs(self.train.X, parameters, plan.network, EXAMPLES_AT_ONCE)
            values |= {name: float(f(AL, self.train.Y)) for name, f in self.metrics.items()}
        if self.validation is not None:
            batch = self.validation
            with blas_threads(plan.network, batch.X.shape[1]):
                AL, ZL = outputs(batch.X, parameters, plan.network, EXAMPLES_AT_ONCE)
            J = objective(plan.network, batch.X.shape[1], batch.weights)
            values["validation_loss"] = float(J.cost(AL, ZL, batch.Y, {}))
            values |= {f"validation_{name}": float(f(AL, batch.Y)) for name, f in self.metrics.items()}
            if self.score is not None:
                values["validation_score"] = float(self.score(AL, batch.Y, batch.weights))
        return values


def is_judged(stopping: Stopping, keep_best: bool, rates: Rates) -> bool:
    """Tell whether a value decides at each record how the run goes on."""
    return keep_best or stopping.patience is not None or rates.schedule.adaptive


class Run:
    """Drives a loop to its end, and keeps the state whole whichever way that comes.

    Parameters
    ----------
    plan, knobs
        The step's settings.
    loop
        With ``name``, ``chunk_limit``, ``start``, ``state`` and ``advance`` (see ``NumpyLoop``).
    state : TrainState
        Where to begin.
    end : int
        Updates done at the end.
    """

    def __init__(self, plan: Plan, knobs: Knobs, loop: Any, state: TrainState, *, end: int, rates: Rates,
                 record_every: int, stopping: Stopping, keep_best: bool, watch: Watch, span: Span | None,
                 callbacks: Sequence[Callable], progress: Callable | None, dtype: str):  # fmt: skip
        self.plan, self.knobs, self.loop, self.end, self.rates = plan, knobs, loop, end, rates
        self.k, self.stopping, self.keep_best, self.watch = record_every, stopping, keep_best, watch
        self.span, self.callbacks, self.progress, self.dtype = span, callbacks, progress, dtype
        self.history = History(state.history)
        self._start_state = state
        self._step, self._scale, self._waited = state.step, state.rate_scale, state.waited
        self._best = (state.best_value, state.best_step)
        self._best_carry: Parameters | None = None  # as the loop carries them
        self._last_is_best: Parameters | None = None  # what the run ended at, where nothing was better
        self._judging = is_judged(stopping, keep_best, rates)
        self._decisive = bool(watch or callbacks or self._judging)
        self._ask_at = self._next_question()
        self._speed = 0.0

    def go(self) -> str:
        """Run to the end; return what ended it."""
        self._begin = time.perf_counter()
        self._before = self.history["seconds"][-1] if self.history else 0.0
        self._commit()
        with np.errstate(all="ignore"), self.loop.resources():
            try:
                reason = self._stretches()
            except KeyboardInterrupt:
                reason = "interrupted"
                self._fall_back()
            self._step = self.loop.state()[2]
            self._finish(reason)
        return reason

    def _stretches(self) -> str:
        while self._step < self.end:
            at_record = self.loop.state()[0] if self._step % self.k == 0 else None
            looked = self.watch.look(self.plan, at_record) if self.watch and at_record is not None else {}
            rates = self.rates.of(self._step, self._stretch(), self._scale)
            before, begin = self.loop.state(), time.perf_counter()
            records, interrupted = self.loop.advance(rates)
            first, self._step = self._step, self.loop.state()[2]
            if not self._healthy(records):
                self._step_back(before, rates, looked)
                return "divergence"
            self._append(records, looked, first, rates, begin)
            over = self._judging and self._step > first and self._judge_news(records, first, at_record)
            self._commit()
            if interrupted:
                return "interrupted"
            if over:
                return "patience"
            if reason := self._tell():
                return reason
            self._speed = (self._step - first) / max(time.perf_counter() - begin, 1e-9)
        return "iterations"

    def _commit(self) -> None:
        """Note the state and what belongs to it, in one assignment: what Ctrl-C falls back to."""
        judged = (self._best, self._best_carry, self._waited, self._scale)
        self._whole = (self.loop.state(), len(self.history), judged)

    def _fall_back(self) -> None:
        """Return to where updates, records and decisions were whole together, a stretch ago at most."""
        state, rows, judged = self._whole
        self._best, self._best_carry, self._waited, self._scale = judged
        if self.loop.state()[2] != state[2]:
            self.loop.start(*state)
        self.history.truncate(rows)
        self._close_mean()

    def _stretch(self) -> int:
        """Number of updates until something is to be looked at."""
        count = min(self.end - self._step, self.loop.chunk_limit)
        if self._decisive:
            count = min(count, self._ask_at - self._step)
        return max(1, min(count, int(self._speed * STRETCH_SECONDS)))

    def _next_question(self) -> int:
        """The update after which something is to be decided: at the next record, where none can wait longer."""
        ahead = 1 if self.watch or self._judging else records_ahead(self.callbacks)
        return self._step - self._step % self.k + ahead * self.k

    # Records

    def _append(self, records: Records, looked: dict, first: int, rates: np.ndarray, begin: float) -> None:
        seconds_each = (time.perf_counter() - begin) / max(1, self._step - first)
        iteration = -(-first // self.k) * self.k
        for J, norm, mean in zip(records.costs, records.gradient_norms, records.means, strict=True):
            if not math.isnan(mean):
                self.history["mean_loss"][-1] = mean
            row: dict[str, Any] = {"iteration": iteration, "loss": J}
            if self.plan.every_cost:
                row["mean_loss"] = math.nan
            row |= looked
            row["learning_rate"] = float(rates[iteration - first])
            row["gradient_norm"] = norm
            row["seconds"] = self._before + begin - self._begin + seconds_each * (iteration - first + 1)
            row["loop"] = f"{self.loop.name}{' wide' if self.span else ''}"
            self.history.append(row)
            iteration, looked = iteration + self.k, {}
        self._close_mean()

    def _close_mean(self) -> None:
        """Write the mean over the updates since the last record into its row."""
        cost_sum, count = self.loop.state()[3]
        if count and self.history:
            self.history["mean_loss"][-1] = cost_sum / count

    # Decisions

    def _tell(self) -> str | None:
        """Call progress and callbacks, and look at the clock; return what wants to stop."""
        info = Info(self._step, self.end, self._last_cost(), self.history, self.state)
        if self.progress:
            self.progress(info)
        at_boundary = self._step % self.k == 0 or self._step == self.end
        if at_boundary and any([wants_to_stop(callback(info)) for callback in self.callbacks]):  # noqa: C419 - call each
            return "callback"
        if at_boundary:
            self._ask_at = self._next_question()
        limit = self.stopping.time_limit
        if limit is not None and time.perf_counter() - self._begin >= limit:
            return "time"
        return None

    def _last_cost(self) -> float:
        return self.history["loss"][-1] if self.history else math.nan

    @property
    def _by_interval(self) -> bool:
        """Whether the watched value is the mean cost of an interval, known at its end, and not a record's."""
        return self.stopping.monitor == "loss" and self.plan.every_cost

    def _judge_news(self, records: Records, first: int, at_record: Parameters | None) -> bool:
        """Judge a record's value as it comes, an interval's mean at its end; return whether to stop then."""
        if records.costs and not self._by_interval:
            self._judge(self.history[self.stopping.monitor][-1], first, at_record)  # type: ignore[arg-type]
        if self._step % self.k:
            return False
        if self._by_interval:
            self._judge(self.history["mean_loss"][-1], self._step, self.loop.state()[0])
        return self._waited_enough()

    def _judge(self, value: float, step: int, parameters: Parameters) -> None:
        """Keep the best, and count the records since."""
        best, self._waited = self.stopping.judge(value, self._best[0], self._waited)
        if best:
            self._best = (value, step)
            self._best_carry = parameters if self.keep_best else None

    def _waited_enough(self) -> bool:
        """Return whether waiting for a better value is over; the adaptive rule lowers the rate first."""
        patience = self.stopping.patience
        schedule = self.rates.schedule
        if not schedule.adaptive:
            return patience is not None and self._waited >= patience
        numbers = schedule.factor.keywords  # type: ignore[attr-defined]
        if self._waited >= (patience or numbers["patience"]):
            if self.rates.base * self._scale <= numbers["minimum"]:
                return True
            self._scale *= numbers["factor"]
            self._waited = 0
        return False

    def _finish(self, reason: str) -> None:
        """Look at the last parameters too: they may be the best."""
        parameters = self.loop.state()[0]
        final = self.watch.look(self.plan, parameters) if self.watch else {}
        if self._judging and reason != "divergence":
            monitor = self.stopping.monitor
            if monitor == "loss" and not self.plan.every_cost:
                batch = self.watch.train
                at = evaluate(self.plan, self.knobs, parameters, batch, self._step)
                final["loss"] = float(cost(self.plan, self.knobs, parameters, batch, at))
            if monitor in final:
                best, _ = self.stopping.judge(final[monitor], self._best[0], self._waited)
                self._last_is_best = parameters if best else None  # not the state's: it may continue
        if final:
            self.history.final = Columns({"iteration": self._step, **final})

    # Divergence

    def _healthy(self, records: Records) -> bool:
        carry = self.loop.state()[0]
        if self.span and self.dtype == "float32":  # the coordinates' float64 may hold what that does not
            carry = {k: theta.astype(self.dtype) for k, theta in carry.items()}
            carry["W1"] = root_of_squares(self.loop.state()[0]["W1"], self.span.gram).astype(self.dtype)
        return all(map(math.isfinite, records.costs)) and all_finite(carry)

    def _step_back(self, before: tuple, rates: np.ndarray, looked: dict) -> None:
        """Go through the stretch again one update at a time, and stay before the first bad one."""
        self.loop.start(*before)
        self._step = before[2]
        for rate in rates:
            whole, begin = self.loop.state(), time.perf_counter()
            records, _ = self.loop.advance(np.array([rate]))
            first, self._step = self._step, self.loop.state()[2]
            if not self._healthy(records):
                self.loop.start(*whole)
                self._step = whole[2]
                break
            self._append(records, looked if first % self.k == 0 else {}, first, np.array([rate]), begin)
        rate = float(rate)
        warnings.warn(
            f"the cost stopped being a finite number at iteration {self._step} with learning rate {rate:g}; "
            f"the last finite parameters, those after {self._step} updates, were kept. Try learning_rate="
            f"{self.rates.base / 10:g}, scaled inputs, or clip_norm=1",
            DivergenceWarning,
            stacklevel=6,  # where train was called
        )

    # State

    def real(self, carry: Parameters) -> Parameters:
        """Return parameters as the network has them, from how the loop carries them."""
        if self.span:
            carry = carry | {"W1": self.span.W1(carry["W1"])}
        return {name: np.array(carry[name], dtype=self.dtype) for name in self.plan.names}  # jax sorts dicts

    def best_parameters(self) -> Parameters | None:
        """Return the best parameters seen, in this part of the run or an earlier one."""
        if self._last_is_best is not None:
            return self.real(self._last_is_best)
        return self._best_recorded()

    def _best_recorded(self) -> Parameters | None:
        if self._best_carry is not None:
            return self.real(self._best_carry)
        earlier = self._start_state.best_parameters
        return None if earlier is None else {name: theta.copy() for name, theta in earlier.items()}

    def state(self) -> TrainState:
        """Return all that continuing needs."""
        carry, optimizer_state, step, interval = self.loop.state()
        return TrainState(
            parameters=self.real(carry),
            optimizer_state=optimizer_state,
            step=step,
            before=self._start_state.before,
            seed=self._start_state.seed,
            rate_scale=self._scale,
            interval=interval,
            best_value=self._best[0],
            best_step=self._best[1],
            best_parameters=self._best_recorded(),
            waited=self._waited,
            history={name: list(column) for name, column in self.history.items()},
            coordinates=carry | {"W0": self.span.W0} if self.span else None,
        )
