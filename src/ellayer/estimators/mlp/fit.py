"""One fit of an MLP, by one call of ``engine.train``."""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ..._warn import warn_user
from ...core.inference import outputs
from ...core.network import Network
from ...core.objective import objective
from ...core.schedules import Schedule
from ...engine.events import Info
from ...engine.history import History
from ...engine.loop_choice import fits_of_search
from ...engine.result import TrainingResult
from ...engine.state import Parameters, TrainState, all_finite
from ...engine.train import train
from ...engine.validation import finite_numbers
from ...errors import EllayerError
from ..fit_warnings import NON_FINITE, overflows_at_once
from ..group_rows import agree, own_share, shared_group, together
from .callbacks import EpochCallbacks
from .epoch_rule import EpochRule, FitData
from .fit_state import FitState
from .loss_names import reported_as_mean
from .settings import FitSettings, inverse_scaling


def fit(settings: FitSettings, data: FitData, state: FitState, callbacks: EpochCallbacks) -> FitState:
    """Train from a state and return the next one; the first is not modified.

    Parameters
    ----------
    settings : FitSettings
    data : FitData
    state : FitState
        ``FitState(network, parameters, ...)`` for a new fit, or the state returned by an earlier one.
    callbacks : EpochCallbacks

    Returns
    -------
    FitState

    Raises
    ------
    EllayerError
        If not even the first epoch ends with finite parameters, and in a group of processes for what it does not support.
    """
    if shared_group() is not None:
        _check_shareable(settings, state.network)
    state = state.copy()
    state.progress["n_iter_"] = 0
    return (_minimize if settings.lbfgs else _descend)(settings, data, state, callbacks)


def _check_shareable(settings: FitSettings, network: Network) -> None:
    """Raise for settings that need the rows of all processes at once."""
    if settings.lbfgs and _as_reported(network) is not network:
        raise EllayerError(
            "solver: expected 'adam' or 'sgd' for several targets in a group of processes, received 'lbfgs'; try 'adam', or "
            "one model for each target"
        )
    if settings.monitored == "score":
        raise EllayerError(
            "monitor: expected None or 'loss' in a group of processes without validation examples, received a score; pass "
            "early_stopping=True or validation_data"
        )


# Mini-batches


