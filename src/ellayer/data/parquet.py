"""Parquet files, and Arrow's own format: Feather (version 2), which is Arrow IPC in a file."""

from __future__ import annotations

import glob
from pathlib import Path

import polars as pl

from .._wording import quoted_list
from .errors import DataError
from .files import readable
from .memory import bytes_text, check_memory
from .read_options import ReadOptions
from .table_frame import TableFrame, check_names

# On a damaged file
POLARS_ERRORS = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError)
SUFFIXES = (".parquet", ".pq", ".parq")


def read_parquet(path: Path, options: ReadOptions) -> TableFrame:
    """Read a Parquet file, refused before it is read if its declared size cannot be held.

    Raises
    ------
    DataError
        A damaged file, one without rows, one too large, or a column of lists or structures.
    """
    with readable(path, "Parquet table", *POLARS_ERRORS):
        return TableFrame(read_lazy(pl.scan_parquet(path, glob=False), path), {"kind": "parquet"}, [])


def read_feather(path: Path, options: ReadOptions) -> TableFrame:
    """Read a Feather file, with the types that it has.

    Raises
    ------
    DataError
        A damaged file, one without rows, one too large, or a column of lists or structures.
    """
    with readable(path, "Feather table", *POLARS_ERRORS):
        # polars takes a path with wildcards for a pattern
        table = pl.scan_ipc(path.read_bytes() if glob.has_magic(str(path)) else path)
        return TableFrame(read_lazy(table, path), {"kind": "feather"}, [])


def read_lazy(table: pl.LazyFrame, path: Path) -> pl.DataFrame:
    """Return the rows of a file that stores its schema and length, decimal numbers as float64.

    Raises
    ------
    DataError
        For a table without rows, one too large, or a column of lists or structures.
    """
    schema, rows = schema_and_rows(table)
    check_schema(schema, rows, path)
    check_memory(rows * len(schema), f"{path}, {rows:,} rows of {len(schema)} columns,")
    frame = table.collect()
    check_texts(frame, path)
    return plain_numbers(frame)


def schema_and_rows(table: pl.LazyFrame) -> tuple[pl.Schema, int]:
    """Return the types of the columns of a file and the number of its rows, which it stores."""
    return table.collect_schema(), int(table.select(pl.len()).collect().item())


def check_texts(frame: pl.DataFrame, path: Path) -> None:
    """Refuse texts that are too long together: in the frame, as in a file, many may be one that is held once.

    Raises
    ------
    DataError
    """
    size = 0
    for column in frame.select(pl.col(pl.String, pl.Categorical, pl.Enum)):
        if column.dtype == pl.String:
            size += int(column.str.len_bytes().cast(pl.Int64).sum())
        else:  # a cast would write out each text
            levels = column.alias("text").value_counts(name="rows")
            size += int(
                (levels["text"].cast(pl.String).str.len_bytes().cast(pl.Int64) * levels["rows"]).sum()
            )
    check_memory(size // 2, f"{path}, {bytes_text(size)} of text,")  # Python's texts take some times as much


def plain_numbers(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame with float64 in place of decimal numbers, which NumPy does not have."""
    return frame.with_columns(pl.col(pl.Decimal).cast(pl.Float64))


def check_schema(schema: pl.Schema, rows: int, path: Path) -> None:
    """Raise for a table without rows, and for columns of lists, structures or bytes.

    Raises
    ------
    DataError
        Naming the columns.
    """
    check_names(list(schema), str(path))
    nested = [name for name, kind in schema.items() if kind.is_nested() or kind in (pl.Binary, pl.Object)]
    if nested:
        raise DataError(
            f"expected columns of numbers, texts, truth values or dates in {path}, received {schema[nested[0]]} in "
            f"{quoted_list(nested)}; take them apart or leave them out"
        )
    if not rows or not len(schema):
        raise DataError(f"expected rows in {path}, received a table of {rows} rows and {len(schema)} columns")
