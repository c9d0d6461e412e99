"""Run an application with uvicorn, and shut it down gracefully."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import threading
import time

import uvicorn
from starlette.applications import Starlette

from ..errors import UsageError
from .connections import BoundedProtocol

GRACE = 5.0  # seconds for open requests when the server stops
BACKLOG = 2_048  # connections waiting to be accepted
KEEP_ALIVE = 30  # seconds that an idle connection stays open
CONNECTIONS = 1_000  # at once; more are answered with 503


def open_socket(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises
    ------
    UsageError
        If the address does not exist on this machine, or the port is in use or requires administrator rights.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY, which sends small responses immediately, only if the protocol is given as TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        return listener
    except (OSError, UnicodeError) as error:  # the latter for what is no name of a machine
        listener.close()
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            problem = f"--port: expected a free port, received {port}, which is in use; try another port, or 0 for any free one"
        elif isinstance(error, PermissionError):
            problem = (
                f"--port: expected a port above 1023, received {port}, which requires administrator rights"
            )
        else:
            problem = (
                f"--host: expected an address of this machine, received {host!r}; try 127.0.0.1 or 0.0.0.0"
            )
        raise UsageError(problem) from error


def is_local(listener: socket.socket) -> bool:
    """Return whether only programs of this machine reach a socket."""
    return ipaddress.ip_address(listener.getsockname()[0].partition("%")[0]).is_loopback


class BackgroundServer:
    """A server in a thread, so that the main thread handles signals.

    Parameters
    ----------
    app : Starlette
    listener : socket
        Closed by ``stop``.
    websocket_bytes : int
        Maximum size of a message of a WebSocket; 0 if the application has none.

    Attributes
    ----------
    address : str
        Like http://127.0.0.1:8080.
    """

    def __init__(self, app: Starlette, listener: socket.socket, websocket_bytes: int = 0) -> None:
        host, port = listener.getsockname()[:2]
        self.address: str = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        config = uvicorn.Config(
            app,
            log_config=None,  # uvicorn's would close every handler of logging in this process
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=int(GRACE),
            limit_concurrency=CONNECTIONS,
            lifespan="on",
            http=BoundedProtocol,
            ws="websockets-sansio" if websocket_bytes else "none",
            ws_max_size=websocket_bytes,
            ws_per_message_deflate=False,  # planes of bytes to a page on this machine
        )
        self._server, self._listener = uvicorn.Server(config), listener
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="server"
        )

    def start(self) -> None:
        """Start the server, and return when it accepts requests."""
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.005)

    def wait(self) -> None:
        """Wait until the server stops; Ctrl-C raises its exception here."""
        while self._thread.is_alive():  # in steps, for polars lets SIGINT restart a wait that it would end
            self._thread.join(0.1)

    def stop(self) -> None:
        """Let open requests finish, and close the socket."""
        self._server.should_exit = True
        self._thread.join(GRACE + 1.0)
        self._listener.close()

    def __enter__(self) -> BackgroundServer:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
