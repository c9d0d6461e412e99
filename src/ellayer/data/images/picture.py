"""Reading a picture as the input of a network."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import DataError
from ..files import describe_content, existing

if TYPE_CHECKING:
    from PIL import Image

# Formats that Pillow decodes by itself: EPS, which it hands to another program, is not among them.
_FORMATS = (
    "PNG",
    "JPEG",
    "MPO",
    "GIF",
    "BMP",
    "DIB",
    "TIFF",
    "WEBP",
    "AVIF",
    "JPEG2000",
    "PPM",
    "TGA",
    "ICO",
    "PCX",
)


def load_picture(path: str | os.PathLike[str], image_shape: tuple[int, ...]) -> np.ndarray:
    """Read a picture of any size as one example, x = pixels.reshape(n_x, 1) / 255.

    The picture is rotated by its EXIF orientation, drawn on white if transparent, and
    stretched to the network's height and width, as in the notes. The first frame of an animation is used.

    Parameters
    ----------
    path : str or path
        PNG, JPEG, GIF, BMP, TIFF, WebP, ...: colour, grey or palette, 8 or 16 bits.
    image_shape : tuple of int
        (height, width, 3) for colour, (height, width) or (height, width, 1) for grey:
        the data set's ``image_shape``.

    Returns
    -------
    ndarray
        (n_x, 1), float64, from 0 to 1.

    Raises
    ------
    MissingFileError
        No such file.
    DataError
        Not a picture, a damaged one, one with more pixels than Pillow's limit, or an invalid shape.
    """
    height, width, mode = _layout(image_shape)
    path = existing(path, "a picture")
    if path.is_dir():
        raise DataError(f"expected a picture, but {path} is a folder; name one file in it")
    return read_pixels(path, height, width, mode).astype(np.float64).reshape(-1, 1) / 255.0


def read_pixels(path: Path, height: int, width: int, mode: str) -> np.ndarray:
    """Read a picture as pixels of a height and width, as ``load_picture`` does.

    Parameters
    ----------
    path : Path
    height, width : int
    mode : "RGB" or "L"

    Returns
    -------
    ndarray of uint8
        (height, width, 3), or (height, width) for grey.

    Raises
    ------
    DataError
        Not a picture, a damaged one, or one with more pixels than Pillow's limit.
    """
    picture = _read(path, 2 * max(height, width)).convert(mode)
    if picture.size != (width, height):
        from PIL import Image

        picture = picture.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(picture, np.uint8)


def _layout(image_shape: object) -> tuple[int, int, str]:
    """Return height, width and Pillow's mode of an image shape."""
    shape = tuple(image_shape) if isinstance(image_shape, (tuple, list)) else ()
    whole = all(isinstance(n, (int, np.integer)) and 0 < n <= 2**15 for n in shape)
    if not whole or not (len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3))):
        raise DataError(
            f"expected an image shape (height, width, 3), (height, width, 1) or (height, width), received "
            f"{image_shape!r}; take the data set's image_shape, or train on pictures to have one"
        )
    return int(shape[0]), int(shape[1]), "RGB" if shape[2:] == (3,) else "L"


def _read(path: Path, side: int) -> Image.Image:
    """Return a picture upright, without transparency, in 8 bits; a JPEG at the least scale that keeps a side."""
    content = describe_content(path)
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid metadata does not make a picture unusable
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                if picture.format not in _FORMATS:
                    raise DataError(
                        f"expected a picture in one of the formats {', '.join(_FORMATS)}; {path} is "
                        f"{picture.format}; save it as PNG"
                    )
                picture.draft(None, (side, side))  # large photographs are decoded at a reduced scale
                picture.load()
                return _plain(ImageOps.exif_transpose(picture))
    except DataError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataError(
            f"expected a picture of at most {Image.MAX_IMAGE_PIXELS:,} pixels, but {path} declares more "
            f"({error}); make it smaller first"
        ) from error
    except UnidentifiedImageError as error:
        raise DataError(
            f"expected a picture (PNG, JPEG, ...), but {path} is {content}, which cannot be read as one; "
            f"save it as PNG or JPEG"
        ) from error
    except Exception as error:  # what decoders raise on a damaged file is not bounded
        raise DataError(
            f"expected a complete picture, but {path} is truncated or damaged ({error}); save or download it again"
        ) from error


def _plain(picture: Image.Image) -> Image.Image:
    """Return a picture of any mode in 8 bits, drawn on white if transparent."""
    from PIL import Image

    if picture.mode[0] in "IF":
        picture = _to_8_bits(picture)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture


def _to_8_bits(picture: Image.Image) -> Image.Image:
    """Return a grey picture of 16 or 32 bits or of real numbers in 8 bits, which ``convert`` would clip."""
    from PIL import Image

    values = np.asarray(picture, np.float64)
    least, most = values.min(), values.max()
    ranges = (1.0, 255.0, 65535.0) if picture.mode == "F" else (65535.0,)
    full = next((full for full in ranges if 0 <= least <= most <= full), None)
    if full is None:
        raise DataError(
            f"expected grey values from 0 to 65535, received {least:g} to {most:g} in a picture of mode "
            f"{picture.mode!r}; save it as an 8-bit PNG"
        )
    return Image.fromarray(np.rint(values * (255.0 / full)).astype(np.uint8))
