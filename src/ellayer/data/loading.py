"""Load a data set by name or path; each kind of file has one reader."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from .arrays import hdf5
from .dataset import Dataset
from .errors import DataError
from .files import describe_content, existing, name_list
from .named import NAMED, load_named

# Suffix -> reader of a file, called with the path and a name (or None).
READERS: dict[str, Callable[[Path, str | None], Dataset]] = dict.fromkeys(hdf5.SUFFIXES, hdf5.read_file)

# Named data sets from files of the user: name -> the training file.
FILE_SETS = {"cats": "train_catvnoncat.h5"}

_ALIASES = {"planar": "flower", "noisy_circles": "circles", "noisy_moons": "moons"}


def load(
    name_or_path: str | os.PathLike[str],
    *,
    data: str | os.PathLike[str] | None = None,
    seed: int | None = None,
) -> Dataset:
    """Return a data set by its name, or from a file or folder.

    Parameters
    ----------
    name_or_path : str or path
        "flower", "circles", "moons", "blobs", "gaussian_quantiles", "digits", "iris",
        "breast_cancer"; "cats" (with ``data``); a training file in the notes' HDF5 layout, or its
        folder. A name has precedence over a file of the same name: write "./flower" for the file.
    data : str or path, optional
        For "cats": its folder or training file.
    seed : int, optional
        For a drawn set: draw another one. The default is the notes' seed where they have one.

    Returns
    -------
    Dataset
        X (n_x, m) and Y (n_y, m), both float64: examples are columns.

    Raises
    ------
    MissingFileError
        No such data set, file or folder; the message suggests similar names.
    DataError
        A file that cannot be read or has invalid contents.

    Examples
    --------
    >>> load("flower").X.shape
    (2, 400)
    """
    if not isinstance(name_or_path, (str, os.PathLike)) or not str(name_or_path).strip():
        raise DataError(
            f"expected the name of a data set ({', '.join(NAMED)}) or a path, received {name_or_path!r}"
        )
    name = _set_name(name_or_path)
    if name in NAMED:
        if data is not None:
            raise DataError(
                f"the set {name!r} needs no files: expected no data, received {os.fspath(data)!r}"
            )
        return load_named(name, seed)
    if seed is not None:
        raise DataError(f"expected no seed for data read from files, received {seed!r}")
    if name in FILE_SETS and (data is not None or not Path(name_or_path).exists()):
        return _load_file_set(name, data)
    if data is not None:
        raise DataError(
            f"expected data beside one of the names {', '.join(FILE_SETS)}, received the name "
            f"{os.fspath(name_or_path)!r}; give the path alone: load({os.fspath(data)!r})"
        )
    if isinstance(name_or_path, str) and Path(name_or_path).name == name_or_path:
        path = existing(name_or_path, "the name or the path of a data set", [*NAMED, *FILE_SETS])
    else:
        path = existing(name_or_path, "a file or folder of data")
    return _load_path(path)


def _set_name(name: object) -> str:
    """Return the table's spelling of a name; a path object is never a name."""
    spelling = name.strip().lower().replace("-", "_") if isinstance(name, str) else ""
    return _ALIASES.get(spelling, spelling)


def _load_file_set(name: str, data: str | os.PathLike[str] | None) -> Dataset:
    if data is None:
        raise DataError(
            f"the set {name!r} is read from files: expected data=FOLDER, the folder of {FILE_SETS[name]}, "
            f"received none"
        )
    path = existing(data, f"the folder of {FILE_SETS[name]}")
    if path.is_dir() and (path / FILE_SETS[name]).is_file():
        path = path / FILE_SETS[name]
    return _load_path(path, name)


def _load_path(path: Path, name: str | None = None) -> Dataset:
    if path.is_dir():
        return hdf5.read_folder(path, name)
    content = describe_content(path)
    reader = READERS.get(path.suffix.lower()) or (hdf5.read_file if content == "an HDF5 file" else None)
    if reader is None:
        raise DataError(
            f"expected a file of a known kind ({name_list(list(READERS))}), but {path} is {content}; "
            f"write the data in the notes' HDF5 layout"
        )
    return reader(path, name)
