"""``ellayer play``: a page to try networks out."""

from __future__ import annotations

import webbrowser
from typing import Annotated

import typer

from .errors import handle_errors
from .options import Debug, QuietServer


@handle_errors
def play(
    source: Annotated[
        str | None,
        typer.Argument(
            help="A data set such as flower, a table, a model file, or the folder of a run.",
            metavar="NAME|FILE|MODEL|RUN",
            show_default="flower",
        ),
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", help="Column to predict, for a table.", metavar="COLUMN")
    ] = None,
    port: Annotated[
        int, typer.Option("--port", help="Port to listen on; 0 for any free port.", min=0, max=65535)
    ] = 8081,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open the browser.")] = False,
    quiet: QuietServer = False,
    debug: Debug = False,
) -> None:
    """Open a page to train a network and look inside it.

    Choose data, network and training; play, pause, do one epoch, one batch or one example; click a unit, a weight or a
    point to see its equation with its numbers. The page exports a run as Python code that gives the same numbers. It is
    served on 127.0.0.1 alone: only programs on this machine can connect.

    Example: ellayer play flower

    Example: ellayer play titanic.csv --target survived
    """
    from ..play.page_server import check_page_libraries, start_server, warm_up

    check_page_libraries("ellayer play")
    from ..play.app import make_app
    from ..play.models import opening_of_source

    warm_up()
    server = start_server(make_app(opening_of_source(source, target)), port)
    try:
        typer.echo(server.address if quiet else f"Open {server.address} in a browser (Ctrl-C to stop)")
        if not no_browser:
            webbrowser.open(server.address)
        server.wait()
    except KeyboardInterrupt:
        raise KeyboardInterrupt("the page has stopped") from None
    finally:
        server.stop()
