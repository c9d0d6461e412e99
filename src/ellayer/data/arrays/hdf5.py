"""Images in the HDF5 layout of the notes: train_set_x, train_set_y and list_classes, with a test file."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..dataset import Dataset, one_hot
from ..errors import DataError
from ..files import describe_content, name_list, names_in, printable, readable
from ..memory import bytes_text, check_memory
from .roles import check_together, labels_of, pixel_divisor

if TYPE_CHECKING:
    import h5py

SUFFIXES = (".h5", ".hdf5", ".hdf", ".he5")
_LAYOUT = "train_set_x (m, height, width, channels) and train_set_y (m,)"
MOST_COMPRESSION = 1100  # deflate reaches 1032 : 1


def read_folder(folder: Path, name: str | None = None) -> Dataset:
    """Read the HDF5 pair of a folder: its train* file, and the test* file that goes with it.

    Parameters
    ----------
    folder : Path
    name : str, optional
        Name of the data set; by default that of the file.

    Raises
    ------
    DataError
        No HDF5 file in the folder, or several candidates.
    """
    files = [file for file in names_in(folder) if Path(file).suffix.lower() in SUFFIXES]
    if not files:
        raise DataError(
            f"expected a folder with a pair of HDF5 files (train*.h5, test*.h5); {folder} holds "
            f"{name_list(names_in(folder))}; pass the folder with the files"
        )
    train = [file for file in files if "train" in file.lower()] or files
    if len(train) > 1:
        raise DataError(
            f"expected one pair of HDF5 files (train*.h5, test*.h5) in {folder}, received {name_list(files)}; "
            f"name the training file itself"
        )
    test = [file for file in files if "test" in file.lower() and file not in train]
    alone = folder / test[0] if len(test) == 1 else None
    return _read_pair(folder / train[0], _partner(folder / train[0], "train", "test") or alone, name)


def read_file(path: Path, name: str | None = None) -> Dataset:
    """Read an HDF5 file in the notes' layout, and the other file of its pair if that lies beside it.

    Pictures become columns as in the notes, ``reshape(m, -1).T / 255`` (numbers that lie in [0, 1]
    already stay). Class names may be missing or be numbers, labels may be (m,), (m, 1) or (1, m),
    the test set may be missing or lie in the same file.

    Parameters
    ----------
    path : Path
        Of either file of the pair.
    name : str, optional
        Name of the data set; by default that of the file.

    Returns
    -------
    Dataset
        Y is (1, m) of 0 and 1; one-hot columns if list_classes names more than two classes.

    Raises
    ------
    DataError
        Not HDF5, damaged, without the expected keys, or with inconsistent contents.
    """
    train = _partner(path, "test", "train")
    if train is not None:
        return _read_pair(train, path, name)
    return _read_pair(path, _partner(path, "train", "test"), name)


def _partner(path: Path, role: str, other: str) -> Path | None:
    """Return the file whose name differs from this one's by "test" for "train" (or the reverse)."""
    partner = path.name.lower().replace(role, other)
    if partner == path.name.lower():
        return None
    return next((path.parent / file for file in names_in(path.parent) if file.lower() == partner), None)


class _Raw(NamedTuple):
    """The pictures (m, ...) and flat labels (m,) of one part, as the file holds them."""

    x: np.ndarray
    y: np.ndarray
    role: str
    path: Path

    def describe(self, key: str) -> str:
        return f"{self.role}_set_{key} of {self.path}"


def _read_pair(train: Path, test: Path | None, name: str | None) -> Dataset:
    with open_file(train) as file:
        names = read_names(file, train)
        part = _read_part(file, "train", train)
        part_test = _read_part(file, "test", train) if "test_set_x" in file else None
    if part_test is None and test is not None:
        with open_file(test) as file:
            names = names or read_names(file, test)
            part_test = _read_part(file, "test", test)

    names = names or ("0", "1")
    divisor = pixel_divisor(part.x, part.describe("x"))
    X_test = Y_test = None
    if part_test is not None:
        _check_pair(part, part_test, divisor)
        X_test, Y_test = _columns(part_test, divisor), _targets(part_test, names)
    files = dict.fromkeys(str(source.path) for source in (part, part_test) if source is not None)
    return Dataset(
        name or re.sub(r"(?i)^train[_. -]+", "", train.stem),
        _columns(part, divisor),
        _targets(part, names),
        X_test,
        Y_test,
        classes=names,
        image_shape=part.x.shape[1:] if part.x.ndim > 2 else None,
        source=f"{' and '.join(files)}; pixels divided by {divisor:g}",
    )


def _check_pair(train: _Raw, test: _Raw, divisor: float) -> None:
    """Raise for test pictures of another shape or scale than the training ones."""
    if test.x.shape[1:] != train.x.shape[1:]:
        raise DataError(
            f"expected test pictures of the shape of the training ones, {train.x.shape[1:]}, received "
            f"{test.x.shape[1:]} in {test.path}; the two files are no pair"
        )
    if (received := pixel_divisor(test.x, test.describe("x"))) != divisor:
        raise DataError(
            f"expected test pictures on the scale of the training ones (0 to {divisor:g}), received "
            f"0 to {received:g} in {test.path}; write both from 0 to 255"
        )


