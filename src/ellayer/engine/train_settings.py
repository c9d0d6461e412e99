"""The settings of ``train`` and ``train_many``, checked once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, cast

import numpy as np

from ..core.arrays import Array
from ..core.network import Network
from ..core.optimizers import Optimizer
from ..core.schedules import Schedule
from ..errors import EllayerError
from . import validation as checks
from .devices import Device, find_devices, is_accelerator
from .events import JointScore, Metric, Observers, Score, Stopping
from .history import current_name
from .loop_choice import Engine, parse_engine
from .optax_rules import LBFGS, find_optimizer, find_schedule
from .step import StepConfig, StepValues
from .wide import ExampleSpan

PER_NETWORK = ("learning_rate", "l2", "l1", "weight_decay", "dropout", "seed")


@dataclass(frozen=True)
class TrainSettings:
    """All settings of a run, except the examples and the initial states; created by ``train_settings``.

    Parameters
    ----------
    config : StepConfig
    values : tuple of StepValues
        One of each network.
    learning_rates : tuple of float
        One of each network.
    several : bool
        Whether the run is one of ``train_many``.
    validated : bool
        Whether there is a validation set.
    lbfgs : dict or None
        The options of L-BFGS, if that is the optimizer.
    schedule : Schedule
    schedule_length : int or None
        Number of updates of the schedule; None for those of the run.
    stopping : Stopping
    observers : Observers
    engine : Engine
    initializer, num_iterations, batch_size, shuffle, dtype, metrics, score, record_every, devices
        As for ``train``.
    span : ExampleSpan or None
        The coordinates of W1, for a run in the span of the examples.
    joint_score : callable or None
        The joint score of several networks.
    n_jobs : int or None
        Networks trained at once by workers, on NumPy.
    """

    config: StepConfig
    values: tuple[StepValues, ...]
    learning_rates: tuple[float, ...]
    several: bool
    validated: bool
    lbfgs: dict[str, float] | None
    schedule: Schedule
    schedule_length: int | None
    stopping: Stopping
    observers: Observers
    engine: Engine
    initializer: str
    num_iterations: int
    batch_size: int | None
    shuffle: bool
    dtype: str | None
    metrics: Mapping[str, Metric]
    score: Score | None
    record_every: int
    devices: Sequence[Device] | None
    span: ExampleSpan | None = None
    joint_score: JointScore | None = None
    n_jobs: int | None = None

    @property
    def network(self) -> Network:
        """The architecture."""
        return self.config.network

    @property
    def seeds(self) -> list[int]:
        """The seed of each network."""
        return [int(values.seed) for values in self.values]

    def factors(self, first: int, count: int) -> np.ndarray:
        """Return the schedule's factors of ``count`` updates from ``first`` on."""
        steps = np.arange(first, first + count)
        return np.asarray(
            self.schedule.factor(steps, self.schedule_length or self.num_iterations), dtype=float
        )

    @cached_property
    def adaptive(self) -> dict[str, float] | None:
        """The numbers of the adaptive schedule: factor, patience and minimum; None for another schedule."""
        factor = self.schedule.factor
        return factor.keywords if self.schedule.adaptive and isinstance(factor, partial) else None

    @cached_property
    def judges(self) -> bool:
        """Whether a monitored value is evaluated at each record."""
        return self.stopping.keep_best or self.stopping.patience is not None or self.schedule.adaptive

    @cached_property
    def watches(self) -> bool:
        """Whether anything is computed or evaluated at each record."""
        return self.judges or self.validated or bool(self.metrics)

    @cached_property
    def by_interval(self) -> bool:
        """Whether the monitored value is the mean loss of an interval, known only at its end."""
        return self.stopping.monitor == "loss" and self.config.every_cost


def train_settings(
    arguments: Mapping[str, Any], networks: Sequence[Mapping[str, Any]], several: bool
) -> TrainSettings:
    """Check the arguments of ``train``, or of ``train_many`` if ``several``.

    Parameters
    ----------
    arguments : mapping
        All arguments by name; those that ``train_many`` does not have may be missing.
    networks : sequence of mapping
        The arguments in ``PER_NETWORK``, for each network.
    several : bool

    Raises
    ------
    EllayerError
        For invalid arguments.
    """
    spec = arguments["optimizer"]
    checks.check_network(arguments["network"])
    checks.check_metrics(arguments["metrics"], arguments["score"])
    checks.check_joint_score(arguments.get("joint_score"), arguments["score"], arguments["validation"])
    lbfgs = LBFGS[spec] if isinstance(spec, str) and spec in LBFGS else None
    if lbfgs is not None and several:
        raise EllayerError("optimizer 'lbfgs': expected one network, received several at once; try train")
    rule = find_optimizer("gd" if lbfgs else spec)
    rates = [rule.learning_rate if one["learning_rate"] is None else one["learning_rate"] for one in networks]
    engine, devices = _engine_on_devices(arguments)
    config, values = _step(arguments, networks, rule)
    return TrainSettings(
        config=config,
        values=values,
        learning_rates=tuple(checks.check_number(rate, "learning_rate", strict=True) for rate in rates),
        several=several,
        validated=arguments["validation"] is not None,
        lbfgs=lbfgs,
        schedule=find_schedule(arguments["schedule"]),
        schedule_length=_count_or_none(arguments, "schedule_length"),
        stopping=_stopping(arguments),
        observers=checks.check_observers(arguments["callbacks"], arguments["progress"]),
        engine=engine,
        initializer=arguments["initializer"],
        num_iterations=checks.check_count(arguments["num_iterations"], "num_iterations", low=0),
        batch_size=_count_or_none(arguments, "batch_size"),
        shuffle=arguments.get("shuffle", True),
        dtype=checks.check_dtype(arguments["dtype"]),
        metrics=arguments["metrics"] or {},
        score=arguments["score"],
        joint_score=arguments.get("joint_score"),
        n_jobs=checks.check_jobs(arguments.get("n_jobs")),
        record_every=checks.check_count(arguments["record_every"], "record_every"),
        devices=devices,
    )


