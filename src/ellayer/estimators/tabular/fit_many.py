"""fit_together: models for one table with several learning rates, prepared once and trained together if that pays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ...engine.events import Info
from ...errors import EllayerError
from .base import BaseTabular
from .training import FitRequest

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ..examples import TableLike

__all__ = ["fit_together"]


def fit_together(
    models: Sequence[BaseTabular],
    X: TableLike,
    y: ArrayLike | None,
    *,
    groups: ArrayLike | None = None,
    time: ArrayLike | None = None,
    progress: Callable[[Info], object] | None = None,
) -> Sequence[BaseTabular]:
    """Fit table estimators that differ only in their learning rate; each equals its own ``fit``.

    Parameters
    ----------
    models : sequence of TabularClassifier or of TabularRegressor
        Of one member each.
    X : frame or array-like of shape (n_samples, n_features)
    y : array-like of shape (n_samples,)
    groups, time : array-like of shape (n_samples,), optional
        As of the estimators' ``fit``.
    progress : function, optional
        Called several times a second.

    Returns
    -------
    models

    Raises
    ------
    ValueError
        For models that differ in other settings, or have several members.

    Examples
    --------
    >>> from ellayer import TabularRegressor
    >>> rows, y = [[x / 10] for x in range(40)], [x * x for x in range(40)]
    >>> settings = {"n_members": 1, "epochs": 3, "hidden_layer_sizes": 8, "random_state": 0}
    >>> models = [TabularRegressor(learning_rate=rate, **settings) for rate in (0.1, 0.01)]
    >>> [round(model.learning_rate, 2) for model in fit_together(models, rows, y)]
    [0.1, 0.01]
    """
    _check(models)
    models[0]._fit(FitRequest(X, y, progress=progress, groups=groups, time=time), models[1:])
    return models


def _check(models: Sequence[BaseTabular]) -> None:
    settings = [{**model.get_params(), "learning_rate": None} for model in models]
    if len({type(model) for model in models}) > 1 or any(one != settings[0] for one in settings):
        raise EllayerError(
            "fit_together: expected models that differ only in their learning rate; fit the others separately"
        )
    if settings[0]["n_members"] != 1:
        raise EllayerError(
            f"fit_together: expected models of one member, received n_members={settings[0]['n_members']!r}; members are "
            "trained together within one fit; try n_members=1"
        )
