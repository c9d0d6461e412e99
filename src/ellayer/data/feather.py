"""Tables in Arrow's own format: Feather (version 2), which is Arrow IPC in a file."""

from __future__ import annotations

from pathlib import Path

from .parquet import read_lazy, readable
from .table_frame import TableFrame


def read_feather(path: Path) -> TableFrame:
    """Read a Feather file, with the types that it has.

    Raises
    ------
    DataError
        A damaged file, one without rows, one too large, or a column of lists or structures.
    """
    import polars as pl

    with readable(path, "Feather table"):
        return TableFrame(read_lazy(pl.scan_ipc(path, glob=False), path), {"kind": "feather"}, [])
