"""Connections whose request heads must arrive in time and within a size."""

from __future__ import annotations

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 20.0  # for the head of a request, from the connection or its first byte on
HEAD_BYTES = 64_000


class BoundedProtocol(HttpToolsProtocol):
    """HTTP that closes a connection which does not send the head of its request; uvicorn alone would wait forever."""

    _timer: asyncio.TimerHandle | None = None
    _bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
        super().connection_made(cast("asyncio.Transport", transport))
        self._begin_head()

    def on_message_begin(self) -> None:
        """Wait for the rest of the head."""
        super().on_message_begin()
        self._begin_head()

    def on_headers_complete(self) -> None:
        """Stop waiting."""
        self._end_head()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Take bytes; too many without the end of a head close the connection."""
        super().data_received(data)
        if self._timer is not None:
            self._bytes += len(data)
            if self._bytes > HEAD_BYTES:
                self._close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._end_head()
        super().connection_lost(exc)

    def _begin_head(self) -> None:
        self._end_head()
        self._bytes = 0
        self._timer = self.loop.call_later(HEAD_SECONDS, self._close)

    def _end_head(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close(self) -> None:
        self._end_head()
        if not self.transport.is_closing():
            self.transport.close()
