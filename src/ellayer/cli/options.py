"""The options that commands share, and the parsing of their values."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import UsageError
from ..runs.notes_recipes import RECIPES

TRAINING, FILES, SETS, GROUP = "Training", "Files", "Named data sets", "Several processes"


def option(
    *names: str, help: str, panel: str, default: str | bool = "depends on the data", **more: Any
) -> Any:
    """Return an option in a panel of the help, with a description of its default."""
    return typer.Option(*names, help=help, rich_help_panel=panel, show_default=default, **more)


_TASK = "Task: classification (classes) or regression (numbers)."
_KIND = "Column type: COLUMN=numeric|categorical|boolean|date|ignore (repeatable)."
_POSITIVE = "The class of two that precision, recall, F1 and ROC treat as positive."
_METRIC = "Metric to select the best epoch or trial by: log_loss, roc_auc, f1, rmse, ..."
ACTIVATION = "Activation of the hidden layers, like relu or tanh: one, or one per layer."
DROPOUT = "Share of hidden units set to 0 at random in each update, from 0 to below 1."
L2_PENALTY = "Strength of the L2 penalty on the weights."
OPTIMIZER = "Optimizer, like adam or momentum: how gradients become updates."
WEIGHT_DECAY = "Shrink the weights by this share of the learning rate at each update."
BATCH_SIZE = "Examples per update."
PATIENCE = "Stop after this number of epochs without a better validation score."
_MODEL = "Model to save: network, linear (regression), boosting (trees), or best: the one with the best score on rows held out in training."
_PARTS = "several files or a pattern in quotation marks as one table, or - for standard input"
_SOURCE = f"A file, {_PARTS}, a folder of images, or one of: {', '.join(RECIPES)}."

Model = Annotated[Path, typer.Argument(help="A model file, or the folder of a run.", metavar="MODEL")]
Source = Annotated[list[str] | None, typer.Argument(help=_SOURCE, metavar="FILE...|NAME")]
Files = Annotated[
    list[str], typer.Argument(help=f"A file like the training file, {_PARTS}, or images.", metavar="FILE...")
]
ExamplesFile = Annotated[
    str,
    typer.Argument(help="A file like the training file, or a named data set such as flower.", metavar="FILE"),
]

Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        help="Folder to write, which must be new or empty.",
        show_default="runs/NAME-N",
        metavar="DIR",
    ),
]
Live = Annotated[
    bool,
    typer.Option(
        "--live",
        help="Watch the run on a page in the browser, and stop it there; the command ends when it is closed.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the folder written.")]
QuietServer = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the address.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")]

# fmt: off
Layers = Annotated[str | None, option("--layers", help="Sizes of the hidden layers, like 20,7,5.", panel=TRAINING, metavar="N,N")]
LearningRate = Annotated[float | None, option("--learning-rate", help="Learning rate, above 0.", panel=TRAINING)]
BatchSize = Annotated[int | None, option("--batch-size", min=1, help=BATCH_SIZE, panel=TRAINING)]
Activation = Annotated[str | None, option("--activation", help=ACTIVATION, panel=TRAINING, metavar="NAME,NAME")]
Dropout = Annotated[float | None, option("--dropout", help=DROPOUT, panel=TRAINING)]
L2 = Annotated[float | None, option("--l2", help=L2_PENALTY, panel=TRAINING, default="0")]
Optimizer = Annotated[str | None, option("--optimizer", help=OPTIMIZER, panel=TRAINING)]
Seed = Annotated[int | None, option("--seed", min=0, help="Random seed (weights, shuffling, splits).", panel=TRAINING, default="1")]
Config = Annotated[Path | None, option("--config", help="Settings of a run, like its config.toml; options override them.", panel=TRAINING, default=False)]
NoRows = Annotated[bool | None, option("--no-rows", help="Leave values of rows and absolute paths out of the report.", panel=TRAINING, default=False)]
Resume = Annotated[Path | None, option("--resume", help="Resume a run that was killed or interrupted.", panel=TRAINING, default=False, metavar="DIR")]

Processes = Annotated[int | None, option("--processes", min=1, help="Number of processes of this machine that train together, each with its own files or row groups.", panel=GROUP, default=False)]
Coordinator = Annotated[str | None, option("--coordinator", help="Train with processes of other machines: HOST:PORT of process 0, or auto to use the values set by torchrun, Slurm or Open MPI.", panel=GROUP, default=False, metavar="HOST:PORT")]
NumProcesses = Annotated[int | None, option("--num-processes", min=1, help="The number of processes on all machines.", panel=GROUP, default=False)]
ProcessId = Annotated[int | None, option("--process-id", min=0, help="The number of this process, from 0.", panel=GROUP, default=False)]

Target = Annotated[str | None, option("--target", "-t", help="Target column: its name or position (-1 is the last); required to train on a table.", panel=FILES, default=False, metavar="COLUMN")]
Task = Annotated[str | None, option("--task", help=_TASK, panel=FILES, default="inferred from the target")]
Test = Annotated[str | None, option("--test", help="Fraction of rows to test on, or a file with test rows.", panel=FILES, default="0.2")]
Split = Annotated[str | None, option("--split", help="How to split the rows: random, time (test on the latest), group (whole groups), order (the last rows of the file), or auto.", panel=FILES, default="random")]
Time = Annotated[str | None, option("--time", help="Time column: test and validation rows are the latest.", panel=FILES, default=False, metavar="COLUMN")]
Group = Annotated[str | None, option("--group", help="Group column: no group is in both parts of a split.", panel=FILES, default=False, metavar="COLUMN")]
TrainedModel = Annotated[str | None, option("--model", help=_MODEL, panel=FILES, default="network")]
Epochs = Annotated[int | None, option("--epochs", min=1, help="Number of passes over the rows.", panel=FILES)]
Members = Annotated[str | None, option("--members", help="Number of networks whose predictions are averaged, or auto.", panel=FILES, default="auto", metavar="N")]
Preset = Annotated[str | None, option("--preset", help="Number of networks and epochs, by a time budget: fast, default or best.", panel=FILES, default="default")]
Cv = Annotated[int | None, option("--cv", min=2, help="Folds of a cross-validation over all rows, besides the test.", panel=FILES, default="none")]
Jobs = Annotated[int | None, option("--n-jobs", "-j", help="Networks, folds or models trained at once, each in a process of its own; -1 uses all cores. The result is the same.", panel=FILES, default="1", metavar="N")]
WeightDecay = Annotated[float | None, option("--weight-decay", help=WEIGHT_DECAY, panel=FILES)]
Patience = Annotated[int | None, option("--patience", min=1, help=PATIENCE, panel=FILES, default="none")]
Metric = Annotated[str | None, option("--metric", help=_METRIC, panel=FILES, default="log_loss or rmse")]
ClassWeight = Annotated[str | None, option("--class-weight", help="balanced: weight classes by the inverse of their frequency.", panel=FILES, default="none")]
Positive = Annotated[str | None, option("--positive", help=_POSITIVE, panel=FILES, default="the rarer", metavar="CLASS")]
Cost = Annotated[str | None, option("--cost", help="Cost of false positives and negatives, like fp=1,fn=5; chooses the threshold.", panel=FILES, default="none", metavar="fp=X,fn=Y")]
LaterPositive = Annotated[str | None, option("--positive", help=_POSITIVE, panel=FILES, default="as in training", metavar="CLASS")]
LaterCost = Annotated[str | None, option("--cost", help="Cost of false positives and negatives, like fp=1,fn=5, in the table of thresholds.", panel=FILES, default="as in training", metavar="fp=X,fn=Y")]
Kind = Annotated[list[str] | None, option("--kind", help=_KIND, panel=FILES, default="inferred from the values", metavar="COLUMN=KIND")]
Recipe = Annotated[str | None, option("--recipe", help="Recipe for preparation and training: ramps, simple or full.", panel=FILES, default="ramps")]
TimeLimit = Annotated[float | None, option("--time-limit", help="Time limit of the fit in seconds.", panel=FILES, default="none")]

CatsFolder = Annotated[str | None, option("--data", help="Folder with the HDF5 files of the cats.", panel=SETS, default=False, metavar="DIR")]
Iterations = Annotated[int | None, option("--iterations", min=1, help="Number of updates.", panel=SETS)]
Initializer = Annotated[str | None, option("--initializer", help="Initializer of the weights.", panel=SETS)]
Device = Annotated[str | None, option("--device", help="Device that trains: cpu, gpu, or gpu:1 for the second.", panel=TRAINING, default="cpu", metavar="NAME")]
Engine = Annotated[str | None, option("--engine", help="Training loop: auto, numpy or jax.", panel=SETS, default="auto")]
# fmt: on


def read_values(options: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the settings given by the options of a command, converted to their types.

    Parameters
    ----------
    options : dict
        Keyed by the names of the settings; None if an option is not given.
    names : iterable of str
        Names of settings.
    """
    readers: dict[str, Callable[[Any], Any]] = {
        "cost": read_cost,
        "layers": read_layers,
        "kinds": read_kinds,
        "members": read_members,
        "source": one_or_several,
        "task": read_task,
    }
    values = {name: options[name] for name in names if options.get(name) not in (None, [])}
    return {name: readers[name](value) if name in readers else value for name, value in values.items()}


