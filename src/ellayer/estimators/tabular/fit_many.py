"""fit_together: one table under several learning rates, trained in one compiled program where that pays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.network import Network
from ...engine.result import TrainingResult
from ...engine.train_many import train_many
from ...errors import EllayerError
from .ensemble import Asides, Orders, Rows, arguments, by_rows, engine_for, train_members
from .recipes import Recipe, find_recipe
from .start_weights import start_of

__all__ = ["fit_together"]


def fit_together(models: Sequence[Any], X: Any, y: Any, *, progress: Callable | None = None) -> Sequence[Any]:
    """Fit table estimators that differ in their learning rate alone; each as its own ``fit`` would be.

    Parameters
    ----------
    models : sequence of TabularClassifier or of TabularRegressor
        Of one member each.
    X : frame or array-like of shape (n_samples, n_features)
    y : array-like of shape (n_samples,)
    progress : function, optional
        Called several times a second.

    Returns
    -------
    models

    Raises
    ------
    ValueError
        For models that differ in something else, or have several members.

    Examples
    --------
    >>> from ellayer import TabularRegressor
    >>> rows, y = [[x / 10] for x in range(40)], [x * x for x in range(40)]
    >>> models = [TabularRegressor(epochs=3, hidden_layer_sizes=8, learning_rate=r, random_state=0) for r in (0.1, 0.01)]
    >>> [round(model.learning_rate, 2) for model in fit_together(models, rows, y)]
    [0.1, 0.01]
    """
    _check(models)
    recipes = [find_recipe(model.recipe, model._task, model.learning_rate) for model in models]
    shared = _Shared([recipe["learning_rate"] for recipe in recipes])
    for k, model in enumerate(models):
        model._fit(X, y, None, Asides(progress=progress, train=shared.trainer(k)))
    return models


def _check(models: Sequence[Any]) -> None:
    settings = [{**model.get_params(), "learning_rate": None} for model in models]
    if len({type(model) for model in models}) > 1 or any(one != settings[0] for one in settings):
        raise EllayerError(
            "fit_together: expected models that differ in their learning rate alone; fit the others apart"
        )
    if settings[0]["n_members"] != 1:
        raise EllayerError(
            f"fit_together: expected models of one member, received n_members={settings[0]['n_members']}; members are "
            "trained at once in their own fit"
        )


class _Shared:
    """The results of all, trained when the first one is asked for."""

    def __init__(self, rates: list[tuple[tuple[int, float], ...]]):
        self.rates = rates
        self._results: list[TrainingResult] | None = None

    def trainer(self, k: int) -> Callable[..., list[TrainingResult]]:
        """Return what model k is trained by."""

        def train(
            network: Network,
            recipe: Recipe,
            rows: Rows,
            held: Any,
            eval_rows: Any,
            n_members: int,
            orders: Orders,
        ) -> list[TrainingResult]:
            m = len(rows.X) * len(self.rates)
            if len(self.rates) == 1 or engine_for(network, m, orders.epochs) == "numpy":
                return train_members(network, recipe, rows, held, eval_rows, n_members, orders)
            if self._results is None:
                self._results = self._train(network, recipe, rows, held, orders)
            return [self._results[k]]

        return train

    def _train(
        self, network: Network, recipe: Recipe, rows: Rows, held: Any, orders: Orders
    ) -> list[TrainingResult]:
        inside = rows if held is None else rows.take(~held[0])
        start = start_of(network, recipe, inside.X, np.random.RandomState(orders.seed))
        common = arguments(network, recipe, orders, len(inside.X), held is not None)
        common["learning_rate"] = [by_rows(rates, len(inside.X)) for rates in self.rates]
        return train_many(
            network, inside.X.T, inside.Y.T, sample_weight=inside.weights, parameters=[start] * len(self.rates),
            validation=None if held is None else rows.take(held[0]).columns(), seed=orders.seed, **common,
        )  # fmt: skip
