"""``--model best``: the network, the linear model or gradient boosting, by their scores on the rows held out in training."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._wording import pluralize
from ..core.metrics import METRICS
from ..engine.workers import Workers, job_count
from ..report.number_text import format_score
from .baselines import BOOSTED_VALUES
from .messages import no_warnings
from .predictions import title_of
from .source import validation_rows

if TYPE_CHECKING:
    from ..data import Examples
    from .table_model import TableEstimator


@dataclass(frozen=True)
class ModelChoice:
    """The best of several fitted models.

    Attributes
    ----------
    model : estimator
    others : list of estimator
    message : str
    interrupted : bool
        Whether the search ended before all models were fitted.
    """

    model: TableEstimator
    others: list[TableEstimator]
    message: str
    interrupted: bool


def choose_model(network: TableEstimator, train: Examples, fit: Callable[[Any], object]) -> ModelChoice:
    """Fit the simple models and return the best of all by the metric of the run; Ctrl-C ends the search.

    Parameters
    ----------
    network : estimator
        Fitted.
    train : Examples
        The training rows.
    fit : callable
        ``fit(model)`` fits a model on these rows; it is sent to workers, if the network has ``n_jobs``.
    """
    from sklearn.base import clone

    notes, interrupted = [], False
    models_by_place: dict[int, TableEstimator] = {}  # by its place among the others
    trees = len(getattr(network, "classes_", ())) if len(getattr(network, "classes_", ())) > 2 else 1
    width = len(network.preparation_.get_feature_names_out())
    members = max(len(network.members_), 1)
    others = [clone(network).set_params(model=kind, n_members=members) for kind in ("linear", "boosting")]
    if train.image_shape or train.m * width * trees > BOOSTED_VALUES:
        notes.append(f"{title_of(others.pop())} was left out: it would take too long on so many values")
    try:
        if len(others) > 1 and job_count(network.n_jobs) > 1:  # each may fit its folds at once, too
            with Workers(network.n_jobs, fit) as workers:
                workers.map(_fit_model, [(model,) for model in others], results=models_by_place)
        else:
            for k, model in enumerate(others):
                models_by_place[k] = _fit_model(fit, model)
    except KeyboardInterrupt:
        interrupted = True
        notes.append("interrupted before all models were fitted; the model is saved without a report")
    sign = -1.0 if network._metric.maximize else 1.0
    models = [network, *(models_by_place[k] for k in sorted(models_by_place))]
    scores = [model.validation_score_ for model in models]
    best = min(range(len(models)), key=lambda i: (math.isnan(scores[i]), sign * scores[i]))
    rest = [model for i, model in enumerate(models) if i != best]
    message = "; ".join([_reason(models[best], rest), *notes])
    return ModelChoice(models[best], rest, message, interrupted)


def _fit_model(fit: Callable[[Any], object], model: TableEstimator) -> TableEstimator:
    with no_warnings():  # the preparation of the network has warned about the same columns
        fit(model)
    return model


def _reason(best: TableEstimator, others: list[TableEstimator]) -> str:
    metric, rows = best._metric.name, len(validation_rows(best))
    name, title = f"--model best saves {title_of(best)}", METRICS[metric].title

    def shown(model: TableEstimator) -> str:
        return format_score(metric, model.validation_score_)

    if not rows:
        return f"{name}: there are too few rows to hold some out for a choice"
    if not others:
        return name
    against = " and ".join(f"{shown(model)} of {title_of(model)}" for model in others)
    return (
        f"{name}: {title} {shown(best)} against {against} on {pluralize(rows, 'row')} held out in training, on which "
        "the network also chose its epoch; no test row took part in the choice"
    )
