"""Images as examples: folders by class in a stated order, sizes and modes brought together, damaged ones named."""

from __future__ import annotations

import shutil
import struct
import zlib

import h5py
import numpy as np
import pytest
from PIL import Image

from ellayer.data import DataError, read_examples
from ellayer.data.images import walk

COLOURS = {"cats": (250, 10, 10), "dogs": (10, 10, 250)}


def save(path, size=(20, 10), mode="RGB", colour=(250, 10, 10), **settings):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path, **settings)
    return path


@pytest.fixture
def pets(tmp_path):
    """A folder of two classes with three images each, 20 x 10 pixels."""
    for name, colour in COLOURS.items():
        for number in (10, 2, 1):
            save(tmp_path / "pets" / name / f"{number}.png", colour=colour)
    return tmp_path / "pets"


def test_classes_names_and_pixels(pets):
    found = read_examples(pets, need_target=True)
    assert found.ids.tolist() == [f"{name}/{number}.png" for name in COLOURS for number in ("1", "10", "2")]
    assert found.y.tolist() == ["cats"] * 3 + ["dogs"] * 3
    assert (found.name, found.target, found.image_shape, found.notes) == ("pets", "class", (10, 20, 3), ())
    assert (found.X.shape, found.X.dtype) == ((6, 600), np.float32)
    for row, name in zip(found.X, found.y, strict=True):
        expected = np.broadcast_to(np.array(COLOURS[name], np.float32) / 255, (10, 20, 3))
        np.testing.assert_allclose(row.reshape(found.image_shape), expected, atol=1e-6)
    assert found.reading == {"kind": "images", "size": [10, 20], "mode": "RGB", "target": "class"}


def test_real_pictures_come_back_bit_for_bit(shared_data, tmp_path):
    with h5py.File(shared_data / "cats" / "train_catvnoncat.h5") as file:
        x, y = file["train_set_x"][:30], file["train_set_y"][:30]
    for i, (pixels, label) in enumerate(zip(x, y, strict=True)):
        path = tmp_path / ("cat" if label else "other") / f"{i:02}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(path)
    found = read_examples(tmp_path)
    order = [int(name[-6:-4]) for name in found.ids]
    np.testing.assert_array_equal(found.X, x[order].reshape(30, -1).astype(np.float32) / np.float32(255))
    arrays = read_examples(shared_data / "cats" / "train_catvnoncat.h5")
    np.testing.assert_array_equal(found.X, arrays.X[order])


@pytest.mark.parametrize(("size", "shape"), [(8, (8, 8, 3)), ((8, 12), (8, 12, 3)), (None, (10, 20, 3))])
@pytest.mark.parametrize("grey", [None, False, True])
def test_size_and_colour_as_asked(pets, size, shape, grey):
    found = read_examples(pets, size=size, grey=grey)
    assert found.image_shape == (shape[:2] if grey else shape)
    assert any("resized to" in note for note in found.notes) == (size is not None)
    assert any("read as grey" in note for note in found.notes) == bool(grey)


def test_unlike_or_large_images_are_brought_to_64(pets):
    save(pets / "cats" / "3.jpg", size=(300, 200))
    found = read_examples(pets)
    assert found.image_shape == (64, 64, 3)
    assert found.notes == ("images of 2 sizes, 20 x 10 to 300 x 200, resized to 64 x 64 pixels",)
    one = read_examples(save(pets.parent / "one" / "a.png", size=(100, 100)))
    assert (one.image_shape, one.m, one.y, one.ids.tolist()) == ((64, 64, 3), 1, None, ["a.png"])


def test_grey_images_are_read_as_grey(tmp_path):
    for name, colour in (("a", 20), ("b", 230)):
        save(tmp_path / name / "1.png", mode="L", colour=colour)
    found = read_examples(tmp_path)
    assert (found.image_shape, found.notes, found.reading["mode"]) == ((10, 20), (), "L")
    assert read_examples(tmp_path, grey=False).notes == ("images in grey, read as colour",)


