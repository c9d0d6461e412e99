"""A thread that works for one page: it takes messages, does updates between them, and sends messages."""

from __future__ import annotations

import contextlib
import json
import logging
import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TypeVar, cast

from ..errors import EllayerError
from .errors import StateError, page_closed

MOST_WAITING = 256  # messages of the page
Result = TypeVar("Result")
Message = str | bytes
logger: logging.Logger = logging.getLogger("ellayer.play")


class Worker(ABC):
    """The thread of a page; ``put``, ``call``, ``start`` and ``close`` are for other threads.

    Parameters
    ----------
    send : callable
        Takes each message to the page; called in the thread.
    """

    def __init__(self, send: Callable[[Message], None]) -> None:
        self._send_message = send
        self._queue: queue.Queue[Callable[[], None] | None] = queue.Queue(maxsize=MOST_WAITING)
        self._thread = threading.Thread(target=self._work, name="play session", daemon=True)
        self._closed = False
        self._waiting: set[Future[object]] = set()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, text: str) -> bool:
        """Take a message of the page; return False if too many wait."""
        try:
            self._queue.put_nowait(lambda: self._handle(text))
        except queue.Full:
            return False
        return True

    def call(self, work: Callable[[], Result]) -> Future[Result]:
        """Run a function in the thread of the session."""
        future: Future[Result] = Future()
        if self._closed:
            future.set_exception(page_closed())
            return future

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)

        self._waiting.add(cast("Future[object]", future))
        future.add_done_callback(lambda done: self._waiting.discard(cast("Future[object]", done)))
        try:
            self._queue.put_nowait(run)
        except queue.Full:
            future.set_exception(EllayerError("the page has too much to do; try again"))
        return future

    def close(self, wait: float = 0.0) -> None:
        """End the thread, after the updates that it does now."""
        self._closed = True
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(None)
        if wait:
            self._thread.join(wait)

    _closed = False

    @abstractmethod
    def _begin(self) -> None:
        """Send the first messages."""

    @abstractmethod
    def _handle(self, text: str) -> None:
        """Do what a message of the page asks for."""

    @abstractmethod
    def _update(self) -> None:
        """Do what is due."""

    @property
    @abstractmethod
    def _pause_seconds(self) -> float | None:
        """Seconds until the next update; None if there is none before a message."""

    def _end(self) -> None:  # noqa: B027 - most have nothing to do
        """Clean up."""

    def _fail(self) -> None:  # noqa: B027
        """Stop after a bug."""

    def _work(self) -> None:
        self._closed |= not self._guard(self._begin)
        while not self._closed:
            wait = self._pause_seconds
            try:
                command = self._queue.get_nowait() if wait == 0.0 else self._queue.get(timeout=wait)
            except queue.Empty:
                self._guard(self._update)
                continue
            if command is None:
                break
            self._guard(command)
        for future in list(self._waiting):  # requests that would wait forever
            if future.set_running_or_notify_cancel():
                future.set_exception(page_closed())
        self._end()

    def _guard(self, work: Callable[[], None]) -> bool:
        """Do a piece of work and return whether it succeeded; what goes wrong becomes a message."""
        try:
            work()
            return True
        except StateError as error:
            self._send({"type": "problem", "field": error.field, "text": str(error)})
        except EllayerError as error:
            self._fail()
            self._send({"type": "error", "text": str(error), "fault": False})
        except Exception:
            self._fail()
            logger.exception("a bug in ellayer")
            self._send({"type": "error", "text": "a bug in ellayer, not an error of yours; the terminal has the details", "fault": True})  # fmt: skip
        return False

    def _send(self, content: Mapping[str, object]) -> None:
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        # Half a character, as in a name of an uploaded model, could not be sent.
        self._send_message(text.encode("utf-8", "replace").decode())
