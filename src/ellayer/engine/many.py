"""train_many: the same architecture under many settings, trained in one compiled program."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..core.initializers import initialize_parameters
from ..core.network import Network
from . import checks
from .batches import Batches
from .events import History
from .optimizers import find_optimizer, find_schedule
from .run import Metric, Rates, Watch
from .state import TrainState, all_finite
from .step import Batch, Knobs, Plan
from .train import TrainingResult, check_validation

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
    dtype: str | None = None,
    record_every: int = 100,
    progress: Callable[[int, int], None] | None = None,
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
    initializer, optimizer, schedule, num_iterations, batch_size, validation, metrics, dtype, record_every
        As in ``train``.
    progress : callable, optional
        Called with (updates done, updates to do) between chunks.

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
    held_out = check_validation(network, validation, dtype)
    rule = find_optimizer(optimizer)
    weights = _weight_rows(sample_weight, m, dtype)
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
    K = _how_many(given)
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
        every_cost=batch_size is not None and batch_size < m,
    )  # fmt: skip
    knobs = Knobs(
        l2=np.array(settings["l2"]),
        l1=np.array(settings["l1"]),
        clip_norm=np.zeros(K),
        weight_decay=np.array(settings["weight_decay"]),
        seed=np.array(settings["seed"]),
        dropout=tuple(np.array(settings["dropout"]) for _ in plan.dropout),
    )
    orders = [Batches(m, batch_size, s) for s in dict.fromkeys(settings["seed"])]
    from .jax_loop import JaxLoopOfMany

    loop = JaxLoopOfMany(plan, knobs, Batch(X, Y, weights), orders, record_every, dtype, K)
    loop.start(starts, [rule.init(start) for start in starts] if not rule.compiled_only else None)
    rates = [Rates(rate, find_schedule(schedule), num_iterations) for rate in settings["learning_rate"]]
    watch = Watch(Batch(X, Y), held_out, metrics or {})
    return _drive(plan, loop, rates, watch, settings["seed"], num_iterations, record_every, progress)


def _drive(plan, loop, rates, watch, seeds, total, every, progress) -> list[TrainingResult]:
    K = len(rates)
    histories = [History() for _ in range(K)]
    begin, step = time.perf_counter(), 0
    with np.errstate(all="ignore"):
        while step < total:
            looks: list[dict] = [{} for _ in range(K)]
            count = min(total - step, loop.chunk_limit)
            if watch:
                count = min(count, every - step % every)
                if step % every == 0:
                    looks = [watch.look(plan, loop.parameters(k)) for k in range(K)]
            table = np.stack([r.of(step, count, 1.0) for r in rates])
            columns = loop.advance(table)
            for k in range(K):
                _append(plan, histories[k], columns[k], looks[k], step, table[k], every, begin, len(rates))
            step += count
            if progress:
                progress(step, total)
    loop.close_means(histories)
    seconds = time.perf_counter() - begin
    return [_result(plan, loop, k, histories[k], watch, seeds[k], step, seconds) for k in range(K)]


def _append(plan, history, columns, looked, first, rates, every, begin, K) -> None:
    iteration = -(-first // every) * every
    while iteration < first + len(rates):
        i = (iteration - first + every - 1) // every
        J, norm, mean = columns[:, i].tolist()
        if plan.every_cost and history:
            history["mean_cost"][-1] = mean
        row = {"iteration": iteration, "cost": J}
        if plan.every_cost:
            row["mean_cost"] = np.nan
        row |= looked
        row |= {
            "learning_rate": float(rates[iteration - first]),
            "gradient_norm": norm,
            "seconds": time.perf_counter() - begin,
            "loop": f"jax {K} at once",
        }
        history.append(row)
        looked, iteration = {}, iteration + every


def _result(plan, loop, k, history, watch, seed, step, seconds) -> TrainingResult:
    parameters = loop.parameters(k)
    if watch:
        history.final = {"iteration": step, **watch.look(plan, parameters)}
    state = TrainState(
        parameters,
        loop.optimizer_state(k),
        step=step,
        seed=seed,
        interval=loop.interval(k),
        history=dict(history),
    )
    return TrainingResult(
        network=plan.network,
        parameters={name: theta.copy() for name, theta in parameters.items()},
        costs=list(history.get("cost", [])),
        history=history,
        stopped_by="iterations" if all_finite(parameters) else "divergence",
        engine=loop.name,
        state=state,
        seconds=seconds,
        compile_seconds=loop.compile_seconds,
    )


def _weight_rows(sample_weight: Any, m: int, dtype: str) -> np.ndarray | None:
    """Weights as (1, m) or (K, m)."""
    if sample_weight is None:
        return None
    rows = np.atleast_2d(np.asarray(sample_weight, dtype))
    return np.concatenate([checks.check_weights(row, m, dtype) for row in rows])  # type: ignore[misc]


def _how_many(given: Mapping[str, Any]) -> int:
    lengths = {name: len(v) for name, v in given.items() if v is not None and np.ndim(v) > 0}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"train_many: expected sequences of one length, received {lengths}")
    return max(lengths.values(), default=1)


def _spread(name: str, value: Any, K: int) -> list:
    values = list(value) if np.ndim(value) else [value] * K
    if name == "seed":
        return [checks.check_count(v, name, low=0) for v in values]
    below = 1.0 if name == "dropout" else np.inf
    return [checks.check_number(v, name, strict=name == "learning_rate", below=below) for v in values]
