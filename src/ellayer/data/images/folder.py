"""Images as examples: a folder for each class (cats/..., dogs/...), a flat folder, or one file."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..._wording import pluralize
from ..errors import DataError
from ..files import SET_NAMES, name_list, names_in, printable
from ..memory import check_memory
from ..read_options import ReadOptions
from .picture import read_pixels
from .walk import ImageWalk

TARGET = "class"
_SIDE = 64  # side to which images of different or large sizes are resized
_GREY = frozenset(("1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"))
_NAMED = 3  # damaged images named in a note


@dataclass(frozen=True, eq=False)
class Images:
    """Images of one size, their classes and names.

    Attributes
    ----------
    X : ndarray of float32, shape (m, n)
        From 0 to 1; each row is ``pixels.reshape(n)``.
    y : ndarray of object, shape (m,), or None
        The name of each image's folder.
    ids : ndarray of object, shape (m,)
        The path of each image within the folder.
    shape : tuple of int
        (height, width, 3), or (height, width) for grey.
    """

    X: np.ndarray
    y: np.ndarray | None
    ids: np.ndarray | None
    shape: tuple[int, ...]
    reading: dict[str, Any]
    notes: list[str]


def read_image(path: Path, options: ReadOptions) -> Images:
    """Read one image file as one example; a damaged one is an error."""
    if options.need_target:
        raise DataError(
            f"expected a folder of images by class to learn from (cats/..., dogs/...), received the single image "
            f"{path}; name the folder"
        )
    return _read_all(path.parent, [path], None, options, alone=True)


def read_image_folder(folder: Path, options: ReadOptions) -> Images:
    """Read a folder of images by class, or one of images without classes.

    Each folder in it is a class; what lies deeper belongs to it. The order is that of the names. Files
    that are no images by their suffix, and hidden ones, are ignored; so are damaged images (an error
    if ``options.strict``), named in a note. All are brought to one size, and to colour unless all are grey.

    Parameters
    ----------
    folder : Path
    options : ReadOptions

    Returns
    -------
    Images

    Raises
    ------
    DataError
        No images, few among very many other files, a single class for training, or folders of parts (train, test).
    """
    notes: list[str] = []
    walk = ImageWalk(folder)
    names = walk.names(folder)
    classes = {name: [*walk.below(folder / name)] for name, _ in names if (folder / name).is_dir()}
    nonempty = {name: files for name, files in classes.items() if files}
    loose = [folder / name for name, is_image in names if is_image]
    if not nonempty:
        return _without_classes(folder, loose, options, notes)
    _check_classes(folder, nonempty, options)
    if empty := [name for name in classes if name not in nonempty]:
        notes.append(f"{pluralize(len(empty), 'folder')} without images ignored: {name_list(empty)}")
    if loose:
        notes.append(
            f"{pluralize(len(loose), 'image')} beside the folders of classes ignored: {_names([path.name for path in loose])}"
        )
    paths = [path for files in nonempty.values() for path in files]
    y = np.array([printable(name) for name, files in nonempty.items() for _ in files], dtype=object)
    images = _read_all(folder, paths, y, options, notes=notes)
    assert images.y is not None
    if options.need_target and len(set(images.y.tolist())) < 2:
        raise DataError(
            f"expected images of two classes or more in {folder}, but only those of {images.y[0]!r} can be read; "
            f"save the others again"
        )
    return images


def _without_classes(folder: Path, loose: list[Path], options: ReadOptions, notes: list[str]) -> Images:
    if not loose:
        raise DataError(
            f"expected a folder of images by class (cats/..., dogs/...), but {folder} holds "
            f"{name_list(names_in(folder))}; name the folder above those of the classes, or one of the files"
        )
    if options.need_target:
        raise DataError(
            f"expected a folder of images by class to learn from, but {folder} holds {pluralize(len(loose), 'image')} "
            f"({_names([path.name for path in loose])}) without classes; put the images of each class into a folder named after it"
        )
    return _read_all(folder, loose, None, options, notes=notes)


def _check_classes(folder: Path, classes: dict[str, list[Path]], options: ReadOptions) -> None:
    """Raise for a single class for training, and for a folder of parts."""
    parts = [name for name in classes if name.lower() in SET_NAMES]
    if parts:
        raise DataError(
            f"expected a folder for each class in {folder}, received parts of a data set ({name_list(parts)}); name one of "
            f"them: {folder / parts[0]}"
        )
    if options.need_target and len(classes) < 2:
        (name,) = classes
        raise DataError(
            f"expected folders of two classes or more in {folder}, received one with images, {printable(name)!r}; put "
            f"the images of each class into a folder named after it, or name the folder above"
        )


def _read_all(
    folder: Path, paths: list[Path], y: np.ndarray | None, options: ReadOptions, *, notes: list[str] | None = None,
    alone: bool = False,
) -> Images:  # fmt: skip
    notes = [] if notes is None else notes
    heads = [_head(path) for path in paths]
    height, width, mode = _form([head for head in heads if head is not None], options, notes)
    shape = (height, width, 3) if mode == "RGB" else (height, width)
    n = int(np.prod(shape))
    check_memory(len(paths) * n, f"{len(paths):,} images of {width} x {height} in {folder}", itemsize=4)
    X = np.empty((len(paths), n), np.float32)
    readable: list[int] = []
    wrong: list[tuple[Path, DataError]] = []
    for i, path in enumerate(paths):
        try:
            X[len(readable)] = read_pixels(path, height, width, mode).reshape(-1)
            readable.append(i)
        except DataError as error:
            if options.strict or alone:
                raise
            wrong.append((path, error))
    _note_wrong(folder, wrong, len(paths), notes)
    X = X[: len(readable)]
    X /= np.float32(255)
    ids = np.array([*(str(paths[i].relative_to(folder)) for i in readable), None], dtype=object)[:-1]
    reading = {"kind": "images", "size": [height, width], "mode": mode}
    return Images(X, None if y is None else y[readable], ids, shape, reading, notes)


def _note_wrong(folder: Path, wrong: list[tuple[Path, DataError]], count: int, notes: list[str]) -> None:
    if not wrong:
        return
    if len(wrong) == count:
        raise DataError(
            f"expected images that can be read in {folder}, but none of {count} can; the first: {wrong[0][1]}"
        )
    names = _names([str(path.relative_to(folder)) for path, _ in wrong])
    notes.append(
        f"{pluralize(len(wrong), 'image')} of {count} cannot be read and {'is' if len(wrong) == 1 else 'are'} ignored: {names}; the first: {wrong[0][1]}"
    )


def _head(path: Path) -> tuple[tuple[int, int], str] | None:
    """Return what an image declares, (width, height) and mode, without decoding it; None if it is damaged."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as picture:
                return picture.size, picture.mode
    except Exception:  # what decoders raise on a damaged file is not bounded; reading it says what it is
        return None


