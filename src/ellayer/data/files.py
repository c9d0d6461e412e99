"""Paths and kinds of files: suggestions for missing ones, and detection by the first bytes."""

from __future__ import annotations

import importlib
import os
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path, PurePosixPath
from types import ModuleType

from ..errors import near_names
from .errors import DataError, MissingFileError

_SIGNATURES = (
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"\x1f\x8b", "a gzip archive (unpack it first)"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "a zip archive"),  # an empty one
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"PAR1", "a Parquet table"),
    (b"\xd0\xcf\x11\xe0", "an old or an encrypted Office document"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"ARROW1", "an Arrow table"),
    (b"\xff\xff\xff\xff", "an Arrow stream (write it as a Feather file)"),
    (b"FEA1", "a Feather table of version 1 (write it again with version 2)"),
    (b"Obj\x01", "an Avro file (write it as Parquet)"),
    (b"\x80\x04\x95", "a Python pickle, which is never opened because it can run code (write it as Parquet)"),
    (b"\x80\x05\x95", "a Python pickle, which is never opened because it can run code (write it as Parquet)"),
    (b"BZh", "a bzip2 archive (unpack it first)"),
    (b"\xfd7zXZ", "an xz archive (unpack it first)"),
    (b"\x28\xb5\x2f\xfd", "a zstandard archive (unpack it first)"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself (run: git lfs pull)"),
)
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"
_JSON = re.compile(rb"(\xef\xbb\xbf)?\s*(\{|\[\s*[\[{\]])")
SET_NAMES = frozenset(("train", "training", "test", "testing", "valid", "validation", "val", "dev"))
_LISTED = 8  # names shown in a message


def existing(path: str | os.PathLike[str], expected: str, known: Sequence[str] = ()) -> Path:
    """Return the path of an existing file or folder.

    Parameters
    ----------
    path : str or path
        "~" is the home folder.
    expected : str
        What the path should lead to, for the message.
    known : sequence of str
        Names that are alternatives to a path.

    Returns
    -------
    Path
        Of a regular file or a folder.

    Raises
    ------
    MissingFileError
        The path does not exist; the message suggests similar names.
    DataError
        The path is neither a file nor a folder, or not a valid path.
    """
    if not os.fspath(path):  # such as an empty shell variable; Path reads it as the current folder
        raise DataError(f"expected {expected}, received an empty name")
    path = Path(path)
    try:
        path = path.expanduser()
        exists, usable = path.exists(), path.is_file() or path.is_dir()
    except (OSError, ValueError, RuntimeError) as error:  # a null byte; the home of a user who does not exist
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"expected {expected}, but {_short(path)} cannot be opened: {reason}") from error
    if exists and not usable:
        raise DataError(
            f"expected {expected}, but {path} is neither a file nor a folder; send a pipe to standard "
            "input, and name it -"
        )
    if not exists:
        raise _missing(path, expected, known)
    return path


def _missing(path: Path, expected: str, known: Sequence[str]) -> MissingFileError:
    """Return the error for a missing path, with similar names in the last existing folder."""
    folder, part = path.parent, path.name
    while not folder.exists() and folder != folder.parent:
        folder, part = folder.parent, folder.name
    message = f"expected {expected}, but {_short(path)} does not exist"
    if not folder.is_dir():
        return MissingFileError(f"{message}: {folder} is a file, not a folder; remove the rest of the path")
    if folder != path.parent:
        message += f" (there is no {part!r} in {folder})"
    near = near_names(part, known) + [str(folder / name) for name in near_names(part, names_in(folder))]
    if near:
        return MissingFileError(f"{message}; did you mean {' or '.join(map(repr, near))}?")
    sets = f"the known names are {', '.join(known)}; " if known else ""
    return MissingFileError(f"{message}; {sets}{folder.absolute()} holds {name_list(names_in(folder))}")


def _short(path: Path) -> str:
    text = str(path)
    return text if len(text) <= 300 else f"{text[:150]} ... {text[-100:]}"


def names_in(folder: Path) -> list[str]:
    """Return the sorted names in a folder, hidden ones ignored; nothing for one that cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in islice(entries, 10_000) if not entry.name.startswith("."))
    except OSError:
        return []


def name_list(names: Sequence[str]) -> str:
    """Return a few names as text.

    Examples
    --------
    >>> name_list(["a", "b"]), name_list([])
    ('a, b', 'nothing')
    """
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return (", ".join(map(printable, names[:_LISTED])) + more) or "nothing"


def table_suffix(name: str) -> str:
    """Return the suffix of a file's name in lower case, that of gzip ignored.

    Examples
    --------
    >>> table_suffix("a/B.CSV.gz"), table_suffix("readme")
    ('.csv', '')
    """
    return PurePosixPath(name.lower().removesuffix(".gz")).suffix


def printable(text: str | bytes) -> str:
    """Return a text from a file without unprintable and terminal control characters.

    Examples
    --------
    >>> printable("cat\\x1b[2J")
    'cat?[2J'
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", errors="replace")
    return "".join(letter if letter.isprintable() else "?" for letter in text)


