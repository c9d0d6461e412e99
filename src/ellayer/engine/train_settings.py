"""The settings of ``train`` and ``train_many``, checked once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, Unpack

from ..core.network import Network
from ..core.optimizers import Optimizer
from ..core.schedules import Schedule
from ..errors import EllayerError
from . import validation as checks
from .events import Callback, Metric, Observers, Score, Stopping
from .history import current_name
from .lbfgs_options import LBFGS, LbfgsOptions
from .loop_choice import parse_engine
from .optax_rules import OptimizerSpec, ScheduleSpec, find_optimizer, find_schedule
from .state import TrainState
from .step import StepConfig, StepValues

if TYPE_CHECKING:
    from jax import Device


class NetworkArguments(TypedDict):
    """The arguments in which networks trained at once may differ, of one of them."""

    learning_rate: float | None
    l2: float
    l1: float
    weight_decay: float | None
    dropout: float | Sequence[float]
    seed: int


class SharedArguments(TypedDict, total=False):
    """The arguments that networks trained at once share; those that are missing are as ``train`` has them."""

    initializer: str
    optimizer: OptimizerSpec
    schedule: ScheduleSpec
    schedule_length: int | None
    num_iterations: int
    batch_size: int | None
    shuffle: bool
    clip_norm: float | None
    learning_rate_factors: Mapping[str, float] | None
    validated: bool  # whether there is a validation set
    metrics: Mapping[str, Metric] | None
    score: Score | None
    monitor: str | None
    maximize: bool | None
    patience: int | None
    tolerance: float
    restore_best: bool | None
    time_limit: float | None
    dtype: str | None
    engine: str
    devices: Sequence[Device] | None
    record_every: int
    callbacks: Sequence[Callback]
    progress: Callback | None


@dataclass(frozen=True)
class NetworkSettings:
    """The settings in which networks trained at once may differ, of one of them.

    Parameters
    ----------
    learning_rate, l2, l1, weight_decay : float
    dropout : dict
        Rate by layer, of the layers that have any.
    seed : int
    """

    learning_rate: float
    l2: float
    l1: float
    weight_decay: float
    dropout: Mapping[int, float]
    seed: int


@dataclass(frozen=True)
class TrainSettings:
    """All that decides a run, besides the examples and the starting parameters; make it with ``train_settings``.

    Parameters
    ----------
    network : Network
    optimizer : Optimizer
    lbfgs : LbfgsOptions or None
    schedule : Schedule
    schedule_length : int or None
        Updates the schedule spans; None for to the end of the run.
    networks : tuple of NetworkSettings
    several : bool
        Whether this is ``train_many``'s run, of one network or more.
    initializer, num_iterations, batch_size, shuffle, clip_norm, dtype, devices, metrics, score, record_every
        As for ``train``.
    factors : dict or None
        Learning-rate factor by parameter.
    stopping : Stopping
    observers : Observers
    loop : {"auto", "numpy", "jax"}
    wide : bool or None
        Whether the run has to be in the span of the examples; None if left open.
    """

    network: Network
    optimizer: Optimizer
    lbfgs: LbfgsOptions | None
    schedule: Schedule
    schedule_length: int | None
    networks: tuple[NetworkSettings, ...]
    several: bool
    initializer: str
    num_iterations: int
    batch_size: int | None
    shuffle: bool
    clip_norm: float | None
    factors: Mapping[str, float] | None
    dtype: str | None
    metrics: Mapping[str, Metric]
    score: Score | None
    stopping: Stopping
    observers: Observers
    record_every: int
    loop: str
    wide: bool | None
    devices: Sequence[Device] | None

    def step_config(self, full_batch: bool) -> StepConfig:
        """Return the settings of a step that decide the shape of the compiled program."""
        networks = self.networks
        return StepConfig(
            self.network,
            self.optimizer,
            dropout=tuple(sorted({layer for one in networks for layer in one.dropout})),
            l2=any(one.l2 > 0 for one in networks),
            l1=any(one.l1 > 0 for one in networks),
            clip=self.clip_norm is not None,
            decay=any(one.weight_decay > 0 for one in networks),
            factors=self.factors is not None,
            every_cost=not full_batch,
        )

    def step_values(self, config: StepConfig, states: Sequence[TrainState]) -> list[StepValues]:
        """Return the numbers of each network's step."""
        before = any(state.before for state in states)
        return [
            StepValues(
                l2=one.l2,
                l1=one.l1,
                clip_norm=self.clip_norm or 0.0,
                weight_decay=one.weight_decay,
                seed=one.seed,
                dropout=tuple(one.dropout.get(layer, 0.0) for layer in config.dropout),
                factors=None if self.factors is None else dict(self.factors),
                before=float(state.before) if before else None,
            )
            for one, state in zip(self.networks, states, strict=True)
        ]


