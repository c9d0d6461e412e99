"""A page without a browser: its WebSocket, as a browser opens it."""

from __future__ import annotations

import contextlib
import json

from websockets.sync.client import connect


@contextlib.contextmanager
def opened(address: str, **headers: str):
    """Open a WebSocket as a browser does, or with another origin or host, or to go on with a former session."""
    origin, session = headers.pop("origin", address), headers.pop("session", "")
    path = f"/ws?session={session}" if session else "/ws"
    with connect(
        address.replace("http", "ws") + path,
        origin=origin,
        additional_headers=headers,
        compression=None,
        close_timeout=1,
    ) as page:
        yield page


def port_of(server) -> int:
    return int(server.address.rpartition(":")[2])


def wait(page, *kinds: str) -> dict:
    while True:
        message = page.recv(timeout=60)
        if isinstance(message, bytes):
            continue
        content = json.loads(message)
        assert not content.get("fault"), content
        if content["type"] in kinds:
            return content


def ask(page, content: dict, *kinds: str) -> dict:
    page.send(json.dumps(content))
    return wait(page, *kinds)
