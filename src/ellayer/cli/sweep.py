"""``ellayer sweep``: try several networks on a file and keep the best."""

from __future__ import annotations

import math
from json import dumps
from pathlib import Path
from typing import Annotated, Any

import typer

from .._progress_bars import progress_bars
from ..errors import UsageError
from ..runs.config import FILE, check_settings, read_config
from . import options as o
from .errors import handle_errors
from .reading import reading_options

WORK = "Several processes or machines"
TRIED = "Values to try (repeatable)"
RATES = "that of the recipe, a third and three times of it"

# fmt: off
Layers = Annotated[list[str] | None, o.option("--layers", help="Sizes of the hidden layers, like 64,32.", panel=TRIED, default="64,64 and 128,128", metavar="N,N")]
LearningRate = Annotated[list[float] | None, o.option("--learning-rate", help="Learning rate, above 0.", panel=TRIED, default=RATES)]
Activation = Annotated[list[str] | None, o.option("--activation", help=o.ACTIVATION, panel=TRIED, metavar="NAME,NAME")]
Optimizer = Annotated[list[str] | None, o.option("--optimizer", help=o.OPTIMIZER, panel=TRIED)]
Dropout = Annotated[list[float] | None, o.option("--dropout", help=o.DROPOUT, panel=TRIED)]
WeightDecay = Annotated[list[float] | None, o.option("--weight-decay", help=o.WEIGHT_DECAY, panel=TRIED)]
L2 = Annotated[list[float] | None, o.option("--l2", help=o.L2_PENALTY, panel=TRIED, default="0")]
BatchSize = Annotated[list[int] | None, o.option("--batch-size", min=1, help=o.BATCH_SIZE, panel=TRIED)]
Patience = Annotated[list[int] | None, o.option("--patience", min=1, help=o.PATIENCE, panel=TRIED, default="none")]
Trials = Annotated[int | None, o.option("--trials", min=1, help="Number of combinations to try, drawn at random.", panel=o.TRAINING, default="all")]
Jobs = Annotated[int | None, o.option("--n-jobs", "-j", help="Trials fitted at once, each in a process of its own; -1 uses all cores. The result is the same.", panel=WORK, default="1", metavar="N")]
TimeLimit = Annotated[float | None, o.option("--time-limit", help="Seconds after which no trial begins.", panel=WORK, default="none", metavar="SECONDS")]
Shared = Annotated[Path | None, o.option("--shared", help="Folder through which several of these commands, on any machine with access to it, share the trials.", panel=WORK, default=False, metavar="DIR")]
Sampler = Annotated[str | None, o.option("--sampler", help="With --shared: grid tries the values; random and tpe (Optuna) draw --trials of them, and numbers between the lowest and the highest.", panel=WORK, default="grid")]
# fmt: on

AXES = (
    "layers", "activation", "optimizer", "dropout", "weight_decay", "l2", "batch_size", "patience", "learning_rate",
)  # fmt: skip
FIXED = (
    "source", "target", "epochs", "metric", "task", "test", "split", "time", "group", "kinds", "recipe", "device", "seed",
)  # fmt: skip


@handle_errors
@reading_options
def sweep(
    source: Annotated[list[str], typer.Argument(help="A file, several files, or a folder of images.", metavar="FILE...")],
    target: o.Target = None, layers: Layers = None, learning_rate: LearningRate = None, activation: Activation = None,
    optimizer: Optimizer = None, dropout: Dropout = None, weight_decay: WeightDecay = None, l2: L2 = None,
    batch_size: BatchSize = None, patience: Patience = None, trials: Trials = None,
    n_jobs: Jobs = None, time_limit: TimeLimit = None, shared: Shared = None, sampler: Sampler = None,
    epochs: o.Epochs = None, metric: o.Metric = None, task: o.Task = None, test: o.Test = None, split: o.Split = None,
    time: o.Time = None, group: o.Group = None, kinds: o.Kind = None, recipe: o.Recipe = None,
    device: o.Device = None, seed: o.Seed = None, config: o.Config = None, out: o.Out = None, quiet: o.Quiet = False, json: o.Json = False,
    debug: o.Debug = False, *,
    reading: dict[str, Any],
) -> None:  # fmt: skip
    """Try every combination of the values, or --trials of them; write a run folder for the best.

    Every trial is trained on the same rows and scored on the same validation
    rows; the best is then tested on rows not used by any trial. Trials that
    differ in the learning rate only are trained together. The folder is that
    of a run, with sweep.csv and sweep.png in addition.

    With --shared, start the same command as often as you like, on any machine
    with access to the folder: each takes trials until none is left. The trials
    of a killed command are repeated by another.

    Example: ellayer sweep titanic.csv --target survived --layers 32 --layers 64,32

    Example: ellayer sweep titanic.csv -t survived --shared /mnt/team/titanic

    Example: ellayer sweep a.csv -t y --dropout 0 --dropout 0.2 --activation relu --trials 4
    """
    options = locals()
    settings = o.read_values(options, FIXED) | reading
    axes = {name: options[name] for name in AXES if options[name]}
    if layers:
        axes["layers"] = [o.read_layers(text) for text in layers]
    settings = _complete(settings, config)
    _check_limits(n_jobs, time_limit)
    with progress_bars(visible=not (quiet or json)) as start:
        if shared is not None:
            from ..runs.shared_sweep import SharedOptions, run_shared_sweep

            several = SharedOptions(shared, sampler or "grid", trials, n_jobs, time_limit)
            finished = run_shared_sweep(settings, axes, several, out, start)
        elif sampler not in (None, "grid"):
            raise UsageError(
                f"--sampler {sampler}: expected a folder for the trials with it, received none; add --shared DIR"
            )
        else:
            from ..runs.sweep import run_sweep

            finished = run_sweep(
                settings, axes, out, start, trials=trials, n_jobs=n_jobs, time_limit=time_limit
            )
    if json:
        typer.echo(dumps({"run": str(finished.path), **finished.summary}))
    elif quiet:
        typer.echo(finished.path)
    else:
        from .display import show_sweep

        show_sweep(finished)


def _complete(settings: dict[str, Any], config: Path | None) -> dict[str, Any]:
    """Return the settings of all trials, completed by a config and checked."""
    if config is not None:
        settings = {**read_config(config), **settings}
    for key in ("layers", "learning_rate", "cv"):  # the first are tried, and trials are not cross-validated
        settings.pop(key, None)
    check_settings(settings, FILE, "a file")
    for name, expected in (("members", (1, "auto")), ("model", ("network",))):
        if settings.get(name, expected[0]) not in expected:
            raise UsageError(
                f"--config: expected {name} = {expected[0]} for a sweep of networks, received {settings[name]}; leave it "
                "out, and train with it once the best network is known"
            )
    return settings


def _check_limits(n_jobs: int | None, time_limit: float | None) -> None:
    """Refuse a number of jobs or a time limit that cannot be meant."""
    if n_jobs == 0:
        raise UsageError(
            "--n-jobs: expected an integer of at least 1, or -1 for all cores, received 0; try --n-jobs -1"
        )
    if time_limit is not None and not 0 < time_limit < math.inf:
        raise UsageError(
            f"--time-limit: expected a finite number of seconds above 0, received {time_limit}; try --time-limit 600"
        )
