"""``ellayer sweep``: try several networks on a file and keep the best."""

from __future__ import annotations

from json import dumps
from typing import Annotated, Any

import typer

from ..errors import UsageError
from ..runs.config import FILE, check_learning_rate, check_settings, read_config
from . import options as o
from .errors import handle_errors
from .progress import progress_bars
from .reading import reading_options


@handle_errors
@reading_options
def sweep(
    source: Annotated[list[str], typer.Argument(help="A file, several files, or a folder of images.", metavar="FILE...")],
    target: o.Target = None,
    layers: Annotated[
        list[str] | None,
        o.option("--layers", help="Sizes of hidden layers to try, like 64,32 (repeatable).", panel=o.TRAINING,
                 default="64,64 and 128,128", metavar="N,N"),
    ] = None,
    learning_rate: Annotated[
        list[float] | None,
        o.option("--learning-rate", help="A learning rate to try (repeatable).", panel=o.TRAINING,
                 default="that of the recipe, a third and three times of it"),
    ] = None,
    epochs: o.Epochs = None, metric: o.Metric = None, task: o.Task = None, test: o.Test = None, split: o.Split = None,
    time: o.Time = None, group: o.Group = None, kinds: o.Kind = None,
    seed: o.Seed = None, config: o.Config = None, out: o.Out = None, quiet: o.Quiet = False, json: o.Json = False,
    debug: o.Debug = False, *,
    reading: dict[str, Any],
) -> None:  # fmt: skip
    """Try every pair of layers and learning rate; write a run folder for the best.

    Every trial is trained on the same rows and scored on the same validation
    rows; the best is then tested on rows not used by any trial. Trials with
    the same layers are trained together. The folder is that of a run, with
    sweep.csv and sweep.png in addition.

    Example: ellayer sweep titanic.csv --target survived --layers 32 --layers 64,32
    """
    names = (
        "source",
        "target",
        "epochs",
        "metric",
        "task",
        "test",
        "split",
        "time",
        "group",
        "kinds",
        "seed",
    )
    settings = o.read_values(locals(), names) | reading
    from ..runs.sweep import DEFAULT_LAYERS, run_sweep

    if config is not None:
        settings = {**read_config(config), **settings}
    for key in ("layers", "learning_rate", "cv"):  # the first are tried, and trials are not cross-validated
        settings.pop(key, None)
    check_settings(settings, FILE, "a file")
    if settings.get("members", 1) != 1:
        raise UsageError(
            "--config: expected one member for a sweep, received more; train several once the best is known"
        )
    for rate in learning_rate or []:
        check_learning_rate(rate)
    sizes = [o.read_layers(text) for text in layers] if layers else list(DEFAULT_LAYERS)
    with progress_bars(shown=not (quiet or json)) as start:
        finished = run_sweep(settings, sizes, learning_rate or None, out, start)
    if json:
        typer.echo(dumps({"run": str(finished.path), **finished.summary}))
    elif quiet:
        typer.echo(finished.path)
    else:
        from .display import show_sweep

        show_sweep(finished)
