"""train: checks, picks the loop, runs it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..core.initializers import initialize_parameters
from ..core.network import Network
from ..core.propagation import L_model_forward
from ..errors import EllayerError
from . import compile_cache
from . import validation as checks
from .batches import Batches, BlockBatches
from .disk_rows import DiskRows, Feed
from .events import Stopping, can_wait
from .history import History, current_name
from .lbfgs import LBFGS, LbfgsRun
from .loop_choice import choose_loop, parse_engine, program_name
from .model import ModelParts, parts_of_network
from .numpy_loop import NumpyLoop
from .optax_rules import find_optimizer, find_schedule
from .run import Metric, Rates, Run, Score, Watch, is_judged
from .sparse import SparseFeed, check_sparse, is_sparse
from .state import FlatState, Parameters, TrainState, copy_tree, tree_shapes
from .step import Batch, Knobs, Plan
from .wide import Span, applies, pays

LOOK_AHEAD = 64  # updates that a compiled chunk holds at least, where callbacks can wait


@dataclass
class TrainingResult:
    """What a run gives back.

    Attributes
    ----------
    network : Network
    parameters : dict
        "W1", "b1", ...: the last ones, or the best where a best was asked for.
    costs : list of float
        ``costs[i]`` is the cost before update ``i * record_every``.
    history : History
        The recorded columns.
    stopped_by : str
        "iterations", "patience", "callback", "time", "interrupted", "divergence", or "converged" (lbfgs).
    engine : str
        The loop that ran: "numpy", "jax", each with " wide" where it ran in the span of the examples, "lbfgs".
    state : TrainState
        For ``train(..., state=result.state)``: continues as if never stopped.
    seconds, compile_seconds : float
    """

    network: Network
    parameters: Parameters
    costs: list[float]
    history: History
    stopped_by: str
    engine: str
    state: TrainState
    seconds: float
    compile_seconds: float

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return A^[L], the outputs for each example.

        Parameters
        ----------
        X : array, shape (n_x, m)

        Returns
        -------
        AL : array, shape (n_L, m)
        """
        X = checks.check_X(self.network, X, str(self.parameters["W1"].dtype))
        return L_model_forward(X, self.parameters, self.network)[0]

    def predict(self, X: Any) -> np.ndarray:
        """Return the predictions.

        Parameters
        ----------
        X : array, shape (n_x, m)

        Returns
        -------
        array
            Class labels 0 and 1, (n_L, m), for binary losses; the class number, (1, m), for softmax
            losses; A^[L], (n_L, m), for numbers.
        """
        AL = self.predict_proba(X)
        targets = self.network.loss_row.targets
        if targets == "binary":
            return (AL > 0.5).astype(int)
        if targets == "one_hot":
            return AL.argmax(axis=0, keepdims=True)
        return AL

    def model_parts(self) -> ModelParts:
        """Return the parts that inspection, export and storage need."""
        parts = parts_of_network(self.network, self.parameters)
        return replace(parts, history=self.history, stopped_by=self.stopped_by, engine=self.engine)


