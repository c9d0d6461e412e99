"""Training the members of a table estimator: one by ``train``, several networks at once by ``train_many``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator

from ...core.network import Network
from ...core.schedules import SCHEDULES, Schedule
from ...engine.disk_rows import DiskRows
from ...engine.events import Info, wants_to_stop
from ...engine.history import History
from ...engine.result import TrainingResult
from ...engine.state import TrainState
from ...engine.train import train
from ...engine.train_many import train_many
from ..epoch_info import EpochInfo
from ..examples import Examples, RowStream
from .recipes import Recipe, batch_size_for, epochs_for, rate_factors, steps_per_epoch, value_at
from .start_weights import initial_parameters

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import ArrayLike

    from ...tables.columns import Column
    from ...tables.target_statistics import RowTargets
    from ..examples import TableLike

COMPILED_FROM = 5e11  # multiplications and additions above which compiling pays


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
    """The columns of rows before they are prepared, and their targets for statistics of levels."""

    table: list[Column]
    targets: RowTargets


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
    streamed : (frame, ndarray) or None
        The raw held-out rows of a stream, and their targets.
    raw : RawRows or None
        The columns and targets of all rows in memory, from which to prepare them again; None for a stream.
    """

    rows: Examples | DiskRows
    validation: list[Examples]
    held_out: list[np.ndarray] | None
    start: np.ndarray
    Y: np.ndarray
    weights: np.ndarray | None
    numbers: np.ndarray
    count: int
    streamed: tuple[pl.DataFrame, np.ndarray] | None = None
    raw: RawRows | None = None

    @property
    def m(self) -> int:
        """The number of training rows."""
        return self.rows.m if isinstance(self.rows, DiskRows) else len(self.rows)


@dataclass(frozen=True)
class ConstantTarget:
    """A table with a constant target, which needs no training. ``count`` as in ``TableData``."""

    table: list[Column]
    count: int


def train_recipes(
    estimator: BaseEstimator,
    network: Network,
    recipes: Sequence[Recipe],
    data: TableData,
    request: FitRequest,
    seed: int,
) -> list[list[TrainingResult]]:
    """Return the members of each recipe; several recipes are trained together if compiling pays."""
    m = len(data.Y) * len(recipes)
    separate = len(recipes) == 1 or isinstance(data.rows, DiskRows)
    if separate or engine_for(network, m, _epochs(estimator, recipes[0], data)) == "numpy":
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
    members, random = estimator.n_members, np.random.RandomState(seed)
    starts = [initial_parameters(network, recipes[0], data.start, random) for _ in range(members)]
    arguments = _arguments(estimator, network, recipes[0], data, request)
    if data.validation:
        arguments |= {
            "score": estimator._score_of_epoch,  # of validation examples as columns
            "monitor": "validation_score",
            "maximize": estimator._metric.maximize,
            "restore_best": True,
            "patience": recipes[0]["patience"],
        }
    X: Any = data.rows
    Y: Any = None
    weights = None
    if not isinstance(data.rows, DiskRows):
        X, Y, weights = data.rows.columns()
    validation: Any = [examples.columns() for examples in data.validation] or None
    shared = validation and validation[0]  # for one member, or one per recipe
    if len(recipes) == 1 and members == 1:
        engine = engine_for(network, data.m, _epochs(estimator, recipes[0], data))
        state = request.states[0] if request.states else None
        result = train(
            network, X, Y, sample_weight=weights, parameters=starts[0], validation=shared, seed=seed, engine=engine,
            state=state, **arguments,
        )  # fmt: skip
        return [result]
    if len(recipes) > 1:
        arguments["learning_rate"] = [value_at(recipe["learning_rate"], data.m) for recipe in recipes]
        starts, validation = starts * len(recipes), shared
    else:
        weights = _member_weights(data, members)
    return train_many(
        network, X, Y, sample_weight=weights, parameters=starts, validation=validation, seed=seed,
        states=request.states, **arguments,
    )  # fmt: skip


