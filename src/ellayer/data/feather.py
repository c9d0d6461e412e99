"""Tables in Arrow's own format: Feather (version 2), which is Arrow IPC in a file."""

from __future__ import annotations

import glob
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
        # polars takes a path with wildcards for a pattern
        table = pl.scan_ipc(path.read_bytes() if glob.has_magic(str(path)) else path)
        return TableFrame(read_lazy(table, path), {"kind": "feather"}, [])