def train(
    network: Network,
    X: Any,
    Y: Any = None,
    *,
    parameters: Mapping[str, Any] | None = None,
    initializer: str = "auto",
    optimizer: Any = "gd",
    learning_rate: float | None = None,
    schedule: str | Callable | None = None,
    num_iterations: int = 1000,
    batch_size: int | None = None,
    shuffle: bool = True,
    l2: float = 0.0,
    l1: float = 0.0,
    weight_decay: float | None = None,
    dropout: float | Sequence[float] = 0.0,
    clip_norm: float | None = None,
    learning_rate_factors: Mapping[str, float] | None = None,
    sample_weight: Any = None,
    validation: Sequence[Any] | None = None,
    metrics: Mapping[str, Metric] | None = None,
    score: Score | None = None,
    monitor: str | None = None,
    maximize: bool | None = None,
    patience: int | None = None,
    tolerance: float = 0.0,
    restore_best: bool | None = None,
    time_limit: float | None = None,
    seed: int = 0,
    dtype: str | None = None,
    engine: str = "auto",
    devices: Sequence[Any] | None = None,
    record_every: int = 100,
    callbacks: Sequence[Callable] = (),
    progress: Callable | None = None,
    state: TrainState | None = None,
    schedule_length: int | None = None,
) -> TrainingResult:
    r"""Train a network: W^[l] = W^[l] - alpha dW^[l], again and again.

    Parameters
    ----------
    network : Network
    X : array or sparse matrix, shape (n_x, m), or DiskRows
        Examples are columns. A sparse X is made dense by mini-batches, or whole for the full batch.
        ``engine.DiskRows`` stands for X, Y and the weights of a file larger than memory: mini-batches only,
        shuffled by blocks.
    Y : array, shape (n_L, m)
        Targets; a flat Y of length m is taken as (1, m), or as class numbers for a softmax loss.
    parameters : dict, optional
        Starting parameters; they are copied. Without them ``initializer`` draws them from ``seed``.
    initializer : str
        A row of ``INITIALIZERS``.
    optimizer : str or optax.GradientTransformation
        A row of ``OPTIMIZERS``, one of optax's names, "lbfgs", or a transformation of optax.
    learning_rate : float, optional
        alpha; the optimizer's own default where None.
    schedule : str or callable, optional
        A row of ``SCHEDULES``, or a function of the step that returns the factor on the rate.
    num_iterations : int
        Updates to do.
    batch_size : int, optional
        Examples per update, shuffled each epoch; all of them where None.
    shuffle : bool
        Whether mini-batches are shuffled.
    l2, l1 : float
        In the cost: l2 / (2 m) sum W^2 and l1 / m sum abs(W).
    weight_decay : float, optional
        Decoupled: W = W - alpha weight_decay W at each update.
    dropout : float or sequence
        One rate for all hidden layers, or one each for the input and the hidden layers.
    clip_norm : float, optional
        Largest Euclidean norm of all gradients together.
    learning_rate_factors : dict, optional
        Factors on the rate by name ("W1") or kind ("b").
    sample_weight : array, shape (m,), optional
        The cost is the weighted mean.
    validation : (X, Y) or (X, Y, sample_weight), optional
        Evaluated at each record.
    metrics : dict of callables, optional
        ``name -> f(AL, Y)``, recorded for both sets.
    score : callable, optional
        ``f(AL, Y, weights)`` of the validation set alone, recorded as "validation_score".
    monitor : str, optional
        The column that patience and the best parameters look at: "loss", "validation_loss",
        "validation_score" or a metric's name; by default "validation_loss" if there is a validation set.
    maximize : bool, optional
        Whether more is better; by default for every column but losses and costs.
    patience : int, optional
        Stop after so many records in a row without an improvement of more than ``tolerance``.
    restore_best : bool, optional
        Give back the parameters of the best record, whichever way the run ends; by default where
        ``patience`` or ``monitor`` is given.
    time_limit : float, optional
        Seconds.
    seed : int
        Of the start, the order of the examples and dropout.
    dtype : "float32" or "float64", optional
        By default that of X.
    engine : str
        "auto", "numpy" or "jax"; "wide" forces training in the span of the examples and "direct"
        forbids it; both with a plus sign, "jax+direct".
    devices : sequence of jax devices, optional
        Devices of the compiled loop; all where None.
    record_every : int
        Updates between records.
    callbacks : sequence of callables
        Called with an ``Info`` after each record's updates; True stops the run.
    progress : callable, optional
        Called with an ``Info`` several times a second.
    state : TrainState, optional
        Continue from here: as if the run had never stopped.
    schedule_length : int, optional
        Updates the schedule spans; by default to the end of this call.

    Returns
    -------
    TrainingResult

    Raises
    ------
    ValueError
        For anything that does not fit, with what was expected and what to try.

    Examples
    --------
    >>> X = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]])
    >>> Y = np.array([0, 1, 1, 0])
    >>> result = train(Network([2, 4, 1], "tanh"), X, Y, learning_rate=1.0, num_iterations=2000, seed=1)
    >>> result.predict(X)
    array([[0, 1, 1, 0]])
    """
    if not isinstance(network, Network):
        raise EllayerError(f"network: expected an ellayer.Network, received {type(network).__name__}")
    checks.check_functions(callbacks, progress, metrics, score)
    if state is not None and not isinstance(state, TrainState):
        raise EllayerError(f"state: expected the TrainState of a result, received {type(state).__name__}")
    if devices is not None and not isinstance(devices, Sequence):
        raise EllayerError(f"devices: expected a list of jax devices, received {type(devices).__name__}")
    num_iterations = checks.check_count(num_iterations, "num_iterations", low=0)
    seed = checks.check_seed(state.seed if state else seed)
    batch_size = None if batch_size is None else checks.check_count(batch_size, "batch_size")
    data: Any
    if isinstance(X, DiskRows):
        _check_on_disk(network, X, Y, sample_weight, dtype, batch_size, metrics)
        dtype, m = str(X.dtype), X.m
        data, batches = _from_disk(network, X, batch_size, seed, shuffle)
    else:
        sparse = is_sparse(X)
        X = (check_sparse if sparse else checks.check_X)(network, X, checks.check_dtype(dtype))
        dtype, m = str(X.dtype), X.shape[1]
        weights = checks.check_weights(sample_weight, m, dtype)
        data = Batch(X, checks.check_Y(network, Y, m, dtype), weights)
        batches = Batches(m, batch_size, seed, shuffle)
        if sparse:
            data = _from_sparse(data, batches, metrics)
    watch = Watch(data, check_validation(network, validation, dtype), metrics or {}, score)
    state = _start(network, state, parameters, initializer, seed, dtype)
    stopping, keep_best = stopping_rule(
        monitor, maximize, patience, tolerance, restore_best, time_limit, watch
    )
    lbfgs = LBFGS[optimizer] if isinstance(optimizer, str) and optimizer in LBFGS else None
    rule = find_optimizer("gd" if lbfgs else optimizer)
    plan, knobs = _settings(
        network, rule, batches, state, seed, l2, l1, weight_decay, dropout, clip_norm, learning_rate_factors
    )
    common: dict[str, Any] = {
        "record_every": checks.check_count(record_every, "record_every"),
        "stopping": stopping,
        "keep_best": keep_best,
        "callbacks": callbacks,
        "progress": progress,
        "dtype": dtype,
    }
    kind, wide_wish = parse_engine(engine)
    if lbfgs:
        _check_lbfgs(plan, batches, state)
        minimisation = LbfgsRun(
            plan, knobs, data, state, end=num_iterations, options=lbfgs, watch=watch, **common
        )
        return _result(minimisation, keep_best, "lbfgs")
    rate = rule.learning_rate if learning_rate is None else learning_rate
    end = state.step + num_iterations
    total = end if schedule_length is None else checks.check_count(schedule_length, "schedule_length")
    rates = Rates(checks.check_number(rate, "learning_rate", strict=True), find_schedule(schedule), total)
    span = None
    if _goes_wide(wide_wish, plan, batches, m, num_iterations, state):
        plan, watch, span = _into_the_span(plan, watch, state)
    decides = bool(watch) or is_judged(stopping, keep_best, rates)
    longest = record_every if decides or callbacks else None
    if callbacks and can_wait(callbacks) and not decides:
        longest = max(record_every, LOOK_AHEAD)
    loop = _loop(
        kind, plan, knobs, watch.train, batches, state, span, num_iterations, record_every, longest, devices,
        "float64" if span else dtype,
    )  # fmt: skip
    run = Run(plan, knobs, loop, state, end=end, rates=rates, watch=watch, span=span, **common)
    name = f"{loop.name}{' wide' if span else ''}"
    return _result(run, keep_best, name, getattr(loop, "compile_seconds", 0.0))


