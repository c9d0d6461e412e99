"""``ellayer trace``: one step of training, every quantity with its equation and its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._views import whole_page
from ..errors import UsageError
from ..runs.config import check_learning_rate
from .errors import handle_errors
from .options import Debug, ExamplesFile, Json, Model, check_new_file
from .reading import later_reading_options

if TYPE_CHECKING:
    from ..inspection.derivation import Derivation
    from ..inspection.trace import Trace


@handle_errors
@later_reading_options
def trace(
    model: Model,
    file: ExamplesFile,
    row: Annotated[
        int | None, typer.Option("--row", help="Trace the step of a single example, counted from 0.", min=0)
    ] = None,
    cell: Annotated[
        str | None,
        typer.Option("--cell", help="Show one number with its terms, like dW1,0,3.", metavar="NAME,I,J"),
    ] = None,
    weight: Annotated[
        str | None,
        typer.Option(
            "--weight",
            help="Show the chain rule for one weight, like W2,0,3, and check it.",
            metavar="NAME,J,K",
        ),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            "--learning-rate", help="Learning rate of the update.", show_default="the last of the run"
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write an HTML page with typeset equations.", metavar="PAGE")
    ] = None,
    json: Json = False,
    debug: Debug = False,
    *,
    reading: dict[str, Any],
) -> None:
    """Show one training step with every equation, shape and number.

    Z, A, J, dA, dZ, dW, db and the update, for a batch as statistics and for one example in full.

    Example: ellayer trace model.ellayer flower --row 3
    """
    from ..inspection import derive
    from ..inspection import trace as trace_step
    from ..runs.saved_model import open_model

    check_learning_rate(learning_rate)
    if json and (cell or weight):
        raise UsageError(
            "--json: expected neither --cell nor --weight with it, because it prints the whole trace"
        )
    check_new_file("--html", html)
    examples = open_model(model).with_examples(file, reading)
    if row is not None and row >= examples.m:
        raise UsageError(f"--row: expected a number from 0 to {examples.m - 1}, received {row}")
    settings: dict[str, Any] = {} if learning_rate is None else {"learning_rate": learning_rate}
    step = trace_step(examples.model, examples.X, examples.Y, example=row, **settings)
    derivation = None
    if weight is not None:
        entry = _entry("--weight", weight)
        derivation = derive(examples.model, examples.X, examples.Y, entry, example=row)
    if html is not None:
        html.write_text(_page(step, derivation), encoding="utf-8")
    if json:
        typer.echo(step.to_json())
    elif cell is not None:
        typer.echo(_cell_text(step, _entry("--cell", cell)))
    elif derivation is not None:
        typer.echo(str(derivation))
    elif html is None:
        from rich.console import Console

        Console().print(step)
    if html is not None and not json:
        typer.echo(f"Written to {html}")


def _entry(option: str, text: str) -> tuple[Any, ...]:
    """Return the name and the indices of a text like "W2,0,3"."""
    name, *index = (part.strip() for part in text.split(","))
    try:
        return (name, *(int(i) for i in index))
    except ValueError:
        raise UsageError(f"{option}: expected a name and integers like W2,0,3; received {text!r}") from None


def _cell_text(step: Trace, cell: tuple[Any, ...]) -> str:
    try:
        return str(step.cell(*cell))
    except (KeyError, IndexError) as error:
        raise UsageError(f"--cell: {error.args[0]}") from error


def _page(step: Trace, derivation: Derivation | None) -> str:
    body = step._repr_html_() + ("" if derivation is None else derivation._repr_html_())
    return whole_page(body, "Trace of one step")
