"""Named data sets, as arrays whose columns are examples, and files, whose rows are examples."""

from .dataset import Dataset
from .errors import DataError, MissingFileError
from .examples import Examples, read_examples
from .images.picture import load_picture
from .loading import FILE_SETS, READERS, load
from .memory import available_memory
from .named import NAMED, NamedSet
from .stream import TableStream
from .table_size import too_large

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
