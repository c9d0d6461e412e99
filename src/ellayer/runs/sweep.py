"""Hyperparameter sweep: several networks on the same rows; the best one is saved."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._progress_bars import StageInfo, StartProgress, no_progress
from ..core.metrics import Metric
from ..engine.workers import Workers, job_count
from .config import check_learning_rate
from .folder import LAST, OutputFolder, output_folder
from .messages import collect_messages
from .source import Source
from .table_model import make_model
from .table_trainer import TableTrainer
from .train_run import finish

if TYPE_CHECKING:
    from .table_model import TableEstimator

TRIALS = "sweep.csv"
DEFAULT_LAYERS = ([64, 64], [128, 128])
DEFAULT_FACTORS = (1 / 3, 1.0, 3.0)  # multiples of the recipe's learning rate


@dataclass(frozen=True)
class Sweep:
    """A finished sweep.

    Attributes
    ----------
    trials : list of dict
        The options and the results of each trial.
    labels : list of str
        Layers and further options of each trial, apart from its learning rate, as text.
    best : int
        The index of the best trial.
    metric : Metric
    summary : dict
        As in ``run.json``, with the trials.
    path : Path
        The folder.
    """

    trials: list[dict[str, Any]]
    labels: list[str]
    best: int
    metric: Metric
    summary: dict[str, Any]
    path: Path


@dataclass(frozen=True)
class SweepPlan:
    """The trainer with its rows, and the trials.

    Attributes
    ----------
    trainer : TableTrainer
    axes : dict
        Values by the names of their options.
    points : list of dict
        The options of each trial of the grid.
    """

    trainer: TableTrainer
    axes: dict[str, list[Any]]
    points: list[dict[str, Any]]

    @property
    def metric(self) -> Metric:
        """The metric of the trials."""
        metric: Metric = make_model(str(self.trainer.survey.task), self.trainer.settings)._metric
        return metric

    def units(self) -> list[list[dict[str, Any]]]:
        """Return the trials in groups that differ in the learning rate only, which are trained together."""
        return [list(group) for _, group in itertools.groupby(self.points, label_of)]

    def job(self) -> UnitJob:
        """Return what all units share."""
        return UnitJob(self.trainer.source, str(self.trainer.survey.task), self.trainer.settings)


@dataclass(frozen=True)
class UnitJob:
    """The rows, the task and the settings of the run, which all units of a sweep share."""

    source: Source
    task: str
    settings: dict[str, Any]


@dataclass(frozen=True)
class UnitResult:
    """A unit of a sweep: the options and results of its trials, messages, and the fitted models if they are here."""

    points: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    messages: list[str]
    models: list[Any]


def run_sweep(
    settings: Mapping[str, Any],
    axes: Mapping[str, Sequence[Any]] | None = None,
    out: Path | None = None,
    start: StartProgress = no_progress,
    *,
    trials: int | None = None,
    n_jobs: int | None = None,
    time_limit: float | None = None,
) -> Sweep:
    """Fit every trial and write the folder of the best.

    Parameters
    ----------
    settings : mapping
        Keyed by the names of the options; each trial is one network.
    axes : mapping, optional
        Values to try by the names of their options. By default two sizes of the hidden layers, and the learning rate of
        the recipe, a third and three times of it.
    out : Path, optional
        The folder; ``runs/NAME-sweep-N`` by default.
    start : callable, optional
    trials : int, optional
        Number of combinations to draw at random; by default all are tried.
    n_jobs : int, optional
        Trials fitted at once, each in a process of its own; those that differ in the learning rate only are one.
    time_limit : float, optional
        Seconds after which no further trial begins.
    """
    plan = plan_sweep(settings, axes, trials)
    with output_folder(out, f"{plan.trainer.name}-sweep") as folder:
        return write_sweep(plan, _fit_all(plan, n_jobs, time_limit, start), folder)


def plan_sweep(
    settings: Mapping[str, Any], axes: Mapping[str, Sequence[Any]] | None, trials: int | None = None
) -> SweepPlan:
    """Read the file and return the trials; ``trials`` of them drawn at random, or all."""
    every = {"layers": DEFAULT_LAYERS, **(axes or {})}
    rates = every.pop("learning_rate", [])
    for rate in rates:
        check_learning_rate(rate)
    trainer = TableTrainer.read({**settings, "members": 1})
    lists = {name: list(values) for name, values in every.items()}
    lists["learning_rate"] = list(rates) or _default_rates(trainer)
    return SweepPlan(trainer, lists, combinations(lists, trials, trainer.settings["seed"]))


def write_sweep(plan: SweepPlan, results: Sequence[UnitResult], folder: OutputFolder) -> Sweep:
    """Write the folder of the best trial; its model is fitted again if it was fitted elsewhere."""
    trainer = plan.trainer
    points = [point for result in results for point in result.points]
    rows = [row for result in results for row in result.rows]
    messages = list(dict.fromkeys(message for result in results for message in result.messages))
    models = [model for result in results for model in result.models or [None] * len(result.rows)]
    metric = plan.metric
    best = best_of(rows, metric.maximize)
    if models[best] is None:
        unit = next(result.points for result in results if points[best] in result.points)
        models[best] = fit_unit(plan.job(), unit).models[unit.index(points[best])]
    labels = [label_of(point) for point in points]
    _write_trials(folder.staging, rows, labels, best, metric)
    seconds = sum(row["seconds"] for row in rows)
    run = trainer.make_run(models[best], {**trainer.settings, **points[best]}, messages, seconds)
    finished = finish(run, folder)
    summary = {**finished.summary, "trials": rows, "best": best}
    return Sweep(rows, labels, best, metric, summary, finished.path)


def read_sweep(plan: SweepPlan, results: Sequence[UnitResult], folder: Path) -> Sweep | None:
    """Return the sweep of a folder if it has these trials; None if it is missing or has others."""
    try:
        summary = json.loads((folder / LAST).read_text(encoding="utf-8"))
        with (folder / TRIALS).open(newline="", encoding="utf-8") as file:
            count = len(list(csv.DictReader(file)))
    except (OSError, ValueError):
        return None
    rows = [row for result in results for row in result.rows]
    if count != len(rows):
        return None
    labels = [label_of(point) for result in results for point in result.points]
    best = best_of(rows, plan.metric.maximize)
    return Sweep(rows, labels, best, plan.metric, {**summary, "trials": rows, "best": best}, folder)


def combinations(
    axes: Mapping[str, Sequence[Any]], count: int | None = None, seed: int = 1
) -> list[dict[str, Any]]:
    """Return all combinations of the values of options, or some of them drawn at random, in the order of all.

    Examples
    --------
    >>> combinations({"dropout": [0.0, 0.1], "l2": [0.0]})
    [{'dropout': 0.0, 'l2': 0.0}, {'dropout': 0.1, 'l2': 0.0}]
    >>> len(combinations({"dropout": [0.0, 0.1, 0.2], "l2": [0.0, 1.0]}, 4))
    4
    """
    points = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    if count is None or count >= len(points):
        return points
    return [points[i] for i in sorted(np.random.RandomState(seed).permutation(len(points))[:count])]


def _fit_all(
    plan: SweepPlan, n_jobs: int | None, time_limit: float | None, start: StartProgress
) -> list[UnitResult]:
    """Fit the units, several at once with ``n_jobs``; none begins after the time limit, except the first."""
    job, units = plan.job(), plan.units()
    clock = Clock(time_limit)
    if job_count(n_jobs) == 1 or len(units) == 1:
        return [fit_unit(job, unit, start) for k, unit in enumerate(units) if not k or not clock.is_over()]
    bar = start("trials", 0)

    results: list[UnitResult] = []

    def done(count: int) -> None:
        if bar is not None:
            bar(StageInfo(len(results) + count, len(units), "trials"))

    at_once = job_count(n_jobs) if time_limit else len(units)
    with Workers(n_jobs, job) as workers:
        for first in range(0, len(units), at_once):
            if not first or not clock.is_over():
                results += workers.map(fit_unit, [(unit,) for unit in units[first : first + at_once]], done)
    return results


class Clock:
    """A time limit from now on; None is no limit."""

    def __init__(self, seconds: float | None):
        self._end = math.inf if seconds is None else time.monotonic() + seconds

    def is_over(self) -> bool:
        """Return whether the time is over."""
        return time.monotonic() >= self._end


def fit_unit(
    job: UnitJob, points: Sequence[dict[str, Any]], start: StartProgress = no_progress
) -> UnitResult:
    """Fit trials that differ in the learning rate only together."""
    models = [make_model(job.task, {**job.settings, **point}) for point in points]
    begin = time.perf_counter()
    with collect_messages(columns=False) as messages:
        job.source.fit_many(models, start, label_of(points[0]))
    seconds = (time.perf_counter() - begin) / len(models)
    if any(model.stopped_by_ == "interrupted" for model in models):
        raise KeyboardInterrupt
    rows = [_row(point, model, seconds) for point, model in zip(points, models, strict=True)]
    return UnitResult(list(points), rows, messages, models)


def label_of(point: Mapping[str, Any]) -> str:
    """Return the options of a trial, apart from its learning rate, as text: layers, and the names of the others."""
    layers = ",".join(map(str, point["layers"]))
    others = [
        f"{name.replace('_', ' ')} {f'{value:g}' if isinstance(value, float) else value}"
        for name, value in point.items()
        if name not in ("layers", "learning_rate")
    ]
    return "; ".join([layers, *others])


def _default_rates(trainer: TableTrainer) -> list[float]:
    """Return the recipe's learning rate, a third and three times of it."""
    from ..estimators.tabular.recipes import find_recipe, value_at

    recipe = find_recipe(trainer.model.recipe, str(trainer.survey.task))
    base = value_at(recipe["learning_rate"], trainer.source.count)
    return [float(f"{base * factor:.3g}") for factor in DEFAULT_FACTORS]


