"""Protection from requests by pages of other sites in the user's browser."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .bodies import error_response

_LOCAL = re.compile(r"(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
REFUSED = 1008  # the code of a WebSocket that violates a policy
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class ProtectionMiddleware:
    """Middleware that refuses cross-origin requests and WebSockets, and DNS rebinding on a local server.

    Parameters
    ----------
    app : ASGI application
    is_local : bool
        Whether the server listens on this machine only: requests must then be addressed to localhost.
    """

    def __init__(self, app: ASGIApp, is_local: bool) -> None:
        self.app: ASGIApp = app
        self.is_local: bool = is_local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        if problem := self._problem(Headers(scope=scope)):
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": REFUSED, "reason": problem[:100]})
            else:
                await error_response(problem, 403)(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)

    def _problem(self, headers: Headers) -> str:
        """Return why a request is refused; "" if it is not."""
        host, origin = headers.get("host", ""), headers.get("origin")
        for name in ("host", "origin"):  # of several, another program may read one that is not checked here
            if (count := len(headers.getlist(name))) > 1:
                return f"{name.title()}: expected one such header, received {count}"
        if self.is_local and not _LOCAL.fullmatch(host):
            return f"expected the host localhost or 127.0.0.1, received {host!r}; try --host 0.0.0.0 to accept others"
        if origin is not None and (not host or _place(origin) != host):
            return f"Origin: expected a request from this site, received one from {origin!r}"
        return ""


def _place(origin: str) -> str:
    """Return the host and the port of an origin; "" for none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""
