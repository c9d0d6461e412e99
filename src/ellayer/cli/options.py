"""The options the commands share, and the reading of their values."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from ..errors import UsageError

DETECTED = "detected"  # the default of options that describe a file

Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        help="Folder to write; must not exist or be empty.",
        show_default="runs/NAME-N",
        metavar="DIR",
    ),
]
Model = Annotated[Path, typer.Argument(help="A model file, or the folder of a run.", metavar="MODEL")]
ExamplesFile = Annotated[
    str,
    typer.Argument(help="A file like the training file, or a named data set such as flower.", metavar="FILE"),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the folder written.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


def read_layers(text: str) -> list[int]:
    """Return the hidden layers' sizes of a text like "20,7,5".

    >>> read_layers("20, 7,5")
    [20, 7, 5]
    """
    try:
        sizes = [int(part) for part in text.split(",")]
    except ValueError:
        sizes = []
    if not sizes or min(sizes) < 1:
        raise UsageError(
            f"--layers: expected the sizes of the hidden layers, whole numbers of at least 1 separated by "
            f"commas, received {text!r}; try --layers 4 or --layers 20,7,5"
        )
    return sizes


def check_learning_rate(rate: float | None) -> None:
    """Say what is wrong with a learning rate that no run can take."""
    if rate is not None and not 0 < rate < math.inf:
        raise UsageError(
            f"--learning-rate: expected a finite number above 0, received {rate}; try 0.1, or leave it out"
        )


def read_task(text: str) -> str:
    """Return "classes" or "numbers" for a task; classification and regression are other words for them.

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
    """Return the kinds of columns of texts like "zip=categorical".

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
