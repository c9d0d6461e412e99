"""Data sets by name, as arrays whose columns are examples; and files of one's own, whose rows are."""

from .dataset import Dataset
from .errors import DataError, MissingFileError
from .examples import Examples, read_examples
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
    "Examples",
    "MissingFileError",
    "NamedSet",
    "TableStream",
    "available_memory",
    "load",
    "load_picture",
    "read_examples",
    "too_large",
]
