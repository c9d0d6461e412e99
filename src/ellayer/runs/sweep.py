"""Hyperparameter sweep: several networks on the same rows; the best one is saved."""

from __future__ import annotations

import csv
import io
import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .._progress_bars import StartProgress, no_progress
from ..core.metrics import Metric
from .config import check_learning_rate
from .folder import output_folder
from .messages import collect_messages
from .table_model import make_model
from .table_trainer import TableTrainer
from .train_run import finish

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


def run_sweep(
    settings: Mapping[str, Any],
    axes: Mapping[str, Sequence[Any]] | None = None,
    out: Path | None = None,
    start: StartProgress = no_progress,
    *,
    trials: int | None = None,
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
    """
    axes = {"layers": DEFAULT_LAYERS, **(axes or {})}
    rates = axes.pop("learning_rate", [])
    for rate in rates:
        check_learning_rate(rate)
    trainer = TableTrainer.read({**settings, "members": 1})
    axes["learning_rate"] = rates or _default_rates(trainer)
    points = combinations(axes, trials, trainer.settings["seed"])
    with output_folder(out, f"{trainer.name}-sweep") as folder:
        models, rows, messages = _fit_all(trainer, points, start)
        metric = models[0]._metric
        best = best_of(rows, metric.maximize)
        labels = [_label(point) for point in points]
        _write_trials(folder.staging, rows, labels, best, metric)
        seconds = sum(row["seconds"] for row in rows)
        run = trainer.trained(models[best], {**trainer.settings, **points[best]}, messages, seconds)
        finished = finish(run, folder)
    summary = {**finished.summary, "trials": rows, "best": best}
    return Sweep(rows, labels, best, metric, summary, finished.path)


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
    trainer: TableTrainer, points: list[dict[str, Any]], start: StartProgress
) -> tuple[list[Any], list[dict[str, Any]], list[str]]:
    """Fit the trials, those that differ in the learning rate only together; return models, their rows, messages."""
    task = str(trainer.survey.task)
    models = [make_model(task, {**trainer.settings, **point}) for point in points]
    rows: list[dict[str, Any]] = []
    messages: dict[str, None] = {}
    for label, group in itertools.groupby(zip(points, models, strict=True), lambda pair: _label(pair[0])):
        shown, trials = zip(*group, strict=True)
        begin = time.perf_counter()
        with collect_messages(columns=False) as new:
            trainer.source.fit_many(trials, start, label)
        seconds = (time.perf_counter() - begin) / len(trials)
        messages |= dict.fromkeys(new)
        rows += [_row(point, model, seconds) for point, model in zip(shown, trials, strict=True)]
        if any(model.stopped_by_ == "interrupted" for model in trials):
            raise KeyboardInterrupt
    return models, rows, list(messages)


def _label(point: Mapping[str, Any]) -> str:
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


def _row(point: Mapping[str, Any], model: Any, seconds: float) -> dict[str, Any]:
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
    (folder / "sweep.csv").write_text(text.getvalue(), encoding="utf-8")
    named = [{**row, "layers": label} for row, label in zip(rows, labels, strict=True)]
    title = f"Best at {metric.name}: layers {labels[best]}, learning rate {rows[best]['learning_rate']:g}"
    save_picture(trial_curves(named, best, metric.name, title), folder / "sweep.png")
