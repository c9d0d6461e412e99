"""``ellayer check``: the gradients of a model against finite differences."""

from __future__ import annotations

from dataclasses import asdict
from json import dumps
from typing import Annotated, Any

import typer

from .._json import finite
from ..errors import UsageError
from .errors import CHECK_FAILED, DONE, handle_errors
from .options import Debug, ExamplesFile, Json, Model
from .reading import later_reading_options


@handle_errors
@later_reading_options
def check(
    model: Model,
    file: ExamplesFile,
    rows: Annotated[int, typer.Option("--rows", help="Number of examples to check (0: all).", min=0)] = 0,
    directions: Annotated[
        int | None,
        typer.Option(
            "--directions", help="Random directions per gradient.", min=1, show_default="every entry"
        ),
    ] = None,
    l2: Annotated[float, typer.Option("--l2", help="Strength of the L2 penalty in the cost.", min=0.0)] = 0.0,
    threshold: Annotated[
        float, typer.Option("--threshold", help="Largest relative error that passes.")
    ] = 1e-7,
    json: Json = False,
    debug: Debug = False,
    *,
    reading: dict[str, Any],
) -> None:
    """Compare each gradient of a model with finite differences.

    The exit code is 0 if all agree, 1 if any does not or could not be checked.

    Example: ellayer check model.ellayer flower
    """
    from ..inspection import check_gradients

    if not threshold > 0:
        raise UsageError(f"--threshold: expected a number above 0, received {threshold}; try 1e-7")
    from ..runs.saved_model import open_model

    examples = open_model(model).with_examples(file, reading)
    X, Y = examples.first(rows or None)
    outcome = check_gradients(examples.model, X, Y, l2=l2, threshold=threshold, directions=directions)
    if json:
        typer.echo(
            dumps(
                {
                    "passed": outcome.passed,
                    "cost": outcome.cost,
                    "rows": [
                        {name: finite(value) for name, value in asdict(row).items()} for row in outcome.rows
                    ],
                }
            )
        )
    else:
        typer.echo(str(outcome))
    raise typer.Exit(DONE if outcome.passed else CHECK_FAILED)
