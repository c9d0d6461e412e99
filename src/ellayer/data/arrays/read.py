"""Files of arrays (NPY, NPZ and HDF5), and detection of inputs and targets."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ..errors import DataError
from ..files import printable, readable
from ..images.folder import Images
from ..memory import bytes_text, check_memory
from ..read_options import ReadOptions
from ..table_frame import TableFrame
from . import hdf5
from .roles import check_together, images_of, labels_of, pick

if TYPE_CHECKING:
    import h5py

HDF5_SUFFIXES = hdf5.SUFFIXES
_MOST_TEXT = 100_000_000  # bytes of labels in text
_TEXTS_AT_ONCE = 1000


@dataclass(frozen=True)
class StoredArray:
    """An array in a file: its shape, and a function that reads it once its size has been checked."""

    shape: tuple[int, ...]
    read: Callable[[], np.ndarray]


def read_arrays(path: Path, options: ReadOptions, kind: str) -> TableFrame | Images:
    """Read inputs and targets from a file of arrays.

    Arrays of pictures (m, height, width) or (m, height, width, channels) become images from 0 to 1, a
    matrix (m, n) a table of the columns x0, x1, ...

    Parameters
    ----------
    path : Path
    options : ReadOptions
        Its ``x`` and ``y`` are keys; by default common names and those of the notes are tried.
    kind : "npy", "npz" or "hdf5"

    Raises
    ------
    DataError
        No such keys, inconsistent arrays, objects instead of numbers, an impossible declared shape.
    """
    with _OPENERS[kind](path) as (arrays, names):
        x, y = pick({key: array.shape for key, array in arrays.items()}, options, path)
        X = arrays[x].read()
        raw = None if y is None else arrays[y].read()
    notes = [f"the inputs are {x!r}" + (f", the targets {y!r}" if y else "")] if len(arrays) > 1 else []
    labels = None if raw is None else labels_of(raw, names, f"{y} of {path}", notes)
    if X.ndim == 2 and labels is not None and X.shape[0] != len(labels) == X.shape[1]:
        notes.append("examples were columns, and were transposed to rows")
        X = X.T
    check_together(X, labels, x, y, path)
    if labels is None and options.need_target and X.ndim > 2:
        raise DataError(
            f"target: expected the key of the targets in {path} beside {x!r}, received none; name it with y=KEY (--y KEY)"
        )
    reading = {"kind": kind, "x": x, "y": y}
    if X.ndim > 2:
        pixels, shape = images_of(X, f"{x} of {path}", notes)
        facts = {"size": list(shape[:2]), "mode": "RGB" if len(shape) == 3 else "L"}
        return Images(pixels, labels, None, shape, reading | facts, notes)
    X = X.reshape(len(X), -1)
    frame = pl.DataFrame({f"x{j}": np.ascontiguousarray(X[:, j]) for j in range(X.shape[1])})
    return TableFrame(frame, reading, notes, labels, None if labels is None else (y or "y"))


Opened = tuple[Mapping[str, StoredArray], tuple[str, ...]]


@contextmanager
def _open_npy(path: Path) -> Iterator[Opened]:
    with readable(path, "NPY file", Exception):
        yield {"x": _stored_array(lambda: path.open("rb"), path.stat().st_size, str(path))}, ()


@contextmanager
def _open_npz(path: Path) -> Iterator[Opened]:
    with readable(path, "NPZ file", Exception), zipfile.ZipFile(path) as archive:
        arrays = {
            printable(entry.filename.removesuffix(".npy")): _entry(archive, entry, path)
            for entry in archive.infolist()
            if entry.filename.endswith(".npy")
        }
        if not arrays:
            raise DataError(
                f"expected arrays (NPZ) in {path}, but it is another zip archive: unpack it first"
            )
        yield arrays, ()


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> StoredArray:
    """Return one array of an archive, after checking its declared size against the compressed size."""
    place = f"{printable(entry.filename)} of {path}"
    if entry.file_size > hdf5.MOST_COMPRESSION * max(entry.compress_size, 1) + 4096:
        raise DataError(
            f"{place} declares {bytes_text(entry.file_size)} packed into {bytes_text(entry.compress_size)}: no file "
            f"compresses that well; download the file again"
        )
    return _stored_array(partial(archive.open, entry), entry.file_size, place)


def _stored_array(open_file: Callable[[], IO[bytes]], size: int, place: str) -> StoredArray:
    """Return an array in NumPy's format, after checking its declared size against that of its file."""
    with open_file() as file:
        shape, dtype = _header(file, place)
        _check_declared(shape, dtype, size - file.tell(), place)

    def read() -> np.ndarray:
        with open_file() as file:
            return np.lib.format.read_array(file, allow_pickle=False)

    return StoredArray(shape, read)


