"""``ellayer train``: train on a file or a named data set and write a run folder."""

from __future__ import annotations

from json import dumps
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import UsageError
from ..runs.config import FILE, NAMED, read_config
from ..runs.notes_recipes import RECIPES
from .errors import CHECK_FAILED, DONE, INTERRUPTED, handle_errors
from .options import (
    DETECTED,
    Debug,
    Json,
    Out,
    Quiet,
    check_learning_rate,
    read_kinds,
    read_layers,
    read_task,
)
from .progress import progress_bars

_BOTH, _FILES, _READING, _SETS = "Training", "Files", "Reading a file", "Named data sets"
_BY_DATA = "depends on the data"


def _option(*names: str, help: str, panel: str = _BOTH, default: str | bool = _BY_DATA, **more: Any) -> Any:
    return typer.Option(*names, help=help, rich_help_panel=panel, show_default=default, **more)


@handle_errors
def train(
    source: Annotated[
        str | None,
        typer.Argument(help=f"A file, a folder of images, or one of: {', '.join(RECIPES)}.", metavar="FILE|NAME"),
    ] = None,
    target: Annotated[
        str | None,
        _option("--target", "-t", help="Target column (required for tables).", panel=_FILES, metavar="COLUMN",
                default=False),
    ] = None,
    layers: Annotated[
        str | None, _option("--layers", help="Sizes of the hidden layers, like 20,7,5.", metavar="N,N")
    ] = None,
    learning_rate: Annotated[float | None, _option("--learning-rate", help="Learning rate, above 0.")] = None,
    batch_size: Annotated[int | None, _option("--batch-size", min=1, help="Examples per update.")] = None,
    seed: Annotated[
        int | None, _option("--seed", min=0, help="Random seed (weights, shuffling, splits).", default="1")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="Settings of a run, like its config.toml; options override them.",
                     rich_help_panel=_BOTH),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option("--resume", help="Resume a run that was killed or interrupted.", metavar="DIR",
                     rich_help_panel=_BOTH),
    ] = None,
    task: Annotated[
        str | None,
        _option("--task", help="Task: classification (classes) or regression (numbers).", panel=_FILES,
                default="inferred from the target"),
    ] = None,
    test: Annotated[
        str | None, _option("--test", help="Share of rows to test on, or a file of them.", panel=_FILES, default="0.2")
    ] = None,
    epochs: Annotated[int | None, _option("--epochs", min=1, help="Passes over the rows.", panel=_FILES)] = None,
    members: Annotated[
        int | None,
        _option("--members", min=1, help="Networks whose predictions are averaged.", panel=_FILES, default="1"),
    ] = None,
    metric: Annotated[
        str | None,
        _option("--metric", help="Metric to select the best epoch by: log_loss, roc_auc, f1, rmse, ...", panel=_FILES,
                default="log_loss or rmse"),
    ] = None,
    class_weight: Annotated[
        str | None,
        _option("--class-weight", help="balanced: weight classes by the inverse of their frequency.", panel=_FILES,
                default="none"),
    ] = None,
    kind: Annotated[
        list[str] | None,
        _option("--kind", help="Column type: COLUMN=numeric|categorical|boolean|date|ignore (repeatable).",
                panel=_FILES, metavar="COLUMN=KIND", default="inferred from the values"),
    ] = None,
    recipe: Annotated[
        str | None, _option("--recipe", help="Recipe of preparation and training: simple or full.", panel=_FILES)
    ] = None,
    time_limit: Annotated[
        float | None, _option("--time-limit", help="Time limit of the fit in seconds.", panel=_FILES, default="none")
    ] = None,
    delimiter: Annotated[
        str | None, _option("--delimiter", help="Field delimiter, or tab.", panel=_READING, default=DETECTED)
    ] = None,
    decimal: Annotated[
        str | None, _option("--decimal", help="Decimal sign, . or ,", panel=_READING, default=DETECTED)
    ] = None,
    encoding: Annotated[
        str | None,
        _option("--encoding", help="Text encoding, such as utf-8 or cp1252.", panel=_READING, default=DETECTED),
    ] = None,
    header: Annotated[
        bool | None,
        _option("--header/--no-header", help="Whether the first line holds the column names.", panel=_READING,
                default=DETECTED),
    ] = None,
    x: Annotated[
        str | None, _option("--x", help="Key of the inputs (NPZ, HDF5).", panel=_READING, default=DETECTED)
    ] = None,
    y: Annotated[
        str | None, _option("--y", help="Key of the targets (NPZ, HDF5).", panel=_READING, default=DETECTED)
    ] = None,
    size: Annotated[
        int | None,
        _option("--size", help="Resize images to N×N pixels.", panel=_READING, default="64, or their own if smaller"),
    ] = None,
    grey: Annotated[
        bool | None,
        _option("--grey/--colour", help="Read images as grey or as colour.", panel=_READING, default="as they are"),
    ] = None,
    strict: Annotated[
        bool | None,
        _option("--strict/--skip", help="Fail on an image that cannot be read, or skip it.", panel=_READING,
                default="skip"),
    ] = None,
    data: Annotated[
        str | None, _option("--data", help="Folder of the files of cats.", panel=_SETS, metavar="DIR", default=False)
    ] = None,
    activation: Annotated[
        str | None, _option("--activation", help="Activation of the hidden layers: one, or one each.", panel=_SETS)
    ] = None,
    iterations: Annotated[int | None, _option("--iterations", min=1, help="Number of updates.", panel=_SETS)] = None,
    initializer: Annotated[
        str | None, _option("--initializer", help="Initializer of the weights.", panel=_SETS)
    ] = None,
    optimizer: Annotated[
        str | None,
        _option("--optimizer", help="Optimizer; all but gd bring their own default learning rate.", panel=_SETS,
                default="gd"),
    ] = None,
    l2: Annotated[float | None, _option("--l2", help="Strength of the L2 penalty.", panel=_SETS, default="0")] = None,
    dropout: Annotated[
        float | None, _option("--dropout", help="Dropout rate of the hidden layers.", panel=_SETS, default="0")
    ] = None,
    engine: Annotated[
        str | None, _option("--engine", help="Training loop: auto, numpy or jax.", panel=_SETS, default="auto")
    ] = None,
    out: Out = None,
    quiet: Quiet = False,
    json: Json = False,
    debug: Debug = False,
) -> None:  # fmt: skip
    """Train on a file or a named data set; write a run folder.

    On a file: the types of its columns are inferred, rows are held out for
    testing, and the folder holds the model, report.html, config.toml,
    history.csv, run.json and pictures. On a named data set: logistic regression
    and a network, as in the notes. Ctrl-C keeps the state reached; --resume
    continues from it.

    Example: ellayer train titanic.csv --target survived

    Example: ellayer train flower --layers 5 --out runs/five
    """
    options = dict(locals())
    settings = {key: options[key] for key in (*NAMED, *FILE) if options.get(key) is not None}
    if kind:
        settings["kinds"] = read_kinds(kind)
    if layers is not None:
        settings["layers"] = read_layers(layers)
    if task is not None:
        settings["task"] = read_task(task)
    if resume is not None:
        settings = _resumed(resume, settings, config)
    elif config is not None:
        settings = read_config(config) | settings
    check_learning_rate(settings.get("learning_rate"))
    if "source" not in settings:
        raise UsageError(
            "expected a file or the name of a data set, received none; try ellayer train titanic.csv --target "
            "survived, or ellayer train flower"
        )
    from ..runs.train_run import train_run

    with progress_bars(shown=not (quiet or json)) as start:
        finished = train_run(settings, out or resume, resume=resume, start=start)
    if json:
        typer.echo(dumps({"run": str(finished.path), **finished.summary}))
    elif quiet:
        typer.echo(finished.path)
    else:
        from .display import show_run

        show_run(finished.summary, finished.path)
    if finished.run.interrupted:
        raise typer.Exit(INTERRUPTED)
    raise typer.Exit(CHECK_FAILED if finished.run.diverged else DONE)


def _resumed(folder: Path, settings: dict[str, Any], config: Path | None) -> dict[str, Any]:
    """Return the settings of a run to resume; it takes no others."""
    from ..runs.checkpoints import CHECKPOINT

    if settings or config:
        raise UsageError(
            "--resume continues with the settings of the run: expected no others, received "
            f"{', '.join(settings) or '--config'}; start a new run for those"
        )
    if not (folder / CHECKPOINT).is_file():
        raise UsageError(
            f"--resume: expected the folder of a run that was killed, with {CHECKPOINT} in it, received {folder}; "
            "a run that ended is complete"
        )
    return read_config(folder / "config.toml")
