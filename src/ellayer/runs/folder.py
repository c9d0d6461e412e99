"""Output folders: prepared beside, renamed when whole, never over something that is there."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import UsageError


class OutputFolder:
    """A folder in the making.

    Attributes
    ----------
    staging : Path
        Where to write: beside the final place, or inside it where that stands already (it may be
        a mounted volume, which cannot be renamed).
    final : Path or None
        Where it stands, once ``finish`` was called.
    """

    def __init__(self, wanted: Path | None, name: str):
        self._wanted, self._name = wanted, name
        self._reserved: Path | None = None
        self.parent = wanted.parent if wanted else Path("runs")
        beside = wanted if wanted and wanted.exists() else self.parent
        self.staging = beside / f".{wanted.name if wanted else name}.{os.getpid()}.partial"
        self.final: Path | None = None

    def reserve(self) -> Path:
        """Make the folder before it is whole, for what must outlive a killed run; return its place."""
        if self._reserved is None:
            if self._wanted is None:
                self._reserved = self._number(lambda target: target.mkdir())
            else:
                self._wanted.mkdir(exist_ok=True)
                self._reserved = self._wanted
        return self._reserved

    def finish(self) -> Path:
        """Give the folder its name: the one wanted, or the first free ``runs/NAME-N``."""
        place = self._reserved or self._wanted
        if place is None:
            self.final = self._number(self.staging.rename)
        elif place.exists():
            for path in self.staging.iterdir():
                _move(path, place / path.name)
            self.staging.rmdir()
            self.final = place
        else:
            self.final = self.staging.rename(place)
        return self.final

    def _number(self, make: Callable[[Path], Any]) -> Path:
        numbers = (path.name.rpartition("-")[2] for path in self.parent.glob(f"{glob.escape(self._name)}-*"))
        n = max((int(number) for number in numbers if number.isdecimal()), default=0)
        while True:
            n += 1
            target = self.parent / f"{self._name}-{n}"
            try:
                make(target)
                return target
            except OSError:
                if not target.exists():  # else another run took this number a moment ago
                    raise


def _check_unused(wanted: Path) -> None:
    """Refuse a folder that another run is about to write; clear what a killed one left."""
    for beside in (wanted.parent, wanted):
        for path in beside.glob(f".{glob.escape(wanted.name)}.*.partial"):
            number = path.name.split(".")[-2]
            if not number.isdecimal() or int(number) == os.getpid():
                continue
            if _is_running(int(number)):
                raise UsageError(
                    f"--out: {str(wanted)!r} is in use: process {number} is about to write it; choose another name, or "
                    "wait until that one has ended"
                )
            shutil.rmtree(path, ignore_errors=True)


def _is_running(process: int) -> bool:
    """Whether a process of this machine still runs; where that cannot be asked it is taken to."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _move(path: Path, target: Path) -> None:
    """Put a file or folder in the place of one of that name."""
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    path.replace(target)


@contextmanager
def output_folder(wanted: Path | None, name: str, *, resume: bool = False) -> Iterator[OutputFolder]:
    """Prepare a folder, so that an impossible place is known before any work is done.

    Parameters
    ----------
    wanted : Path or None
        The folder asked for; None takes ``runs/NAME-N``.
    name : str
    resume : bool
        Whether the folder may be that of a run that is gone on with.

    Yields
    ------
    OutputFolder
        Write into ``staging`` and call ``finish()``. Left without that, nothing remains.

    Raises
    ------
    BadInput
        If the folder holds something already or cannot be made.
    """
    folder = OutputFolder(wanted, name)
    if wanted and wanted.exists() and not resume and (not wanted.is_dir() or any(wanted.iterdir())):
        raise UsageError(
            f"--out: expected a folder that does not exist yet or is empty, received {str(wanted)!r}, which "
            f"holds something already; choose another name"
        )
    if wanted:
        _check_unused(wanted)
    missing = [p for p in (folder.parent, *folder.parent.parents) if not p.exists()]
    try:
        folder.staging.mkdir(parents=True)
    except OSError as error:
        _remove_empty(missing)
        raise UsageError(
            f"--out: expected a place that can be written, received {str(wanted or folder.parent)!r} "
            f"({error.strerror}); choose another with --out DIR"
        ) from error
    try:
        yield folder
    finally:
        if folder.final is None:
            shutil.rmtree(folder.staging, ignore_errors=True)
            _remove_empty(missing)


def _remove_empty(folders: list[Path]) -> None:
    """Remove the folders made on the way, the deepest first, as far as nobody has put anything there."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return
