"""Bodies of requests within the limits, and responses in JSON."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import Response

from ..data.memory import bytes_text
from .errors import RequestError
from .limits import Limits

_MOST = 2_000  # characters of a message
DISCARDED = 10  # times the limit of a body
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


async def read_body(request: Request, limits: Limits, advice: str = "send fewer rows per request") -> bytes:
    """Return the body of a request.

    Parameters
    ----------
    request : Request
    limits : Limits
    advice : str
        For a body that is too large.

    Raises
    ------
    RequestError
        413 for too many bytes, 408 for a body that does not arrive in time, 415 for a compressed one.
    """
    encoding = request.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise RequestError(f"Content-Encoding: expected an uncompressed body, received {encoding!r}", 415)
    too_large = RequestError(f"expected a body of at most {bytes_text(limits.body)}; {advice}", 413)
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > limits.body:
        await _discard_body(request, limits)
        raise too_large
    body, more = bytearray(), True
    try:
        with anyio.fail_after(limits.seconds):
            while more and len(body) <= limits.body:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise RequestError("the client closed the connection", 400)
                body += message.get("body", b"")
                more = message.get("more_body", False)
    except TimeoutError:
        raise RequestError(f"the body did not arrive within {limits.seconds:g} seconds", 408) from None
    if len(body) > limits.body:
        if more:
            await _discard_body(request, limits)
        raise too_large
    return bytes(body)


async def _discard_body(request: Request, limits: Limits) -> None:
    """Read a body that is refused, up to a limit: a client that is still sending would see a reset, not the answer."""
    if "expect" in request.headers:  # it has not begun to send
        return
    size = 0
    with anyio.move_on_after(limits.seconds):
        while size < DISCARDED * limits.body:
            message = await request.receive()
            size += len(message.get("body", b""))
            if not message.get("more_body", False):
                return


def parse_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body.

    Raises
    ------
    RequestError
        For other content, or for halves of characters and duplicate names.
    """
    try:
        text = body.decode("utf-8-sig")
        content = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
        if _SURROGATE.search(body):
            json.dumps(content, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        if isinstance(error, RequestError):
            raise
        raise RequestError(f"expected JSON, received an invalid body: {str(error)[:100]}") from None
    if not isinstance(content, dict):
        raise RequestError(f"expected a JSON object, received {type(content).__name__}")
    return content


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        raise RequestError(f"expected each name once, received {counts.most_common(1)[0][0]!r} twice")
    return content


def _no_constant(text: str) -> None:
    """Read NaN and infinities, which Python clients write although JSON does not have them, as missing."""


def json_response(content: Mapping[str, Any], status: int = 200) -> Response:
    """Return a response in JSON; numbers keep all digits."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=str)
    return Response(text.encode("utf-8", "replace"), status, media_type="application/json")


def error_response(message: str, status: int) -> Response:
    """Return an error in the form of the protocols: ``{"error": message}``."""
    excerpt = message if len(message) <= _MOST else f"{message[:_MOST]}..."
    return json_response({"error": excerpt}, status)