@contextmanager
def open_file(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file, turning what the library raises on a foreign or damaged one into a DataError."""
    content = describe_content(path)
    import h5py

    if not h5py.is_hdf5(path):
        raise DataError(f"expected an HDF5 file, but {path} is {content}; download the file again")
    errors = (OSError, RuntimeError, LookupError, ValueError, TypeError)
    with readable(path, "HDF5 file", *errors), h5py.File(path, "r") as file:
        yield file


def _read_part(file: h5py.File, role: str, path: Path) -> _Raw:
    """Read the training or the test set, its shapes checked."""
    x = _read_array(file, f"{role}_set_x", path)
    part = _Raw(x, _read_array(file, f"{role}_set_y", path), role, path)
    if x.ndim < 2:
        raise DataError(
            f"expected pictures (m, height, width, channels) in {part.describe('x')}, received the shape {x.shape}; "
            f"each example needs an entry along the first axis"
        )
    part = part._replace(y=labels_of(part.y, (), part.describe("y"), []))
    check_together(x, part.y, f"{role}_set_x", f"{role}_set_y", path)
    return part


def _read_array(file: h5py.File, key: str, path: Path) -> np.ndarray:
    """Return one array of numbers, refused before it is read if it is missing, foreign or absurd."""
    import h5py

    keys = list(file)
    item = file[key] if key in keys else None  # `get` would call a damaged entry a missing one
    if not isinstance(item, h5py.Dataset):
        has = name_list([f"{printable(k)} {getattr(file.get(k), 'shape', '(no array)')}" for k in keys])
        advice = f"name its keys as in {_LAYOUT}"
        if key == "train_set_x" and "test_set_x" in keys:
            advice = "this is the test file of a pair: put the training file beside it and name that"
        raise DataError(f"expected the key {key!r} in {path}; it has: {has}; {advice}")
    return read_numbers(item, key, path)


def read_numbers(item: h5py.Dataset, key: str, path: Path) -> np.ndarray:
    """Return the numbers of an array of a file, refused before they are read if they are none, or absurd."""
    if item.shape is None or item.dtype.kind not in "buif":
        entries = "nothing" if item.shape is None else f"entries of type {item.dtype}"
        raise DataError(f"expected numbers in {key} of {path}, received {entries}; write it as plain numbers")
    check_declared(item, key, path)
    return item[()]


def check_declared(item: h5py.Dataset, key: str, path: Path) -> None:
    """Raise for an array whose declared size is impossible or too large, before memory is allocated."""
    if not os.path.samefile(item.file.filename, path) or item.is_virtual or item.external:
        raise DataError(f"expected the numbers of {key} in {path} itself, but it points to another file")
    count = max(math.prod(item.shape), math.prod(item.chunks or ()))
    size = os.path.getsize(path)
    if count * item.dtype.itemsize > MOST_COMPRESSION * size:
        raise DataError(
            f"{key} of {path} declares the shape {item.shape}, {bytes_text(count * item.dtype.itemsize)}, but the "
            f"whole file has {bytes_text(size)}: no file compresses that well; download the file again"
        )
    check_memory(count, f"{key} of {path}, shape {item.shape},")


def read_names(file: h5py.File, path: Path) -> tuple[str, ...]:
    """Return list_classes as text, from bytes, text or numbers; empty if it is missing."""
    import h5py

    item = file.get("list_classes")
    if not isinstance(item, h5py.Dataset) or item.shape is None:
        return ()
    check_declared(item, "list_classes", path)
    names = tuple(_text(entry) for entry in np.ravel(item[()]))
    if len(names) == 1 or len(set(names)) < len(names):
        raise DataError(
            f"expected a name for each class in list_classes of {path}, received {name_list(names)}; "
            f"give two different names or more, or leave list_classes out"
        )
    return names


def _text(entry: object) -> str:
    if isinstance(entry, (float, np.floating)) and float(entry).is_integer():
        entry = int(entry)
    return printable(entry if isinstance(entry, bytes) else str(entry))


def _columns(part: _Raw, divisor: float) -> np.ndarray:
    """Return the pictures as columns, (n_x, m) in [0, 1]."""
    return part.x.reshape(part.x.shape[0], -1).T.astype(np.float64, copy=False) / divisor


def _targets(part: _Raw, names: tuple[str, ...]) -> np.ndarray:
    """Return the labels as targets (n_y, m), each label being the index of its name."""
    K = len(names)
    values = np.unique(part.y)
    if not np.isin(values, np.arange(K)).all():
        if K == 2:
            expected = "labels 0 and 1 (two classes)"
            advice = "write them as 0 and 1, or name every class in list_classes"
        else:
            expected = f"labels from 0 to {K - 1} (list_classes has {K} names)"
            advice = "let each be the place of its name"
        received = ", ".join(f"{value:g}" for value in values[:6]) + (", ..." if values.size > 6 else "")
        raise DataError(f"expected {expected} in {part.describe('y')}, received {received}; {advice}")
    if K > 2:
        check_memory(K * part.y.size, f"a row for each of {K} classes of {part.describe('y')}")
    return one_hot(part.y, K)
