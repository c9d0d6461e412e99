"""Settings of one fit from the parameters of an estimator, in the terms of ``engine.train``."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from sklearn.base import BaseEstimator

from ..._sklearn_compat import search_of
from ...core.activations import Activation
from ...core.network import Network
from ...core.schedules import Schedule
from ...engine.devices import find_devices, is_accelerator
from ...errors import EllayerError
from ..group_rows import shared_group
from ..parameters import name_parameter
from .custom_activation import is_traceable

RateRule = Literal["constant", "invscaling", "adaptive", "schedule"]
Monitored = Literal["loss", "validation_loss", "validation_score", "score"]


@dataclass(frozen=True)
class FitSettings:
    """The settings of one call of ``fit`` or ``partial_fit``.

    Attributes
    ----------
    lbfgs : bool
        One minimization over all examples instead of epochs.
    incremental : bool
        ``partial_fit``: one epoch without stopping rules.
    continues : bool
        The next call may continue with other examples, so that the engine must not use wide training.
    optimizer : str or optax transformation
    learning_rate : float or None
        None for a transformation, which has its own.
    first_rate : float
        ``learning_rate_init``, which the adaptive rule divides.
    rate_rule : str
    schedule : str, callable or None
        For the rate rule "schedule".
    power : float
        For the rate rule "invscaling".
    batch_size : int or None
        None is min(200, m).
    max_epochs : int
        Iterations of lbfgs.
    arguments : dict
        Arguments of ``train``: penalties ("l1", "l2", "dropout", "weight_decay", "clip_norm"), "time_limit", "device".
    shuffle : bool
    engine : str
    monitored : str
        The value monitored for stopping.
    early_stopping, restore_best, verbose : bool
    tolerance : float
    patience : int or inf
        Epochs without an improvement of ``tolerance`` before stopping.
    warns_of_limit : bool
        Whether to warn if ``max_epochs`` is reached.
    search : (identifier, int) or None
        The search that this fit is one of, and the number of its fits.
    """

    lbfgs: bool
    incremental: bool
    continues: bool
    optimizer: Any
    learning_rate: float | None
    first_rate: float
    rate_rule: RateRule
    schedule: Any
    power: float
    batch_size: int | None
    max_epochs: int
    arguments: dict[str, Any]
    shuffle: bool
    engine: str
    monitored: Monitored
    early_stopping: bool
    restore_best: bool
    verbose: bool
    tolerance: float
    patience: float
    warns_of_limit: bool
    search: tuple[Hashable, int] | None

    @classmethod
    def of(
        cls, estimator: BaseEstimator, network: Network, incremental: bool, has_validation: bool
    ) -> FitSettings:
        """Return the settings for the parameters of an estimator."""
        engine, devices = choose_engine(estimator, network)
        group = shared_group()
        optimizer = optimizer_of(estimator)
        patience = estimator.n_iter_no_change
        restore = estimator.early_stopping if estimator.restore_best is None else estimator.restore_best
        names = ("l1", "dropout", "weight_decay", "clip_norm", "time_limit")
        arguments = {"l2": estimator.alpha, "device": devices, **{n: getattr(estimator, n) for n in names}}
        return cls(
            lbfgs=is_lbfgs(estimator),
            incremental=incremental,
            continues=estimator.warm_start,
            optimizer=optimizer,
            learning_rate=estimator.learning_rate_init if isinstance(optimizer, str) else None,
            first_rate=estimator.learning_rate_init,
            rate_rule=_rate_rule(estimator),
            schedule=estimator.learning_rate_schedule,
            power=estimator.power_t,
            batch_size=None if isinstance(estimator.batch_size, str) else int(estimator.batch_size),
            max_epochs=1 if incremental else estimator.max_iter,
            arguments=arguments,
            shuffle=bool(estimator.shuffle),
            engine=engine,
            monitored=_find_monitored(estimator, has_validation),
            early_stopping=estimator.early_stopping,
            restore_best=bool(restore),
            verbose=bool(estimator.verbose) and (group is None or group.rank == 0),
            tolerance=estimator.tol,
            patience=math.inf if patience is None else patience,
            warns_of_limit=not incremental and patience is not None,
            search=search_of(estimator),
        )


def choose_engine(estimator: BaseEstimator, network: Network) -> tuple[str, list[Any] | None]:
    """Return the engine and devices, from ``engine``, ``device`` and custom functions."""
    engine = estimator.engine
    devices = name_parameter(estimator, "device", lambda: find_devices(estimator.device))
    if is_accelerator(devices) and "jax" not in engine:
        if "numpy" in engine:
            raise EllayerError(
                f"device: expected None or 'cpu' with engine 'numpy', received {estimator.device!r}"
            )
        engine = "jax" if engine == "auto" else f"jax+{engine}"
    for row in network.custom:
        if isinstance(row, Activation) and isinstance(row.backward, partial):
            pair = row.backward.func.__name__ == "_pair_backward"
            if pair and engine == "auto":
                engine = "numpy"
            elif pair and "numpy" not in engine and not is_traceable(row):
                raise EllayerError(
                    f"activation {row.name!r}: expected functions written with operators and jax.numpy for the "
                    "compiled loop; try engine='numpy' for functions written with NumPy"
                )
    return engine, devices


def optimizer_of(estimator: BaseEstimator) -> Any:
    """Return the optimizer for ``train``: the solver in scikit-learn's form, or the parameter ``optimizer``."""
    if estimator.optimizer is not None and estimator.optimizer != "lbfgs":
        return estimator.optimizer
    if estimator.solver == "lbfgs" or estimator.optimizer == "lbfgs":
        return f"lbfgs(gtol={float(estimator.tol)!r}, max_evaluations={int(estimator.max_fun)})"
    if estimator.solver == "sgd":
        return f"velocity(beta={float(estimator.momentum)!r}, nesterov={int(estimator.nesterovs_momentum)})"
    return (
        f"adam(beta1={float(estimator.beta_1)!r}, beta2={float(estimator.beta_2)!r}, "
        f"epsilon={float(estimator.epsilon)!r}, epsilon_hat=1)"
    )


def is_lbfgs(estimator: BaseEstimator) -> bool:
    """Return whether the fit is one minimization over all examples."""
    return estimator.optimizer == "lbfgs" or (estimator.optimizer is None and estimator.solver == "lbfgs")


def _rate_rule(estimator: BaseEstimator) -> Any:
    """Return the effective learning-rate rule; the three of scikit-learn apply to sgd."""
    if estimator.learning_rate_schedule is not None:
        return "schedule"
    sgd = estimator.solver == "sgd" and estimator.optimizer is None
    return estimator.learning_rate if sgd or estimator.optimizer is not None else "constant"


def _find_monitored(estimator: BaseEstimator, has_validation: bool) -> Monitored:
    """Return the value monitored for stopping; with class weights not accuracy."""
    monitor = estimator.monitor
    if monitor is None and estimator.early_stopping and getattr(estimator, "class_weight", None) is not None:
        monitor = "loss"
    if monitor is None:
        return "validation_score" if estimator.early_stopping and has_validation else "loss"
    if monitor == "loss":
        return "validation_loss" if has_validation else "loss"
    return "validation_score" if has_validation else "score"


def inverse_scaling(power: float, examples_seen: int, m: int, steps_per_epoch: int) -> Schedule:
    """Return 1 / (t + 1)^power, with t the examples seen before the epoch."""

    def factor(step: np.ndarray, total: int) -> np.ndarray:
        t = examples_seen + (np.asarray(step) // steps_per_epoch) * m
        return 1.0 / (t + 1.0) ** power

    return Schedule("inverse scaling by examples", factor)
