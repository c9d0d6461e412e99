"""``ellayer sweep``: try several networks on a file and keep the best."""

from __future__ import annotations

from json import dumps
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import UsageError
from ..runs.config import FILE, check_settings, read_config
from .errors import handle_errors
from .options import Debug, Json, Out, Quiet, check_learning_rate, read_kinds, read_layers, read_task
from .progress import progress_bars


@handle_errors
def sweep(
    source: Annotated[str, typer.Argument(help="A file, or a folder of images.", metavar="FILE")],
    target: Annotated[
        str | None,
        typer.Option("--target", "-t", help="Target column (required for tables).", metavar="COLUMN"),
    ] = None,
    layers: Annotated[
        list[str] | None,
        typer.Option("--layers", help="Sizes of hidden layers to try, like 64,32 (repeatable).", metavar="N,N",
                     show_default="64,64 and 128,128"),
    ] = None,
    learning_rate: Annotated[
        list[float] | None,
        typer.Option("--learning-rate", help="A learning rate to try (repeatable).",
                     show_default="the recipe's, a third of it and three times it"),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option("--epochs", min=1, help="Passes over the rows, for each trial.")
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option("--metric", help="Metric to select the best trial by: log_loss, roc_auc, f1, rmse, ..."),
    ] = None,
    task: Annotated[
        str | None, typer.Option("--task", help="Task: classification (classes) or regression (numbers).")
    ] = None,
    test: Annotated[str | None, typer.Option("--test", help="Share of rows to test on, or a file of them.")] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", help="Column type: COLUMN=numeric|categorical|boolean|date|ignore (repeatable).",
                     metavar="COLUMN=KIND"),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Random seed (weights, shuffling, splits).")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="Further settings, like a run's config.toml.", metavar="FILE")
    ] = None,
    out: Out = None,
    quiet: Quiet = False,
    json: Json = False,
    debug: Debug = False,
) -> None:  # fmt: skip
    """Try every pair of layers and learning rate; write a run folder with the best.

    Every trial is trained on the same rows and scored on the same validation
    rows; the best is then tested on rows that no trial has used. Trials with
    the same layers are trained at once. The folder is that of a run, with
    sweep.csv and sweep.png.

    Example: ellayer sweep titanic.csv --target survived --layers 32 --layers 64,32
    """
    from ..runs.sweep import DEFAULT_LAYERS, run_sweep

    options: dict[str, Any] = {
        "source": source, "target": target, "epochs": epochs, "metric": metric, "test": test, "seed": seed,
        "task": None if task is None else read_task(task), "kinds": read_kinds(kind) if kind else None,
    }  # fmt: skip
    settings = {key: value for key, value in options.items() if value is not None}
    if config is not None:
        settings = {**read_config(config), **settings}
    for key in ("layers", "learning_rate"):  # these are tried
        settings.pop(key, None)
    check_settings(settings, FILE, f"the file {source}")
    if settings.get("members", 1) != 1:
        raise UsageError(
            "--config: expected one member for a sweep, received more; train several once the best is known"
        )
    for rate in learning_rate or []:
        check_learning_rate(rate)
    sizes = [read_layers(text) for text in layers] if layers else list(DEFAULT_LAYERS)
    with progress_bars(shown=not (quiet or json)) as start:
        finished = run_sweep(settings, sizes, learning_rate or None, out, start)
    if json:
        typer.echo(dumps({"run": str(finished.path), **finished.summary}))
    elif quiet:
        typer.echo(finished.path)
    else:
        from .display import show_sweep

        show_sweep(finished)
