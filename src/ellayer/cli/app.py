"""The commands and the options of the program itself."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import __version__
from .check import check
from .compare import compare
from .data import data
from .evaluate import evaluate
from .export import export
from .inspect import inspect_model
from .play import play
from .predict import predict
from .reproduce import reproduce
from .serve import serve
from .sweep import sweep
from .trace import trace
from .train import train

app: typer.Typer = typer.Typer(
    name="ellayer",
    help="Train, explain and ship dense (L-layer) neural networks.",
    epilog="Exit codes: 0 done, 1 a check failed, 2 bad input, 3 a bug in ellayer, 130 Ctrl-C, 143 SIGTERM, 129 SIGHUP.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(train)
app.command()(predict)
app.command()(sweep)
app.command()(evaluate)
app.command()(compare)
app.command()(data)
app.command("inspect")(inspect_model)
app.command()(export)
app.command()(play)
app.command()(serve)
app.command()(reproduce)
app.command()(trace)
app.command()(check)


def _show_version(show: bool) -> None:
    if show:
        typer.echo(f"ellayer {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass
