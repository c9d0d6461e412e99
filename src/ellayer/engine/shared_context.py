"""A change of the state of the whole process, made once for all threads that need it at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType


class SharedContext:
    """A context that the first thread enters and the last leaves, so that the state before is restored.

    If each thread saved and restored the state, the second would save that of the first, and restore it at its end.

    Parameters
    ----------
    make : callable
        Returns the context.
    """

    def __init__(self, make: Callable[[], AbstractContextManager[object]]):
        self._make, self._lock, self._users = make, threading.RLock(), 0

    @property
    def in_use(self) -> bool:
        """Whether a thread is in the context."""
        return self._users > 0

    def __enter__(self) -> None:
        with self._lock:
            if not self._users:
                self._context = self._make()
                self._context.__enter__()
            self._users += 1

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                self._context.__exit__(None, None, None)
