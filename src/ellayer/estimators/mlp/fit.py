"""One fit: rows to columns, one call of ``engine.train``, and the fitted attributes."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from ..._warn import warn_user
from ...core.inference import class_index, outputs
from ...core.network import Network
from ...core.objective import objective
from ...engine.events import Info
from ...engine.history import History
from ...engine.result import TrainingResult
from ...engine.state import TrainState
from ...engine.train import train
from ...errors import EllayerError
from .. import fit_warnings as checks
from ..labels import decode
from ..parameters import named
from ..sklearn_compat import SklearnCallbacks, label_kind, temporary_callbacks
from . import settings
from .epoch_rule import EpochRule, HeldOut, IterationCalls, Memory, restores_best, sklearn_callbacks
from .examples import Data, flat, gather, hold_out
from .loss_names import reported_as_mean

FRESH: Any = None  # an optimizer state that the engine is to make


def fit(estimator: Any, X: Any, y: Any, sample_weight: Any, incremental: bool) -> None:
    """Fit, or go on where the estimator stands."""
    extra = named(estimator, "callbacks", lambda: sklearn_callbacks(estimator.callbacks))
    with temporary_callbacks(estimator, extra):
        epochs = 1 if incremental else estimator.max_iter
        context = SklearnCallbacks.of(estimator, X, y, sample_weight, epochs)
        settings.hidden_sizes(estimator)
        first = not hasattr(estimator, "coefs_") or (not estimator.warm_start and not incremental)
        rows, Y = estimator._encode(X, y, incremental, reset=first)
        data = gather(estimator, rows, Y, sample_weight)
        start = _begin(estimator, data) if first else _go_on(estimator, data)
        data = hold_out(estimator, data, incremental)
        if context is not None:
            context.epoch_begins()
        if settings.is_lbfgs(estimator):
            _minimise(estimator, data, start, context)
        else:
            _descend(estimator, data, start, incremental, context)
        if context is not None:
            context.fit_ended()


# Start


def _network(estimator: Any, data: Data) -> Network:
    loss = named(estimator, "loss", estimator._loss_name)
    return named(
        estimator,
        "activation",
        lambda: settings.make_network(estimator, data.X.shape[1], data.Y.shape[1], loss),
    )


def _begin(estimator: Any, data: Data) -> TrainState:
    """Forget what was learned; draw the start, the split and the seed in scikit-learn's order."""
    random = estimator._random_state = check_random_state(estimator.random_state)
    network = _network(estimator, data)
    parameters = settings.starting_parameters(estimator, network, random, data.X.dtype)
    estimator._set_network(network)
    estimator._named_layer = network.L - 1
    estimator.t_ = 0
    estimator.n_iter_ = 0
    estimator._split_state = random.get_state()
    seed = int(np.random.RandomState(random.randint(2**31 - 1)).randint(2**31 - 1))
    estimator._memory = Memory()
    estimator.history_ = History()
    estimator._optimizer_spec = None
    for name in ("loss_curve_", "best_loss_", "validation_scores_", "best_validation_score_", "loss_"):
        estimator.__dict__.pop(name, None)
    return TrainState(parameters, FRESH, seed=seed)


def _go_on(estimator: Any, data: Data) -> TrainState:
    """Go on from the last state, where the network is still the same."""
    network = _network(estimator, data)
    if network.layer_dims != estimator.network_.layer_dims:
        raise EllayerError(
            f"warm start: expected the layers of the fitted network, {list(estimator.network_.layer_dims)}; the "
            f"parameters now ask for {list(network.layer_dims)}. Set warm_start=False to begin anew"
        )
    estimator._set_network(network)
    state = estimator._state
    dtype = data.X.dtype
    own = state.parameters if state is not None and estimator._restored else estimator.parameters_
    parameters = {name: np.ascontiguousarray(theta, dtype=dtype) for name, theta in own.items()}
    if state is None:
        return TrainState(parameters, FRESH, seed=estimator._seed)
    return replace(state, parameters=parameters)


def _aligned(
    estimator: Any, state: TrainState, optimizer: Any, place: tuple[int, int], steps: int
) -> TrainState:
    """Make the state fit the examples: other ones, or an epoch cut short, begin a new order of examples."""
    if estimator._optimizer_spec != optimizer:
        state = replace(state, optimizer_state=FRESH, step=0, before=0)
    if state.step and (estimator._place != place or state.step % steps):
        seed = (state.seed * 1103515245 + 12345) % (2**31 - 1)
        state = replace(state, before=state.before + state.step, step=0, seed=seed)
    estimator._optimizer_spec, estimator._place = optimizer, place
    return state


# Solvers


