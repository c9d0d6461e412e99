"""Selection of members of two recipes by the score on rows held out in training.

Greedy selection with replacement (Caruana, Niculescu-Mizil, Crew, Ksikes 2004): in each of eight steps,
add the mean prediction of the recipe that gives the average the best score. All members of the recipe that is chosen more often
are used, and as many of the other as give the two recipes these weights in the mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from sklearn.base import BaseEstimator

from ...engine.result import TrainingResult
from .calibration import mean_probabilities
from .training import TableData

STEPS = 8


def chosen_members(
    estimator: BaseEstimator, data: TableData, results: Sequence[TrainingResult]
) -> tuple[TableData, Sequence[TrainingResult]]:
    """Return the members to average, and the examples with the validation rows of these members.

    Parameters
    ----------
    estimator : TabularClassifier or TabularRegressor
    data : TableData
    results : sequence of TrainingResult
        The members of the first recipe, and ``data.plan.second`` of the second one.
    """
    second = data.plan.second
    first = len(results) - second
    if not second or not data.validation:
        return data, results
    predictions = [_mean(estimator, data, results, part) for part in (slice(first), slice(first, None))]
    weights = None if data.weights is None else data.weights[data.held_out_rows][None, :]
    Y = data.validation[0].Y.T if data.held_out is None else data.Y[data.held_out_rows].T
    if data.held_out is None and data.validation[0].weights is not None:
        weights = data.validation[0].weights[None, :]
    sign = -1.0 if estimator._metric.maximize else 1.0

    def loss(counts: np.ndarray) -> float:
        A = np.tensordot(counts / counts.sum(), np.stack(predictions), axes=1)
        return sign * float(estimator._score_of_epoch(A, Y, weights))

    a, b = greedy_counts(loss, 2).tolist()
    most = max(a, b)
    numbers = [*range(round(first * a / most)), *range(first, first + round(second * b / most))]
    plan = data.plan._replace(members=len(numbers), second=sum(k >= first for k in numbers))
    held_out = None if data.held_out is None else [data.held_out[k] for k in numbers]
    data = replace(data, plan=plan, held_out=held_out, validation=[data.validation[k] for k in numbers])
    return data, [results[k] for k in numbers]


def greedy_counts(loss: Callable[[np.ndarray], float], groups: int) -> np.ndarray:
    """Return how often each group is chosen by greedy selection with replacement.

    Parameters
    ----------
    loss : function
        Maps an array with a count for each group to a loss; lower is better.
    groups : int

    Examples
    --------
    >>> greedy_counts(lambda counts: abs(counts[1] / counts.sum() - 0.25), 2).tolist()
    [3, 1]
    """
    counts, tried = np.zeros(groups, int), []
    for _ in range(STEPS):
        candidates = [counts + one for one in np.eye(groups, dtype=int)]
        losses = [loss(one) for one in candidates]
        counts = candidates[int(np.argmin(losses))]
        tried.append((min(losses), counts))
    return min(tried, key=lambda pair: pair[0])[1]


def _mean(
    estimator: BaseEstimator, data: TableData, results: Sequence[TrainingResult], part: slice
) -> np.ndarray:
    """Return the mean A^[L] (n_L, r) of some members for the rows that each holds out."""
    members = [result.parameters for result in results[part]]
    if data.held_out is None:
        Z = estimator._outputs(data.validation[0].X.astype(np.float64), members)
    else:
        Z = np.full((len(members), *data.Y.shape), np.nan)
        for k, (rows, examples) in enumerate(zip(data.held_out[part], data.validation[part], strict=True)):
            Z[k, rows] = estimator._outputs(examples.X.astype(np.float64), [members[k]])[0]
        Z = Z[:, data.held_out_rows]
    mean = mean_probabilities(Z, 1.0) if estimator._task == "classes" else np.nanmean(Z, axis=0)
    return np.asarray(mean.T)
