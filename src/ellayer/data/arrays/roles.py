"""Roles of the arrays of a file: inputs, labels, pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...errors import suggest
from ..errors import DataError
from ..files import name_list, printable
from ..memory import check_memory
from ..read_options import ReadOptions

# Common names of inputs and of their targets, lower case; training parts come first.
_PAIRS = {
    "train_set_x": ("train_set_y",),
    "x_train": ("y_train",),
    "train_x": ("train_y",),
    "train_images": ("train_labels",),
    "x": ("y", "labels", "target"),
    "data": ("labels", "label", "target", "targets", "y"),
    "images": ("labels", "label", "target", "targets", "y"),
    "features": ("labels", "label", "target", "targets", "y"),
    "inputs": ("targets", "labels", "y"),
    "test_set_x": ("test_set_y",),
    "x_test": ("y_test",),
    "test_x": ("test_y",),
    "test_images": ("test_labels",),
}
Shapes = Mapping[str, tuple[int, ...]]


def pick(shapes: Shapes, options: ReadOptions, path: Path) -> tuple[str, str | None]:
    """Return the keys of inputs and of targets (None if there are none).

    Parameters
    ----------
    shapes : mapping of str to tuple
        Key and shape of each array of the file.
    options : ReadOptions
    path : Path
        For messages.

    Raises
    ------
    DataError
        A missing key, or arrays without a common name.
    """
    for option, key in (("x", options.x), ("y", options.y)):
        if key is not None and key not in shapes:
            advice = suggest(key, shapes, f"it has {_shapes_text(shapes)}")
            raise DataError(f"{option}: expected a key of {path}, received {key!r}; {advice}")
    x = options.x or (options.reading.get("x") if options.reading.get("x") in shapes else None)
    by_lower = {key.lower(): key for key in shapes}
    x = x or next((by_lower[name] for name in _PAIRS if name in by_lower), None) or _only(shapes)
    if x is None:
        raise DataError(
            f"x: expected the key of the inputs in {path}, which has {_shapes_text(shapes)}; name it with x=KEY (--x KEY)"
        )
    if options.y is not None:
        return x, options.y
    usual = _PAIRS.get(x.lower(), ())
    y = next((by_lower[name] for name in usual if name in by_lower), None)
    if y is None and options.reading.get("y") in shapes:
        y = options.reading["y"]
    if y is None and len(shapes) == 2:
        (other,) = set(shapes) - {x}
        y = other if math.prod(shapes[other]) == shapes[x][0] else None
    return x, None if y == x else y


def _only(shapes: Shapes) -> str | None:
    """Return the single array, or the one with more axes of two."""
    if len(shapes) == 1:
        return next(iter(shapes))
    more = [key for key, shape in shapes.items() if len(shape) > 1 and min(shape) > 1]
    return more[0] if len(more) == 1 and len(shapes) == 2 else None


def _shapes_text(shapes: Shapes) -> str:
    return name_list([f"{key!r} {shape}" for key, shape in shapes.items()])


def labels_of(raw: np.ndarray, names: tuple[str, ...], place: str, notes: list[str]) -> np.ndarray:
    """Return targets (m,) of an array (m,), (m, 1), (1, m), or one-hot (m, K); with names in place of numbers.

    Raises
    ------
    DataError
        Another shape, or a number without a name.
    """
    if raw.ndim == 2 and min(raw.shape) > 1 and _is_one_hot(raw):
        notes.append(f"the targets are one-hot rows of {raw.shape[1]} classes")
        raw = raw.argmax(axis=1)
    if raw.size != max(raw.shape, default=1):
        raise DataError(
            f"expected one target for each example in {place}, shape (m,), received the shape {raw.shape}; name another "
            f"key with y=KEY (--y KEY)"
        )
    flat = raw.ravel()
    if flat.dtype.kind in "SUO":
        return np.array([*(printable(entry).strip() for entry in flat.tolist()), None], dtype=object)[:-1]
    if names and flat.dtype.kind in "bui" and np.isin(flat, np.arange(len(names))).all():
        return np.array(names, dtype=object)[flat.astype(np.intp)]
    if flat.dtype.kind == "b":
        return flat
    if flat.dtype.kind in "ui" and (not flat.size or flat.max() < 2**63):
        return flat.astype(np.int64)
    if flat.dtype.kind == "f":
        return flat.astype(np.float64)
    raise DataError(f"expected numbers or text in {place}, received entries of type {raw.dtype}")


def _is_one_hot(raw: np.ndarray) -> bool:
    return raw.dtype.kind in "buif" and bool(np.isin(raw, (0, 1)).all() and (raw.sum(axis=1) == 1).all())


def check_together(X: np.ndarray, labels: np.ndarray | None, x: str, y: str | None, path: Path) -> None:
    """Raise for inputs that are not numbers or that are empty, and for another number of labels.

    Raises
    ------
    DataError
    """
    if X.dtype.kind not in "buif":
        raise DataError(
            f"expected numbers in {x!r} of {path}, received entries of type {X.dtype}; write a table with text as "
            f"CSV or Parquet"
        )
    if X.ndim == 0 or X.size == 0:
        raise DataError(
            f"expected examples along the first axis of {x!r} of {path}, received the shape {X.shape}"
        )
    if labels is not None and len(labels) != len(X):
        raise DataError(
            f"expected as many targets as examples in {path}: {x!r} has the shape {X.shape}, {y!r} {len(labels)} "
            f"entries; check how the file was written"
        )


def images_of(X: np.ndarray, place: str, notes: list[str]) -> tuple[np.ndarray, tuple[int, ...]]:
    """Return pictures as float32 rows (m, n) from 0 to 1, and the shape of one.

    Parameters
    ----------
    X : ndarray
        (m, height, width), or four axes with 1 or 3 channels last, or first after the examples.
    place : str
        For messages.
    notes : list of str

    Raises
    ------
    DataError
        Another shape, or values that are not pixels.
    """
    if X.ndim == 4 and X.shape[3] not in (1, 3) and X.shape[1] in (1, 3):
        notes.append("channels were before height and width, and were moved to the end")
        X = X.transpose(0, 2, 3, 1)
    if X.ndim not in (3, 4) or (X.ndim == 4 and X.shape[3] not in (1, 3)):
        raise DataError(
            f"expected pictures (m, height, width) or (m, height, width, 3) in {place}, received the shape {X.shape}; "
            f"write them so, or as a matrix (m, n)"
        )
    shape = X.shape[1:3] if X.shape[3:] != (3,) else X.shape[1:]
    divisor = pixel_divisor(X, place)
    check_memory(X.size, f"{place}, shape {X.shape},", itemsize=4)
    pixels = X.reshape(len(X), -1).astype(np.float32)
    pixels /= np.float32(divisor)
    return pixels, tuple(int(side) for side in shape)


def pixel_divisor(X: np.ndarray, place: str) -> float:
    """Return the divisor that scales pixels to [0, 1]: 255, or 1 for real numbers in that range already.

    Raises
    ------
    DataError
        For numbers that are not pixels.
    """
    least, most = float(X.min()), float(X.max())
    if not 0 <= least <= most <= 255:
        raise DataError(
            f"expected pixels from 0 to 255 (or real numbers from 0 to 1) in {place}, received {least:g} to {most:g}; "
            f"bring them to that range, or write them as a matrix (m, n)"
        )
    return 255.0 if X.dtype.kind in "ui" or most > 1 else 1.0