def _row(point: Mapping[str, Any], model: TableEstimator, seconds: float) -> dict[str, Any]:
    return {
        **point,
        "layers": ",".join(map(str, point["layers"])),
        "validation_score": float(model.validation_score_),
        "best_epoch": int(model.best_epochs_[0]) if model.best_epochs_ else 0,
        "parameters": 0 if model.network_ is None else model.network_.parameter_count,
        "seconds": round(seconds, 2),
        "stopped_by": model.stopped_by_,
    }


def best_of(rows: Sequence[Mapping[str, Any]], maximize: bool) -> int:
    """Return the index of the trial with the best validation score, the first of equal ones.

    Examples
    --------
    >>> best_of([{"validation_score": float("nan")}, {"validation_score": 0.4}, {"validation_score": 0.3}], False)
    2
    """
    sign = -1.0 if maximize else 1.0
    scores = [sign * row["validation_score"] for row in rows]
    return min(range(len(rows)), key=lambda i: (scores[i] != scores[i], scores[i]))


def _write_trials(
    folder: Path, rows: Sequence[Mapping[str, Any]], labels: Sequence[str], best: int, metric: Metric
) -> None:
    from ..report.plots_sweep import trial_curves
    from ..report.style import save_picture

    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    (folder / TRIALS).write_text(text.getvalue(), encoding="utf-8")
    named = [{**row, "layers": label} for row, label in zip(rows, labels, strict=True)]
    title = f"Best at {metric.name}: layers {labels[best]}, learning rate {rows[best]['learning_rate']:g}"
    save_picture(trial_curves(named, best, metric.name, title), folder / "sweep.png")
