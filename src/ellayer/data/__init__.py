"""Named data sets, as arrays whose columns are examples, and files, whose rows are examples."""

from __future__ import annotations

from .._lazy import lazy_names

_HOMES = {
    "FILE_SETS": ".loading",
    "NAMED": ".named",
    "READERS": ".loading",
    "DataError": ".errors",
    "Dataset": ".dataset",
    "Examples": ".examples",
    "MissingFileError": ".errors",
    "NamedSet": ".named",
    "PLANE": ".planar",
    "PlaneSet": ".planar",
    "TableStream": ".stream",
    "available_memory": ".memory",
    "draw": ".planar",
    "load": ".loading",
    "load_picture": ".images.picture",
    "read_examples": ".examples",
    "too_large": ".table_size",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