def one_or_several(files: list[str]) -> str | list[str]:
    """Return the only file of a list, or the list.

    >>> one_or_several(["a.csv"]), one_or_several(["a.csv", "b.csv"])
    ('a.csv', ['a.csv', 'b.csv'])
    """
    return files[0] if len(files) == 1 else files


def check_new_file(option: str, path: Path | None, force: bool | None = None) -> None:
    """Refuse a file that exists already.

    Parameters
    ----------
    option : str
    path : Path or None
    force : bool, optional
        Whether it may be overwritten; None if the command has no such option.
    """
    if path is not None and not force and path.exists():
        remedy = "" if force is None else ", or use --force"
        raise UsageError(
            f"{option}: expected a file that does not exist yet, received {str(path)!r}; choose another name{remedy}"
        )


def read_layers(text: str) -> list[int]:
    """Return the sizes of the hidden layers from a text like "20,7,5".

    >>> read_layers("20, 7,5")
    [20, 7, 5]
    """
    try:
        sizes = [int(part) for part in text.split(",")]
    except ValueError:
        sizes = []
    if not sizes or min(sizes) < 1:
        raise UsageError(
            f"--layers: expected the sizes of the hidden layers, integers of at least 1 separated by "
            f"commas, received {text!r}; try --layers 4 or --layers 20,7,5"
        )
    return sizes


