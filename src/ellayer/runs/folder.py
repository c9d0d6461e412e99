"""Output folders: written next to their final place, renamed when complete, never over existing files."""

from __future__ import annotations

import glob
import shutil
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from .._unfinished import SUFFIX, create_partial, partial_name, remove_abandoned
from ..errors import UsageError

RUNS = Path("runs")  # folder of the runs without ``--out``
LAST = "run.json"  # the file that is moved last: with it a folder is complete


class OutputFolder:
    """A folder that is not complete yet.

    Attributes
    ----------
    staging : Path
        Where to write: next to the final folder, or inside it if it exists already (it may be a mounted volume,
        which cannot be renamed).
    reserved : Path or None
        The final folder, if it has been created early.
    final : Path or None
        The final folder, once ``finish`` has been called.
    """

    def __init__(self, out: Path | None, name: str):
        self._out, self._name = out, name
        self.reserved: Path | None = None
        self.parent: Path = out.parent if out else RUNS
        if out is None:
            self.staging: Path = self.parent / partial_name(name)
        else:  # a name that two runs cannot both create
            self.staging = (out if out.exists() else self.parent) / f".{out.name}{SUFFIX}"
        self.final: Path | None = None

    def reserve(self) -> Path:
        """Create the final folder early, for files that must be kept if the run is killed; return it."""
        if self.reserved is None:
            self.reserved = self._out or self._create_numbered()
        self.reserved.mkdir(parents=True, exist_ok=True)  # also if it has been deleted since
        return self.reserved

    def clear(self, exceptions: Collection[Path]) -> None:
        """Remove what has been written into ``staging``, but for some paths."""
        for path in {*self.staging.glob("*")} - {*exceptions}:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def finish(self) -> Path:
        """Rename the folder to its final name: the requested one, or the first free ``runs/NAME-N``."""
        place = self.reserve()
        try:
            self.staging.replace(place)
        except OSError:  # it has files, is a mounted volume, or the system replaces no folders
            for path in sorted(self.staging.iterdir(), key=lambda path: path.name == LAST):
                _move(path, place / path.name)
            self.staging.rmdir()
        self.final = place
        return place

    def _create_numbered(self) -> Path:
        """Create the first free ``runs/NAME-N``."""
        numbers = (path.name.rpartition("-")[2] for path in self.parent.glob(f"{glob.escape(self._name)}-*"))
        n = max((int(number) for number in numbers if number.isdecimal()), default=0)
        while True:
            n += 1
            target = self.parent / f"{self._name}-{n}"
            try:
                target.mkdir(parents=True)
                return target
            except FileExistsError:  # another run has just taken this number
                continue


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
    if out:
        remove_abandoned(out, out.name)
    folder = OutputFolder(out, name)
    if out and out.exists() and not resume and (not out.is_dir() or {*out.iterdir()} - {folder.staging}):
        raise UsageError(
            f"--out: expected a folder that does not exist yet or is empty, received {str(out)!r}, which "
            f"is not empty; choose another name"
        )
    missing = missing_folders(out)
    with ExitStack() as stack:
        stack.callback(lambda: remove_empty([] if folder.final else missing))
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            remove_abandoned(folder.parent, out.name if out else name)
            stack.enter_context(create_partial(folder.staging, folder=True))
        except OSError as error:
            raise UsageError(_refusal(folder, out, error)) from error
        yield folder


def _refusal(folder: OutputFolder, out: Path | None, error: OSError) -> str:
    """Return the message about a folder that cannot be created."""
    if isinstance(error, FileExistsError) and folder.staging.is_dir():
        return (
            f"--out: {str(out)!r} is in use: another process is writing it; choose another name, or wait until that process "
            f"has ended (if there is none, remove {str(folder.staging)!r})"
        )
    return (
        f"--out: expected a writable folder, received {str(out or folder.parent)!r} ({error.strerror}); choose another with "
        "--out DIR"
    )


def missing_folders(out: Path | None) -> list[Path]:
    """Return the folders above that of a run that do not exist yet, the deepest first."""
    parent = out.parent if out else RUNS
    return [path for path in (parent, *parent.parents) if not path.exists()]


def remove_empty(folders: list[Path]) -> None:
    """Remove the folders created, the deepest first, if they are empty."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return
