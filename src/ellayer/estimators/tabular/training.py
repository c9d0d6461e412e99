"""Training the members of a table estimator: one by ``train``, several networks at once by ``train_many``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator

from ..._samples import even_sample
from ...core.network import Network
from ...core.schedules import SCHEDULES, Schedule
from ...engine.devices import find_devices, is_accelerator
from ...engine.disk_rows import DiskRows
from ...engine.events import Info, Score, wants_to_stop
from ...engine.group import current_group
from ...engine.optax_rules import find_optimizer
from ...engine.result import TrainingResult
from ...engine.state import TrainState
from ...engine.train import train
from ...engine.train_many import train_many
from ..epoch_info import EpochInfo
from ..examples import Examples, RowStream
from ..parameters import hidden_sizes
from .presets import Plan, faster_loop, second_recipe_arguments
from .recipes import Recipe, make_network, rate_factors, steps_per_epoch, value_at
from .start_weights import initial_parameters, ramp_thresholds

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import ArrayLike

    from ...tables.columns import Column
    from ...tables.target_statistics import RowTargets
    from ..examples import TableLike


@dataclass(frozen=True)
class FitRequest:
    """The arguments of one call of ``fit``, and the time of the call."""

    X: TableLike | RowStream
    y: ArrayLike | None = None
    sample_weight: ArrayLike | None = None
    eval_set: Sequence[Any] | None = None
    callbacks: Sequence[Callable[[EpochInfo], object]] = ()
    progress: Callable[[Info], object] | None = None
    states: Sequence[TrainState] | None = None  # to continue from, one for each member
    groups: ArrayLike | None = None
    time: ArrayLike | None = None
    begin: float = field(default_factory=perf_counter)


@dataclass(frozen=True)
class RawRows:
    """The unprepared columns of rows, and their targets for statistics of levels."""

    table: list[Column]
    targets: RowTargets


@dataclass(frozen=True)
class FirstFit:
    """A fit without the validation rows, which a second fit repeats on all rows.

    Attributes
    ----------
    m, epoch : int
        Number of training rows, and best epoch.
    rates : ndarray
        Learning rate at the beginning of each epoch.
    """

    m: int
    epoch: int
    rates: np.ndarray

    def schedule(self, steps: int, rate: float) -> Schedule:
        """Return the learning rates by update, for epochs of ``steps`` updates, as factors of the rate."""
        at, factors = np.arange(len(self.rates)) * steps, self.rates / rate
        return Schedule("as before", lambda step, total: np.interp(np.asarray(step), at, factors))


@dataclass(frozen=True)
class TableData:
    """The prepared examples of one fit, from memory or from a stream.

    Attributes
    ----------
    rows : Examples or DiskRows
        The training rows; several members share all rows, each with its own weights.
    validation : list of Examples
        For each member the validation rows for selecting the best epoch; may be empty.
    held_out : list of ndarray or None
        For each member the indices of its validation rows, if they are held out from the table in memory.
    start : ndarray, shape (m, n_x)
        Prepared rows for initialising the parameters.
    Y, weights : ndarray
        Targets of all rows in memory; for a stream one row per class, with the weight of all its rows.
    numbers : ndarray
        The indices of these rows in the user's table.
    count : int
        The number of rows of the user's table; 0 for a stream.
    plan : Plan
        The number of members and of epochs.
    raw_held_out : (frame, ndarray) or None
        The raw held-out rows of a stream, and their targets.
    raw : RawRows or None
        The columns and targets of all rows in memory, from which to prepare them again; None if that is not needed.
    first : FirstFit or None
        The first fit, if this one repeats it on more rows.
    shared : int
        The training rows of all processes, if ``rows`` are those of this process in a group; else 0.
    """

    rows: Examples | DiskRows
    validation: list[Examples]
    held_out: list[np.ndarray] | None
    start: np.ndarray
    Y: np.ndarray
    weights: np.ndarray | None
    numbers: np.ndarray
    count: int
    plan: Plan
    raw_held_out: tuple[pl.DataFrame, np.ndarray] | None = None
    raw: RawRows | None = None
    first: FirstFit | None = None
    shared: int = 0

    @property
    def m(self) -> int:
        """The number of training rows."""
        own = self.rows.m if isinstance(self.rows, DiskRows) else len(self.rows)
        return self.shared or own

    @property
    def m_of_recipe(self) -> int:
        """The number of rows for the sizes of the recipe: the training rows of the first fit."""
        return self.m if self.first is None else self.first.m

    @property
    def members_of_a_row(self) -> int:
        """The maximum number of members that hold out the same row; 0 if no rows of the table are held out."""
        return int(np.bincount(np.concatenate(self.held_out)).max()) if self.held_out else 0

    @property
    def held_out_rows(self) -> np.ndarray:
        """The indices of the rows that some member holds out."""
        return np.unique(np.concatenate(self.held_out or [np.arange(0)]))

    @property
    def shares_validation(self) -> bool:
        """Whether all members have the same validation rows."""
        return all(examples is self.validation[0] for examples in self.validation)

    def some_validation(self, count: int) -> np.ndarray:
        """Return some of the prepared validation rows of all members, evenly spread, in float64."""
        parts = self.validation[:1] if self.shares_validation else self.validation
        X = np.concatenate([examples.X for examples in parts])
        return X[even_sample(len(X), count)].astype(np.float64)


@dataclass(frozen=True)
class ConstantTarget:
    """A table with a constant target, which needs no training. ``count`` as in ``TableData``."""

    table: list[Column]
    count: int


def network_for(
    estimator: BaseEstimator, recipe: Recipe, data: TableData, hidden: Sequence[int] | None = None
) -> Network:
    """Return the network of a recipe for prepared rows; by default with the estimator's hidden layers."""
    sizes, preparation = estimator.hidden_layer_sizes, estimator.preparation_
    if hidden is None and sizes is not None:
        hidden = hidden_sizes(sizes)
    m = data.m_of_recipe
    shape, loss = (data.start.shape[1], data.Y.shape[1]), estimator._loss(recipe)
    return make_network(recipe, hidden, *shape, loss, preparation.n_numbers_, preparation.code_levels_, m)


