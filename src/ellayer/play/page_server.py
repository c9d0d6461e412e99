"""The server of a page; nothing heavy is imported before it starts."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ..serve.errors import check_libraries

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from ..serve.server import BackgroundServer

LIBRARIES = ("starlette", "uvicorn", "websockets", "httptools")
HOST = "127.0.0.1"


def check_page_libraries(feature: str) -> None:
    """Raise if a library of the page is missing."""
    check_libraries(feature, LIBRARIES)


def start_server(app: Starlette, port: int) -> BackgroundServer:
    """Return a running server of an application on this machine."""
    from ..serve.server import BackgroundServer, open_socket
    from .limits import MESSAGE_BYTES

    server = BackgroundServer(app, open_socket(HOST, port), websocket_bytes=MESSAGE_BYTES)
    server.start()
    return server


def warm_up() -> None:
    """Import what the first updates and the first table need, in another thread."""

    def load() -> None:
        from ..engine import jax_loop

        jax_loop.trace_count()
        from ..tables import preparation  # noqa: F401

    threading.Thread(target=load, name="warm up", daemon=True).start()
