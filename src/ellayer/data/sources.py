"""Sources of examples: a file, a folder, several files as parts of one table, or standard input."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .._unfinished import temporary_folder
from .errors import DataError, MissingFileError
from .files import existing, name_list, shown_as
from .memory import PIECE, check_size

STANDARD_INPUT = "-"
PathLike = str | os.PathLike[str]
_WILD = "*?["


@dataclass(frozen=True)
class Place:
    """Files that hold one set of examples.

    Attributes
    ----------
    paths : tuple of Path
        A file or a folder, or the parts of a table.
    name : str
        Of the examples.
    text : str
        As it was named, for messages.
    """

    paths: tuple[Path, ...]
    name: str
    text: str


def is_one_path(source: PathLike | Sequence[PathLike]) -> bool:
    """Return whether a source is the path of one file or folder: neither standard input nor a pattern nor several files.

    Examples
    --------
    >>> is_one_path("a.csv"), is_one_path("-"), is_one_path("parts/*.csv"), is_one_path(["a.csv", "b.csv"])
    (True, False, False, False)
    """
    return isinstance(source, (str, os.PathLike)) and source != STANDARD_INPUT and not _is_pattern(source)


def _is_pattern(source: PathLike) -> bool:
    """Return whether a path is a pattern for names of files: it has a wildcard, and there is no such file."""
    return any(sign in str(source) for sign in _WILD) and not os.path.lexists(source)


@contextmanager
def locate(source: PathLike | Sequence[PathLike]) -> Iterator[Place]:
    """Find the files of a source; standard input is kept in a file as long as the context.

    Parameters
    ----------
    source : str, path, or sequence of them

    Raises
    ------
    MissingFileError
        Nothing is there; the message holds near names.
    DataError
        Standard input is empty or a terminal, or a source is no path.
    """
    if source == STANDARD_INPUT:
        with _standard_input() as path:
            yield Place((path,), "stdin", "standard input")
        return
    yield place_of(source)


def place_of(source: PathLike | Sequence[PathLike]) -> Place:
    """Return the files of a source that is not standard input.

    Parameters
    ----------
    source : str, path, or sequence of them

    Raises
    ------
    MissingFileError
        Nothing is there; the message holds near names.
    """
    if not isinstance(source, (str, os.PathLike)):
        paths = tuple(existing(path, "a part of a table") for path in source)
        if not paths:
            raise DataError("path: expected a path or several, received an empty list")
        return Place(paths, _stem(paths[0]), name_list([str(path) for path in paths]))
    if not _is_pattern(source):
        path = existing(source, "a file or folder of data")
        return Place((path,), _stem(path) if path.is_file() else path.resolve().name, str(path))
    pattern = os.path.expanduser(source)
    matches = sorted(glob.glob(pattern, recursive=True))
    paths = tuple(path for path in map(Path, matches) if path.is_file())
    if not paths:
        raise MissingFileError(
            f"expected files for the pattern {str(source)!r}, received none; check it, and write it in quotation marks "
            "on the command line"
        )
    begin = Path(pattern).name.split("*")[0].split("?")[0].split("[")[0].strip("-_. ")
    return Place(paths, begin or Path(pattern).parent.resolve().name, str(source))


def _stem(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).stem


@contextmanager
def _standard_input() -> Iterator[Path]:
    """Copy standard input into a file that lasts as long as the context."""
    if sys.stdin is None or sys.stdin.isatty():
        raise DataError(
            f"expected a table on standard input for {STANDARD_INPUT!r}, received a terminal; send one with | or <, or name "
            "a file"
        )
    with temporary_folder() as folder:
        path = folder / "stdin"
        size = 0
        with open(path, "wb") as copy:
            while piece := sys.stdin.buffer.read(PIECE):
                size += len(piece)
                check_size(size, "on standard input")
                copy.write(piece)
        with shown_as(path, "standard input"):
            yield path
