"""The settings of ``train`` and ``train_many``, checked once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core.network import Network
from ..core.optimizers import Optimizer
from ..core.schedules import Schedule
from ..errors import EllayerError
from . import validation as checks
from .events import Metric, Observers, Score, Stopping
from .history import current_name
from .lbfgs_options import LBFGS, LbfgsOptions
from .loop_choice import parse_engine
from .optax_rules import find_optimizer, find_schedule
from .state import TrainState
from .step import StepConfig, StepValues

if TYPE_CHECKING:
    from jax import Device


PER_NETWORK = ("learning_rate", "l2", "l1", "weight_decay", "dropout", "seed")


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
    arguments: Mapping[str, Any], networks: Sequence[Mapping[str, Any]], several: bool
) -> TrainSettings:
    """Check the arguments of ``train``, or of ``train_many`` if ``several``.

    Parameters
    ----------
    arguments : mapping
        All arguments by name; those that ``train_many`` lacks may be missing.
    networks : sequence of mapping
        The arguments named in ``PER_NETWORK``, of each network.
    several : bool

    Raises
    ------
    EllayerError
        For anything that does not fit, with what was expected and what to try.
    """
    network, spec = arguments["network"], arguments["optimizer"]
    if not isinstance(network, Network):
        raise EllayerError(f"network: expected an ellayer.Network, received {type(network).__name__}")
    checks.check_metrics(arguments["metrics"], arguments["score"])
    lbfgs = LBFGS[spec] if isinstance(spec, str) and spec in LBFGS else None
    if lbfgs is not None and several:
        raise EllayerError("optimizer 'lbfgs': expected one network, received several at once; try train")
    rule = find_optimizer("gd" if lbfgs else spec)
    clip_norm = arguments.get("clip_norm")
    loop, wide = parse_engine(arguments.get("engine", "auto"))
    return TrainSettings(
        network=network,
        optimizer=rule,
        lbfgs=lbfgs,
        schedule=find_schedule(arguments["schedule"]),
        schedule_length=_count_or_none(arguments, "schedule_length"),
        networks=tuple(_network_settings(network, rule, one) for one in networks),
        several=several,
        initializer=arguments["initializer"],
        num_iterations=checks.check_count(arguments["num_iterations"], "num_iterations", low=0),
        batch_size=_count_or_none(arguments, "batch_size"),
        shuffle=arguments.get("shuffle", True),
        clip_norm=None if clip_norm is None else checks.check_number(clip_norm, "clip_norm", strict=True),
        factors=checks.check_factors(network, arguments["learning_rate_factors"]),
        dtype=checks.check_dtype(arguments["dtype"]),
        metrics=arguments["metrics"] or {},
        score=arguments["score"],
        stopping=_stopping(arguments),
        observers=checks.check_observers(arguments["callbacks"], arguments["progress"]),
        record_every=checks.check_count(arguments["record_every"], "record_every"),
        loop=loop,
        wide=wide,
        devices=checks.check_devices(arguments.get("devices")),
    )


def _count_or_none(arguments: Mapping[str, Any], name: str) -> int | None:
    return None if arguments[name] is None else checks.check_count(arguments[name], name)


def _network_settings(network: Network, rule: Optimizer, arguments: Mapping[str, Any]) -> NetworkSettings:
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


def _stopping(arguments: Mapping[str, Any]) -> Stopping:
    """Return the stopping rule, which knows whether the best parameters are to be returned."""
    validated, metrics = arguments["validation"] is not None, arguments["metrics"] or {}
    wish, best, maximize = arguments["monitor"], arguments["restore_best"], arguments["maximize"]
    monitor = ("validation_loss" if validated else "loss") if wish is None else current_name(wish)
    known = ["loss", *metrics]
    if validated:
        known += ["validation_loss", *(f"validation_{name}" for name in metrics)]
        known += ["validation_score"] if arguments["score"] is not None else []
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
