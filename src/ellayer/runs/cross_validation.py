"""Cross-validation of a run: every row predicted by models that were fitted on others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .._progress_bars import StageInfo, StartProgress
from ..engine.workers import Workers, job_count
from ..errors import UsageError
from ..estimators.hold_out import Splitter
from ..report.decisions import positive_last
from ..report.run_facts import CrossValidation, Predictions
from ..report.scores import score_over_folds, score_values
from .baselines import all_classes, simple_models
from .messages import no_warnings
from .predictions import predict, title_of

if TYPE_CHECKING:
    from ..data import Examples
    from .table_model import TableEstimator

REPEATED_ROWS, MOST_REPEATS = 1_000, 5  # limits: rows predicted in total, and predictions of a row
FEWEST_FOLDS = 2
Fold = tuple[np.ndarray, np.ndarray]  # the numbers of the rows to train on and to test on


@dataclass(frozen=True)
class FoldPredictions:
    """The predictions for the rows of one fold.

    Attributes
    ----------
    rows : ndarray of int
    ratio : float
        Test rows over training rows.
    models : list of Predictions
        The network first.
    """

    rows: np.ndarray
    ratio: float
    models: list[Predictions]


@dataclass(frozen=True)
class FoldJob:
    """The estimator, not fitted, the rows, their splitter, the settings and the classes: shared by all folds."""

    model: TableEstimator
    examples: Examples
    splitter: Splitter
    settings: Mapping[str, Any]
    classes: list[Any]


def cross_validate(
    make: Callable[[], TableEstimator],
    examples: Examples,
    splitter: Splitter,
    settings: Mapping[str, Any],
    task: str,
    start: StartProgress,
) -> CrossValidation:
    """Fit the estimator and simple models on all folds but one, for each of them, and score the predictions.

    Parameters
    ----------
    make : callable
        Returns the estimator, not fitted.
    examples : Examples
    splitter : Splitter
        Of these rows; by time each fold follows its training rows, and there is one repetition.
    settings : mapping
        Of the run: "cv", "seed", "kinds".
    task : "classes" or "numbers"
    start : callable
        Begins to show the progress of a fit.

    Raises
    ------
    KeyboardInterrupt
        If a fit was interrupted.
    """
    classes = np.unique(np.asarray(examples.y)).tolist() if task == "classes" else []
    repeats = 1 if splitter.kind == "time" else int(np.clip(REPEATED_ROWS // examples.m, 1, MOST_REPEATS))
    folds = _folds(examples, splitter, settings, classes, repeats)
    job = FoldJob(make(), examples, splitter, settings, classes)
    results = _predict_folds(job, list(folds), start("cross-validation", 0))
    return collect_folds(results, np.asarray(examples.y), classes, settings, repeats)


def _folds(
    examples: Examples, splitter: Splitter, settings: Mapping[str, Any], classes: list[Any], repeats: int
) -> Iterator[Fold]:
    """Yield the numbers of the rows to train on and to test on, for each fold of each repetition."""
    labels = np.searchsorted(np.asarray(classes), np.asarray(examples.y)) if classes else None
    random = np.random.RandomState(settings["seed"])
    for _ in range(repeats):
        for train, test in splitter.folds(examples.m, settings["cv"], random, labels):
            if test.any():
                yield np.flatnonzero(train), np.flatnonzero(test)


def _predict_folds(
    job: FoldJob, folds: list[Fold], progress: Callable[[Any], object] | None
) -> list[FoldPredictions]:
    """Predict each fold, several at once if the model has ``n_jobs``."""
    n_jobs = job.model.n_jobs
    if job_count(n_jobs) == 1 or len(folds) == 1:
        return [_predict_fold(job, fold, progress) for fold in folds]
    from sklearn.base import clone

    alone = clone(job.model).set_params(n_jobs=None)
    rows = replace(job.examples, raw=None, places=None)

    def done(count: int) -> None:
        if progress is not None:
            progress(StageInfo(count, len(folds), "folds"))

    with Workers(n_jobs, replace(job, model=alone, examples=rows)) as workers:
        return workers.map(_predict_fold, [(fold,) for fold in folds], done)


def _predict_fold(
    job: FoldJob, rows: Fold, progress: Callable[[Any], object] | None = None
) -> FoldPredictions:
    """Fit the models on the training rows of a fold and predict its test rows."""
    from sklearn.base import clone

    model, classes = clone(job.model), job.classes
    train, test = (job.examples.take(numbers) for numbers in rows)
    with no_warnings():  # the fit of all rows has warned about the same columns
        model.fit(train.X, train.y, **job.splitter.take(rows[0]).fit_arguments(), progress=progress)
        if model.stopped_by_ == "interrupted":
            raise KeyboardInterrupt
    models = predict_with_others(model, train, test, job.settings, classes)
    return FoldPredictions(rows[1], len(rows[1]) / len(rows[0]), models)


def predict_with_others(
    model: TableEstimator,
    train: Examples,
    test: Examples,
    settings: Mapping[str, Any],
    classes: list[Any],
) -> list[Predictions]:
    """Return the predictions of a fitted model for the test rows, and those of simple models fitted to the training rows."""
    with no_warnings():
        ours = predict(title_of(model), model, test.X)
    ours = all_classes(ours, getattr(model, "classes_", []), classes)
    task = "classes" if classes else "numbers"
    return [ours, *simple_models(train, test.X, task, settings, classes, [ours.name])]


def collect_folds(
    results: list[FoldPredictions],
    y: np.ndarray,
    classes: list[Any],
    settings: Mapping[str, Any],
    repeats: int,
) -> CrossValidation:
    """Return the scores over the folds, and the mean prediction for each row.

    Parameters
    ----------
    results : list of FoldPredictions
    y : ndarray
        True values of all rows.
    classes : list
        Empty for numbers.
    settings : mapping
        Of the run: "cv", "positive".
    repeats : int
    """
    positive, folds = settings.get("positive"), settings["cv"]
    results = [replace(fold, models=positive_last(classes, fold.models, positive)[1]) for fold in results]
    classes = positive_last(classes, [], positive)[0]
    names = [model.name for model in results[0].models]
    fold_scores: dict[str, dict[str, list[float]]] = {}
    models = []
    tested = np.unique(np.concatenate([result.rows for result in results]))
    ratio = float(np.mean([result.ratio for result in results]))
    for k, name in enumerate(names):
        values = [
            score_values(y[result.rows], result.models[k].prediction, result.models[k].P, classes or None)
            for result in results
        ]
        fold_scores[name] = {metric: [value[metric] for value in values] for metric in values[0]}
        models.append(_mean_prediction(name, [(r.rows, r.models[k]) for r in results], tested, classes))
    scored = {
        name: {metric: score_over_folds(metric, values, ratio) for metric, values in by_metric.items()}
        for name, by_metric in fold_scores.items()
    }
    return CrossValidation(folds, repeats, tested, y[tested], models, scored, fold_scores)


def _mean_prediction(
    name: str, parts: list[tuple[np.ndarray, Predictions]], tested: np.ndarray, classes: list[Any]
) -> Predictions:
    """Return the mean over the repetitions of the numbers or probabilities that a model gives each row."""
    width = max(len(classes), 1)
    sums, counts = np.zeros((tested.max() + 1, width)), np.zeros(tested.max() + 1)
    for rows, prediction in parts:
        values = prediction.P if classes else prediction.prediction
        sums[rows] += np.asarray(values, float).reshape(len(rows), width)
        counts[rows] += 1
    means = sums[tested] / counts[tested, None]
    if not classes:
        return Predictions(name, means[:, 0])
    return Predictions(name, np.asarray(classes)[means.argmax(axis=1)], means)


def check_folds(settings: Mapping[str, Any], m: int) -> None:
    """Refuse a number of folds that the rows do not have.

    Raises
    ------
    UsageError
    """
    folds = settings.get("cv")
    if folds is not None and not FEWEST_FOLDS <= folds <= m:
        raise UsageError(
            f"--cv: expected from {FEWEST_FOLDS} folds to {m}, the number of rows, received {folds}; try --cv 5"
        )
