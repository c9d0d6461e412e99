"""The trials of a sweep: the same rows, several networks, the best one kept."""

from __future__ import annotations

import csv
import io
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import UsageError
from .folder import output_folder
from .job import Job, make_model, read_job
from .progress import StartProgress, no_progress
from .table_trainer import FileRun, told_by_fit

COLUMNS = ("layers", "learning_rate", "validation_score", "best_epoch", "parameters", "seconds", "stopped_by")
DEFAULT_LAYERS = ([64, 64], [128, 128])
DEFAULT_FACTORS = (1 / 3, 1.0, 3.0)  # of the recipe's learning rate


@dataclass(frozen=True)
class Sweep:
    """A finished sweep: a row of figures for each trial, which is the best, its metric, summary and folder."""

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
        Learning rates to try; by default the recipe's, a third of it and three times it.
    out : Path, optional
        The folder; ``runs/NAME-sweep-N`` by default.
    start : callable, optional
    """
    job = read_job(settings)
    if job.stream is not None:
        raise UsageError(
            f"{settings['source']} is larger than memory: expected a smaller file for a sweep; sweep over a sample of its "
            "rows, then train with what was best"
        )
    with output_folder(out, f"{job.name}-sweep") as folder:
        models, rows, notes = _fit_all(job, layers, rates, start)
        from .artifacts import write_run
        from .facts import judge

        best = best_of(rows, models[0]._metric.maximize)
        run = FileRun(
            _job_of(job, models[best]), models[best], [*job.notes, *notes], False, {"reading": job.seconds}
        )
        run.seconds["fitting"] = sum(row["seconds"] for row in rows)
        summary = write_run(folder.staging, run, judge(run)) | {"trials": rows, "best": best}
        _write_trials(folder.staging, rows, best, models[best]._metric)
        return Sweep(rows, best, models[best]._metric, summary, folder.finish())


def _fit_all(
    job: Job, layers: Sequence[Sequence[int]], rates: Sequence[float] | None, start: StartProgress
) -> tuple[list[Any], list[dict[str, Any]], list[str]]:
    """Fit the trials, those of one architecture together; return the models and a row of figures for each."""
    from ..estimators.tabular.fit_many import fit_together

    models: list[Any] = []
    rows: list[dict[str, Any]] = []
    notes: list[str] = []
    for sizes in layers:
        trials = [_trial(job, sizes, rate) for rate in rates or _around(job)]
        begin = time.perf_counter()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fit_together(trials, job.train.X, job.train.y, progress=start(",".join(map(str, sizes)), 0))
        seconds = (time.perf_counter() - begin) / len(trials)
        notes += [note for note in told_by_fit(caught) if note not in notes]
        models += trials
        rows += [_row(model, seconds) for model in trials]
        if any(model.stopped_by_ == "interrupted" for model in trials):
            raise KeyboardInterrupt
    return models, rows, notes


def _trial(job: Job, sizes: Sequence[int], rate: float) -> Any:
    return make_model(str(job.survey.task), {**job.settings, "layers": list(sizes), "learning_rate": rate})


def _around(job: Job) -> list[float]:
    """The recipe's learning rate, a third of it and three times it."""
    from ..estimators.tabular.ensemble import by_rows
    from ..estimators.tabular.recipes import find_recipe

    base = by_rows(find_recipe(job.model.recipe, str(job.survey.task))["learning_rate"], job.train.m)
    return [float(f"{base * factor:.3g}") for factor in DEFAULT_FACTORS]


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
    """Return which trial has the best validation score; the first of equal ones, one without a score last.

    Examples
    --------
    >>> best_of([{"validation_score": float("nan")}, {"validation_score": 0.4}, {"validation_score": 0.3}], False)
    2
    """
    sign = -1.0 if maximize else 1.0
    scores = [sign * row["validation_score"] for row in rows]
    return min(range(len(rows)), key=lambda i: (scores[i] != scores[i], scores[i]))


def _job_of(job: Job, model: Any) -> Job:
    """The job as if the best trial alone had been asked for: its config repeats it."""
    chosen = {"layers": list(model.hidden_layer_sizes), "learning_rate": model.learning_rate}
    return replace(job, settings={**job.settings, **chosen}, model=model)


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