def train_settings(
    network: Network,
    networks: Sequence[NetworkArguments],
    several: bool,
    **arguments: Unpack[SharedArguments],
) -> TrainSettings:
    """Check the arguments of ``train``, or of ``train_many`` if ``several``.

    Raises
    ------
    EllayerError
        For anything that does not fit, with what was expected and what to try.
    """
    if not isinstance(network, Network):
        raise EllayerError(f"network: expected an ellayer.Network, received {type(network).__name__}")
    metrics, score = arguments.get("metrics"), arguments.get("score")
    observers = checks.check_observers(arguments.get("callbacks", ()), arguments.get("progress"))
    checks.check_metrics(metrics, score)
    spec = arguments.get("optimizer", "gd")
    lbfgs = LBFGS[spec] if isinstance(spec, str) and spec in LBFGS else None
    if lbfgs is not None and several:
        raise EllayerError("optimizer 'lbfgs': expected one network, received several at once; try train")
    rule = find_optimizer("gd" if lbfgs else spec)
    batch_size, clip_norm = arguments.get("batch_size"), arguments.get("clip_norm")
    length = arguments.get("schedule_length")
    loop, wide = parse_engine(arguments.get("engine", "auto"))
    return TrainSettings(
        network=network,
        optimizer=rule,
        lbfgs=lbfgs,
        schedule=find_schedule(arguments.get("schedule")),
        schedule_length=None if length is None else checks.check_count(length, "schedule_length"),
        networks=tuple(_network_settings(network, rule, one) for one in networks),
        several=several,
        initializer=arguments.get("initializer", "auto"),
        num_iterations=checks.check_count(arguments.get("num_iterations", 1000), "num_iterations", low=0),
        batch_size=None if batch_size is None else checks.check_count(batch_size, "batch_size"),
        shuffle=arguments.get("shuffle", True),
        clip_norm=None if clip_norm is None else checks.check_number(clip_norm, "clip_norm", strict=True),
        factors=checks.check_factors(network, arguments.get("learning_rate_factors")),
        dtype=checks.check_dtype(arguments.get("dtype")),
        metrics=metrics or {},
        score=score,
        stopping=_stopping(arguments),
        observers=observers,
        record_every=checks.check_count(arguments.get("record_every", 100), "record_every"),
        loop=loop,
        wide=wide,
        devices=checks.check_devices(arguments.get("devices")),
    )


def _network_settings(network: Network, rule: Optimizer, arguments: NetworkArguments) -> NetworkSettings:
    rate, decay = arguments["learning_rate"], arguments["weight_decay"]
    return NetworkSettings(
        learning_rate=checks.check_number(
            rule.learning_rate if rate is None else rate, "learning_rate", strict=True
        ),
        l2=checks.check_number(arguments["l2"], "l2"),
        l1=checks.check_number(arguments["l1"], "l1"),
        weight_decay=checks.check_number(rule.weight_decay if decay is None else decay, "weight_decay"),
        dropout=checks.check_dropout(network, arguments["dropout"]),
        seed=checks.check_seed(arguments["seed"]),
    )


def _stopping(arguments: SharedArguments) -> Stopping:
    """Return the stopping rule, which knows whether the best parameters are to be returned."""
    validated, metrics = arguments.get("validated", False), arguments.get("metrics") or {}
    wish, best = arguments.get("monitor"), arguments.get("restore_best")
    patience, limit = arguments.get("patience"), arguments.get("time_limit")
    monitor = ("validation_loss" if validated else "loss") if wish is None else current_name(wish)
    known = ["loss", *metrics]
    if validated:
        known += ["validation_loss", *(f"validation_{name}" for name in metrics)]
        known += ["validation_score"] if arguments.get("score") is not None else []
    if monitor not in known:
        raise EllayerError(f"monitor: expected one of {', '.join(known)}; received {monitor!r}")
    maximize = arguments.get("maximize")
    return Stopping(
        monitor=monitor,
        maximize=not monitor.endswith(("loss", "cost")) if maximize is None else maximize,
        patience=None if patience is None else checks.check_count(patience, "patience"),
        tolerance=checks.check_number(arguments.get("tolerance", 0.0), "tolerance", low=-math.inf),
        time_limit=None if limit is None else checks.check_number(limit, "time_limit", strict=True),
        keep_best=(patience is not None or wish is not None) if best is None else bool(best),
    )
