"""``ellayer train``: a data set in, a run folder out."""

from __future__ import annotations

import difflib
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .answers import CHECK_FAILED, DONE, INTERRUPTED, BadInput, answering
from .folder import output_folder
from .options import Debug, Json, Out, Quiet, check_learning_rate, read_activations, read_layers
from .progress import progress_bars
from .recipes import RECIPES, Recipe

if TYPE_CHECKING:
    from .training import Job

_BY_DATA = "by data set"


@answering
def train(
    name: Annotated[str, typer.Argument(help=f"A named data set: {', '.join(RECIPES)}.", metavar="NAME")],
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder of the files of 'cats'.", metavar="DIR")
    ] = None,
    layers: Annotated[
        str | None,
        typer.Option(
            "--layers", help="Sizes of the hidden layers, like 20,7,5.", show_default=_BY_DATA, metavar="N,N"
        ),
    ] = None,
    activation: Annotated[
        str | None,
        typer.Option("--activation", help="Of the hidden layers: one, or one each.", show_default=_BY_DATA),
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option("--learning-rate", help="Step size, above 0.", show_default=_BY_DATA)
    ] = None,
    iterations: Annotated[
        int | None, typer.Option("--iterations", min=1, help="Number of updates.", show_default=_BY_DATA)
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Of the starting weights.", show_default=_BY_DATA)
    ] = None,
    initializer: Annotated[
        str | None, typer.Option("--initializer", help="Rule of the starting weights.", show_default=_BY_DATA)
    ] = None,
    optimizer: Annotated[
        str, typer.Option("--optimizer", help="Update rule; other than gd with its own learning rate.")
    ] = "gd",
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", help="Examples per update.", show_default="all")
    ] = None,
    l2: Annotated[float, typer.Option("--l2", help="Strength of the L2 penalty.")] = 0.0,
    dropout: Annotated[float, typer.Option("--dropout", help="Share of hidden units dropped.")] = 0.0,
    engine: Annotated[str, typer.Option("--engine", help="auto, numpy or jax.")] = "auto",
    out: Out = None,
    quiet: Quiet = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Train logistic regression and a network on a data set; write a run folder.

    The folder holds parameters, history.csv, run.json and pictures.
    Ctrl-C keeps the state reached.

    Example: ellayer train flower --layers 5 --out runs/five
    """
    from .training import Job

    recipe = _recipe(name, data)
    check_learning_rate(learning_rate)
    rate = learning_rate if learning_rate is not None or optimizer != "gd" else recipe.learning_rate
    job = Job(
        name=name,
        data=data,
        recipe=recipe,
        layers=read_layers(layers) if layers is not None else list(recipe.layers),
        activations=read_activations(activation or recipe.activation),
        settings={
            "initializer": initializer or recipe.initializer,
            "seed": recipe.seed if seed is None else seed,
            "learning_rate": rate,
            "num_iterations": recipe.iterations if iterations is None else iterations,
            "optimizer": optimizer,
            "batch_size": batch_size,
            "l2": l2,
            "dropout": dropout,
            "engine": engine,
        },
        baseline_iterations=recipe.baseline_iterations if iterations is None else iterations,
    )
    raise typer.Exit(_run(job, out, quiet, json))


def _recipe(name: str, data: Path | None) -> Recipe:
    if name not in RECIPES:
        near = difflib.get_close_matches(name, RECIPES, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise BadInput(f"expected a data set among {', '.join(RECIPES)}; received {name!r}{hint}")
    if name == "cats" and data is None:
        raise BadInput(
            "cats is read from files: expected --data DIR, the folder of train_catvnoncat.h5 and "
            "test_catvnoncat.h5; try ellayer train cats --data path/to/folder"
        )
    return RECIPES[name]


def _run(job: Job, out: Path | None, quiet: bool, json: bool) -> int:
    """Do the job and return the exit code."""
    from ..data import load
    from .training import train_job

    dataset = load(job.name, data=job.data)
    with output_folder(out, job.name) as folder:
        with progress_bars(shown=not (quiet or json)) as start:
            training = train_job(job, dataset, start)
        from .saving import write_run  # matplotlib: only once there is something to draw

        summary = write_run(folder.staging, training)
        path = folder.finish()
    if json:
        typer.echo(dumps({"run": str(path), **summary}))
    elif quiet:
        typer.echo(path)
    else:
        from .display import show_training

        show_training(training, path)
    if training.interrupted:
        return INTERRUPTED
    return CHECK_FAILED if training.diverged else DONE