def test_mixed_modes_are_read_as_colour_and_said(pets):
    save(pets / "cats" / "3.png", mode="L", colour=100)
    save(pets / "dogs" / "3.png", mode="RGBA", colour=(0, 0, 0, 0))
    save(pets / "dogs" / "4.gif", mode="P", colour=0)
    save(pets / "dogs" / "5.tiff", mode="I;16", colour=25700)
    save(pets / "dogs" / "6.jpg", mode="CMYK", colour=(0, 0, 0, 255))
    found = read_examples(pets)
    assert found.image_shape == (10, 20, 3)
    (note,) = found.notes
    assert note.startswith("images of several modes (6 RGB, ")
    assert note.endswith("all read as colour")
    rows = dict(zip(found.ids, found.X, strict=True))
    np.testing.assert_allclose(rows["cats/3.png"], 100 / 255, atol=1e-6)
    np.testing.assert_allclose(rows["dogs/3.png"], 1.0)  # transparent lies on white
    np.testing.assert_allclose(rows["dogs/5.tiff"], 100 / 255, atol=1e-6)


def test_hidden_foreign_and_loose_files(pets):
    (pets / "cats" / ".hidden.png").write_bytes(b"")
    (pets / "cats" / "Thumbs.db").write_bytes(b"\0")
    (pets / "README.txt").write_text("pets")
    (pets / "empty").mkdir()
    save(pets / "loose.png")
    save(pets / "cats" / "more" / "deep.png")
    found = read_examples(pets)
    assert found.m == 7
    assert "cats/more/deep.png" in found.ids
    assert found.notes == (
        "1 folder without images ignored: empty",
        "1 image beside the folders of classes ignored: loose.png",
    )


def test_a_further_image_is_read_alike(pets):
    reading = read_examples(pets, grey=True, size=16).reading
    single = read_examples(save(pets.parent / "a.jpg", size=(99, 70)), reading=reading)
    flat = read_examples(pets / "dogs", reading=reading)
    assert (single.image_shape, flat.image_shape) == ((16, 16), (16, 16))
    assert (flat.y, flat.target, flat.ids.tolist()) == (None, None, ["1.png", "10.png", "2.png"])
    expected = read_examples(pets, reading=reading).X[3:]
    np.testing.assert_array_equal(flat.X, expected)


# What cannot be used.


@pytest.fixture
def with_damage(pets):
    """The pets with three damaged images among them."""
    whole = (pets / "dogs" / "1.png").read_bytes()
    (pets / "cats" / "0.png").write_bytes(whole[:50])
    (pets / "cats" / "9.jpg").write_bytes(b"<html>not found</html>")
    (pets / "dogs" / "0.png").write_bytes(b"")
    return pets


def test_damaged_images_are_named_and_left_out(with_damage):
    found = read_examples(with_damage)
    assert (found.m, len(found.ids), len(found.y)) == (6, 6, 6)
    assert found.y.tolist() == ["cats"] * 3 + ["dogs"] * 3
    (note,) = found.notes
    assert note.startswith(
        "3 images of 9 cannot be read and are ignored: cats/0.png, cats/9.jpg, dogs/0.png; the first: "
    )
    np.testing.assert_array_equal(found.X[0], found.X[1])


def test_a_damaged_image_is_an_error_if_strict_or_alone(with_damage):
    with pytest.raises(DataError, match=r"0.png is (truncated|a PNG)"):
        read_examples(with_damage, strict=True)
    with pytest.raises(DataError, match=r"9.jpg is an HTML page"):
        read_examples(with_damage / "cats" / "9.jpg")


