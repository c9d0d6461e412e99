"""``ellayer evaluate``: scores of a saved model on the rows of a file."""

from __future__ import annotations

from json import dumps
from typing import TYPE_CHECKING, Annotated

import typer

from .errors import handle_errors
from .options import Debug, Json, Model

if TYPE_CHECKING:
    from rich.console import Console

    from ..runs.evaluation import Evaluation

_MOST_CLASSES = 12  # as many columns fit on a terminal


@handle_errors
def evaluate(
    model: Model,
    file: Annotated[
        str,
        typer.Argument(help="A file like the training file, including the target column.", metavar="FILE"),
    ],
    target: Annotated[
        str | None,
        typer.Option("--target", help="Target column.", metavar="COLUMN", show_default="as in training"),
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure a model on a file: scores with 95 % intervals, confusion matrix, calibration.

    The file is read like the one that the model was trained on. Rows without a target are left out.

    Example: ellayer evaluate runs/titanic-1 new.csv
    """
    from ..runs.evaluation import evaluate_file
    from ..runs.saved_model import open_model

    evaluation = evaluate_file(open_model(model), file, target)
    if json:
        typer.echo(dumps(evaluation.to_json()))
    else:
        _show(evaluation)


def _show(evaluation: Evaluation) -> None:
    from rich.console import Console
    from rich.table import Table

    from ..core.metrics import METRICS
    from ..report.sentences import format_interval, format_score, pluralize

    console = Console()
    rows = pluralize(len(evaluation.y), "row")
    console.print(f"{evaluation.target} on {rows}", markup=False, highlight=False)
    table = Table()
    table.add_column("score")
    table.add_column("value", justify="right")
    table.add_column("95 % interval", justify="right")
    table.add_column("better")
    for name, score in evaluation.scores.items():
        row = METRICS[name]
        table.add_row(
            row.title,
            format_score(name, score.value),
            format_interval(name, score),
            "higher" if row.maximize else "lower",
        )
    console.print(table)
    if evaluation.classes:
        _show_confusion(console, evaluation)
        _show_calibration(console, evaluation)
    for note in evaluation.messages:
        console.print(f"Note: {note}", markup=False, highlight=False)


def _show_confusion(console: Console, evaluation: Evaluation) -> None:
    from rich.markup import escape
    from rich.table import Table

    classes = evaluation.classes
    if len(classes) > _MOST_CLASSES:
        return
    console.print("\nConfusion matrix: true classes in rows, predicted ones in columns", highlight=False)
    table = Table()
    for label in ("", *classes):
        table.add_column(escape(str(label)), justify="right")
    for label, counts in zip(classes, evaluation.confusion_matrix(), strict=True):
        table.add_row(escape(str(label)), *map(str, counts))
    console.print(table)


def _show_calibration(console: Console, evaluation: Evaluation) -> None:
    from rich.markup import escape
    from rich.table import Table

    from ..runs.notes_networks import per_cent

    bins, classes = evaluation.calibration(), evaluation.classes
    if not bins:
        return
    what = f"class {escape(str(classes[1]))}" if len(classes) == 2 else "the predicted class"
    console.print(f"\nCalibration: predicted and observed frequency of {what}", highlight=False)
    table = Table()
    for heading in ("rows", "predicted", "observed", "95 % interval"):
        table.add_column(heading, justify="right")
    for row in bins:
        table.add_row(str(row.rows), per_cent(row.predicted, 1), per_cent(row.observed, 1),
                      f"{100 * row.low:.0f} to {per_cent(row.high)}")  # fmt: skip
    console.print(table)
