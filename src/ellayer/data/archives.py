"""ZIP archives: their content, and unpacking within limits."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from .._unfinished import temporary_folder
from .errors import DataError
from .files import name_list, printable, readable, table_suffix
from .memory import unpacked_pieces

_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, LookupError)


@contextmanager
def opened_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a ZIP file, turning what the library raises on a damaged or encrypted one into a DataError."""
    try:
        with readable(path, "archive", *_DAMAGE), zipfile.ZipFile(path) as archive:
            if any(entry.flag_bits & 1 for entry in archive.infolist()):
                raise DataError(
                    f"expected a file without a password, but {path} is encrypted; unpack it or save it without one"
                )
            yield archive
    except NotImplementedError as error:
        raise DataError(
            f"expected a usual ZIP archive, but {path} uses another compression ({error}); unpack it first"
        ) from error


@contextmanager
def unpacked_table(path: Path, suffixes: frozenset[str]) -> Iterator[tuple[Path, str]]:
    """Unpack the one table of a ZIP archive into a file that lasts as long as the context.

    Parameters
    ----------
    path : Path
    suffixes : frozenset of str
        Of tables; an archive of one file needs none of them.

    Yields
    ------
    file : Path
    name : str
        The member's name, for messages.

    Raises
    ------
    DataError
        For several tables or none, an encrypted or damaged archive, and one that unpacks beyond the limits.
    """
    with temporary_folder() as folder:
        with opened_zip(path) as archive:
            entry = _the_table(archive, path, suffixes)
            file = folder / f"table{''.join(PurePosixPath(entry.filename).suffixes[-2:])}"[:40]
            with open(file, "wb") as copy, archive.open(entry) as content:
                copy.writelines(unpacked_pieces(content.read, path))
        yield file, f"{printable(entry.filename)} in {path}"


def _the_table(archive: zipfile.ZipFile, path: Path, suffixes: frozenset[str]) -> zipfile.ZipInfo:
    """Return the member that is a table; hidden files and folders do not count."""
    entries = [
        entry
        for entry in archive.infolist()
        if not entry.is_dir() and not any(part.startswith((".", "__MACOSX")) for part in entry.filename.split("/"))
    ]  # fmt: skip
    tables = [entry for entry in entries if table_suffix(entry.filename) in suffixes] or entries
    if len(tables) != 1:
        names = [printable(entry.filename) for entry in tables]
        raise DataError(
            f"expected one table in the archive {path}, received {len(tables)} files ({name_list(names)}); unpack it and name "
            f"one of them, or the folder if they are parts of one table"
        )
    return tables[0]