def _descend(estimator: Any, data: Data, state: TrainState, incremental: bool, context: Any) -> None:
    m = len(data.Y)
    batch_size = _batch_size(estimator, m)
    steps = -(-m // batch_size)
    optimizer = settings.optimizer_of(estimator)
    state = _aligned(estimator, state, optimizer, (m, batch_size), steps)
    _open_curves(estimator, data.held_out is not None)
    adaptive = settings.rate_rule(estimator) == "adaptive"
    train_set = HeldOut(data.X, data.Y, _labels(estimator, data.Y), data.weights)
    rule = EpochRule(
        estimator, estimator.network_, m=m, held_out=data.held_out, train=train_set, incremental=incremental,
        adaptive=adaptive, context=context,
    )  # fmt: skip
    estimator.n_iter_ = 0
    epochs = 1 if incremental else estimator.max_iter
    run = partial(
        _train, estimator, data, state, optimizer=optimizer, learning_rate=settings.base_rate(estimator),
        schedule=_schedule(estimator, rule, state, m, steps), batch_size=batch_size,
        shuffle=bool(estimator.shuffle), dropout=estimator.dropout, weight_decay=estimator.weight_decay,
        clip_norm=estimator.clip_norm, record_every=steps, schedule_length=state.step + epochs * steps,
        restore_best=not rule.by_loss_alone,
    )  # fmt: skip
    result = run(num_iterations=epochs * steps, callbacks=[rule])
    whole = (result.state.step - state.step) // steps
    rule.take_in(result.history, whole)  # epochs since the rule was last asked, where the run broke off
    if rule.by_loss_alone and result.stopped_by == "divergence" and whole:
        best = int(np.argmin(estimator.loss_curve_[-whole:]))
        if "mean_loss" in result.history:  # the loss of an epoch's updates; a full batch's is the one before
            best += 1
        result.parameters = run(num_iterations=best * steps).state.parameters
    _finish(estimator, data, result, rule, incremental)


def _train(estimator: Any, data: Data, state: TrainState, **arguments: Any) -> TrainingResult:
    """The one place where rows become columns: X.T is a view, and nothing is copied."""
    network = estimator.network_ if settings.is_lbfgs(estimator) else _scored(estimator.network_)
    if checks.overflows_at_once(data.X, data.Y, state.parameters, network):
        raise EllayerError(f"{checks.NON_FINITE} Scale them, for example with StandardScaler.")
    engine, devices = settings.choose_engine(estimator, estimator.network_)
    if estimator.warm_start or state.step or state.before:
        engine = engine if "wide" in engine or "direct" in engine else f"{engine}+direct"
    return train(
        network, data.X.T, data.Y.T, state=replace(state, history={}, interval=(0.0, 0.0)), l2=estimator.alpha,
        l1=estimator.l1, sample_weight=data.weights, engine=engine, devices=devices, time_limit=estimator.time_limit,
        monitor="loss", **arguments,
    )  # fmt: skip


def _scored(network: Network) -> Network:
    """Return the network whose cost scikit-learn would report: of several squared errors the mean."""
    if network.loss != "squared_error" or network.layer_dims[-1] == 1:
        return network
    activations = [row if row in network.custom else row.name for row in network.layer_activations]
    return Network(network.layer_dims, activations, reported_as_mean(network.loss, network.layer_dims[-1]))


def _schedule(estimator: Any, rule: EpochRule, state: TrainState, m: int, steps: int) -> Any:
    kind = settings.rate_rule(estimator)
    if kind == "schedule":
        return estimator.learning_rate_schedule
    if kind == "invscaling":
        seen = estimator.t_ - state.step // steps * m
        return settings.inverse_scaling(estimator.power_t, seen, m, steps)
    return rule.schedule() if kind == "adaptive" else None


def _batch_size(estimator: Any, m: int) -> int:
    if isinstance(estimator.batch_size, str):
        return min(200, m)
    if estimator.batch_size > m:
        warn_user(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", UserWarning
        )
    return min(int(estimator.batch_size), m)


def _open_curves(estimator: Any, held_out: bool) -> None:
    """Begin the curves where there are none yet."""
    if hasattr(estimator, "loss_curve_"):
        return
    estimator.loss_curve_ = []
    estimator.best_loss_ = None if estimator.early_stopping else math.inf
    estimator.validation_scores_ = [] if held_out else None
    estimator.best_validation_score_ = -math.inf if held_out else None


def _labels(estimator: Any, Y: np.ndarray) -> Any:
    return decode(estimator._label_binarizer, Y) if is_classifier(estimator) else flat(Y)


# Finish


def _finish(estimator: Any, data: Data, result: TrainingResult, rule: EpochRule, incremental: bool) -> None:
    reason = "convergence" if rule.converged else result.stopped_by
    if reason == "divergence" and not estimator.loss_curve_:
        raise EllayerError(
            f"{checks.NON_FINITE} Scale them, take a smaller learning_rate_init, or clip_norm=1."
        )
    _write_history(estimator, result.history, rule.columns)
    last = result.state
    best: Any = rule.memory.best_parameters if rule.restores else None
    if reason == "divergence" or (rule.watched == "loss" and restores_best(estimator)):
        best = result.parameters
    keeps = rule.watched == "loss" and restores_best(estimator)
    state = replace(last, history={}, best_parameters=last.best_parameters if keeps else None)
    if last.coordinates is not None:  # they belong to these examples; another call goes on without momentum
        state = replace(state, coordinates=None, optimizer_state=FRESH)
    if reason == "divergence":
        state = replace(state, parameters=best, optimizer_state=FRESH)
    _settle(
        estimator,
        best if best is not None else last.parameters,
        state,
        result,
        reason,
        restored=best is not None,
    )
    if reason == "interrupted":
        warn_user("Training interrupted by user.", UserWarning)
    elif reason == "iterations" and not incremental and estimator.n_iter_no_change is not None:
        warn_user(
            f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached and the optimization hasn't "
            "converged yet.",
            ConvergenceWarning,
        )
    if not incremental:
        _warn(estimator, data, long=len(estimator.loss_curve_) >= 20, over=reason == "convergence")


def _settle(estimator, parameters, state, result, reason, restored) -> None:
    estimator._set_parameters(parameters)
    estimator._state = state
    estimator._seed = state.seed
    estimator._restored = restored
    estimator.stopped_by_ = reason
    estimator.engine_ = result.engine


def _warn(estimator: Any, data: Data, long: bool, over: bool) -> None:
    """Look at the outcome: for dead layers where a fit is over, for classes too where it had its time."""
    if not long and not over:
        return
    single = is_classifier(estimator) and label_kind(estimator._label_binarizer) != "multilabel-indicator"
    numbers = class_index(data.Y.T) if single and long else None
    checks.warn_of_fit(estimator, data.X, numbers, estimator.network_, estimator.parameters_)


def _write_history(estimator: Any, history: History, columns: dict[str, list[float]]) -> None:
    """Append the epochs of this call to ``history_``."""
    table = estimator.history_
    earlier = table["seconds"][-1] if table.get("seconds") else 0.0
    rows = history.epochs({name: column for name, column in columns.items() if column})
    rows["epoch"] = [len(table) + epoch for epoch in rows["epoch"]]
    rows["seconds"] = [earlier + seconds for seconds in rows["seconds"]]
    table.extend(rows)


def _minimise(estimator: Any, data: Data, state: TrainState, context: Any) -> None:
    """The solver lbfgs: one minimisation over all examples."""
    state = TrainState(state.parameters, FRESH, seed=state.seed)
    estimator._optimizer_spec, estimator._place = settings.optimizer_of(estimator), (len(data.Y), len(data.Y))
    calls = IterationCalls(estimator, context)
    held_out = data.held_out
    validation = None
    if held_out is not None:
        validation = (held_out.X.T, held_out.Y.T, held_out.weights)
    result = _train(
        estimator, data, state, optimizer=settings.optimizer_of(estimator), num_iterations=estimator.max_iter,
        record_every=1, callbacks=[calls] if calls else [], dropout=estimator.dropout,
        weight_decay=estimator.weight_decay, clip_norm=estimator.clip_norm, validation=validation, restore_best=True,
    )  # fmt: skip
    estimator.n_iter_ = result.state.step
    columns = {"validation_loss": result.history.get("validation_loss", [])}
    _write_history(estimator, result.history, columns)
    parameters = result.state.parameters
    if not all(np.isfinite(theta).all() for theta in parameters.values()):
        raise EllayerError(f"{checks.NON_FINITE} Scale them, for example with StandardScaler.")
    _settle(
        estimator, parameters, replace(result.state, history={}), result, result.stopped_by, restored=False
    )
    estimator.loss_ = _cost(estimator, data)
    if (
        calls and estimator.n_iter_ == estimator.max_iter
    ):  # the engine asks before each further iteration only
        calls(
            Info(estimator.n_iter_, estimator.max_iter, estimator.loss_, result.history, lambda: result.state)
        )
    if result.stopped_by == "iterations":
        _warn_of_lbfgs(estimator)
    _warn(estimator, data, long=True, over=True)


def _cost(estimator: Any, data: Data) -> float:
    """The cost at the fitted parameters, penalties included."""
    parameters, network = estimator.parameters_, _scored(estimator.network_)
    AL, ZL = outputs(data.X.T, parameters, network)
    weights = None if data.weights is None else data.weights.reshape(1, -1)
    J = objective(network, len(data.Y), weights, estimator.alpha, estimator.l1)
    return float(J.cost(AL, ZL, data.Y.T, parameters))


def _warn_of_lbfgs(estimator: Any) -> None:
    limit = estimator.n_iter_ >= estimator.max_iter
    why = (
        "STOP: TOTAL NO. OF ITERATIONS REACHED LIMIT"
        if limit
        else "STOP: NO LOWER COST FOUND, OR max_fun REACHED"
    )
    more = (
        f"\nIncrease the number of iterations to improve the convergence (max_iter={estimator.max_iter})."
        if limit
        else ""
    )
    warn_user(
        f"lbfgs failed to converge after {estimator.n_iter_} iteration(s) (status={1 if limit else 2}):\n{why}\n{more}\n"
        "You might also want to scale the data as shown in:\n"
        "    https://scikit-learn.org/stable/modules/preprocessing.html",
        ConvergenceWarning,
    )