def _form(
    heads: list[tuple[tuple[int, int], str]], options: ReadOptions, notes: list[str]
) -> tuple[int, int, str]:
    """Choose height, width and mode of all images, and note the choices."""
    sizes, modes = Counter(size for size, _ in heads), Counter(mode for _, mode in heads)
    grey = sum(count for mode, count in modes.items() if mode in _GREY)
    earlier = options.reading
    if options.shape is not None:
        height, width = options.shape
    elif earlier.get("size"):
        height, width = earlier["size"]
    elif len(sizes) == 1 and max(next(iter(sizes))) <= _SIDE:
        width, height = next(iter(sizes))
    else:
        height = width = _SIDE
    if options.grey is not None:
        mode = "L" if options.grey else "RGB"
    else:
        mode = earlier.get("mode") or ("L" if heads and grey == len(heads) else "RGB")
    if sizes and set(sizes) != {(width, height)}:
        notes.append(f"{_sizes(sizes)}, resized to {width} x {height} pixels")
    if len(modes) > 1:
        listed_modes = ", ".join(f"{count} {name}" for name, count in modes.most_common())
        notes.append(
            f"images of several modes ({listed_modes}): all read as {'grey' if mode == 'L' else 'colour'}"
        )
    elif mode == "L" and grey < len(heads):
        notes.append("images in colour, read as grey")
    elif mode == "RGB" and heads and grey == len(heads):
        notes.append("images in grey, read as colour")
    return height, width, mode


def _sizes(sizes: Counter[tuple[int, int]]) -> str:
    ordered = sorted(sizes, key=lambda size: size[0] * size[1])
    least, most = (f"{width} x {height}" for width, height in (ordered[0], ordered[-1]))
    return f"images of {least}" if len(ordered) == 1 else f"images of {len(ordered)} sizes, {least} to {most}"


def _names(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(map(printable, names[:_NAMED])) + more
