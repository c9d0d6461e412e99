"""Leases: files by which the workers of a shared folder prove that they live.

Each worker touches its file several times within the time of a lease. A worker whose file has not changed for that time,
by the clock of the one that looks, has died; the clocks of two machines are not compared. On the same machine a worker
that has died is known at once, for its file is no longer locked.
"""

from __future__ import annotations

import contextlib
import os
import platform
import secrets
import sys
import threading
import time
from pathlib import Path

if sys.platform != "win32":
    import fcntl

LEASE_SECONDS = 60.0
TOUCHES = 6  # within the time of a lease


class Lease:
    """The lease of this process; a context.

    Parameters
    ----------
    folder : Path

    Attributes
    ----------
    name : str
        The name of the file, which begins with that of the machine.
    """

    def __init__(self, folder: Path):
        self.name: str = f"{platform.node()}_{os.getpid()}_{secrets.token_hex(4)}"
        self._path = _leases(folder) / self.name
        self._over = threading.Event()

    def __enter__(self) -> Lease:
        self._path.parent.mkdir(exist_ok=True)
        self._file = self._path.open("wb")
        if sys.platform != "win32":
            with contextlib.suppress(OSError):  # a network disk without locks
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._thread = threading.Thread(target=self._renew, name="ellayer-lease", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()
        self._file.close()
        with contextlib.suppress(OSError):
            self._path.unlink()

    def _renew(self) -> None:
        while not self._over.wait(LEASE_SECONDS / TOUCHES):
            with contextlib.suppress(OSError):  # a disk that is away for a while
                os.utime(self._path)


class Leases:
    """The leases of all workers of a folder, as this process sees them.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path):
        self._folder = _leases(folder)
        # By worker: the time in the file, and when it was seen first.
        self._changes: dict[str, tuple[float, float]] = {}

    def is_dead(self, worker: str) -> bool:
        """Return whether a worker has died or ended, as far as this process knows."""
        if not worker:
            return True
        path, changed = self._folder / worker, -1.0
        with contextlib.suppress(OSError):
            changed = path.stat().st_mtime
        if worker.rsplit("_", 2)[0] == platform.node() and (changed < 0 or not _is_locked(path)):
            return True
        return self._seconds_unchanged(worker, changed) > LEASE_SECONDS

    def _seconds_unchanged(self, worker: str, changed: float) -> float:
        """Return for how many seconds a time has been seen unchanged."""
        now = time.monotonic()
        if worker not in self._changes or self._changes[worker][0] != changed:
            self._changes[worker] = changed, now
        return now - self._changes[worker][1]


def _leases(folder: Path) -> Path:
    return folder / "workers"


def _is_locked(path: Path) -> bool:
    """Return whether another process holds the lock of a file; True if that cannot be known."""
    if sys.platform == "win32":
        return True
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except BlockingIOError:
        return True
    except OSError:
        return True
