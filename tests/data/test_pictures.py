"""One's own picture: every mode Pillow opens, upright and on white, and what is no picture."""

from __future__ import annotations

import contextlib
import struct
import zlib

import numpy as np
import PIL
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ellayer.data import DataError, MissingFileError, load, load_picture

OLD_PILLOW = pytest.mark.skipif(
    int(PIL.__version__.split(".")[0]) < 13, reason="Pillow below 13 reads no TIFF of YCbCr, not even its own"
)
RED, GREEN, BLUE, GREY = (255, 0, 0), (0, 255, 0), (0, 0, 255), (100, 100, 100)


def save(picture: Image.Image, path, **settings):
    picture.save(path, **settings)
    return path


def pixels(path, image_shape=(2, 3, 3)) -> np.ndarray:
    """Load a picture, check what every result has, and return it in its shape on the scale to 255."""
    x = load_picture(path, image_shape)
    assert x.shape == (np.prod(image_shape), 1)
    assert x.dtype == np.float64
    assert x.min() >= 0
    assert x.max() <= 1
    return 255 * x.reshape(image_shape)


def test_a_picture_of_the_right_size_keeps_its_pixels(tmp_path):
    values = np.random.RandomState(0).randint(0, 256, (4, 5, 3), dtype=np.uint8)
    path = save(Image.fromarray(values), tmp_path / "a.png")
    np.testing.assert_array_equal(load_picture(path, (4, 5, 3)), values.reshape(-1, 1) / 255)
    np.testing.assert_array_equal(load_picture(str(path), [4, 5, 3]), values.reshape(-1, 1) / 255)


def test_a_real_cat_comes_back_as_its_column(shared_data, tmp_path):
    cats = load(shared_data / "cats")
    cat = np.rint(255 * cats.X[:, 2]).astype(np.uint8).reshape(cats.image_shape)
    path = save(Image.fromarray(cat), tmp_path / "cat.png")
    np.testing.assert_array_equal(load_picture(path, cats.image_shape), cats.X[:, 2:3])
    path = save(Image.fromarray(cat).resize((700, 500)), tmp_path / "large.jpg", quality=95)
    assert abs(load_picture(path, cats.image_shape) - cats.X[:, 2:3]).mean() < 0.02


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("RGB", RED, RED),
        ("RGBA", (*RED, 255), RED),
        ("RGBA", (*RED, 0), (255, 255, 255)),
        ("RGBA", (*RED, 51), (255, 204, 204)),
        ("L", 100, GREY),
        ("LA", (100, 0), (255, 255, 255)),
        ("1", 1, (255, 255, 255)),
        ("CMYK", (0, 255, 255, 0), RED),
        pytest.param("YCbCr", (100, 128, 128), GREY, marks=OLD_PILLOW),
        ("I;16", 25700, GREY),
        ("I", 25700, GREY),
        ("F", 100.0, GREY),
        ("F", 0.2, (51, 51, 51)),
    ],
)
@pytest.mark.parametrize("size", [(3, 2), (50, 41), (1, 1)])
def test_every_mode(tmp_path, mode, colour, expected, size):
    path = save(Image.new(mode, size, colour), tmp_path / "a.tiff")
    np.testing.assert_allclose(pixels(path), np.broadcast_to(expected, (2, 3, 3)), atol=1e-9)


def test_a_16_bit_picture_keeps_its_steps(tmp_path):
    values = np.array([[0, 257, 25700], [32896, 65278, 65535]], dtype=np.uint16)
    path = save(Image.fromarray(values), tmp_path / "a.png")
    np.testing.assert_allclose(pixels(path, (2, 3)), [[0, 1, 100], [128, 254, 255]], atol=1e-9)


def test_a_palette_with_and_without_transparency(tmp_path):
    picture = Image.new("P", (3, 2), 1)
    picture.putpalette([*RED, *BLUE])
    np.testing.assert_allclose(pixels(save(picture, tmp_path / "a.png"))[0, 0], BLUE)
    np.testing.assert_allclose(pixels(save(picture, tmp_path / "b.png", transparency=1))[0, 0], 255)
    np.testing.assert_allclose(pixels(save(picture, tmp_path / "c.gif", transparency=1))[0, 0], 255)


def test_a_transparent_colour_of_an_rgb_picture(tmp_path):
    path = save(Image.new("RGB", (3, 2), RED), tmp_path / "a.png", transparency=RED)
    np.testing.assert_allclose(pixels(path), 255)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_as_the_camera_noted(tmp_path, orientation):
    upright = np.array([[RED, GREEN, BLUE], [GREY, GREY, GREY]], dtype=np.uint8)
    stored = {
        1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1],
        5: upright.transpose(1, 0, 2), 6: np.rot90(upright), 7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(Image.fromarray(np.ascontiguousarray(stored)), tmp_path / "a.png", exif=exif)
    np.testing.assert_allclose(pixels(path), upright)