def _check_on_disk(network, rows, Y, sample_weight, dtype, batch_size, metrics) -> None:
    """Say what rows on disk cannot be trained with."""
    n_x, n_L = network.layer_dims[0], network.layer_dims[-1]
    if (rows.n_x, rows.n_y) != (n_x, n_L):
        raise EllayerError(
            f"X: expected rows of {n_x} inputs and {n_L} targets, as the network has; received rows of {rows.n_x} and "
            f"{rows.n_y}"
        )
    if Y is not None or sample_weight is not None:
        raise EllayerError(
            "Y, sample_weight: expected None with rows on disk, which hold their targets and weights; write them into "
            "the rows, DiskRows(file, n_x, n_y, weighted=True)"
        )
    if dtype is not None and checks.check_dtype(dtype) != str(rows.dtype):
        raise EllayerError(
            f"dtype: expected that of the rows on disk, {rows.dtype}, or None; received {dtype!r}"
        )
    if batch_size is None:
        raise EllayerError(
            "batch_size: expected a number of examples per update, as rows on disk are never in memory together (no full "
            "batch, no lbfgs, not 'wide'); received None; try batch_size=256"
        )
    if metrics:
        raise EllayerError(
            "metrics: expected none with rows on disk, as they look at all examples together; give score=f(AL, Y, "
            "weights) and validation=(X, Y)"
        )


def _from_disk(network, rows, batch_size, seed, shuffle) -> tuple[Feed, Batches]:
    batches = BlockBatches(rows.m, batch_size, seed, shuffle, block=rows.block, window=rows.window)
    return Feed(rows, batches, network), batches