def test_only_damaged_images(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").write_bytes(b"no image")
    with pytest.raises(
        DataError, match=r"expected images that can be read in .*, but none of 2 can; the first"
    ):
        read_examples(tmp_path)


def test_a_class_of_which_nothing_is_left(pets):
    for path in (pets / "dogs").iterdir():
        path.write_bytes(b"damaged")
    assert read_examples(pets).m == 3
    with pytest.raises(DataError, match=r"two classes or more in .*, but only those of 'cats' can be read"):
        read_examples(pets, need_target=True)


def test_a_decompression_bomb_in_a_folder_is_named_and_left_out(pets):
    head = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(bytes(1000))
    chunks = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (head, data)]
    (pets / "cats" / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    found = read_examples(pets, size=8)
    assert found.m == 6
    assert any("cats/bomb.png" in note and "at most 89,478,485 pixels" in note for note in found.notes)
    with pytest.raises(DataError, match="at most 89,478,485 pixels"):
        read_examples(pets, strict=True)


def test_a_folder_with_one_class(pets):
    for path in (pets / "dogs").iterdir():
        path.unlink()
    with pytest.raises(DataError, match=r"two classes or more in .*, received one with images, 'cats'; put"):
        read_examples(pets, need_target=True)


def test_a_folder_without_classes_cannot_be_learnt_from(pets):
    with pytest.raises(DataError, match=r"holds 3 images .*without classes; put the images of each class"):
        read_examples(pets / "cats", need_target=True)
    with pytest.raises(DataError, match=r"received the single image .*; name the folder"):
        read_examples(pets / "cats" / "1.png", need_target=True)


def test_a_folder_of_parts(pets, tmp_path):
    pets.rename(tmp_path / "train")
    with pytest.raises(DataError, match=r"parts of a data set \(train\); name one of them: .*train"):
        read_examples(tmp_path)


def test_a_folder_of_something_else(tmp_path):
    (tmp_path / "a.md").write_text("a")
    with pytest.raises(DataError, match=r"a folder of images by class .* holds a.md; name the folder above"):
        read_examples(tmp_path)


def test_no_disk_is_walked_for_a_few_images(pets, monkeypatch):
    monkeypatch.setattr(walk, "MOST_OTHERS", 40)
    for number in range(30):  # a description beside each image, and some more
        (pets / "cats" / f"{number}.json").write_text("{}")
    assert read_examples(pets).m == 6
    (pets / "logs").mkdir()
    for number in range(60):
        (pets / "logs" / f"{number}.txt").touch()
    with pytest.raises(
        DataError, match=r"but .*pets holds more than 40 other files and folders; name a smaller"
    ):
        read_examples(pets)
    (pets / "cats.csv").write_text("a,b\n1,2\n")
    for folder in COLOURS:
        shutil.rmtree(pets / folder)
    for number in range(60):
        (pets / f"{number}.txt").touch()
    with pytest.raises(DataError, match=r"or of the parts of a table, but .*name a smaller folder, or files"):
        read_examples(pets)


def test_the_root_of_a_machine_is_refused_at_once(monkeypatch):
    monkeypatch.setattr(walk, "MOST_OTHERS", 2000)
    with pytest.raises(DataError, match="holds more than 2,000 other files and folders"):
        read_examples("/usr")


def test_every_image_of_a_large_class_is_read(pets, monkeypatch):
    for number in range(10_001):
        (pets / "cats" / f"n{number}.png").symlink_to("1.png")
    files = [*walk.ImageWalk(pets).below(pets)]
    assert len(files) == len(set(files)) == 10_007


def test_more_images_than_memory(pets, monkeypatch):
    monkeypatch.setattr("ellayer.data.memory.machine_memory", lambda: 10_000)
    with pytest.raises(DataError, match=r"6 images of 20 x 10 in .* needs 14.4 kB as float32, .* has 10 kB"):
        read_examples(pets)


@pytest.mark.parametrize("size", [0, -1, 2.5, (3,), (3, 4, 5), "64", True, 10**6])
def test_a_size_that_is_none(pets, size):
    with pytest.raises(DataError, match="size: expected the side of the images"):
        read_examples(pets, size=size)


def test_no_target_beside_the_classes(pets):
    assert read_examples(pets, target="class").target == "class"
    with pytest.raises(DataError, match="target: expected none for images, whose targets are their classes"):
        read_examples(pets, target="dogs")