@contextmanager
def shown_as(path: Path, name: str) -> Iterator[None]:
    """Replace the name of a temporary file in error messages by that of the user's file."""
    try:
        yield
    except DataError as error:
        raise type(error)(str(error).replace(str(path), name)) from error


@contextmanager
def readable(path: Path, kind: str, *errors: type[BaseException]) -> Iterator[None]:
    """Turn what a library raises on a damaged file into a DataError.

    Parameters
    ----------
    path : Path
    kind : str
        The kind of file, for the message.
    *errors : exception classes
        Those of the library.
    """
    try:
        yield
    except (DataError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except MemoryError as error:
        raise DataError(f"{path} does not fit into memory; write a file with fewer examples") from error
    except errors as error:
        reason = printable(str(error).splitlines()[0]) if str(error) else type(error).__name__
        raise DataError(
            f"expected a complete {kind}, but {path} is truncated or damaged ({reason}); download the file again, or write "
            "it again"
        ) from error


def describe_content(path: Path) -> str:
    """Return a description of a file by its first bytes.

    Raises
    ------
    DataError
        The file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(1024)
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror}; check the permissions of the file"
        ) from error
    content = describe_head(head)
    if content == "a zip archive":
        return _describe_zip(path)
    return content


def _describe_zip(path: Path) -> str:
    """Return a description of a ZIP file by its members."""
    try:
        with zipfile.ZipFile(path) as archive:
            names, first = set(archive.namelist()), b""
            if "mimetype" in names:
                with archive.open("mimetype") as content:
                    first = content.read(len(_ODS))
    except Exception:  # what zipfile raises on a damaged file is not bounded; the reader will explain it
        return "a zip archive that is truncated or damaged"
    if first == _ODS:
        return "an OpenDocument spreadsheet"
    if "[Content_Types].xml" in names:
        is_excel = any(name.startswith("xl/") for name in names)
        if is_excel and "xl/workbook.bin" in names:
            return "a binary Excel workbook (save it as .xlsx)"
        return "an Excel workbook" if is_excel else "an Office document (save the table in it as CSV)"
    is_npz = any(name.endswith(".npy") for name in names)
    return "NumPy arrays in a zip archive" if is_npz else "a zip archive"


def describe_head(head: bytes) -> str:
    """Return a description of a file by its first bytes.

    Examples
    --------
    >>> describe_head(b"PAR1..."), describe_head(b"<!DOCTYPE html><html>")
    ('a Parquet table', 'an HTML page (a web page was saved in place of the file)')
    """
    if not head:
        return "an empty file"
    for signature, words in _SIGNATURES:
        if head.startswith(signature):
            return words
    if head[8:12] == b"DUCK" and b"\0" in head:
        return "a DuckDB database"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "a WebP picture"
    if re.match(rb"(\xef\xbb\xbf)?\s*(<!--.*?-->\s*)*<(!doctype html|html|head|body)\b", head, re.I | re.S):
        return "an HTML page (a web page was saved in place of the file)"
    if b"\0" not in head:
        try:
            text = head.decode("utf-8", errors="ignore").strip().splitlines()
            head[:-3].decode("utf-8")
            return f"a text that begins {text[0][:40]!r}" if text else "an empty text"
        except UnicodeDecodeError:
            pass
    return "a file of another kind"


def is_json(head: bytes) -> bool:
    """Return whether the beginning of a text is JSON.

    Examples
    --------
    >>> is_json(b'[{"a": 1}]'), is_json(b"[a],[b]")
    (True, False)
    """
    return _JSON.match(head) is not None


def import_extra(library: str, kind: str, path: Path) -> ModuleType:
    """Return a library of the extra ``files``.

    Parameters
    ----------
    library : str
    kind : str
        Of the file that needs it, for the message.
    path : Path
        Of the file.

    Raises
    ------
    DataError
        It is not installed; the message has the command that installs it.
    """
    try:
        return importlib.import_module(library)
    except ImportError as error:
        raise DataError(
            f"expected the library {library} to read {path}, which is {kind}, but it is not installed; install it with: "
            f"pip install 'ellayer[files]' (or pip install {library})"
        ) from error
