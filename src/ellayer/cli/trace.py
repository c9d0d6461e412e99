"""``ellayer trace``: one step of training, every quantity with its equation and its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UsageError
from ..runs.inspection_data import DATA_HELP, MODEL_HELP, look_at
from .errors import answering
from .options import Debug

if TYPE_CHECKING:
    from ..inspection.derivation import Derivation


@answering
def trace(
    model: Annotated[Path, typer.Argument(help=MODEL_HELP, metavar="MODEL")],
    file: Annotated[str, typer.Argument(help=DATA_HELP, metavar="FILE")],
    row: Annotated[
        int | None, typer.Option("--row", help="Trace the step of this example alone, counted from 0.", min=0)
    ] = None,
    cell: Annotated[
        str | None,
        typer.Option("--cell", help="Show one number with its terms, like dW1,0,3.", metavar="NAME,I,J"),
    ] = None,
    weight: Annotated[
        str | None,
        typer.Option(
            "--weight", help="Derive dJ by one weight, like W2,0,3, and check it.", metavar="NAME,J,K"
        ),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option("--learning-rate", help="Of the update shown.", show_default="the run's last"),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a page with the mathematics set.", metavar="PAGE")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
    debug: Debug = False,
) -> None:
    """Show a step of training with every equation, shape and number.

    Z, A, J, dA, dZ, dW, db and the update, for a batch as statistics and for one example in full.

    Example: ellayer trace model.ellayer flower --row 3
    """
    from ..inspection import derive
    from ..inspection import trace as trace_step
    from .options import check_learning_rate

    check_learning_rate(learning_rate)
    if json and (cell or weight):
        raise UsageError(
            "--json: expected neither --cell nor --weight beside it, for it prints the whole trace"
        )
    if html is not None and html.exists():
        raise UsageError(
            f"--html: expected a file that does not exist yet, received {str(html)!r}; choose another name"
        )
    looked = look_at(model, file)
    subject, X, Y = looked.model, looked.X, looked.Y
    if row is not None and row >= looked.m:
        raise UsageError(f"--row: expected a number from 0 to {looked.m - 1}, received {row}")
    settings: dict[str, Any] = {} if learning_rate is None else {"learning_rate": learning_rate}
    step = trace_step(subject, X, Y, example=row, **settings)
    derivation = None if weight is None else derive(subject, X, Y, _cell("--weight", weight), example=row)
    if html is not None:
        html.write_text(_page(step, derivation), encoding="utf-8")
    if json:
        typer.echo(step.to_json())
    elif cell is not None:
        typer.echo(_told(step, _cell("--cell", cell)))
    elif derivation is not None:
        typer.echo(str(derivation))
    elif html is None:
        from rich.console import Console

        Console().print(step)
    if html is not None and not json:
        typer.echo(f"Written to {html}")


def _cell(option: str, text: str) -> tuple[Any, ...]:
    """The parts of a text like "W2,0,3"."""
    name, *index = (part.strip() for part in text.split(","))
    try:
        return (name, *(int(i) for i in index))
    except ValueError:
        raise UsageError(
            f"{option}: expected a name and whole numbers like W2,0,3; received {text!r}"
        ) from None


def _told(step: Any, cell: tuple[Any, ...]) -> str:
    try:
        return str(step.cell(*cell))
    except (KeyError, IndexError) as error:
        raise UsageError(f"--cell: {error.args[0]}") from error


def _page(step: Any, derivation: Derivation | None) -> str:
    body = step._repr_html_() + ("" if derivation is None else derivation._repr_html_())
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><meta name='viewport' "
        f"content='width=device-width'><title>One step, traced</title></head><body>{body}</body></html>"
    )
