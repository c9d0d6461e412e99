"""``ellayer evaluate``: scores of a saved model on the rows of a file."""

from __future__ import annotations

from json import dumps
from typing import Annotated, Any

import typer

from .errors import handle_errors
from .options import Debug, Files, Json, LaterCost, LaterPositive, Model, one_or_several, read_cost
from .reading import later_reading_options

_MOST_CLASSES = 12  # the number of columns that fit on a terminal


@handle_errors
@later_reading_options
def evaluate(
    model: Model,
    files: Files,
    target: Annotated[
        str | None,
        typer.Option("--target", help="Target column.", metavar="COLUMN", show_default="as in training"),
    ] = None,
    positive: LaterPositive = None,
    cost: LaterCost = None,
    json: Json = False,
    debug: Debug = False,
    *,
    reading: dict[str, Any],
) -> None:
    """Evaluate a model on a file: scores with 95 % intervals, confusion matrix, calibration.

    The file, which includes the target column, is read like the one that the model was trained on. Rows without a target are ignored.

    Example: ellayer evaluate runs/titanic-1 new.csv
    """
    from ..runs.evaluation import evaluate_file
    from ..runs.saved_model import open_model

    facts = evaluate_file(
        open_model(model),
        one_or_several(files),
        target,
        reading,
        positive,
        None if cost is None else read_cost(cost),
    )
    if json:
        typer.echo(dumps(facts))
    else:
        _show(facts)


def _show(facts: dict[str, Any]) -> None:
    from rich.console import Console

    from .._wording import pluralize
    from ..core.metrics import METRICS
    from ..report.number_text import format_interval, format_score
    from ..report.run_facts import Score
    from ..runs.notes_networks import per_cent
    from .decisions import show_decisions
    from .display import print_line, table

    console = Console()
    print_line(console, f"{facts['target']} on {pluralize(facts['rows'], 'row')}")
    rows = []
    for name, ends in facts["scores"].items():
        metric, score = METRICS[name], Score.from_json(ends)
        better = "higher" if metric.maximize else "lower"
        rows.append((metric.title, format_score(name, score.value), format_interval(name, score), better))
    console.print(table(("score", "value", "95 % interval", "better"), rows, right=(1, 2)))
    classes = facts.get("classes", [])
    if 0 < len(classes) <= _MOST_CLASSES:
        print_line(console, "\nConfusion matrix: true classes in rows, predicted ones in columns")
        counts = [(label, *row) for label, row in zip(classes, facts["confusion_matrix"], strict=True)]
        console.print(table(("", *classes), counts, right=range(len(classes) + 1)))
    show_decisions(console, facts["decisions"])
    if facts.get("calibration"):
        event = f"class {classes[1]}" if len(classes) == 2 else "the predicted class"
        print_line(console, f"\nCalibration: predicted and observed frequency of {event}")
        bins = [
            (
                b["rows"],
                per_cent(b["predicted"], 1),
                per_cent(b["observed"], 1),
                f"{100 * b['low']:.0f} to {per_cent(b['high'])}",
            )
            for b in facts["calibration"]
        ]
        console.print(table(("rows", "predicted", "observed", "95 % interval"), bins, right=range(4)))
    for note in facts["notes"]:
        print_line(console, f"Note: {note}")
