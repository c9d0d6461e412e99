"""The images in a folder and below it, listed by a walk that ends soon in a folder that is not a data set."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import DataError

SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".dib", ".tif", ".tiff", ".webp", ".avif", ".jp2", ".ppm", ".pgm",
            ".pbm", ".pnm", ".tga", ".ico", ".pcx")  # fmt: skip
MOST_OTHERS = 20_000  # files and folders, besides a few for each image


class ImageWalk:
    """Lists the images below a folder.

    Parameters
    ----------
    root : Path
        The folder that an error names.
    """

    def __init__(self, root: Path):
        self.root = root
        self._images = self._others = 0

    def names(self, folder: Path) -> list[tuple[str, bool]]:
        """Return the names in a folder, sorted, and whether each is an image; hidden ones are ignored.

        Raises
        ------
        DataError
            If the walk has met many files and folders, and few images.
        """
        names = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if not entry.name.startswith("."):
                        names.append((entry.name, self._is_image(entry)))
        except OSError:  # it cannot be read
            return []
        return sorted(names)

    def below(self, folder: Path) -> Iterator[Path]:
        """Yield the images in a folder and below it, by name; links to folders are not followed."""
        for name, is_image in self.names(folder):
            path = folder / name
            if is_image:
                yield path
            elif path.is_dir() and not path.is_symlink():
                yield from self.below(path)

    def _is_image(self, entry: os.DirEntry[str]) -> bool:
        is_image = entry.name.lower().endswith(SUFFIXES) and entry.is_file()
        self._images += is_image
        self._others += not is_image
        if self._others > MOST_OTHERS + 4 * self._images:
            raise DataError(
                f"expected a folder of images by class (cats/..., dogs/...) or of the parts of a table, but {self.root} "
                f"holds more than {MOST_OTHERS:,} other files and folders; name a smaller folder, or files"
            )
        return is_image
