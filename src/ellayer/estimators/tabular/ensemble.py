"""The networks of a table estimator: folds, starts, training one or many at once, and their outputs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from ...core import inference
from ...core.inputs import Inputs
from ...core.network import Network
from ...core.parameter_names import kind_of
from ...core.schedules import SCHEDULES, Schedule
from ...engine.disk_rows import DiskRows
from ...engine.events import Info, wants_to_stop
from ...engine.history import History
from ...engine.result import TrainingResult
from ...engine.state import TrainState
from ...engine.train import train
from ...engine.train_many import train_many
from ..epoch_info import EpochInfo
from .recipes import Recipe
from .start_weights import Parameters, start_of

T = TypeVar("T")

FEWEST_ROWS = 10  # below, nothing is held out
FOLDS = (5, 10)  # at least and at most; one member holds out a fifth of the rows, of many a tenth
MANY_ROWS = 5_000
MOST_HELD = 50_000  # rows held out by one member: more tell no more
EXAMPLES = 50_000_000  # seen in all, by default: of very many rows fewer epochs than the recipe's
COMPILED_FROM = 5e11  # multiplications and additions from which compiling pays
MOST_RAMPS = 512  # of all numbers together


@dataclass(frozen=True)
class Rows:
    """Examples as rows: X (m, n_x), Y (m, n_L), weights (m,) or None."""

    X: np.ndarray
    Y: np.ndarray
    weights: np.ndarray | None = None

    def take(self, rows: np.ndarray) -> Rows:
        """Return some of them."""
        return Rows(self.X[rows], self.Y[rows], None if self.weights is None else self.weights[rows])

    def columns(self) -> tuple:
        """Return them as the engine has examples: (X, Y, weights) as columns."""
        return self.X.T, self.Y.T, self.weights


def hold_out(
    numbers: np.ndarray | None, m: int, n_members: int, random: np.random.RandomState
) -> list[np.ndarray] | None:
    """Return for each member which rows it does not learn from: folds, again and again where members are many.

    Parameters
    ----------
    numbers : ndarray, shape (m,), or None
        Class numbers to stratify by; the one example of a class is never held out.
    m : int
    n_members : int
    random : RandomState

    Returns
    -------
    list of ndarray of bool, or None where the rows are too few

    Examples
    --------
    >>> held = hold_out(None, 20, 5, np.random.RandomState(0))
    >>> [int(mask.sum()) for mask in held], int(sum(held).max())
    ([4, 4, 4, 4, 4], 1)
    """
    if m < FEWEST_ROWS:
        return None
    folds = FOLDS[m >= MANY_ROWS] if n_members < FOLDS[0] else min(n_members, FOLDS[1])
    held: list[np.ndarray] = []
    while len(held) < n_members:
        fold = np.empty(m, np.int64)
        order = random.permutation(m)
        if numbers is not None:
            order = order[np.argsort(numbers[order], kind="stable")]
        fold[order] = np.arange(m) % folds
        if numbers is not None:
            fold[np.bincount(numbers)[numbers] == 1] = -1
        held += [fold == k for k in range(folds)]
    held = held[:n_members]
    if n_members == 1 and (rows := np.flatnonzero(held[0])).size > MOST_HELD:
        held[0][random.permutation(rows)[MOST_HELD:]] = False
    return held if all(mask.any() for mask in held) else None


def make_network(
    recipe: Recipe,
    hidden: Sequence[int] | None,
    n_x: int,
    outputs: int,
    loss: str,
    numbers: int,
    codes: tuple[int, ...],
    m: int,
) -> Network:
    """Return the network of a recipe for a prepared table with m rows; its hidden layers where None are given."""
    ramps = min(by_rows(recipe["ramps"], m), MOST_RAMPS // max(numbers, 1))
    frequencies = 16 if recipe["cosines"] else 0
    embedded = numbers if ramps or frequencies else 0
    inputs = Inputs(
        numbers=embedded,
        frequencies=frequencies,
        categories=codes,
        scaling=True,
        ramps=ramps if embedded else 0,
    )
    hidden = by_rows(recipe["hidden"], m) if hidden is None else hidden
    return Network(
        [n_x, *hidden, outputs], recipe["activation"], loss, parametric=recipe["parametric"], inputs=inputs
    )


def rate_factors(network: Network, recipe: Recipe) -> dict[str, float]:
    """Return the learning-rate factors by kind, and 1 / sqrt(n_{l-1}) for each W^[l]."""
    kinds = set(map(kind_of, network.shapes))
    factors = {kind: f for kind, f in recipe["learning_rate_factors"].items() if kind in kinds}
    return factors | {f"W{l}": 1.0 / math.sqrt(n) for l, n in enumerate(network.widths[:-1], start=1)}


# Training


def epochs_for(epochs: int | None, recipe: Recipe, m: int, batch_size: int) -> int:
    """Return the number of epochs asked for; where left open the recipe's for m rows.

    Parameters
    ----------
    epochs : int or None
    recipe : Recipe
    m, batch_size : int

    Returns
    -------
    int

    Examples
    --------
    >>> recipe = {"updates": 600, "epochs": (8, 64)}
    >>> [epochs_for(None, recipe, m, 256) for m in (100, 5_000, 20_000, 20_000_000)]
    [64, 30, 8, 2]
    """
    if epochs is not None:
        return epochs
    fewest, most = recipe["epochs"]
    wanted = min(max(recipe["updates"] // steps_per_epoch(m, batch_size), fewest), most)
    return min(wanted, max(1, EXAMPLES // m))


def by_rows(lines: Sequence[tuple[int, T]], m: int) -> T:
    """Return what the last of some (rows, value) says whose number of rows m reaches.

    Parameters
    ----------
    lines : sequence of (int, value)
        The first begins at 0 rows.
    m : int

    Returns
    -------
    value

    Examples
    --------
    >>> lines = ((0, "few"), (3_000, "many"))
    >>> by_rows(lines, 2_999), by_rows(lines, 3_000)
    ('few', 'many')
    """
    return next(value for rows, value in reversed(lines) if m >= rows)


@dataclass(frozen=True)
class Asides:
    """What ``fit`` is told besides the examples."""

    eval_set: Any = None
    callbacks: Sequence[Callable] | None = None
    progress: Callable | None = None
    states: Sequence[TrainState] | None = None
    train: Callable[..., list[TrainingResult]] | None = None  # in place of ``train_members``


@dataclass(frozen=True)
class Orders:
    """How the members are to be trained, but for the recipe."""

    epochs: int
    batch_size: int
    seed: int
    time_limit: float | None
    begin: float  # of the fit, for the time limit
    score: Callable
    maximize: bool
    callbacks: Sequence[Callable] = ()
    progress: Callable | None = None
    estimator: Any = None
    states: Sequence[TrainState] | None = None  # to go on from, one of each member


def train_members(
    network: Network,
    recipe: Recipe,
    rows: Rows,
    held: list[np.ndarray] | None,
    eval_rows: Rows | None,
    n_members: int,
    orders: Orders,
) -> list[TrainingResult]:
    """Train the members: one by ``train``, several at once by ``train_many``, folds as rows of weights.

    Parameters
    ----------
    network : Network
    recipe : Recipe
    rows : Rows
        All examples of the fit.
    held : list of ndarray of bool, or None
        What each member holds out.
    eval_rows : Rows or None
        Examples to choose the best epoch by, in place of those held out.
    n_members : int
    orders : Orders

    Returns
    -------
    list of TrainingResult
    """
    random = np.random.RandomState(orders.seed)
    known = rows.X if held is None or n_members > 1 else rows.X[~held[0]]
    starts = [start_of(network, recipe, known, random) for _ in range(n_members)]
    if eval_rows is not None:
        sets: list[Any] = [eval_rows.columns()] * n_members
    elif held is not None:
        sets = [rows.take(mask).columns() for mask in held]
    else:
        sets = []
    if n_members == 1:
        inside = rows.take(~held[0]) if held is not None else rows
        common = arguments(network, recipe, orders, len(inside.X), bool(sets))
        engine = engine_for(network, len(inside.X), orders.epochs)
        result = train(
            network, inside.X.T, inside.Y.T, sample_weight=inside.weights, parameters=starts[0],
            validation=sets[0] if sets else None, seed=orders.seed, engine=engine, state=_only(orders), **common,
        )  # fmt: skip
        return [result]
    m = len(rows.X)
    weights = np.ones((n_members, m)) if held is None else (~np.stack(held)).astype(np.float64)
    if rows.weights is not None:
        weights = weights * rows.weights
    common = arguments(network, recipe, orders, m, bool(sets))
    return train_many(
        network, rows.X.T, rows.Y.T, sample_weight=weights, parameters=starts, validation=sets or None,
        seed=orders.seed, states=orders.states, **common,
    )  # fmt: skip


def _only(orders: Orders) -> TrainState | None:
    return orders.states[0] if orders.states else None


def train_on_disk(
    network: Network, recipe: Recipe, rows: DiskRows, held: Rows | None, start: Parameters, orders: Orders
) -> TrainingResult:
    """Train one member on rows in a file.

    Parameters
    ----------
    network : Network
    recipe : Recipe
    rows : DiskRows
    held : Rows or None
        Examples to choose the best epoch by.
    start : dict
    orders : Orders

    Returns
    -------
    TrainingResult
    """
    common = arguments(network, recipe, orders, rows.m, held is not None)
    return train(
        network, rows, parameters=start, validation=None if held is None else held.columns(), seed=orders.seed,
        engine=engine_for(network, rows.m, orders.epochs), state=_only(orders),
        **common | {"batch_size": orders.batch_size},
    )  # fmt: skip


def arguments(network: Network, recipe: Recipe, orders: Orders, m: int, judged: bool) -> dict[str, Any]:
    """What ``train`` and ``train_many`` are told alike."""
    steps = steps_per_epoch(m, orders.batch_size)
    schedule: Any = recipe["schedule"]
    callbacks = list(orders.callbacks)
    limit = orders.time_limit
    if limit is not None:
        schedule = _in_time(schedule, orders.begin, limit)
    calls = [_EpochCalls(orders, steps)] if callbacks or limit is not None else []
    judge = {
        "score": orders.score,
        "monitor": "validation_score",
        "maximize": orders.maximize,
        "restore_best": True,
    }
    return {
        "optimizer": recipe["optimizer"],
        "learning_rate": by_rows(recipe["learning_rate"], m),
        "learning_rate_factors": rate_factors(network, recipe),
        "schedule": schedule,
        "weight_decay": recipe["weight_decay"] * math.sqrt(network.layer_dims[1]),  # by the factor of W again
        "dropout": recipe["dropout"],
        "num_iterations": orders.epochs * steps - (orders.states[0].step if orders.states else 0),
        "schedule_length": orders.epochs * steps,
        "batch_size": orders.batch_size if m > orders.batch_size else None,
        "record_every": steps,
        "time_limit": None if limit is None else max(limit - (time.perf_counter() - orders.begin), 1e-3),
        "callbacks": calls,
        "progress": orders.progress,
        **(judge if judged else {}),
    }


def steps_per_epoch(m: int, batch_size: int) -> int:
    """Return the number of updates in an epoch."""
    return max(1, -(-m // batch_size))


def engine_for(network: Network, m: int, epochs: int) -> str:
    """The same loop for the same work, so that a seed gives the same numbers: no look at clocks or caches."""
    return "jax" if 6.0 * network.parameter_count * m * epochs > COMPILED_FROM else "numpy"


def _in_time(name: str, begin: float, limit: float) -> Schedule:
    """The schedule by the share of epochs or of time that is over, whichever is larger."""
    rule = SCHEDULES[name]

    def factor(step: Any, total: int) -> np.ndarray:
        over = min((time.perf_counter() - begin) / limit, 1.0)
        return rule.factor(np.maximum(np.asarray(step) / total, over), 1)

    return Schedule(f"{name} in {limit:g} seconds", factor)


class _EpochCalls:
    """The callbacks of a fit after each epoch, and its clock, which began before compiling."""

    def __init__(self, orders: Orders, steps: int):
        self.orders, self.steps = orders, steps

    def __call__(self, info: Info) -> bool:
        orders, history = self.orders, info.history
        epoch = -(-info.iteration // self.steps)
        told = EpochInfo(
            **vars(info), epoch=epoch, max_epochs=orders.epochs, loss=history.losses[-1], estimator=orders.estimator,
            validation_loss=_last(history, "validation_loss"), validation_score=_last(history, "validation_score"),
        )  # fmt: skip
        answers = [wants_to_stop(callback(told)) for callback in orders.callbacks]
        late = orders.time_limit is not None and time.perf_counter() - orders.begin >= orders.time_limit
        return late or any(answers)


def _last(history: History, name: str) -> float | None:
    return history[name][-1] if history.get(name) else None


def best_epoch(history: History, maximize: bool) -> int:
    """Return after how many epochs the validation score was best; the last where there is none.

    Parameters
    ----------
    history : History
        The engine's, of one member.
    maximize : bool

    Returns
    -------
    int
    """
    if "validation_score" not in history:
        return len(history)
    scores = np.array([*history["validation_score"], history.final.get("validation_score", math.nan)])
    if np.isnan(scores).all():
        return len(history)
    return int(np.nanargmax(scores) if maximize else np.nanargmin(scores))


# Outputs


def outputs(network: Network, parameters: Parameters, X: np.ndarray) -> np.ndarray:
    """Return Z^[L] of rows, (m, n_L), in float64 and by blocks of rows.

    Parameters
    ----------
    network : Network
    parameters : dict
    X : ndarray, shape (m, n_x)

    Returns
    -------
    ndarray
    """
    double = {name: theta.astype(np.float64) for name, theta in parameters.items()}
    return inference.outputs(X.T, double, network, inference.EXAMPLES_AT_ONCE)[1].T
