"""Data sets by name and files of the user's, as arrays: examples are columns."""

from .dataset import Dataset
from .errors import DataError, MissingFileError
from .loading import FILE_SETS, READERS, load
from .named import NAMED, NamedSet
from .pictures import load_picture
from .size import available_memory, too_large
from .stream import TableStream

__all__ = [
    "FILE_SETS",
    "NAMED",
    "READERS",
    "DataError",
    "Dataset",
    "MissingFileError",
    "NamedSet",
    "TableStream",
    "available_memory",
    "load",
    "load_picture",
    "too_large",
]
