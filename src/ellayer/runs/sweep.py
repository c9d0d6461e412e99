"""Hyperparameter sweep: several networks on the same rows; the best one is saved."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .folder import output_folder
from .messages import collect_messages
from .progress import StartProgress, no_progress
from .table_model import make_model
from .table_trainer import TableTrainer
from .train_run import finish
from .trained_run import TrainedRun

COLUMNS = ("layers", "learning_rate", "validation_score", "best_epoch", "parameters", "seconds", "stopped_by")
DEFAULT_LAYERS = ([64, 64], [128, 128])
DEFAULT_FACTORS = (1 / 3, 1.0, 3.0)  # multiples of the recipe's learning rate


@dataclass(frozen=True)
class Sweep:
    """A finished sweep: the results of each trial, the index of the best, its metric, summary and folder."""

    trials: list[dict[str, Any]]
    best: int
    metric: Any
    summary: dict[str, Any]
    path: Path


def run_sweep(
    settings: Mapping[str, Any],
    layers: Sequence[Sequence[int]] = DEFAULT_LAYERS,
    rates: Sequence[float] | None = None,
    out: Path | None = None,
    start: StartProgress = no_progress,
) -> Sweep:
    """Fit every trial and write the folder of the best.

    Parameters
    ----------
    settings : mapping
        Keyed by the names of the options.
    layers : sequence of sequences of int
        Sizes of the hidden layers to try.
    rates : sequence of float, optional
        Learning rates to try; by default that of the recipe, a third and three times of it.
    out : Path, optional
        The folder; ``runs/NAME-sweep-N`` by default.
    start : callable, optional
    """
    trainer = TableTrainer.read(settings)
    with output_folder(out, f"{trainer.name}-sweep") as folder:
        models, trials, messages = _fit_all(trainer, layers, rates, start)
        metric = models[0]._metric
        best = best_of(trials, metric.maximize)
        _write_trials(folder.staging, trials, best, metric)
        seconds = sum(trial["seconds"] for trial in trials)
        finished = finish(_best_run(trainer, models[best], messages, seconds), folder)
    return Sweep(trials, best, metric, {**finished.summary, "trials": trials, "best": best}, finished.path)


def _fit_all(
    trainer: TableTrainer,
    layers: Sequence[Sequence[int]],
    rates: Sequence[float] | None,
    start: StartProgress,
) -> tuple[list[Any], list[dict[str, Any]], list[str]]:
    """Fit the trials, those of one architecture together; return the models, a row of figures for each, messages."""
    models: list[Any] = []
    rows: list[dict[str, Any]] = []
    messages: dict[str, None] = {}
    for sizes in layers:
        trials = [_trial(trainer, sizes, rate) for rate in rates or _default_rates(trainer)]
        begin = time.perf_counter()
        with collect_messages(columns=False) as new:
            trainer.source.fit_many(trials, start, ",".join(map(str, sizes)))
        seconds = (time.perf_counter() - begin) / len(trials)
        messages |= dict.fromkeys(new)
        models += trials
        rows += [_row(model, seconds) for model in trials]
        if any(model.stopped_by_ == "interrupted" for model in trials):
            raise KeyboardInterrupt
    return models, rows, list(messages)


def _trial(trainer: TableTrainer, sizes: Sequence[int], rate: float) -> Any:
    settings = {**trainer.settings, "layers": list(sizes), "learning_rate": rate}
    return make_model(str(trainer.survey.task), settings)


def _default_rates(trainer: TableTrainer) -> list[float]:
    """Return the recipe's learning rate, a third and three times of it."""
    from ..estimators.tabular.recipes import find_recipe, value_at

    recipe = find_recipe(trainer.model.recipe, str(trainer.survey.task))
    base = value_at(recipe["learning_rate"], trainer.source.count)
    return [float(f"{base * factor:.3g}") for factor in DEFAULT_FACTORS]


def _best_run(trainer: TableTrainer, model: Any, messages: list[str], seconds: float) -> TrainedRun:
    """Return the run of the best trial; its config reproduces only that trial."""
    chosen = {"layers": list(model.hidden_layer_sizes), "learning_rate": model.learning_rate}
    return trainer.trained(model, {**trainer.settings, **chosen}, messages, seconds)


def _row(model: Any, seconds: float) -> dict[str, Any]:
    return {
        "layers": ",".join(map(str, model.hidden_layer_sizes)),
        "learning_rate": model.learning_rate,
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


def _write_trials(folder: Path, rows: Sequence[Mapping[str, Any]], best: int, metric: Any) -> None:
    from ..report.plots_sweep import trial_curves
    from ..report.style import save_picture

    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    (folder / "sweep.csv").write_text(text.getvalue(), encoding="utf-8")
    title = (
        f"Best at {metric.name}: layers {rows[best]['layers']}, learning rate {rows[best]['learning_rate']:g}"
    )
    save_picture(trial_curves(rows, best, metric.name, title), folder / "sweep.png")