def _member_weights(data: TableData, members: int) -> np.ndarray:
    """Return the weight of each row for each member, (K, m): 0 for its held-out rows."""
    weights = np.ones((members, data.m))
    if data.m == len(data.Y):  # otherwise the rows that all members hold out are excluded already
        for row, numbers in zip(weights, data.held_out or (), strict=False):
            row[numbers] = 0.0
    shared = None if isinstance(data.rows, DiskRows) else data.rows.weights
    return weights if shared is None else weights * shared


def _epochs(estimator: BaseEstimator, recipe: Recipe, data: TableData) -> int:
    return epochs_for(estimator.epochs, recipe, data.m)


def _arguments(
    estimator: BaseEstimator, network: Network, recipe: Recipe, data: TableData, request: FitRequest
) -> dict[str, Any]:
    """Return the arguments that ``train`` and ``train_many`` share."""
    m, limit = data.m, estimator.time_limit
    batch_size = batch_size_for(estimator.batch_size, recipe, m)
    steps, epochs = steps_per_epoch(m, batch_size), _epochs(estimator, recipe, data)
    callbacks = []
    if request.callbacks or limit is not None:
        callbacks = [_EpochCalls(estimator, request, steps, epochs)]
    return {
        "optimizer": recipe["optimizer"],
        "learning_rate": value_at(recipe["learning_rate"], m),
        "learning_rate_factors": rate_factors(network, recipe),
        "schedule": recipe["schedule"]
        if limit is None
        else _in_time(recipe["schedule"], request.begin, limit),
        "weight_decay": value_at(recipe["weight_decay"], m)
        * math.sqrt(network.layer_dims[1]),  # times the factor of W
        "l2": recipe["l2"],
        "dropout": value_at(recipe["dropout"], m),
        "num_iterations": epochs * steps - max((state.step for state in request.states or ()), default=0),
        "schedule_length": epochs * steps,
        "batch_size": batch_size if m > batch_size or isinstance(data.rows, DiskRows) else None,
        "record_every": steps,
        "time_limit": None if limit is None else max(limit - (perf_counter() - request.begin), 1e-3),
        "callbacks": callbacks,
        "progress": request.progress,
    }


def engine_for(network: Network, m: int, epochs: int) -> str:
    """Return the loop by the amount of work only, so that a seed always gives the same numbers."""
    return "jax" if 6.0 * network.parameter_count * m * epochs > COMPILED_FROM else "numpy"


def _in_time(name: str, begin: float, limit: float) -> Schedule:
    """Return a schedule by the elapsed fraction of the epochs or of the time, whichever is larger."""
    rule = SCHEDULES[name]

    def factor(step: np.ndarray, total: int) -> np.ndarray:
        over = min((perf_counter() - begin) / limit, 1.0)
        return rule.factor(np.maximum(np.asarray(step) / total, over), 1)

    return Schedule(f"{name} in {limit:g} seconds", factor)


class _EpochCalls:
    """The callbacks of a fit after each epoch, and its time limit, which includes compiling."""

    def __init__(self, estimator: BaseEstimator, request: FitRequest, steps: int, epochs: int):
        self.estimator, self.request, self.steps, self.epochs = estimator, request, steps, epochs

    def __call__(self, info: Info) -> bool:
        request, limit = self.request, self.estimator.time_limit
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


def best_epoch(history: History, maximize: bool) -> int:
    """Return the number of epochs after which the validation score was best; all if there is no validation score.

    Parameters
    ----------
    history : History
        The history of the engine for one member.
    maximize : bool
    """
    if "validation_score" not in history:
        return len(history)
    scores = np.array([*history["validation_score"], history.final.get("validation_score", math.nan)])
    if np.isnan(scores).all():
        return len(history)
    return int(np.nanargmax(scores) if maximize else np.nanargmin(scores))
