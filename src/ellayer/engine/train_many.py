"""train_many: the same architecture under many settings, trained in one compiled program."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..core.initializers import initialize_parameters
from ..core.network import Network
from ..errors import EllayerError
from . import validation as checks
from .batches import Batches
from .events import Info, wants_to_stop
from .history import Columns, History
from .optax_rules import find_optimizer, find_schedule
from .run import STRETCH_SECONDS, Metric, Rates, Score, Watch
from .state import FlatState, TrainState, all_finite
from .step import Batch, Knobs, Plan
from .train import TrainingResult, check_validation, stopping_rule

Many = float | Sequence[float] | None


def train_many(
    network: Network,
    X: Any,
    Y: Any,
    *,
    learning_rate: Many = None,
    l2: Many = 0.0,
    l1: Many = 0.0,
    weight_decay: Many = None,
    dropout: Many = 0.0,
    seed: int | Sequence[int] = 0,
    sample_weight: Any = None,
    parameters: Sequence[Mapping[str, Any]] | None = None,
    initializer: str = "auto",
    optimizer: Any = "gd",
    schedule: str | Callable | None = None,
    num_iterations: int = 1000,
    batch_size: int | None = None,
    validation: Sequence[Any] | None = None,
    metrics: Mapping[str, Metric] | None = None,
    score: Score | None = None,
    monitor: str | None = None,
    maximize: bool | None = None,
    patience: int | None = None,
    tolerance: float = 0.0,
    restore_best: bool | None = None,
    time_limit: float | None = None,
    learning_rate_factors: Mapping[str, float] | None = None,
    dtype: str | None = None,
    record_every: int = 100,
    callbacks: Sequence[Callable] = (),
    progress: Callable | None = None,
    states: Sequence[TrainState] | None = None,
    schedule_length: int | None = None,
) -> list[TrainingResult]:
    """Train K networks of one architecture at once; each result equals its own ``train``.

    What differs is given as a sequence of length K, what is shared as one value. Folds of a
    cross-validation are rows of ``sample_weight`` with 0 for what is left out.

    Parameters
    ----------
    network : Network
    X : array, shape (n_x, m)
    Y : array, shape (n_L, m)
    learning_rate, l2, l1, weight_decay, dropout : float or sequence of K floats
        As in ``train``; ``dropout`` is the rate of all hidden layers.
    seed : int or sequence of K ints
        One seed gives all the same start and order of examples.
    sample_weight : array, shape (m,) or (K, m), optional
    parameters : sequence of K dicts, optional
        Starting parameters.
    validation : (X, Y) or list of K of them, optional
        One held-out set for all, or one each.
    patience : int, optional
        Stop when every network has waited so many records for an improvement.
    callbacks, progress : optional
        Called with an ``Info`` whose history is the first network's and whose cost is the mean of all;
        ``info.states`` has all of them.
    states : sequence of K TrainState, optional
        Continue from here, as if the run had never stopped; all after equally many updates.
    initializer, optimizer, schedule, num_iterations, batch_size, metrics, score, monitor, maximize, tolerance,
    restore_best, time_limit, learning_rate_factors, dtype, record_every, schedule_length
        As in ``train``.

    Returns
    -------
    list of K TrainingResult

    Raises
    ------
    ValueError
        Where two sequences differ in length, and whatever ``train`` refuses.
    """
    X = checks.check_X(network, X, dtype)
    dtype = str(X.dtype)
    m = X.shape[1]
    Y = checks.check_Y(network, Y, m, dtype)
    rule = find_optimizer(optimizer)
    weights = _weight_rows(sample_weight, m, dtype)
    if states is not None:
        parameters, seed = [s.parameters for s in states], [s.seed for s in _of_one_step(states)]
    given = {
        "learning_rate": rule.learning_rate if learning_rate is None else learning_rate,
        "l2": l2,
        "l1": l1,
        "weight_decay": rule.weight_decay if weight_decay is None else weight_decay,
        "dropout": dropout,
        "seed": seed,
        "sample_weight": weights if weights is not None and len(weights) > 1 else None,
        "parameters": parameters,
    }
    if isinstance(validation, list):
        given["validation"] = validation
    K = _how_many(given)
    sets = validation if isinstance(validation, list) else [validation] * K
    watches = [
        Watch(Batch(X, Y), check_validation(network, one, dtype), metrics or {}, score) for one in sets
    ]
    stopping, keep_best = stopping_rule(
        monitor, maximize, patience, tolerance, restore_best, time_limit, watches[0]
    )
    factors = checks.check_factors(network, dict(learning_rate_factors or {}))
    settings = {name: _spread(name, given[name], K) for name in list(given)[:6]}
    starts = [
        initialize_parameters(network, initializer, settings["seed"][k], dtype)
        if parameters is None
        else checks.check_parameters(network, parameters[k], dtype)
        for k in range(K)
    ]
    plan = Plan(
        network, rule, dropout=tuple(range(1, network.L)) if any(settings["dropout"]) else (),
        l2=any(settings["l2"]), l1=any(settings["l1"]), decay=any(settings["weight_decay"]),
        every_cost=batch_size is not None and batch_size < m, factors=factors is not None,
    )  # fmt: skip
    knobs = Knobs(
        l2=np.array(settings["l2"]),
        l1=np.array(settings["l1"]),
        clip_norm=np.zeros(K),
        weight_decay=np.array(settings["weight_decay"]),
        seed=np.array(settings["seed"]),
        dropout=tuple(np.array(settings["dropout"]) for _ in plan.dropout),
        factors=factors and {name: np.full(K, factor) for name, factor in factors.items()},
    )
    orders = [Batches(m, batch_size, s) for s in dict.fromkeys(settings["seed"])]
    from .jax_loop import JaxLoopOfMany

    if find_schedule(schedule).adaptive:
        raise EllayerError(
            "schedule 'adaptive': expected one of the others, since it follows one network's cost alone"
        )
    loop = JaxLoopOfMany(plan, knobs, Batch(X, Y, weights), orders, record_every, dtype, K)
    done = states[0].step if states else 0
    if states is None:
        loop.start(starts, [rule.init(start) for start in starts] if not rule.compiled_only else None)
    else:
        loop.start(starts, _optimizer_states(rule, states), done, [s.interval for s in states])
    total = done + num_iterations if schedule_length is None else schedule_length
    rates = [Rates(rate, find_schedule(schedule), total) for rate in settings["learning_rate"]]
    run = _RunOfMany(
        plan, loop, rates, watches, stopping, keep_best, record_every, done + num_iterations, settings["seed"]
    )
    if states is not None:
        run.take_up(states)
    reason = run.go(callbacks, progress)
    return [run.result(k, reason) for k in range(K)]


def _of_one_step(states: Sequence[TrainState]) -> Sequence[TrainState]:
    steps = sorted({state.step for state in states})
    if len(steps) != 1:
        raise EllayerError(f"states: expected networks after equally many updates, received {steps}")
    return states


def _optimizer_states(rule: Any, states: Sequence[TrainState]) -> list:
    """The optimizers' own arrays; those of optax, as a file keeps them, in optax's own classes again."""
    return [
        s.optimizer_state.into(rule.init(s.parameters)) if isinstance(s.optimizer_state, FlatState)
        else rule.init(s.parameters) if s.optimizer_state is None
        else s.optimizer_state
        for s in states
    ]  # fmt: skip


class _RunOfMany:
    """Drives the loop of many; each network keeps its own history and its own best."""

    def __init__(self, plan, loop, rates, watches, stopping, keep_best, every, total, seeds):
        self.seeds = seeds
        self.plan, self.loop, self.rates, self.watches = plan, loop, rates, watches
        self.stopping, self.keep_best, self.every, self.total = stopping, keep_best, every, total
        self.K = len(rates)
        self.histories = [History() for _ in range(self.K)]
        self.step, self.seconds = 0, 0.0
        self._best: list[tuple] = [(None, 0, None)] * self.K  # value, step, parameters
        self._waited = [0] * self.K
        self._by_cost = stopping.monitor == "loss"
        self._judging = keep_best or stopping.patience is not None
        self._decisive = bool(any(watches) or self._judging)
        self._speed = 0.0

    def take_up(self, states: Sequence[TrainState]) -> None:
        """Go on from where the networks stood."""
        self.step = states[0].step
        self.histories = [History(state.history) for state in states]
        self._best = [(state.best_value, state.best_step, state.best_parameters) for state in states]
        self._waited = [state.waited for state in states]

    def go(self, callbacks, progress) -> str:
        self._begin = time.perf_counter() - (self.histories[0]["seconds"][-1] if self.histories[0] else 0.0)
        limited_from = time.perf_counter()
        self._decisive = self._decisive or bool(callbacks)
        try:
            with np.errstate(all="ignore"):
                reason = self._stretches(callbacks, progress, limited_from)
                self._finish()
        except KeyboardInterrupt:
            reason = "interrupted"
        self.seconds = time.perf_counter() - self._begin
        return reason

    def _stretches(self, callbacks, progress, limited_from: float) -> str:
        while self.step < self.total:
            at_record = self.step % self.every == 0
            looks = self._look() if at_record else [{}] * self.K
            count = self._stretch()
            table = np.stack([rates.of(self.step, count, 1.0) for rates in self.rates])
            begin = time.perf_counter()
            columns = self.loop.advance(table)
            for k in range(self.K):
                self._append(k, columns[k], looks[k], table[k])
            self.step += count
            self._speed = count / max(time.perf_counter() - begin, 1e-9)
            self.loop.close_means(self.histories)
            whole = self.step % self.every == 0 or self.step == self.total
            if whole and self._judging and self._judge():
                return "patience"
            cost = float(np.mean([history["loss"][-1] for history in self.histories]))
            info = Info(self.step, self.total, cost, self.histories[0], lambda: self.state(0), self.states)
            if progress:
                progress(info)
            if whole and any([wants_to_stop(callback(info)) for callback in callbacks]):  # noqa: C419 - call each
                return "callback"
            limit = self.stopping.time_limit
            if limit is not None and time.perf_counter() - limited_from >= limit:
                return "time"
        return "iterations"

    def _stretch(self) -> int:
        count = min(self.total - self.step, self.loop.chunk_limit)
        if self._decisive:
            count = min(count, self.every - self.step % self.every)
        timely = int(self._speed * STRETCH_SECONDS) if self._speed else 8
        return max(1, min(count, timely))

    def _look(self) -> list[dict]:
        looks = []
        for k, watch in enumerate(self.watches):
            parameters = self.loop.parameters(k)
            looks.append(watch.look(self.plan, parameters) if watch else {})
            if self._judging and not self._by_cost:
                self._compare(k, looks[k][self.stopping.monitor], parameters)
        return looks

    def _judge(self) -> bool:
        """Whether every network has waited long enough."""
        if self._by_cost:
            column = "mean_loss" if self.plan.every_cost else "loss"
            for k, history in enumerate(self.histories):
                self._compare(k, history[column][-1], self.loop.parameters(k))
        patience = self.stopping.patience
        return patience is not None and all(waited >= patience for waited in self._waited)

    def _compare(self, k: int, value: float, parameters: dict) -> None:
        better, self._waited[k] = self.stopping.judge(value, self._best[k][0], self._waited[k])
        if better:
            kept = {name: theta.copy() for name, theta in parameters.items()} if self.keep_best else None
            self._best[k] = (value, self.step, kept)

    def _finish(self) -> None:
        for k, (watch, history) in enumerate(zip(self.watches, self.histories, strict=True)):
            if not watch:
                continue
            parameters = self.loop.parameters(k)
            history.final = Columns({"iteration": self.step, **watch.look(self.plan, parameters)})
            if self._judging and not self._by_cost:
                self._compare(k, history.final[self.stopping.monitor], parameters)

    def _append(self, k: int, columns: np.ndarray, looked: dict, rates: np.ndarray) -> None:
        history = self.histories[k]
        iteration = first = -(-self.step // self.every) * self.every
        while iteration < self.step + len(rates):
            J, norm, mean = columns[:, (iteration - first) // self.every].tolist()
            if not np.isnan(mean) and history:
                history["mean_loss"][-1] = mean
            row = {"iteration": iteration, "loss": J}
            if self.plan.every_cost:
                row["mean_loss"] = np.nan
            row |= looked
            row["learning_rate"] = float(rates[iteration - self.step])
            row["gradient_norm"] = norm
            row["seconds"] = time.perf_counter() - self._begin
            row["loop"] = self.loop.name
            history.append(row)
            looked, iteration = {}, iteration + self.every

    def states(self) -> list[TrainState]:
        """Where all networks stand."""
        return [self.state(k) for k in range(self.K)]

    def state(self, k: int) -> TrainState:
        """Where network k stands."""
        value, step, parameters = self._best[k]
        return TrainState(
            self.loop.parameters(k),
            self.loop.optimizer_state(k),
            step=self.step,
            seed=self.seeds[k],
            interval=self.loop.interval(k),
            best_value=value,
            best_step=step,
            best_parameters=parameters,
            waited=self._waited[k],
            history={name: list(column) for name, column in self.histories[k].items()},
        )

    def result(self, k: int, reason: str) -> TrainingResult:
        """What ``train`` would have given back for network k."""
        state = self.state(k)
        best = state.best_parameters if self.keep_best else None
        last = {name: theta.copy() for name, theta in state.parameters.items()}
        return TrainingResult(
            network=self.plan.network,
            parameters=last if best is None else best,
            costs=list(self.histories[k].get("loss", [])),
            history=self.histories[k],
            stopped_by=reason if all_finite(state.parameters) else "divergence",
            engine=self.loop.name,
            state=state,
            seconds=self.seconds,
            compile_seconds=self.loop.compile_seconds,
        )


def _weight_rows(sample_weight: Any, m: int, dtype: str) -> np.ndarray | None:
    """Weights as (1, m) or (K, m)."""
    if sample_weight is None:
        return None
    rows = np.atleast_2d(np.asarray(sample_weight, dtype))
    return np.concatenate([checks.check_weights(row, m, dtype) for row in rows])  # type: ignore[misc]


def _how_many(given: Mapping[str, Any]) -> int:
    lengths = {name: len(v) for name, v in given.items() if isinstance(v, (list, tuple, np.ndarray))}
    if len(set(lengths.values())) > 1:
        raise EllayerError(f"train_many: expected sequences of one length, received {lengths}")
    return max(lengths.values(), default=1)


def _spread(name: str, value: Any, K: int) -> list:
    values = list(value) if isinstance(value, (list, tuple, np.ndarray)) else [value] * K
    if name == "seed":
        return [checks.check_count(v, name, low=0) for v in values]
    below = 1.0 if name == "dropout" else np.inf
    return [checks.check_number(v, name, strict=name == "learning_rate", below=below) for v in values]