def _descend(settings: FitSettings, data: FitData, state: FitState, callbacks: EpochCallbacks) -> FitState:
    m = data.m
    batch_size = _batch_size(settings, m)
    steps = -(-m // batch_size)
    begin = _align(state, state.start(data.train.X.dtype), settings.optimizer, (m, batch_size), steps)
    state.optimizer, state.epoch_shape = settings.optimizer, (m, batch_size)
    rule = EpochRule(settings, data, state, callbacks)
    run = partial(
        _train, settings, data, begin, state.network, learning_rate=settings.learning_rate,
        schedule=_schedule(settings, rule, begin, m, steps), batch_size=batch_size, shuffle=settings.shuffle,
        record_every=steps, schedule_length=begin.step + settings.max_epochs * steps,
        restore_best=not rule.by_loss_alone,
    )  # fmt: skip
    result = run(num_iterations=settings.max_epochs * steps, callbacks=[rule])
    epochs = (result.state.step - begin.step) // steps
    rule.record(result.history, epochs)  # those since the last call, if the run was interrupted
    if rule.by_loss_alone and result.stopped_by == "divergence" and epochs:
        best = int(np.argmin(rule.progress["loss_curve_"][-epochs:]))
        # "mean_loss" is that of an epoch's updates; for a full batch it is the loss before the update.
        best += "mean_loss" in result.history
        result.parameters = run(num_iterations=best * steps).state.parameters
    return _final_state(settings, state, rule, result)


def _align(
    state: FitState, begin: TrainState, optimizer: object, epoch_shape: tuple[int, int], steps: int
) -> TrainState:
    """Adapt the state to the examples: other examples, or an incomplete epoch, start a new order of examples."""
    if state.optimizer != optimizer:
        begin = replace(begin, optimizer_state=None, step=0, before=0)
    if begin.step and (state.epoch_shape != epoch_shape or begin.step % steps):
        seed = (begin.seed * 1103515245 + 12345) % (2**31 - 1)
        begin = replace(begin, before=begin.before + begin.step, step=0, seed=seed)
    return begin


def _final_state(settings: FitSettings, state: FitState, rule: EpochRule, result: TrainingResult) -> FitState:
    """Return the state after a run: the parameters for prediction, and those for continuing."""
    reason = "convergence" if rule.converged else result.stopped_by
    if reason == "divergence" and not rule.progress["loss_curve_"]:
        raise EllayerError(f"{NON_FINITE} Scale them, try a smaller learning_rate_init, or clip_norm=1.")
    engine_keeps = settings.restore_best and settings.monitored == "loss"
    diverged = reason == "divergence"
    best = state.memory.best_parameters if rule.restores else None
    if diverged or engine_keeps:
        best = result.parameters
    last = replace(result.state, history={})
    if not engine_keeps:
        last = replace(last, best_parameters=None)
    if last.coordinates is not None:  # those of these examples; the next call continues without momentum
        last = replace(last, coordinates=None, optimizer_state=None)
    if diverged:
        last = replace(last, parameters=result.parameters, optimizer_state=None)
    return replace(
        state,
        parameters=last.parameters if best is None else best,
        seed=last.seed,
        train_state=last,
        restored=best is not None,
        history=_longer_history(state.history, result.history, rule.columns),
        progress={**state.progress, "stopped_by_": reason, "engine_": result.engine},
    )


def _batch_size(settings: FitSettings, m: int) -> int:
    if settings.batch_size is None:
        return min(200, m)
    if settings.batch_size > m:
        warn_user(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", UserWarning
        )
    return min(settings.batch_size, m)


def _schedule(
    settings: FitSettings, rule: EpochRule, begin: TrainState, m: int, steps: int
) -> Schedule | str | None:
    if settings.rate_rule == "schedule":
        return settings.schedule
    if settings.rate_rule == "invscaling":
        examples_seen = rule.progress["t_"] - begin.step // steps * m
        return inverse_scaling(settings.power, examples_seen, m, steps)
    return rule.schedule() if rule.adaptive else None


# L-BFGS


def _minimize(settings: FitSettings, data: FitData, state: FitState, callbacks: EpochCallbacks) -> FitState:
    """Minimize over all examples at once."""

    def after_iteration(info: Info) -> bool:
        if not info.iteration:
            return False
        losses = info.history.get("validation_loss")
        return callbacks(
            info, state, lambda: info.parameters, epoch=info.iteration, max_epochs=info.total, loss=info.cost,
            validation_loss=losses[-1] if losses else None,
        )  # fmt: skip

    begin = state.start(data.train.X.dtype)
    begin = TrainState(begin.parameters, None, seed=begin.seed)
    result = _train(
        settings, data, begin, state.network, num_iterations=settings.max_epochs, record_every=1, restore_best=True,
        callbacks=[after_iteration] if callbacks else [],
        validation=None if data.validation is None else own_share(data.validation).columns(),
    )  # fmt: skip
    last = replace(result.state, history={}, best_parameters=None)
    if not all_finite(last.parameters):
        raise EllayerError(f"{NON_FINITE} Scale them, for example with StandardScaler.")
    columns = {"validation_loss": result.history.get("validation_loss", [])}
    spread = shared_group() is not None
    loss = result.history.final["loss"] if spread else _loss(settings, data, state.network, last.parameters)
    state = replace(
        state, parameters=last.parameters, seed=last.seed, train_state=last, restored=False,
        optimizer=settings.optimizer, epoch_shape=(data.m, data.m),
        history=_longer_history(state.history, result.history, columns),
        progress={
            **state.progress, "n_iter_": last.step, "loss_": loss, "stopped_by_": result.stopped_by, "engine_": result.engine,
        },
    )  # fmt: skip
    if callbacks and last.step == settings.max_epochs:  # the engine calls before each further iteration only
        after_iteration(
            Info(last.step, settings.max_epochs, loss, result.history, lambda: [result.state], state.network)
        )
    return state


def _loss(settings: FitSettings, data: FitData, network: Network, parameters: Parameters) -> float:
    """Return the cost of the fitted parameters, including penalties."""
    network, train_set = _as_reported(network), data.train
    AL, ZL = outputs(train_set.X.T, parameters, network)
    weights = None if train_set.weights is None else train_set.weights.reshape(1, -1)
    J = objective(network, len(train_set), weights, settings.arguments["l2"], settings.arguments["l1"])
    return float(J.cost(AL, ZL, train_set.Y.T, parameters))


# Both


def _train(
    settings: FitSettings, data: FitData, begin: TrainState, network: Network, **arguments: Any
) -> TrainingResult:
    """Call the engine; the only place where rows become columns, as views."""
    X, Y, weights = data.train.columns()
    network = network if settings.lbfgs else _as_reported(network)
    with together():
        if overflows_at_once(data.train, begin.parameters, network):
            raise EllayerError(f"{NON_FINITE} Scale them, for example with StandardScaler.")
    engine = settings.engine
    if (settings.continues or begin.step or begin.before) and "wide" not in engine and "direct" not in engine:
        engine = f"{engine}+direct"
    with ExitStack() as context:
        if settings.search is not None:
            context.enter_context(fits_of_search(*settings.search))
        if isinstance(data.train.X, np.ndarray) and math.isfinite(data.train.bound):
            context.enter_context(finite_numbers(data.train.X))
        return train(
            network, X, Y, state=replace(begin, history={}, interval=(0.0, 0.0)), sample_weight=weights,
            optimizer=settings.optimizer, engine=engine, monitor="loss", **settings.arguments, **arguments,
        )  # fmt: skip


def _as_reported(network: Network) -> Network:
    """Return the network whose cost scikit-learn would report: for several squared errors their mean."""
    if network.loss != "squared_error" or network.layer_dims[-1] == 1:
        return network
    activations = [row if row in network.custom else row.name for row in network.layer_activations]
    return Network(network.layer_dims, activations, reported_as_mean(network.loss, network.layer_dims[-1]))


def _longer_history(history: History, run: History, columns: dict[str, list[float]]) -> History:
    """Return a history with the epochs of a run added."""
    history = History(history, history.final)
    earlier = history["seconds"][-1] if history.get("seconds") else 0.0
    rows = run.epochs({name: column for name, column in columns.items() if column})
    rows["epoch"] = [len(history) + epoch for epoch in rows["epoch"]]
    rows["seconds"] = agree(lambda: [earlier + seconds for seconds in rows["seconds"]])
    history.extend(rows)
    return history