def test_odd_metadata_does_not_spoil_a_picture(tmp_path):
    path = save(Image.new("RGB", (3, 2), RED), tmp_path / "a.png", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\0")
    np.testing.assert_allclose(pixels(path), np.broadcast_to(RED, (2, 3, 3)))


def test_the_first_frame_of_a_film(tmp_path):
    frames = [Image.new("RGB", (3, 2), colour) for colour in (RED, BLUE)]
    path = save(frames[0], tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    np.testing.assert_allclose(pixels(path)[0, 0], RED)


@pytest.mark.parametrize("image_shape", [(2, 3), (2, 3, 1)])
def test_colour_turned_grey_for_a_grey_network(tmp_path, image_shape):
    path = save(Image.new("RGBA", (9, 9), (0, 255, 0, 255)), tmp_path / "a.webp", lossless=True)
    np.testing.assert_allclose(pixels(path, image_shape), 150)  # 0.587 of 255


def test_stretched_to_height_and_width(tmp_path):
    values = np.zeros((40, 90, 3), np.uint8)
    values[:, :30], values[20:, 60:] = RED, BLUE
    seen = pixels(save(Image.fromarray(values), tmp_path / "a.bmp"))
    np.testing.assert_allclose(seen[:, 0], np.broadcast_to(RED, (2, 3)), atol=50)
    np.testing.assert_allclose(seen[1, 2], BLUE, atol=50)
    np.testing.assert_allclose(seen[0, 2], 0, atol=50)


# What is no picture.


def _png_header(width: int, height: int) -> bytes:
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n\0\0\0\r" + chunk + struct.pack(">I", zlib.crc32(chunk))


@pytest.mark.parametrize("side", [10_000, 100_000])
def test_a_decompression_bomb(tmp_path, side):
    """Pillow warns of the first and refuses the second; both are refused here."""
    data = b"IDAT" + zlib.compress(bytes(1000))
    path = tmp_path / "a.png"
    path.write_bytes(_png_header(side, side) + struct.pack(">I", len(data) - 4) + data + bytes(4))
    with pytest.raises(DataError, match=r"at most 89,478,485 pixels, but .* declares more"):
        load_picture(path, (2, 3, 3))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html><body>not found", "an HTML page"),
        (b"", "an empty file"),
        (b"GIF of a cat", "a text that begins 'GIF of a cat'"),
        (b"\x89PNG\r\n\x1a\nrest", "a PNG picture"),
        (b"%PDF-1.7", "a PDF document"),
        (b"\0\1\2\3" * 30, "a file of another kind"),
    ],
)
def test_a_picture_that_is_none(tmp_path, content, words):
    (tmp_path / "cat.jpg").write_bytes(content)
    with pytest.raises(DataError, match=f"expected a (complete )?picture.*cat.jpg is ({words}|truncated)"):
        load_picture(tmp_path / "cat.jpg", (2, 3, 3))


def test_a_format_that_another_program_would_decode(tmp_path):
    path = tmp_path / "a.png"
    Image.new("RGB", (3, 2)).save(path, format="EPS")
    with pytest.raises(
        DataError, match=r"expected a picture in one of the formats PNG.* is EPS; save it as PNG"
    ):
        load_picture(path, (2, 3, 3))


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "tiff"])
def test_a_truncated_picture(tmp_path, suffix):
    values = np.random.RandomState(0).randint(0, 256, (40, 40, 3), dtype=np.uint8)
    path = save(Image.fromarray(values), tmp_path / f"a.{suffix}")
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(DataError, match=r"a\..* is truncated or damaged|cannot be read as one"):
        load_picture(path, (2, 3, 3))


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data(), suffix=st.sampled_from(["png", "jpg", "gif", "tiff", "bmp", "webp"]))
def test_a_damaged_picture_loads_or_says_so(tmp_path, data, suffix):
    path = save(Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3)), tmp_path / f"a.{suffix}")
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with contextlib.suppress(DataError):
        pixels(path)


@pytest.mark.parametrize("value", [-1.0, 70000.0, np.nan])
def test_grey_values_out_of_range(tmp_path, value):
    path = save(Image.fromarray(np.full((2, 3), value, np.float32)), tmp_path / "a.tiff")
    with pytest.raises(DataError, match="expected grey values from 0 to 65535, received"):
        load_picture(path, (2, 3, 3))


def test_a_missing_picture_and_a_folder(tmp_path):
    save(Image.new("L", (2, 2)), tmp_path / "my_cat.png")
    with pytest.raises(MissingFileError, match=r"expected a picture.*did you mean '.*my_cat\.png'"):
        load_picture(tmp_path / "my_cat.jpg", (2, 3, 3))
    with pytest.raises(DataError, match="is a folder; name one file in it"):
        load_picture(tmp_path, (2, 3, 3))


@pytest.mark.parametrize(
    "image_shape", [None, 12288, (12288,), (64, 64, 4), (3, 64, 64), (0, 3, 3), (2.0, 3, 3), ()]
)
def test_a_shape_that_is_no_pictures(tmp_path, image_shape):
    path = save(Image.new("L", (2, 2)), tmp_path / "a.png")
    with pytest.raises(DataError, match=r"expected an image shape \(height, width, 3\).* received"):
        load_picture(path, image_shape)
