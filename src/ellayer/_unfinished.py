"""Files and folders that are being written: locked by their process, and removed unless they are renamed when complete.

A killed process leaves them behind without a lock. The next one that writes to the same place removes them; those of
a running process are left alone. Without locks of files (Windows, some network disks) nothing is removed.
"""

from __future__ import annotations

import contextlib
import glob
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

if sys.platform != "win32":
    import fcntl

    # Another user may put a pipe, which has no writer, or a link into a folder for temporary files.
    _TO_LOCK = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW

SUFFIX = ".partial"
_UNLOCKED = -1
_descriptors: dict[Path, int | None] = {}  # that hold the locks; None while a path is being created


@contextlib.contextmanager
def create_partial(path: Path, *, folder: bool = False, mode: int = 0o777) -> Iterator[Path]:
    """Create a file or folder that is removed at the end of the context unless it has been renamed.

    Parameters
    ----------
    path : Path
        Its name ends with ``SUFFIX``.
    folder : bool
    mode : int
        Permissions, less the umask.

    Yields
    ------
    Path

    Raises
    ------
    FileExistsError
        If another process is writing it.
    OSError
        If it cannot be created.
    """
    _descriptors[path] = None
    try:
        _descriptors[path] = descriptor = _create(path, folder, mode)
    except OSError:
        del _descriptors[path]
        raise
    try:
        yield path
    finally:
        _remove(path)
        _descriptors.pop(path, None)
        if descriptor != _UNLOCKED:
            os.close(descriptor)


def partial_name(name: str) -> str:
    """Return the name of an unfinished file or folder that no other has."""
    return f".{name}.{secrets.token_hex(6)}{SUFFIX}"


def remove_abandoned(folder: Path, name: str) -> None:
    """Remove the unfinished files and folders of a name that killed processes have left in a folder."""
    for pattern in (SUFFIX, f".*{SUFFIX}"):
        for path in folder.glob(f".{glob.escape(name)}{pattern}"):
            if _is_abandoned(path):
                _remove(path)


def has_unfinished() -> bool:
    """Return whether this process is writing anything."""
    return bool(_descriptors)


def remove_all() -> None:
    """Remove everything unfinished of this process, which is about to end."""
    for path, descriptor in list(_descriptors.items()):
        if descriptor is not None or _is_abandoned(path):
            _remove(path)


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Create a folder for temporary files, which only this user can read."""
    import tempfile

    place = Path(tempfile.gettempdir())
    remove_abandoned(place, "ellayer")
    with create_partial(place / partial_name("ellayer"), folder=True, mode=0o700) as folder:
        yield folder


def _create(path: Path, folder: bool, mode: int) -> int:
    """Create and lock a path; return the descriptor that holds the lock."""
    while True:
        try:
            if folder:
                path.mkdir(mode)
            else:
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
        except FileExistsError:
            if not _is_abandoned(path):
                raise
            _remove(path)
            continue
        descriptor = _lock(path)
        if descriptor is not None:
            return descriptor


def _lock(path: Path) -> int | None:
    """Lock a path while this process lives; return the descriptor, None if another process has just removed the path."""
    try:
        descriptor = _try_lock(path)
    except FileNotFoundError:
        return None
    if descriptor is None or descriptor == _UNLOCKED:
        return descriptor
    with contextlib.suppress(FileNotFoundError):
        if os.path.samestat(os.stat(path), os.fstat(descriptor)):
            return descriptor
    os.close(descriptor)
    return None


def _is_abandoned(path: Path) -> bool:
    """Return whether no process holds the lock of a path; False if that is unknown."""
    try:
        descriptor = _try_lock(path)
    except OSError:
        return False
    if descriptor is None or descriptor == _UNLOCKED:
        return False
    os.close(descriptor)
    return True


def _try_lock(path: Path) -> int | None:
    """Open and lock a path; return the descriptor, None if another process holds it, ``_UNLOCKED`` without locks."""
    if sys.platform == "win32":
        return _UNLOCKED
    descriptor = os.open(path, _TO_LOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:  # without locks on this disk, if it is not held
        os.close(descriptor)
        return None if isinstance(error, BlockingIOError) else _UNLOCKED
    return descriptor


def _remove(path: Path) -> None:
    """Remove a file or folder, which may be gone already."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
