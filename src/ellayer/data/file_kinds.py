"""The supported kinds of file: how each is recognised, its options, and its reader.

A new kind is a row of ``FILE_KINDS``. If first bytes tell it, ``files.describe_head`` has them. Readers import the
libraries that few users need when they are called.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .._lost_threads import check_threads
from . import databases, json_records, parquet, workbook
from .archives import unpacked_table
from .arrays import read as arrays
from .errors import DataError
from .files import describe_content, is_json, shown_as, table_suffix
from .images import folder as image_folder
from .images import walk as image_walk
from .images.folder import Images
from .read_options import TABLE_OPTIONS, ReadOptions
from .table_frame import TableFrame
from .text import table as text_table

Content = TableFrame | Images
_PERHAPS_TEXT = ("a text", "an empty", "a file of another kind", "a gzip archive")


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
        Descriptions of such a file by ``files.describe_content`` begin with one of these.
    options : tuple of str
        Names of the options that it takes.
    read : callable
        Reads a file with ``ReadOptions``.
    is_promised : bool
        Whether a file with one of the suffixes and another content is refused.
    """

    name: str
    description: str
    suffixes: tuple[str, ...]
    contents: tuple[str, ...]
    options: tuple[str, ...]
    read: Callable[[Path, ReadOptions], Content]
    is_promised: bool = True

    @property
    def is_part(self) -> bool:
        """Whether several such files can be one table."""
        return set(TABLE_OPTIONS) <= set(self.options) and self.name != "zip"


def _read_zip(path: Path, options: ReadOptions) -> Content:
    """Read the one table in a ZIP archive."""
    suffixes = frozenset(suffix for kind in FILE_KINDS if kind.is_part for suffix in kind.suffixes)
    with unpacked_table(path, suffixes) as (file, name), shown_as(file, name):
        if kind_of(file).name == "zip":
            raise DataError(f"expected a table in {path}, received another archive; unpack it first")
        content = read_file(file, options)
    content.notes.insert(0, f"unpacked {name}")
    return content


# fmt: off
_TABLE = TABLE_OPTIONS
_TEXT = ("delimiter", "decimal", "encoding", "header", "comment", "names", *_TABLE)
_DATABASE = ("table", "query", *_TABLE)
FILE_KINDS = (
    FileKind("parquet", "a Parquet table", parquet.SUFFIXES, ("a Parquet table",), _TABLE, parquet.read_parquet),
    FileKind("feather", "an Arrow table", (".feather", ".arrow", ".ipc"), ("an Arrow table",), _TABLE, parquet.read_feather),
    FileKind("excel", "a workbook", (".xlsx", ".xlsm", ".xls", ".ods"),
             ("an Excel workbook", "an OpenDocument spreadsheet", "an old or an encrypted Office document"),
             ("sheet", "header", *_TABLE), workbook.read_workbook),
    FileKind("sqlite", "an SQLite database", (".sqlite", ".sqlite3", ".db", ".db3"), ("an SQLite database",), _DATABASE,
             databases.read_sqlite, is_promised=False),
    FileKind("duckdb", "a DuckDB database", (".duckdb", ".ddb"), ("a DuckDB database",), _DATABASE, databases.read_duckdb),
    FileKind("json", "a table in JSON", (".json", ".jsonl", ".ndjson"), (), ("encoding", *_TABLE), json_records.read_json,
             is_promised=False),
    FileKind("zip", "a zip archive", (".zip",), ("a zip archive",), (*_TEXT, "sheet", "table", "query"), _read_zip,
             is_promised=False),
    FileKind("npy", "a NumPy array", (".npy",), ("a NumPy array",), ("x", "y"), partial(arrays.read_arrays, kind="npy")),
    FileKind("npz", "a file of NumPy arrays (NPZ)", (".npz",), ("NumPy arrays in a zip archive",), ("x", "y"),
             partial(arrays.read_arrays, kind="npz")),
    FileKind("hdf5", "an HDF5 file", arrays.HDF5_SUFFIXES, ("an HDF5 file",), ("x", "y"),
             partial(arrays.read_arrays, kind="hdf5")),
    FileKind("image", "an image", image_walk.SUFFIXES,
             ("a PNG picture", "a JPEG picture", "a GIF picture", "a WebP picture"), ("size", "grey"),
             image_folder.read_image, is_promised=False),
    FileKind("text", "a table in text", text_table.SUFFIXES, (), _TEXT, text_table.read_table_file, is_promised=False),
)
# fmt: on
_BY_NAME = {kind.name: kind for kind in FILE_KINDS}


def kind_of(path: Path) -> FileKind:
    """Return the kind of a file, by its first bytes; raise if its suffix contradicts them.

    Raises
    ------
    DataError
        The file cannot be read, or is not what its name says.
    """
    content, suffix = describe_content(path), table_suffix(path.name)
    by_suffix = next((kind for kind in FILE_KINDS if suffix in kind.suffixes), _BY_NAME["text"])
    by_content = next(
        (kind for kind in FILE_KINDS if kind.contents and content.startswith(kind.contents)), None
    )
    if by_suffix.is_promised and by_content is not by_suffix:
        raise DataError(
            f"expected {by_suffix.description} by its name, but {path} is {content}; download it again or rename it"
        )
    if by_suffix.name == "image":
        return by_suffix
    if by_content is not None:
        return by_content
    if not content.startswith(_PERHAPS_TEXT):
        raise DataError(f"expected a table, arrays or images, but {path} is {content}; name the table itself")
    return _BY_NAME["json" if by_suffix.name == "json" or is_json(_head(path)) else "text"]


def _head(path: Path) -> bytes:
    """Return the first bytes of a text, unpacked if gzip packed it; none of a damaged file."""
    try:
        with open(path, "rb") as file:
            is_packed = file.read(2) == b"\x1f\x8b"
        with (gzip.open if is_packed else open)(path, "rb") as file:
            return file.read(1024)
    except (OSError, EOFError, zlib.error):
        return b""  # the reader will raise an error with details


def read_file(path: Path, options: ReadOptions) -> Content:
    """Read a file with the reader of its kind.

    Raises
    ------
    DataError
        The file cannot be read, or does not support an option.
    EllayerError
        polars cannot read in this process.
    """
    kind = kind_of(path)
    if set(TABLE_OPTIONS) <= set(kind.options):
        check_threads("polars", str(path))
    check_options(options, kind.options, path, kind.description)
    return kind.read(path, options)


def check_options(options: ReadOptions, taken: tuple[str, ...], path: Path, kind: str) -> None:
    """Raise for an option that a kind of file does not have.

    Raises
    ------
    DataError
    """
    foreign = sorted(options.set_options() - set(taken))
    if foreign:
        raise DataError(
            f"{foreign[0]}: expected no such option for {path}, which is {kind}; omit it"
            + (f" (options here: {', '.join(taken)})" if taken else "")
        )