def _from_sparse(data: Batch, batches: Batches, metrics: Any) -> Any:
    """Mini-batches that are made dense as they come; the full batch is dense at once."""
    if batches.full or metrics:
        return data._replace(X=data.X.toarray())
    return SparseFeed(data, batches)


def _start(network, state, parameters, initializer, seed, dtype) -> TrainState:
    """The state to begin from: the given one, or a new one with given or drawn parameters."""
    if state is not None:
        checks.check_parameters(network, state.parameters, dtype, "state.parameters")
        return state
    if parameters is None:
        start = initialize_parameters(network, initializer, seed, dtype)
    else:
        start = checks.check_parameters(network, parameters, dtype)
    return TrainState(start, None, seed=seed)


def _settings(
    network, rule, batches, state, seed, l2, l1, weight_decay, dropout, clip_norm, learning_rate_factors
) -> tuple[Plan, Knobs]:
    """What is fixed for the run, and its numbers."""
    rates = checks.check_dropout(network, dropout)
    factors = checks.check_factors(network, learning_rate_factors)
    knobs = Knobs(
        l2=checks.check_number(l2, "l2"),
        l1=checks.check_number(l1, "l1"),
        clip_norm=0.0 if clip_norm is None else checks.check_number(clip_norm, "clip_norm", strict=True),
        weight_decay=rule.weight_decay
        if weight_decay is None
        else checks.check_number(weight_decay, "weight_decay"),
        seed=seed,
        dropout=tuple(rates.values()),
        factors=factors,
        before=float(state.before) if state.before else None,
    )
    plan = Plan(
        network,
        rule,
        dropout=tuple(rates),
        l2=knobs.l2 > 0,
        l1=knobs.l1 > 0,
        clip=clip_norm is not None,
        decay=knobs.weight_decay > 0,
        factors=factors is not None,
        every_cost=not batches.full,
    )
    return plan, knobs


def _check_lbfgs(plan: Plan, batches: Batches, state: TrainState) -> None:
    if not batches.full or plan.dropout or plan.clip or plan.decay or state.step:
        raise EllayerError(
            "optimizer 'lbfgs': expected the full batch, no dropout, clipping or decay, and no state to continue "
            "from; take 'adam' for those"
        )


def _loop(kind, plan, knobs, data, batches, state, span, steps, record_every, longest, devices, dtype) -> Any:
    """The loop that was asked for, or finishes first, started."""
    program = program_name(plan, batches, dtype, longest)
    kind = choose_loop(kind, plan, batches, steps, dtype, program)
    if kind == "numpy":
        loop: Any = NumpyLoop(plan, knobs, data, batches, record_every)
        loop.start(*_carry(plan, state, span, dtype, kind))
        return loop
    from .jax_loop import JaxLoop

    loop = JaxLoop(plan, knobs, data, batches, record_every, dtype, devices, longest)
    loop.start(*_carry(plan, state, span, dtype, kind))
    compile_cache.remember(program)
    return loop


def _result(run: Run | LbfgsRun, keep_best: bool, name: str, compile_seconds: float = 0.0) -> TrainingResult:
    begin = time.perf_counter()
    reason = run.go()
    state = run.state()
    best = run.best_parameters() if keep_best else None
    return TrainingResult(
        network=run.plan.network,
        parameters=best if best is not None else {k: v.copy() for k, v in state.parameters.items()},
        costs=list(run.history.get("loss", [])),
        history=run.history,
        stopped_by=reason,
        engine=name,
        state=state,
        seconds=time.perf_counter() - begin,
        compile_seconds=compile_seconds,
    )


def check_validation(network: Network, validation: Any, dtype: str) -> Batch | None:
    """Return a held-out set as a batch, or None."""
    if validation is None:
        return None
    if not isinstance(validation, Sequence) or len(validation) not in (2, 3):
        raise EllayerError(
            f"validation: expected (X, Y) or (X, Y, sample_weight), received {type(validation).__name__}"
        )
    X = checks.check_X(network, validation[0], dtype, "validation X")
    Y = checks.check_Y(network, validation[1], X.shape[1], dtype, "validation Y")
    weights = validation[2] if len(validation) == 3 else None
    return Batch(X, Y, checks.check_weights(weights, X.shape[1], dtype, "validation weights"))


