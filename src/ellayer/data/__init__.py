"""Data sets by name and files of the user's, as arrays: examples are columns."""

from .dataset import Dataset
from .errors import DataError, MissingFileError
from .loading import FILE_SETS, READERS, load
from .named import NAMED, NamedSet
from .pictures import load_picture

__all__ = [
    "FILE_SETS",
    "NAMED",
    "READERS",
    "DataError",
    "Dataset",
    "MissingFileError",
    "NamedSet",
    "load",
    "load_picture",
]
