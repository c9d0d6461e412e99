"""The parts of a session beside its run, for a while after its page was closed: the page may come back."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from dataclasses import dataclass

from . import limits
from .lessons import LessonProgress
from .messages import State
from .open_model import OpenModel
from .saved_runs import SavedRuns
from .tables import SessionTables


@dataclass(frozen=True)
class SessionParts:
    """The parts of a session that its successor begins with.

    Attributes
    ----------
    tables : SessionTables
    state : State
        The last one.
    model : OpenModel
    saved : SavedRuns
    lesson : LessonProgress or None
    """

    tables: SessionTables
    state: State
    model: OpenModel
    saved: SavedRuns
    lesson: LessonProgress | None


# Complete when the thread of the session has ended; cancelled if it never began.
FutureParts = Future[SessionParts]


def discard(parts: FutureParts) -> None:
    """Delete the tables of a session that nobody comes back to."""
    parts.add_done_callback(lambda done: None if done.cancelled() else done.result().tables.close())


class ClosedPages:
    """The parts of closed pages, by the ids of their sessions; all methods are for the thread of the event loop."""

    def __init__(self) -> None:
        self._left: dict[str, tuple[FutureParts, asyncio.TimerHandle]] = {}
        self._is_closed = False

    def keep(self, name: str, parts: FutureParts) -> None:
        """Keep the parts of a session for some minutes; of too many the oldest goes first."""
        if self._is_closed:
            discard(parts)
            return
        timer = asyncio.get_running_loop().call_later(limits.RETURN_SECONDS, self._drop, name)
        self._left[name] = parts, timer
        for old in [*self._left][: -limits.SESSIONS]:
            self._drop(old)

    def take(self, name: str) -> FutureParts | None:
        """Return the parts of a session, once."""
        parts, timer = self._left.pop(name, (None, None))
        if timer is not None:
            timer.cancel()
        return parts

    def close(self) -> None:
        """Delete everything, and keep nothing more."""
        self._is_closed = True
        for name in [*self._left]:
            self._drop(name)

    def _drop(self, name: str) -> None:
        if (parts := self.take(name)) is not None:
            discard(parts)