def stopping_rule(monitor, maximize, patience, tolerance, restore_best, time_limit, watch):
    """The stopping rule, and whether the best parameters are to be kept."""
    wish = monitor
    default = "validation_loss" if watch.validation is not None else "loss"
    monitor = default if monitor is None else current_name(monitor)
    known = ["loss", *watch.metrics]
    if watch.validation is not None:
        known += ["validation_loss", *(f"validation_{name}" for name in watch.metrics)]
        known += ["validation_score"] if watch.score is not None else []
    if monitor not in known:
        raise EllayerError(f"monitor: expected one of {', '.join(known)}; received {monitor!r}")
    stopping = Stopping(
        monitor=monitor,
        maximize=not monitor.endswith(("loss", "cost")) if maximize is None else maximize,
        patience=None if patience is None else checks.check_count(patience, "patience"),
        tolerance=checks.check_number(tolerance, "tolerance", low=-math.inf),
        time_limit=None if time_limit is None else checks.check_number(time_limit, "time_limit", strict=True),
    )
    keep = (patience is not None or wish is not None) if restore_best is None else bool(restore_best)
    return stopping, keep


def _goes_wide(
    wish: bool | None, plan: Plan, batches: Batches, m: int, steps: int, state: TrainState
) -> bool:
    possible = plan.network.inputs is None and applies(
        plan.optimizer, batches.full, plan.l1, plan.clip, 0 in plan.dropout
    )
    if state.coordinates is not None and (wish is False or not possible):
        raise EllayerError(
            "state: this run was in the span of the examples ('wide') and continues only so; expected the same "
            "full batch, a linear optimizer and engine 'auto', 'wide', 'numpy' or 'jax'"
        )
    if wish and not possible:
        raise EllayerError(
            "engine 'wide': expected the full batch, gd, momentum or nesterov, no l1, no clipping and no dropout "
            "on the input; received settings that leave the span of the examples"
        )
    if state.coordinates is not None:
        return True
    if state.step and not wish:
        return False  # what began directly goes on directly
    return possible and (pays(plan.network, m, steps) if wish is None else wish)


def _into_the_span(plan: Plan, watch: Watch, state: TrainState) -> tuple[Plan, Watch, Span]:
    W0 = state.parameters["W1"] if state.coordinates is None else state.coordinates["W0"]
    span = Span(watch.train.X, W0)
    if state.coordinates is not None:
        _check_same_examples(span, state)
    as64 = lambda a: None if a is None else np.asarray(a, np.float64)  # noqa: E731
    _, Y, weights, _ = watch.train
    train = Batch(span.X, as64(Y), as64(weights), span.gram)
    held_out = watch.validation
    if held_out is not None:
        held_out = Batch(span.seen(held_out.X), as64(held_out.Y), as64(held_out.weights))
    return replace(plan, wide=True), Watch(train, held_out, watch.metrics, watch.score), span


def _check_same_examples(span: Span, state: TrainState) -> None:
    """The coordinates mean something only with the examples they were made for."""
    Theta, W1 = state.coordinates["W1"], state.parameters["W1"]  # type: ignore[index]
    if Theta.shape[1] == span.size:
        off = np.linalg.norm(span.W1(Theta) - W1)
        if off <= 1e-3 * np.linalg.norm(W1):
            return
    raise EllayerError(
        "state: this run was in the span of its examples ('wide'); expected the same X to continue with, received "
        "another; for other examples begin anew with parameters=state.parameters"
    )


def _carry(plan: Plan, state: TrainState, span: Span | None, dtype: str, kind: str) -> tuple:
    """What the loop starts from: parameters, optimizer state, step and interval."""
    if state.coordinates is not None:
        parameters = {k: v for k, v in state.coordinates.items() if k != "W0"}
    else:
        parameters = {k: np.asarray(v, dtype) for k, v in state.parameters.items()}
        if span:
            parameters["W1"] = span.start
    if plan.optimizer.compiled_only:
        import jax

        with jax.enable_x64(dtype == "float64"):
            fresh = plan.optimizer.init({k: jax.numpy.asarray(v) for k, v in parameters.items()})
    else:
        fresh = plan.optimizer.init(parameters)
    kept = fresh if state.optimizer_state is None else state.optimizer_state
    if isinstance(kept, FlatState):
        kept = kept.into(fresh)
    if tree_shapes(kept) != tree_shapes(fresh):
        raise EllayerError(
            f"state: expected what the optimizer {plan.optimizer.name!r} keeps, received another's, or one of a run "
            "that was not 'wide'; continue with the optimizer and engine of the run, or begin anew with "
            "parameters=state.parameters"
        )
    return copy_tree(parameters), copy_tree(kept, dtype), state.step, state.interval