def train_recipes(
    estimator: BaseEstimator,
    network: Network,
    recipes: Sequence[Recipe],
    data: TableData,
    request: FitRequest,
    seed: int,
) -> list[list[TrainingResult]]:
    """Return the members of each recipe; several recipes are trained together if compiling pays."""
    separate = len(recipes) == 1 or isinstance(data.rows, DiskRows)
    if separate or engine_for(network, recipes[0], data, len(recipes)) == "numpy":
        return [train_members(estimator, network, [one], data, request, seed) for one in recipes]
    return [[result] for result in train_members(estimator, network, recipes, data, request, seed)]


def train_members(
    estimator: BaseEstimator,
    network: Network,
    recipes: Sequence[Recipe],
    data: TableData,
    request: FitRequest,
    seed: int,
) -> list[TrainingResult]:
    """Train the members by one recipe, or one member each by recipes that differ in their learning rate.

    Parameters
    ----------
    estimator : TabularClassifier or TabularRegressor
    network : Network
    recipes : sequence of Recipe
    data : TableData
    request : FitRequest
    seed : int

    Returns
    -------
    list of TrainingResult
    """
    members, random = data.plan.members, np.random.RandomState(seed)
    t0 = ramp_thresholds(network, data.start)
    starts = [initial_parameters(network, recipes[0], data.start, random, t0) for _ in range(members)]
    arguments = _arguments(estimator, network, recipes[0], data, request)
    if data.validation:
        arguments |= {
            "monitor": "validation_score",
            "maximize": estimator._metric.maximize,
            "restore_best": True,
            "patience": recipes[0]["patience"],
        }
    score = estimator._score_of_epoch if data.validation else None  # of examples as columns
    X: Any = data.rows
    Y: Any = None
    weights = None
    if not isinstance(data.rows, DiskRows):
        X, Y, weights = data.rows.columns()
    validation: Any = [examples.columns() for examples in data.validation] or None
    shared = validation and validation[0]  # for one member, or one per recipe
    if validation and (group := current_group()) is not None:  # which joins the parts of its processes
        examples = data.validation[0]
        own = np.arange(len(examples))[group.share(len(examples))]
        validation = shared = examples.take(own).columns()
    if len(recipes) == 1 and members == 1:
        engine = engine_for(network, recipes[0], data)
        state = request.states[0] if request.states else None
        result = train(
            network, X, Y, sample_weight=weights, score=score, parameters=starts[0], validation=shared, seed=seed, engine=engine,
            state=state, **arguments,
        )  # fmt: skip
        return [result]
    if len(recipes) > 1:
        arguments["learning_rate"] = [value_at(recipe["learning_rate"], data.m) for recipe in recipes]
        starts, validation = starts * len(recipes), shared
        arguments["score"] = score
    else:
        if not isinstance(data.rows, DiskRows) and not data.shared:
            weights = _member_weights(data, data.rows, members)
        arguments |= second_recipe_arguments(estimator, arguments, data.plan)
        arguments["engine"] = engine_for(network, recipes[0], data, members)
        arguments["n_jobs"] = estimator.n_jobs
        arguments["joint_score"] = score and partial(_joint_score, score, data.shares_validation)
    return train_many(
        network, X, Y, sample_weight=weights, parameters=starts, validation=validation, seed=seed,
        states=request.states, **arguments,
    )  # fmt: skip


def _joint_score(
    score: Score,
    shared: bool,
    outputs: Sequence[np.ndarray],
    targets: Sequence[np.ndarray],
    weights: Sequence[np.ndarray | None],
) -> float:
    """Return the score of the members together: for shared rows that of their mean, otherwise that of all rows that they hold out."""
    if shared:
        return score(np.mean(outputs, axis=0), targets[0], weights[0])
    of_rows = [member_weights for member_weights in weights if member_weights is not None]
    all_weights = np.concatenate(of_rows, axis=1) if of_rows else None
    return score(np.concatenate(outputs, axis=1), np.concatenate(targets, axis=1), all_weights)