def read_members(text: str) -> int | str:
    """Return the number of members of a text, or "auto".

    >>> read_members("8"), read_members("auto")
    (8, 'auto')
    """
    if text == "auto":
        return text
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(
            f"--members: expected an integer of at least 1, or auto, received {text!r}; try --members 8"
        )
    return int(text)


def read_cost(text: str) -> dict[str, float]:
    """Return the costs of errors of a text like "fp=1,fn=5".

    >>> read_cost("fp=1, fn=5")
    {'fp': 1.0, 'fn': 5.0}
    """
    try:
        costs = {
            name.strip(): float(number) for name, number in (part.split("=") for part in text.split(","))
        }
    except ValueError:
        costs = {}
    if (
        not costs
        or not {"fp", "fn"}.issuperset(costs)
        or not all(0 < cost < math.inf for cost in costs.values())
    ):
        raise UsageError(
            f"--cost: expected costs above 0 of false positives and false negatives, received {text!r}; try --cost fp=1,fn=5"
        )
    return costs


def read_task(text: str) -> str:
    """Return "classes" or "numbers" for a task; classification and regression are aliases.

    >>> read_task("classification"), read_task("numbers")
    ('classes', 'numbers')
    """
    task = {"classification": "classes", "regression": "numbers"}.get(text, text)
    if task not in ("classes", "numbers"):
        raise UsageError(
            f"--task: expected classes or numbers (or classification, regression), received {text!r}"
        )
    return task


def read_kinds(texts: list[str]) -> dict[str, str]:
    """Return the kinds of columns from texts like "zip=categorical".

    >>> read_kinds(["zip=categorical", "a=b=numeric"])
    {'zip': 'categorical', 'a=b': 'numeric'}
    """
    kinds = {}
    for text in texts:
        column, mark, kind = text.rpartition("=")
        if not (mark and column and kind):
            raise UsageError(f"--kind: expected COLUMN=KIND, like zip=categorical; received {text!r}")
        kinds[column] = kind
    return kinds
