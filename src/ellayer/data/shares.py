"""The share of each of several processes in a table: whole files of text, or row groups of Parquet files."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from .errors import DataError
from .file_kinds import kind_of
from .files import describe_content
from .parts import tables_in
from .sources import STANDARD_INPUT, PathLike, place_of

_MAGIC = b"PAR1"
_STRUCT, _LIST, _SET, _MAP, _BINARY, _DOUBLE, _BYTE, _TRUE, _FALSE = 12, 9, 10, 11, 8, 7, 3, 1, 2
_ROW_GROUPS, _NUM_ROWS = 4, 3  # fields of the file's metadata, and of a row group


class Part(NamedTuple):
    """Rows of a file: ``number`` from ``first`` on, or all if it is None."""

    path: Path
    first: int = 0
    number: int | None = None


def parts_of(source: PathLike | Sequence[PathLike]) -> tuple[str, list[Part], list[int]]:
    """Return the name of a table, the parts that it can be divided into, and their sizes.

    Parameters
    ----------
    source : str, path, or sequence of them
        A file, several, a pattern or a folder.

    Raises
    ------
    DataError
        For standard input, and files of another kind or of several kinds.
    """
    if source == STANDARD_INPUT:
        raise DataError(
            "--processes: expected files that several processes can read, received standard input; name the files"
        )
    place = place_of(source)
    paths = place.paths
    if len(paths) == 1 and paths[0].is_dir():
        paths = tables_in(paths[0])[0]
        if not paths:
            raise DataError(
                f"--processes: expected tables in the folder {place.text}, received none; name a folder of CSV or Parquet files"
            )
    kinds = {describe_content(path) == "a Parquet table" for path in paths}
    if len(kinds) > 1:
        raise DataError(
            f"--processes: expected files of one kind in {place.text}, received Parquet and other files; name those of one kind, "
            "like 'parts/*.parquet'"
        )
    if kinds == {True}:
        groups = [(path, row_groups(path)) for path in paths]
        parts = [
            Part(path, sum(counts[:k]), count) for path, counts in groups for k, count in enumerate(counts)
        ]
        return place.name, parts, [part.number or 0 for part in parts]
    for path in paths:
        if (kind := kind_of(path)).name != "text":
            raise DataError(
                f"--processes: expected CSV or Parquet files for several processes, but {path} is {kind.description}; write it as Parquet"
            )
    return place.name, [Part(path) for path in paths], [os.path.getsize(path) for path in paths]


def share_of(parts: Sequence[Part], sizes: Sequence[int], rank: int, size: int) -> list[Part]:
    """Return the parts of one process: consecutive ones, with about the same number of rows for each process.

    Parameters
    ----------
    parts : sequence of Part
    sizes : sequence of int
        Of the parts.
    rank, size : int
        The process, and the number of processes.

    Raises
    ------
    DataError
        For more processes than parts.

    Examples
    --------
    >>> parts = [Part(Path("a"), 0, 50), Part(Path("a"), 50, 50), Part(Path("b"), 0, 90)]
    >>> [share_of(parts, [50, 50, 90], rank, 2) for rank in (0, 1)]  # doctest: +NORMALIZE_WHITESPACE
    [[Part(path=PosixPath('a'), first=0, number=100)], [Part(path=PosixPath('b'), first=0, number=90)]]
    """
    if size > len(parts):
        noun = "files" if parts[0].number is None else "row groups"
        raise DataError(
            f"--processes: expected at most as many processes as {noun}, {len(parts)}, received {size}; start fewer, or write the table "
            f"as more {noun}"
        )
    total, done, begin = sum(sizes), 0, 0
    for process in range(rank + 1):
        first = begin
        while True:
            done += sizes[begin]
            begin += 1
            parts_left, others = len(parts) - begin, size - process - 1
            if parts_left <= others or (others and done + sizes[begin] / 2 > total * (process + 1) / size):
                break
        if not others:
            begin = len(parts)
    return _join(parts[first:begin])


def _join(parts: Sequence[Part]) -> list[Part]:
    """Join the parts of a file that follow one another."""
    merged_parts: list[Part] = []
    for part in parts:
        last = merged_parts[-1] if merged_parts else None
        if last is not None and last.path == part.path and part.number is not None:
            merged_parts[-1] = last._replace(number=(last.number or 0) + part.number)
        else:
            merged_parts.append(part)
    return merged_parts


# The end of a Parquet file, which holds Thrift's compact form of its metadata


def row_groups(path: Path) -> list[int]:
    """Return the number of rows of each row group of a Parquet file.

    Raises
    ------
    DataError
        For a damaged file.
    """
    try:
        with open(path, "rb") as file:
            file.seek(-8, os.SEEK_END)
            length, magic = struct.unpack("<I4s", file.read(8))
            file.seek(-8 - length, os.SEEK_END)
            counts = _Thrift(file.read(length)).row_groups() if magic == _MAGIC else []
    except (OSError, IndexError, struct.error, RecursionError):
        counts = []
    if not sum(counts):
        raise DataError(
            f"--processes: expected a Parquet table with rows, but {path} has none that can be read; write it again, or omit it"
        )
    return counts


class _Thrift:
    """A reader of Thrift's compact protocol that skips all other fields."""

    def __init__(self, data: bytes):
        self._data, self._at = data, 0

    def row_groups(self) -> list[int]:
        """Return the rows of each row group of the metadata of a file."""
        for field, kind in self._fields():
            if field == _ROW_GROUPS and kind == _LIST:
                count, _ = self._list()
                return [self._rows_of_group() for _ in range(count)]
            self._skip(kind)
        return []

    def _rows_of_group(self) -> int:
        rows = 0
        for field, kind in self._fields():
            if field == _NUM_ROWS:
                number = self._integer()
                rows = (number >> 1) ^ -(number & 1)
            else:
                self._skip(kind)
        return rows

    def _fields(self) -> Iterator[tuple[int, int]]:
        """Return number and kind of each field of a structure; the reader has to pass its value."""
        number = 0
        while head := self._byte():
            if head >> 4:
                number += head >> 4
            else:
                step = self._integer()
                number = (step >> 1) ^ -(step & 1)
            yield number, head & 15

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _integer(self) -> int:
        number, shift = 0, 0
        while True:
            byte = self._byte()
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7

    def _list(self) -> tuple[int, int]:
        head = self._byte()
        return (head >> 4 if head >> 4 < 15 else self._integer()), head & 15

    def _skip(self, kind: int, element: bool = False) -> None:
        if kind in (_TRUE, _FALSE):
            self._at += element
        elif kind == _BYTE:
            self._at += 1
        elif kind == _DOUBLE:
            self._at += 8
        elif kind == _BINARY:
            length = self._integer()
            self._at += length
        elif kind in (_LIST, _SET):
            count, inner = self._list()
            for _ in range(count):
                self._skip(inner, True)
        elif kind == _MAP:
            count = self._integer()
            kinds = self._byte() if count else 0
            for _ in range(count):
                self._skip(kinds >> 4, True)
                self._skip(kinds & 15, True)
        elif kind == _STRUCT:
            for _, inner in self._fields():
                self._skip(inner)
        else:
            self._integer()
