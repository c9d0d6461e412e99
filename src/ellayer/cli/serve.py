"""``ellayer serve``: predictions of saved models over HTTP."""

from __future__ import annotations

import logging
import os
from typing import Annotated

import typer

from .errors import handle_errors
from .options import Debug, QuietServer

LIBRARIES = ("starlette", "uvicorn", "httptools", "prometheus_client")


@handle_errors
def serve(
    models: Annotated[
        list[str],
        typer.Argument(help="A model file or the folder of a run, also as NAME=PATH.", metavar="MODEL..."),
    ],
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; 0.0.0.0 for all addresses of this machine.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", help="Port to listen on; 0 for any free port.", min=0, max=65535)
    ] = 8080,
    max_body: Annotated[
        int, typer.Option("--max-body", help="Maximum size of a request, in megabytes.", min=1)
    ] = 32,
    max_rows: Annotated[
        int, typer.Option("--max-rows", help="Maximum number of rows in a request.", min=1)
    ] = 100_000,
    time_limit: Annotated[
        int,
        typer.Option(
            "--time-limit", help="Maximum number of seconds to receive a request, and to predict.", min=1
        ),
    ] = 30,
    dockerfile: Annotated[
        bool, typer.Option("--dockerfile", help="Print a Dockerfile that serves the models, and exit.")
    ] = False,
    quiet: QuietServer = False,
    debug: Debug = False,
) -> None:
    """Serve models: the Open Inference Protocol V2, MLflow's /invocations, and a page to predict a row.

    The page is at the printed address; /docs lists the endpoints, /metrics is for Prometheus. A model is reloaded when
    its file changes. Rows are read like the training file; a missing or wrong column gives status 400.

    On 127.0.0.1, the default, only programs on this machine can connect. There is no authentication: put a proxy in front of
    a server that others can reach.

    Example: ellayer serve runs/titanic-1
    """
    from ..serve.errors import check_libraries

    check_libraries("ellayer serve", LIBRARIES)
    # For a single row, starting threads takes longer than reading it.
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    from ..serve.limits import Limits
    from ..serve.models import ModelStore

    store = ModelStore(models)
    if dockerfile:
        from ..serve.dockerfile import dockerfile as text_of
        from ..storage.model_file import model_in

        paths = [(model.name, os.path.relpath(model_in(model.path))) for model in store]
        typer.echo(text_of(paths, port or 8080), nl=False)
        return
    from ..serve.app import make_app
    from ..serve.server import BackgroundServer, is_local, open_socket

    logging.getLogger("ellayer.serve").addHandler(logging.StreamHandler())
    listener = open_socket(host, port)
    app = make_app(store, Limits(1_000_000 * max_body, max_rows, time_limit), is_local=is_local(listener))
    with BackgroundServer(app, listener) as server:
        names = ", ".join(model.name for model in store)
        typer.echo(server.address if quiet else f"Serving {names} at {server.address} (Ctrl-C to stop)")
        try:
            server.wait()
        except KeyboardInterrupt:
            raise KeyboardInterrupt("the server has stopped") from None
