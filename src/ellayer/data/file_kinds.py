"""The kinds of file that can be read: how each is recognised, the options that it takes, and its reader."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from . import archives, databases, feather, json_records, parquet, workbook
from .arrays import read as arrays
from .errors import DataError
from .files import describe_content
from .images import folder as image_folder
from .images.folder import Images
from .read_options import TABLE_OPTIONS, ReadOptions
from .table_frame import TableFrame
from .text import table as text_table

Content = TableFrame | Images
_TEXT = ("delimiter", "decimal", "encoding", "header", "comment", "names")
_WORKBOOKS = ("an Excel workbook", "an OpenDocument spreadsheet", "an old or an encrypted Office document")
_PERHAPS_TEXT = ("a text", "an empty", "a file of another kind", "a gzip archive")
_PICTURES = ("a PNG picture", "a JPEG picture", "a GIF picture", "a WebP picture")


@dataclass(frozen=True)
class FileKind:
    """A kind of file.

    Attributes
    ----------
    name : str
        As in ``reading["kind"]``.
    description : str
        In words, for messages.
    suffixes : tuple of str
        Of its names, in lower case.
    contents : tuple of str
        What ``files.describe_content`` says of such a file begins with one of these.
    options : tuple of str
        Names of the options that it takes.
    read : callable
        Reads a file with ``ReadOptions``.
    is_promised : bool
        Whether a file whose name has such a suffix is refused if its content is another.
    """

    name: str
    description: str
    suffixes: tuple[str, ...]
    contents: tuple[str, ...]
    options: tuple[str, ...]
    read: Callable[[Path, ReadOptions], Content]
    is_promised: bool = True


def _read_zip(path: Path, options: ReadOptions) -> Content:
    """Read the one table in a ZIP archive."""
    with archives.unpacked_table(path, TABLE_SUFFIXES) as (file, name):
        try:
            if kind_of(file).name == "zip":
                raise DataError(f"expected a table in {path}, received another archive; unpack it first")
            content = read_file(file, options)
        except DataError as error:  # its message names the unpacked file
            raise type(error)(str(error).replace(str(file), name)) from error
    content.notes.insert(0, f"unpacked {name}")
    return content


# First bytes that settle a kind are in ``files.describe_head``; the rest is text, and JSON or a table by how it begins.
FILE_KINDS = (
    FileKind(
        "parquet", "a Parquet table", parquet.SUFFIXES, ("a Parquet table",), TABLE_OPTIONS,
        lambda path, _: parquet.read_parquet(path),
    ),
    FileKind(
        "feather", "an Arrow table", feather.SUFFIXES, ("an Arrow table",), TABLE_OPTIONS,
        lambda path, _: feather.read_feather(path),
    ),
    FileKind("excel", "a workbook", workbook.SUFFIXES, _WORKBOOKS, ("sheet", "header", *TABLE_OPTIONS), workbook.read_workbook),
    FileKind(
        "sqlite", "an SQLite database", databases.SQLITE_SUFFIXES, ("an SQLite database",),
        ("table", "query", *TABLE_OPTIONS), databases.read_sqlite, is_promised=False,
    ),
    FileKind(
        "duckdb", "a DuckDB database", databases.DUCKDB_SUFFIXES, ("a DuckDB database",),
        ("table", "query", *TABLE_OPTIONS), databases.read_duckdb,
    ),
    FileKind("npy", "a NumPy array", (".npy",), ("a NumPy array",), ("x", "y"), partial(arrays.read_arrays, kind="npy")),
    FileKind(
        "npz", "a file of NumPy arrays (NPZ)", (".npz",), ("a zip archive of NumPy arrays",), ("x", "y"),
        partial(arrays.read_arrays, kind="npz"),
    ),
    FileKind(
        "hdf5", "an HDF5 file", arrays.HDF5_SUFFIXES, ("an HDF5 file",), ("x", "y"),
        partial(arrays.read_arrays, kind="hdf5"),
    ),
    FileKind(
        "image", "an image", image_folder.SUFFIXES, _PICTURES, ("size", "grey"), image_folder.read_image, is_promised=False
    ),
    FileKind("zip", "a zip archive", (".zip",), ("a zip archive",), (*_TEXT, *TABLE_OPTIONS, "x", "y", "sheet", "table", "query"), _read_zip, is_promised=False),
    FileKind(
        "json", "a table in JSON", json_records.SUFFIXES, (), ("encoding", *TABLE_OPTIONS), json_records.read_json,
        is_promised=False,
    ),
    FileKind(
        "text", "a table in text", text_table.SUFFIXES, (), (*_TEXT, *TABLE_OPTIONS), text_table.read_table_file, is_promised=False
    ),
)  # fmt: skip
_BY_NAME = {kind.name: kind for kind in FILE_KINDS}
TABLE_SUFFIXES = frozenset(
    suffix for kind in FILE_KINDS if kind.name not in ("image", "zip") for suffix in kind.suffixes
)


def kind_of(path: Path) -> FileKind:
    """Return the kind of a file, which its first bytes decide; its name may not promise another.

    Raises
    ------
    DataError
        The file cannot be read, or is not what its name says.
    """
    content, suffix = describe_content(path), archives.table_suffix(path.name)
    by_suffix = next((kind for kind in FILE_KINDS if suffix in kind.suffixes), _BY_NAME["text"])
    by_content = next(
        (kind for kind in FILE_KINDS if kind.contents and content.startswith(kind.contents)), None
    )
    if by_suffix.is_promised and by_content is not by_suffix:
        raise DataError(
            f"expected {by_suffix.description} by its name, but {path} is {content}; fetch it again or rename it"
        )
    if by_suffix.name == "image":
        return by_suffix
    if by_content is not None:
        return by_content
    if not content.startswith(_PERHAPS_TEXT):
        raise DataError(f"expected a table, arrays or images, but {path} is {content}; name the table itself")
    return _BY_NAME["json" if by_suffix.name == "json" or json_records.is_json(_head(path)) else "text"]


def _head(path: Path) -> bytes:
    """Return the first bytes of a text, unpacked if gzip packed it; none of a damaged file."""
    try:
        with open(path, "rb") as file:
            is_packed = file.read(2) == b"\x1f\x8b"
        with (gzip.open if is_packed else open)(path, "rb") as file:
            return file.read(1024)
    except (OSError, EOFError, zlib.error):
        return b""  # the reader will explain what is wrong


def read_file(path: Path, options: ReadOptions) -> Content:
    """Read a file with the reader of its kind.

    Raises
    ------
    DataError
        The file cannot be read, or an option means nothing for its kind.
    """
    kind = kind_of(path)
    check_options(options, kind.options, path, kind.description)
    return kind.read(path, options)


def check_options(options: ReadOptions, taken: tuple[str, ...], path: Path, kind: str) -> None:
    """Refuse an option that means nothing for a kind of file.

    Raises
    ------
    DataError
    """
    foreign = sorted(options.given() - set(taken))
    if foreign:
        raise DataError(
            f"{foreign[0]}: expected no such option for {path}, which is {kind}; leave it out"
            + (f" (options here: {', '.join(taken)})" if taken else "")
        )
