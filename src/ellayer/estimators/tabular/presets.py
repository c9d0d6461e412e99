"""Presets: the number of members and epochs of a fit, by the size of the table and never by measured time.

The budget of a fit, in seconds of one core, is about the time of CatBoost's default, and of a fast fit three times that of
LightGBM's, which grows with the columns and the classes. The time of a fit is estimated
from its network and its updates, for the loop that needs less. The budget is spent on the recipe's epochs first, and then
on further members.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator

from ...core.network import Network
from ..hold_out import FOLDS, Splitter, member_folds
from ..parameters import hidden_sizes
from .recipes import Recipe, batch_size_for, epochs_for, make_network, steps_per_epoch

AUTO = "auto"


class Cost(NamedTuple):
    """Seconds of one core that a loop takes: to start, and of each update by its work."""

    start: float
    update: float
    parameter: float  # and example
    unit: float  # and example

    def of_update(self, network: Network, examples: int) -> float:
        """Return the seconds of an update of one member."""
        work = self.parameter * network.parameter_count + self.unit * sum(network.widths)
        return self.update + examples * work


# Measured on tables of the study. A program that has been compiled before starts in 0.4 seconds, which must not count: a
# seed gives the same model wherever it is fitted.
COSTS = {"numpy": Cost(0.0, 4.5e-4, 1.4e-10, 5e-9), "jax": Cost(2.6, 1.5e-4, 6e-11, 6e-9)}


@dataclass(frozen=True)
class Preset:
    """The limits of a fit.

    Attributes
    ----------
    fewest, most : int
        Numbers of members. The recipe's epochs are reduced, so that the fewest fit into the budget.
    epochs : float
        Factor of the recipe's epochs.
    seconds, seconds_per_row, most_seconds : float
        Budget on one core: a constant, for each row, and the maximum.
    recipes : int
        1, or 2 if half of the members have a recipe with another regularisation.
    seconds_per_column : float
        For each column (of 50 at most), and each of three or more classes.
    least_epochs : float
        Factor of the epochs below which they are not reduced.
    """

    fewest: int
    most: int
    epochs: float
    seconds: float
    seconds_per_row: float
    most_seconds: float
    recipes: int = 1
    seconds_per_column: float = 0.0
    least_epochs: float = 0.5

    def budget(self, size: Size) -> float:
        """Return the seconds for a table of a size."""
        columns = min(size.columns, MOST_COLUMNS) * (size.outputs if size.outputs > 2 else 1)
        seconds = self.seconds + self.seconds_per_row * size.rows + self.seconds_per_column * columns
        return min(seconds, self.most_seconds)


MOST_COLUMNS = 50  # that a budget counts

PRESETS = {
    "fast": Preset(1, 1, 0.75, 0.04, 4e-5, 10.0, seconds_per_column=7.5e-3, least_epochs=0.4),
    "default": Preset(4, 8, 1.0, 1.6, 1e-3, 60.0),
    "best": Preset(16, 32, 1.0, 30.0, 1e-2, 600.0, recipes=2),
}


class Plan(NamedTuple):
    """Number of members, epochs and rows of a mini-batch, of members with the second recipe, and the device."""

    members: int
    epochs: int
    batch_size: int
    second: int = 0
    device: str | None = None


class Size(NamedTuple):
    """Size of a table: its rows, its columns, and the outputs of a network for its target."""

    rows: int
    columns: int
    outputs: int


def plan_fit(
    preset: str,
    recipe: Recipe,
    size: Size,
    *,
    n_members: int | str = AUTO,
    epochs: int | None = None,
    batch_size: int | None = None,
    hidden: Sequence[int] | None = None,
) -> Plan:
    """Return the plan for a table of a size; numbers that are given stay unchanged.

    Parameters
    ----------
    preset : "fast", "default" or "best"
    recipe : Recipe
    size : Size
    n_members : int or "auto"
    epochs : int, optional
    batch_size : int, optional
    hidden : sequence of int, optional
        Sizes of the hidden layers; by default those of the recipe.

    Examples
    --------
    >>> from ellayer.estimators.tabular.recipes import find_recipe
    >>> recipe = find_recipe("ramps", "classes")
    >>> [plan_fit("default", recipe, Size(rows, 10, 2)).members for rows in (500, 20_000_000)]
    [8, 1]
    """
    limits, m = PRESETS[preset], size.rows
    network = make_network(recipe, hidden, size.columns, size.outputs, "squared_error", size.columns, (), m)
    batch_size = batch_size_for(batch_size, recipe, m)
    affordable = _affordable_updates(network, min(m, batch_size), limits.budget(size))
    steps = steps_per_epoch(m, batch_size)
    if epochs is None:
        most = max(1, round(limits.epochs * epochs_for(None, recipe, m)))
        least = math.ceil(limits.least_epochs * most)
        epochs = min(max(affordable // (limits.fewest * steps), least), most)
    if isinstance(n_members, str):
        n_members = max(1, min(limits.most, affordable // (epochs * steps)))
        if limits.recipes == 2 and n_members >= 2 * FOLDS[0]:  # enough for separate folds
            return Plan(n_members // 2 * 2, epochs, batch_size, n_members // 2)
    return Plan(n_members, epochs, batch_size)


def plan_folds(
    plan: Plan, strata: np.ndarray | None, m: int, random: np.random.RandomState, splitter: Splitter
) -> list[np.ndarray] | None:
    """Return the rows that each member holds out; members of the second recipe the same as those of the first."""
    rows = member_folds(strata, m, plan.members - plan.second, random, splitter)
    return rows and rows + rows[: plan.second]


def second_recipe_arguments(
    estimator: BaseEstimator, arguments: dict[str, Any], plan: Plan
) -> dict[str, Any]:
    """Return the arguments of training that differ between members, if some have the second recipe.

    The second recipe has another dropout and three times the weight decay, unless the user has set them.

    Parameters
    ----------
    estimator : TabularClassifier or TabularRegressor
    arguments : dict
        Arguments of the recipe.
    plan : Plan
    """
    if not plan.second:
        return {}
    others = {
        "dropout": 0.3 if arguments["dropout"] < 0.2 else 0.1,
        "weight_decay": 3.0 * arguments["weight_decay"],
    }
    counts = plan.members - plan.second, plan.second
    return {
        name: np.repeat([arguments[name], other], counts).tolist()
        for name, other in others.items()
        if getattr(estimator, name) is None
    }


def plan_of(estimator: BaseEstimator, recipe: Recipe, size: Size) -> Plan:
    """Return the plan of a table estimator; one member if its model is not a network.

    Parameters
    ----------
    estimator : TabularClassifier or TabularRegressor
    recipe : Recipe
    size : Size
    """
    sizes, members = estimator.hidden_layer_sizes, estimator.n_members
    plan = plan_fit(
        estimator.preset,
        recipe,
        size,
        n_members=1 if estimator.model != "network" and members == AUTO else members,
        epochs=estimator.epochs,
        batch_size=estimator.batch_size,
        hidden=None if sizes is None else hidden_sizes(sizes),
    )
    return plan._replace(device=estimator.device)


def faster_loop(network: Network, examples: int, updates: int) -> tuple[str, float]:
    """Return the loop that does the updates of all members in less time, and the estimated seconds of one core.

    Parameters
    ----------
    network : Network
    examples : int
        Of an update.
    updates : int
    """
    seconds = {loop: cost.start + updates * cost.of_update(network, examples) for loop, cost in COSTS.items()}
    loop = min(seconds, key=seconds.__getitem__)
    return loop, seconds[loop]


def _affordable_updates(network: Network, examples: int, seconds: float) -> int:
    """Return how many updates the faster loop does in some seconds."""
    return max(int((seconds - cost.start) / cost.of_update(network, examples)) for cost in COSTS.values())
