"""Memory that a table takes, and whether it is better streamed."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Sequence

import polars as pl

from . import parquet
from .files import existing, table_suffix
from .memory import available_memory
from .sources import is_one_path
from .text import table as text_table

PACKED = 8  # times, that gzip may make a table smaller
COPIES = 4  # of the table's numbers, which reading and preparing it take at their peak


def table_bytes(path: str | os.PathLike[str]) -> int:
    """Return about how many bytes a table takes in memory as numbers of 8 bytes.

    Parameters
    ----------
    path : str or path
        CSV or Parquet.

    Returns
    -------
    int
        Rows times columns times 8; of a text the rows are estimated by the length of its first ones.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "a.csv")
    ...     _ = file.write_text("a,b\\n" + "0.5,1\\n" * 100)
    ...     table_bytes(file)
    1616
    """
    path = existing(path, "a table, CSV or Parquet")
    if path.suffix.lower() in parquet.SUFFIXES:
        try:
            schema, rows = parquet.schema_and_rows(pl.scan_parquet(path, glob=False))
            return 8 * len(schema) * rows
        except (pl.exceptions.PolarsError, OSError):
            return path.stat().st_size  # the reader will explain what is wrong
    size = path.stat().st_size * (PACKED if path.suffix == ".gz" else 1)
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
            head = file.read(1 << 20)
    except (EOFError, OSError, zlib.error):
        return path.stat().st_size  # the reader will explain what is wrong
    values = max((head.count(sign) for sign in (b",", b";", b"\t", b"|")), default=0) + head.count(b"\n")
    return int(size * 8 * max(values, 1) / max(len(head), 1))


def too_large(path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> bool:
    """Return True if a table should be streamed: in memory it would take more than half of what is free.

    Only CSV and Parquet can be streamed. Other kinds of file, several files and standard input are read in memory,
    and are never too large here; their readers refuse what does not fit.

    Parameters
    ----------
    path : str or path
        As of ``read_examples``.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "a.csv")
    ...     _ = file.write_text("a,b\\n1,2\\n")
    ...     too_large(file)
    False
    """
    if not (isinstance(path, (str, os.PathLike)) and is_one_path(path)):
        return False
    if table_suffix(str(path)) not in (*parquet.SUFFIXES, *text_table.SUFFIXES):
        return False
    free = available_memory()
    return free is not None and COPIES * table_bytes(path) > free / 2