def _member_weights(data: TableData, rows: Examples, members: int) -> np.ndarray:
    """Return the weight of each row for each member, (K, m): 0 for its held-out rows."""
    weights = np.ones((members, data.m), data.start.dtype)
    if data.m == len(data.Y):  # otherwise the rows that all members hold out are excluded already
        for row, numbers in zip(weights, data.held_out or (), strict=False):
            row[numbers] = 0.0
    return weights if rows.weights is None else weights * rows.weights


def _arguments(
    estimator: BaseEstimator, network: Network, recipe: Recipe, data: TableData, request: FitRequest
) -> dict[str, Any]:
    """Return the arguments that ``train`` and ``train_many`` share."""
    m, batch_size = data.m, data.plan.batch_size
    steps, limit = steps_per_epoch(m, batch_size), _limit(estimator, data, request)
    callbacks = []
    if request.callbacks or limit is not None:
        callbacks = [_EpochCalls(estimator, request, steps, data.plan.epochs, limit)]
    return {
        "optimizer": recipe["optimizer"],
        "learning_rate_factors": rate_factors(network, recipe),
        "weight_decay": value_at(recipe["weight_decay"], data.m_of_recipe)
        * math.sqrt(network.layer_dims[1]),  # times the factor of W
        "l2": recipe["l2"],
        "dropout": value_at(recipe["dropout"], data.m_of_recipe),
        "batch_size": batch_size if m > batch_size or isinstance(data.rows, DiskRows) else None,
        "record_every": steps,
        "time_limit": None if limit is None else max(limit - (perf_counter() - request.begin), 1e-3),
        "callbacks": callbacks,
        "progress": request.progress,
        "device": data.plan.device,
        **_pace(recipe, data, request, limit),
    }


def _limit(estimator: BaseEstimator, data: TableData, request: FitRequest) -> float | None:
    """Return the seconds from the call to the end of this fit; a second fit may take as long as the first."""
    limit: float | None = estimator.time_limit
    return limit / 2 if limit is not None and refits(request, data) else limit


def _pace(recipe: Recipe, data: TableData, request: FitRequest, limit: float | None) -> dict[str, Any]:
    """Return the learning rate, its schedule and the number of updates; those of the first fit for a second one."""
    first, done = data.first, max((state.step for state in request.states or ()), default=0)
    m = data.m_of_recipe
    rate, steps = value_at(recipe["learning_rate"], m), steps_per_epoch(m, data.plan.batch_size)
    schedule: str | Schedule = recipe["schedule"]
    if limit is not None:
        schedule = (
            _in_time(recipe["schedule"], request.begin, limit)
            if first is None
            else first.schedule(steps, rate)
        )
    total = data.plan.epochs * steps
    return {
        "learning_rate": rate,
        "schedule": schedule,
        "num_iterations": total - done if first is None else first.epoch * steps,
        "schedule_length": total,
    }


def refits(request: FitRequest, data: TableData) -> bool:
    """Return whether a second fit to all rows follows: if the latest rows, the most useful ones, select the epoch."""
    return request.time is not None and data.held_out is not None and data.m < len(data.Y)


def engine_for(network: Network, recipe: Recipe, data: TableData, count: int = 1) -> str:
    """Return the loop, chosen only by the amount of work, so that a seed always gives the same numbers."""
    if data.shared:  # a group of processes trains compiled
        return "jax"
    from_disk = count > 1 and isinstance(data.rows, DiskRows)  # rows on disk are read once for all networks
    on_device = is_accelerator(find_devices(data.plan.device))
    if on_device or from_disk or find_optimizer(recipe["optimizer"]).compiled_only:
        return "jax"
    updates = count * data.plan.epochs * steps_per_epoch(data.m, data.plan.batch_size)
    return faster_loop(network, min(data.m, data.plan.batch_size), updates)[0]


def _in_time(name: str, begin: float, limit: float) -> Schedule:
    """Return a schedule by the elapsed fraction of the epochs or of the time, whichever is larger."""
    rule = SCHEDULES[name]

    def factor(step: np.ndarray, total: int) -> np.ndarray:
        over = min((perf_counter() - begin) / limit, 1.0)
        return rule.factor(np.maximum(np.asarray(step) / total, over), 1)

    return Schedule(f"{name} in {limit:g} seconds", factor)


class _EpochCalls:
    """The callbacks of a fit after each epoch, and its time limit, which includes compiling."""

    def __init__(
        self, estimator: BaseEstimator, request: FitRequest, steps: int, epochs: int, limit: float | None
    ):
        self.estimator, self.request, self.limit = estimator, request, limit
        self.steps, self.epochs = steps, epochs

    def __call__(self, info: Info) -> bool:
        request, limit = self.request, self.limit
        last = {
            name: column[-1]
            for name, column in info.history.items()
            if name.startswith("validation") and column
        }
        epoch = EpochInfo(
            **vars(info), epoch=-(-info.iteration // self.steps), max_epochs=self.epochs, loss=info.history.losses[-1],
            estimator=self.estimator, **last,
        )  # fmt: skip
        stops = [wants_to_stop(callback(epoch)) for callback in request.callbacks]
        return any(stops) or (limit is not None and perf_counter() - request.begin >= limit)
