"""The watchdog: a process that has waited too long for another ends itself, for nothing else can end the waiting."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

STUCK = 75  # exit code, EX_TEMPFAIL of sysexits.h: another try may succeed
_LOOK = 0.1  # seconds


class Watch:
    """A thread that ends the process if it waits for others longer than a limit.

    Parameters
    ----------
    rank : int
    limit : float
        Seconds.
    """

    def __init__(self, rank: int, limit: float):
        self.rank: int = rank
        self.limit: float = limit
        self._waits: tuple[str, float] | None = None
        threading.Thread(target=self._look, name="ellayer-watch", daemon=True).start()

    @contextmanager
    def waiting(self, reason: str) -> Iterator[None]:
        """Wait for other processes, at most as long as the limit."""
        before, self._waits = self._waits, (reason, time.monotonic() + self.limit)
        try:
            yield
        finally:
            self._waits = before

    def _look(self) -> None:
        while True:
            time.sleep(_LOOK)
            waits = self._waits
            if waits is not None and time.monotonic() > waits[1]:
                text = (
                    f"ellayer: process {self.rank} has waited {self.limit:g} seconds for {waits[0]}: another process of the group "
                    "is stuck or has ended; start all again, from the last checkpoint if there is one\n"
                )
                os.write(2, text.encode())
                os._exit(STUCK)
