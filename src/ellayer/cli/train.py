"""``ellayer train``: train on a file or a named data set and write a run folder."""

from __future__ import annotations

from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .._progress_bars import progress_bars
from ..errors import UsageError
from ..runs.config import FILE, NAMED, OF_THE_MACHINE, read_config
from . import options as o
from .errors import CHECK_FAILED, DONE, INTERRUPTED, handle_errors
from .live import live_page
from .reading import reading_options
from .train_together import Coordinates, Output, train_together

if TYPE_CHECKING:
    from ..runs.train_run import FinishedRun


@handle_errors
@reading_options
def train(
    source: o.Source = None, target: o.Target = None, layers: o.Layers = None, learning_rate: o.LearningRate = None,
    batch_size: o.BatchSize = None, seed: o.Seed = None, config: o.Config = None, resume: o.Resume = None,
    task: o.Task = None, test: o.Test = None, cv: o.Cv = None, split: o.Split = None, time: o.Time = None, group: o.Group = None, model: o.TrainedModel = None, epochs: o.Epochs = None, members: o.Members = None, preset: o.Preset = None,
    metric: o.Metric = None, class_weight: o.ClassWeight = None, positive: o.Positive = None, cost: o.Cost = None, kinds: o.Kind = None, recipe: o.Recipe = None,
    time_limit: o.TimeLimit = None, n_jobs: o.Jobs = None, data: o.CatsFolder = None,
    activation: o.Activation = None, iterations: o.Iterations = None, initializer: o.Initializer = None,
    optimizer: o.Optimizer = None, l2: o.L2 = None, dropout: o.Dropout = None, weight_decay: o.WeightDecay = None,
    patience: o.Patience = None, engine: o.Engine = None, device: o.Device = None,
    processes: o.Processes = None, coordinator: o.Coordinator = None, num_processes: o.NumProcesses = None,
    process_id: o.ProcessId = None,
    no_rows: o.NoRows = None, out: o.Out = None, live: o.Live = False, quiet: o.Quiet = False, json: o.Json = False, debug: o.Debug = False,
    *, reading: dict[str, Any],
) -> None:  # fmt: skip
    """Train on a file or a named data set; write a run folder.

    On a file: the types of its columns are inferred, rows are held out for
    testing, and the folder holds the model, report.html, config.toml,
    history.csv, run.json and pictures. On a named data set: logistic regression
    and a network, as in the notes. Ctrl-C stops the run and saves its state;
    --resume continues from it.

    Example: ellayer train titanic.csv --target survived

    Example: ellayer train flower --layers 5 --out runs/five
    """
    settings = o.read_values(locals(), dict.fromkeys((*NAMED, *FILE, *OF_THE_MACHINE))) | reading
    if resume is not None:
        settings = _settings_of_run(resume, settings, config)
    elif config is not None:
        settings = _settings_of_config(read_config(config), settings)
    if "source" not in settings:
        raise UsageError(
            "expected a file or the name of a data set, received none; try ellayer train titanic.csv --target "
            "survived, or ellayer train flower"
        )
    place = Coordinates(coordinator, num_processes, process_id)
    if place.chosen or settings.get("processes") is not None:
        if live:
            raise UsageError(
                "--live: expected a run in one process, received several; leave out --live or the processes"
            )
        raise typer.Exit(train_together(settings, place, out, resume, Output(quiet, json)))
    from ..runs.train_run import train_run

    with live_page(live) as page:
        with progress_bars(visible=not (quiet or json)) as bars:
            start = bars if page is None else page.beside(bars)
            finished = train_run(settings, out or resume, resume=resume, start=start)
        _show(finished, quiet, json)
        if page is not None:
            page.finish(finished.path, finished.summary, finished.run.interrupted)
    if finished.run.interrupted:
        raise typer.Exit(INTERRUPTED)
    alarms = [check for check in finished.facts.checks if check.grade != "PASS"]
    failed = finished.run.diverged or (settings.get("strict") and alarms)
    raise typer.Exit(CHECK_FAILED if failed else DONE)


def _show(finished: FinishedRun, quiet: bool, json: bool) -> None:
    """Print the result of a run."""
    if json:
        typer.echo(dumps({"run": str(finished.path), **finished.summary}))
    elif quiet:
        typer.echo(finished.path)
    else:
        from .display import show_run

        show_run(finished.summary, finished.path)


def _settings_of_config(config: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a config, overridden by options; another model takes none of the network's."""
    if options.get("model") in ("linear", "boosting"):
        from ..runs.table_model import OF_NETWORKS

        config = {name: value for name, value in config.items() if name not in OF_NETWORKS}
    return config | options


def _settings_of_run(folder: Path, settings: dict[str, Any], config: Path | None) -> dict[str, Any]:
    """Return the settings of a run to resume, which cannot be changed."""
    from ..runs.checkpoints import CHECKPOINT

    jobs = {name: settings.pop(name) for name in (*OF_THE_MACHINE, "processes") if name in settings}
    if settings or config:
        raise UsageError(
            "--resume continues with the settings of the run: expected no others, received "
            f"{', '.join(settings) or '--config'}; start a new run to change them"
        )
    if not (folder / CHECKPOINT).is_file():
        raise UsageError(
            f"--resume: expected the folder of a run that was killed, with {CHECKPOINT} in it, received {folder}; "
            "a completed run cannot be resumed"
        )
    return read_config(folder / "config.toml") | jobs
