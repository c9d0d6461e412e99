"""Output folders: written next to their final place, renamed when complete, never over existing files."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import UsageError


class OutputFolder:
    """A folder that is not complete yet.

    Attributes
    ----------
    staging : Path
        Where to write: next to the final folder, or inside it if it exists already (it may be a mounted volume,
        which cannot be renamed).
    final : Path or None
        The final folder, once ``finish`` has been called.
    """

    def __init__(self, out: Path | None, name: str):
        self._out, self._name = out, name
        self._reserved: Path | None = None
        self.parent: Path = out.parent if out else Path("runs")
        place = out if out and out.exists() else self.parent
        self.staging: Path = place / f".{out.name if out else name}.{os.getpid()}.partial"
        self.final: Path | None = None

    def reserve(self) -> Path:
        """Create the final folder early, for files that must be kept if the run is killed; return it."""
        if self._reserved is None:
            if self._out is None:
                self._reserved = self._numbered(lambda target: target.mkdir())
            else:
                self._out.mkdir(exist_ok=True)
                self._reserved = self._out
        return self._reserved

    def finish(self) -> Path:
        """Rename the folder to its final name: the requested one, or the first free ``runs/NAME-N``."""
        place = self._reserved or self._out
        if place is None:
            self.final = self._numbered(self.staging.rename)
        elif place.exists():
            for path in self.staging.iterdir():
                _move(path, place / path.name)
            self.staging.rmdir()
            self.final = place
        else:
            self.final = self.staging.rename(place)
        return self.final

    def _numbered(self, make: Callable[[Path], object]) -> Path:
        """Make the first free ``runs/NAME-N``."""
        numbers = (path.name.rpartition("-")[2] for path in self.parent.glob(f"{glob.escape(self._name)}-*"))
        n = max((int(number) for number in numbers if number.isdecimal()), default=0)
        while True:
            n += 1
            target = self.parent / f"{self._name}-{n}"
            try:
                make(target)
                return target
            except OSError:
                if not target.exists():  # another run may have just taken this number
                    raise


def _check_unused(out: Path) -> None:
    """Raise for a folder that another run is writing; remove the leftovers of a killed run."""
    for place in (out.parent, out):
        for path in place.glob(f".{glob.escape(out.name)}.*.partial"):
            number = path.name.split(".")[-2]
            if not number.isdecimal() or int(number) == os.getpid():
                continue
            if _is_running(int(number)):
                raise UsageError(
                    f"--out: {str(out)!r} is in use: process {number} is writing it; choose another name, or wait until "
                    "that process has ended"
                )
            shutil.rmtree(path, ignore_errors=True)


def _is_running(process: int) -> bool:
    """Return whether a process of this machine is still running; True if that is unknown."""
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
    """Move a file or folder over one of that name."""
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    path.replace(target)


@contextmanager
def output_folder(out: Path | None, name: str, *, resume: bool = False) -> Iterator[OutputFolder]:
    """Prepare a folder, and raise before any work is done if it cannot be written.

    Parameters
    ----------
    out : Path or None
        The requested folder; None for ``runs/NAME-N``.
    name : str
    resume : bool
        Whether the folder may be that of a run to resume.

    Yields
    ------
    OutputFolder
        Write into ``staging`` and call ``finish()``; without that call nothing remains.

    Raises
    ------
    UsageError
        If the folder is not empty or cannot be created.
    """
    folder = OutputFolder(out, name)
    if out and out.exists() and not resume and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(
            f"--out: expected a folder that does not exist yet or is empty, received {str(out)!r}, which "
            f"is not empty; choose another name"
        )
    if out:
        _check_unused(out)
    missing = [p for p in (folder.parent, *folder.parent.parents) if not p.exists()]
    try:
        folder.staging.mkdir(parents=True)
    except OSError as error:
        _remove_empty(missing)
        raise UsageError(
            f"--out: expected a writable folder, received {str(out or folder.parent)!r} "
            f"({error.strerror}); choose another with --out DIR"
        ) from error
    try:
        yield folder
    finally:
        if folder.final is None:
            shutil.rmtree(folder.staging, ignore_errors=True)
            _remove_empty(missing)


def _remove_empty(folders: list[Path]) -> None:
    """Remove the folders created, the deepest first, if they are empty."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return