def _engine_on_devices(arguments: Mapping[str, Any]) -> tuple[Engine, list[Device] | None]:
    """Return the engine and the devices; others than the CPU run compiled."""
    engine = parse_engine(arguments.get("engine", "auto"))
    names = [name for name in ("device", "devices") if arguments.get(name) is not None] or ["device"]
    if len(names) > 1:
        raise EllayerError("device, devices: expected at most one of them, received both; use device")
    devices = find_devices(arguments.get(names[0]), names[0])
    if not is_accelerator(devices):
        return engine, devices
    if engine.kind == "numpy":
        raise EllayerError(
            f"engine: expected 'auto' or 'jax' with the device {devices and devices[0]}, received 'numpy'"
        )
    return engine._replace(kind="jax"), devices


def _step(
    arguments: Mapping[str, Any], networks: Sequence[Mapping[str, Any]], rule: Optimizer
) -> tuple[StepConfig, tuple[StepValues, ...]]:
    """Return the settings of a step, switched on if any network needs them, and the numbers of each network."""
    network, clip_norm = arguments["network"], arguments.get("clip_norm")
    factors = checks.check_factors(network, arguments["learning_rate_factors"])
    dropout = [checks.check_dropout(network, one["dropout"]) for one in networks]
    layers = tuple(sorted({layer for rates in dropout for layer in rates}))
    decays = [rule.weight_decay if one["weight_decay"] is None else one["weight_decay"] for one in networks]
    values = tuple(
        StepValues(
            l2=checks.check_number(one["l2"], "l2"),
            l1=checks.check_number(one["l1"], "l1"),
            clip_norm=0.0 if clip_norm is None else checks.check_number(clip_norm, "clip_norm", strict=True),
            weight_decay=checks.check_number(decay, "weight_decay"),
            seed=checks.check_seed(one["seed"]),
            dropout=tuple(rates.get(layer, 0.0) for layer in layers),
            factors=cast(dict[str, Array] | None, factors),
        )
        for one, decay, rates in zip(networks, decays, dropout, strict=True)
    )
    config = StepConfig(
        network,
        rule,
        dropout=layers,
        l2=any(one.l2 > 0 for one in values),
        l1=any(one.l1 > 0 for one in values),
        clip=clip_norm is not None,
        decay=any(one.weight_decay > 0 for one in values),
        factors=factors is not None,
        fixed=tuple(name for name, factor in (factors or {}).items() if factor == 0.0),
    )
    return config, values


def _count_or_none(arguments: Mapping[str, Any], name: str) -> int | None:
    return None if arguments[name] is None else checks.check_count(arguments[name], name)


def _stopping(arguments: Mapping[str, Any]) -> Stopping:
    """Return the stopping rule, including whether to return the best parameters."""
    validated, metrics = arguments["validation"] is not None, arguments["metrics"] or {}
    wish, best, maximize = arguments["monitor"], arguments["restore_best"], arguments["maximize"]
    monitor = ("validation_loss" if validated else "loss") if wish is None else current_name(wish)
    known = ["loss", *metrics]
    if validated:
        known += ["validation_loss", *(f"validation_{name}" for name in metrics)]
        scored = arguments["score"] is not None or arguments.get("joint_score") is not None
        known += ["validation_score"] if scored else []
    if monitor not in known:
        raise EllayerError(f"monitor: expected one of {', '.join(known)}; received {monitor!r}")
    patience, limit = _count_or_none(arguments, "patience"), arguments["time_limit"]
    return Stopping(
        monitor=monitor,
        maximize=not monitor.endswith(("loss", "cost")) if maximize is None else maximize,
        patience=patience,
        tolerance=checks.check_number(arguments["tolerance"], "tolerance", low=-math.inf),
        time_limit=None if limit is None else checks.check_number(limit, "time_limit", strict=True),
        keep_best=(patience is not None or wish is not None) if best is None else bool(best),
    )