def _header(file: IO[bytes], place: str) -> tuple[tuple[int, ...], np.dtype]:
    version = np.lib.format.read_magic(file)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise DataError(
            f"expected an array of NumPy's format 1 or 2 in {place}, received {version}; write it again"
        )
    shape, _, dtype = readers[version](file)
    if dtype.hasobject:
        raise DataError(
            f"expected plain numbers in {place}, received Python objects, which are never opened because they can run "
            f"code; write it again with an array of numbers"
        )
    return shape, dtype


def _check_declared(shape: tuple[int, ...], dtype: np.dtype, size: int, place: str) -> None:
    """Raise for a shape that exceeds the bytes of the file, before memory is allocated."""
    byte_count = math.prod(shape) * dtype.itemsize
    if byte_count != size:
        raise DataError(
            f"{place} declares the shape {shape} of {dtype}, {bytes_text(byte_count)}, but holds {bytes_text(size)}: it is "
            f"truncated or damaged; download the file again"
        )
    if dtype.kind not in "buifc" and byte_count > _MOST_TEXT:
        raise DataError(
            f"{place} declares the shape {shape} of {dtype}, {bytes_text(byte_count)} of text; write numbers, or a table with "
            f"text as CSV or Parquet"
        )
    check_memory(math.prod(shape), f"{place}, shape {shape},")


@contextmanager
def _open_hdf5(path: Path) -> Iterator[Opened]:
    import h5py

    with hdf5.open_file(path) as file:
        items: dict[str, h5py.Dataset] = {}

        def keep(key: str, item: object) -> None:
            if isinstance(item, h5py.Dataset) and item.shape is not None and key != "list_classes":
                items[key] = item

        file.visititems(keep)
        by_name = {printable(key): item for key, item in items.items()}
        arrays = {
            key: StoredArray(item.shape, partial(_read_item, item, key, path))
            for key, item in by_name.items()
        }
        yield arrays, hdf5.read_names(file, path)


def _read_item(item: h5py.Dataset, key: str, path: Path) -> np.ndarray:
    import h5py

    if h5py.check_string_dtype(item.dtype) is None:
        return hdf5.read_numbers(item, key, path)
    hdf5.check_declared(item, key, path)
    return _read_texts(item, f"{key} of {path}")


def _read_texts(item: h5py.Dataset, place: str) -> np.ndarray:
    """Return texts, some at a time: many may be one long text that stands in the file once."""
    texts, size = item.asstr(errors="replace"), 0
    if not item.ndim:
        return np.asarray(texts[()], dtype=object)
    step = max(1, min(_TEXTS_AT_ONCE, _MOST_TEXT // item.dtype.itemsize))
    parts = [np.zeros((0, *item.shape[1:]), object)]
    for first in range(0, len(item), step):
        parts.append(np.asarray(texts[first : first + step], dtype=object))
        size += sum(map(len, parts[-1].ravel().tolist()))
        if size > _MOST_TEXT:
            raise DataError(
                f"{place} holds more than {bytes_text(_MOST_TEXT)} of text; write numbers, or a table as Parquet"
            )
    return np.concatenate(parts)


_OPENERS: dict[str, Callable[[Path], Any]] = {"npy": _open_npy, "npz": _open_npz, "hdf5": _open_hdf5}
