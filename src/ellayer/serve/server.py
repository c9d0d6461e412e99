"""Run an application with uvicorn, and end it gracefully."""

from __future__ import annotations

import errno
import os
import socket
import threading
import time

import uvicorn
from starlette.applications import Starlette

from ..errors import UsageError

GRACE = 5.0  # seconds for requests on their way when the server ends
BACKLOG = 2_048  # connections that wait to be accepted
KEEP_ALIVE = 30  # seconds that an idle connection stays open
CONNECTIONS = 1_000  # at once; more are answered with 503


def open_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises
    ------
    UsageError
        If the address does not exist on this machine, or the port is in use or needs rights.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Only of a socket whose protocol is named TCP does asyncio send small answers at once (TCP_NODELAY).
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        return listener
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            problem = f"--port: expected a free port, received {port}, which is in use; try another one, or 0 for any"
        elif isinstance(error, PermissionError):
            problem = (
                f"--port: expected a port above 1023, received {port}, which needs the rights of the system"
            )
        else:
            problem = (
                f"--host: expected an address of this machine, received {host!r}; try 127.0.0.1 or 0.0.0.0"
            )
        raise UsageError(problem) from error


class BackgroundServer:
    """A server in a thread, so that signals stay with the program.

    Parameters
    ----------
    app : Starlette
    listener : socket
        It is closed at the end.

    Attributes
    ----------
    address : str
        Like http://127.0.0.1:8080.
    """

    def __init__(self, app: Starlette, listener: socket.socket) -> None:
        host, port = listener.getsockname()[:2]
        self.address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=int(GRACE),
            limit_concurrency=CONNECTIONS,
            lifespan="on",
            ws="none",
        )
        self._server, self._listener = uvicorn.Server(config), listener
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="server"
        )

    def start(self) -> None:
        """Start, and return when the server answers."""
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.005)

    def wait(self) -> None:
        """Wait until the server ends, or an exception, such as that of Ctrl-C, is raised here."""
        self._thread.join()

    def stop(self) -> None:
        """Let the requests on their way end, and close the socket."""
        self._server.should_exit = True
        self._thread.join(GRACE + 1.0)
        self._listener.close()

    def __enter__(self) -> BackgroundServer:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
