"""A second fit to all rows, after a fit in which the latest rows selected the epoch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sklearn.base import BaseEstimator

from ..examples import Examples
from .average_inputs import average_inputs
from .recipes import Recipe
from .training import FirstFit, FitRequest, TableData, network_for, refits, train_members

STEADY = 1.35  # the limit of the median loss from the best epoch on, over the best loss


def fit_again(
    estimator: BaseEstimator, data: TableData, recipe: Recipe, request: FitRequest, seed: int
) -> None:
    """Fit again to all rows if the latest rows selected the epoch, with the best number of updates of the first fit.

    Scores, decisions and intervals are those of the first fit. If the second fit does not finish, the first one stays; also if
    the scores of the later epochs differ so much that the best one is no guide for other rows.

    Parameters
    ----------
    estimator : TabularClassifier or TabularRegressor
        After the first fit.
    data : TableData
    recipe : Recipe
    request : FitRequest
    seed : int
    """
    network, epoch = estimator.network_, estimator.best_epochs_[0]
    if not refits(request, data) or network is None or not epoch or estimator.stopped_by_ == "interrupted":
        return
    if not _is_steady(np.asarray(estimator.history_["validation_score"]), estimator._metric.maximize):
        return
    assert data.raw is not None
    before, table, targets = estimator.preparation_, data.raw.table, data.raw.targets
    estimator._prepare(table, recipe, targets)
    X = estimator._matrix(table, estimator.dtype, new=False, warn=False, targets=targets)
    rows = Examples(X, data.Y, data.weights)
    rates = np.asarray(estimator.history_["learning_rate"])
    whole = replace(
        data, rows=rows, validation=[], held_out=None, start=rows.X, first=FirstFit(data.m, epoch, rates)
    )
    wider = network_for(estimator, recipe, whole, network.layer_dims[1:-1])
    again = replace(request, callbacks=(), states=None)
    results = train_members(estimator, wider, [recipe], whole, again, seed)
    if any(result.stopped_by != "iterations" for result in results):
        estimator.preparation_ = before
        if results[0].stopped_by == "interrupted":
            estimator.stopped_by_ = "interrupted"
        return
    estimator.network_, estimator.members_ = wider, [result.parameters for result in results]
    estimator.average_inputs_ = average_inputs(wider, estimator.members_, rows.X)


def _is_steady(scores: np.ndarray, maximize: bool) -> bool:
    """Return whether the epochs from the best one on have nearly its score, of which 1 is the best one if it is maximised."""
    losses = 1.0 - scores if maximize else scores
    later = losses[int(np.nanargmin(losses)) :]
    return bool(np.nanmedian(later) <= STEADY * later[0])
