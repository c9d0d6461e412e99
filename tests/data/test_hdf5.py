"""HDF5 files in the notes' layout: the real cats, the copies of the wild, and what is no such file."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ellayer.data import DataError, MissingFileError, load

m, m_test, SHAPE = 6, 3, (4, 5, 3)


def pictures(n: int = m, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return np.random.RandomState(n).randint(0, 256, (n, *shape), dtype=np.uint8)


def write(path: Path, **contents) -> Path:
    """Write an HDF5 file whose keys are the arguments; None leaves a key out."""
    with h5py.File(path, "w") as file:
        for key, value in contents.items():
            if value is not None:
                file[key] = value
    return path


def write_train(folder: Path, name: str = "train_pets.h5", **changes) -> Path:
    contents = {
        "train_set_x": pictures(),
        "train_set_y": np.arange(m) % 2,
        "list_classes": np.array([b"dog", b"cat"]),
    }
    return write(folder / name, **(contents | changes))


def write_test(folder: Path, name: str = "test_pets.h5", **changes) -> Path:
    contents = {"test_set_x": pictures(m_test), "test_set_y": np.arange(m_test) % 2}
    return write(folder / name, **(contents | changes))


# The real ones.


def test_the_cats_as_the_notes_flatten_them(shared_data):
    cats = load("cats", data=shared_data / "cats")
    with h5py.File(shared_data / "cats" / "train_catvnoncat.h5") as file:
        x, y = file["train_set_x"][:], file["train_set_y"][:]
    np.testing.assert_array_equal(cats.X, x.reshape(209, -1).T / 255)
    np.testing.assert_array_equal(cats.Y, y.reshape(1, 209))
    assert (cats.X.shape, cats.X_test.shape, cats.Y_test.shape) == ((12288, 209), (12288, 50), (1, 50))
    assert (cats.name, cats.classes, cats.image_shape) == ("cats", ("non-cat", "cat"), (64, 64, 3))
    assert cats.X.T.flags.c_contiguous
    np.testing.assert_array_equal(cats.X[:, 7].reshape(64, 64, 3), x[7] / 255)


@pytest.mark.parametrize("path", ["cats", "cats/train_catvnoncat.h5", "cats/test_catvnoncat.h5"])
def test_the_cats_by_folder_and_by_either_file(shared_data, path):
    cats = load(str(shared_data / path))
    assert cats.name == "catvnoncat"
    assert cats.X.shape == (12288, 209)
    assert cats.X_test.shape == (12288, 50)
    assert "train_catvnoncat.h5" in cats.source
    assert "test_catvnoncat.h5" in cats.source


# The copies of the wild.


def test_a_pair_in_a_folder(tmp_path):
    write_train(tmp_path)
    write_test(tmp_path)
    (tmp_path / "readme.txt").write_text("pets")
    (tmp_path / "._train_pets.h5").write_bytes(b"left by a file manager")
    pets = load(tmp_path)
    assert (pets.name, pets.classes, pets.image_shape) == ("pets", ("dog", "cat"), SHAPE)
    np.testing.assert_array_equal(pets.X_test, pictures(m_test).reshape(m_test, -1).T / 255)
    np.testing.assert_array_equal(pets.Y, [[0, 1, 0, 1, 0, 1]])


def test_without_class_names(tmp_path):
    assert load(write_train(tmp_path, list_classes=None)).classes == ("0", "1")


def test_class_names_of_the_test_file_serve(tmp_path):
    write_test(tmp_path, list_classes=np.array([b"dog", b"cat"]))
    assert load(write_train(tmp_path, list_classes=None)).classes == ("dog", "cat")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (np.array([0, 1]), ("0", "1")),
        (np.array([0.0, 1.0]), ("0", "1")),
        (np.array([[b"no"], [b"ja"]]), ("no", "ja")),
        (["chat", "élan"], ("chat", "élan")),
        (np.array([b"\x1b[2Jdog", b"\xffcat"]), ("?[2Jdog", "\ufffdcat")),
        (np.array([], dtype="S3"), ("0", "1")),
    ],
)
def test_class_names_of_any_kind(tmp_path, names, expected):
    assert load(write_train(tmp_path, list_classes=names)).classes == expected


@pytest.mark.parametrize("shape", [(m,), (m, 1), (1, m), (m, 1, 1)])
@pytest.mark.parametrize("dtype", ["int64", "uint8", "float32", "bool"])
def test_labels_of_any_shape_and_kind(tmp_path, shape, dtype):
    labels = (np.arange(m) % 2).astype(dtype).reshape(shape)
    Y = load(write_train(tmp_path, train_set_y=labels)).Y
    assert Y.dtype == np.float64
    np.testing.assert_array_equal(Y, [[0, 1, 0, 1, 0, 1]])


def test_without_a_test_file(tmp_path):
    pets = load(write_train(tmp_path, "train2.h5"))
    assert (pets.name, pets.X_test, pets.Y_test) == ("train2", None, None)


def test_a_folder_pairs_files_of_other_names_but_a_path_does_not(tmp_path):
    path = write_train(tmp_path, "train2.h5")
    write_test(tmp_path, "test.h5")
    assert load(tmp_path).X_test is not None
    assert load(path).X_test is None


@pytest.mark.parametrize("pair", [("Train_A.H5", "test_a.h5"), ("a_train.hdf5", "a_test.hdf5")])
def test_a_pair_by_name(tmp_path, pair):
    write_train(tmp_path, pair[0])
    test = write_test(tmp_path, pair[1])
    assert load(test).X_test.shape == (60, m_test)


def test_both_sets_in_one_file_of_any_suffix(tmp_path):
    path = write_train(tmp_path, "pets.data", test_set_x=pictures(m_test), test_set_y=np.zeros(m_test))
    pets = load(path)
    assert pets.X_test.shape == (60, m_test)
    assert pets.source == f"{path}; pixels divided by 255"


def test_more_classes_give_one_hot_columns(tmp_path):
    signs = load(write_train(tmp_path, train_set_y=np.array([0, 1, 2, 3, 0, 1]), list_classes=np.arange(4)))
    assert signs.classes == ("0", "1", "2", "3")
    np.testing.assert_array_equal(signs.Y, np.eye(4)[[0, 1, 2, 3, 0, 1]].T)


def test_numbers_that_lie_in_0_to_1_stay(tmp_path):
    x = (pictures() / 255).astype(np.float32)
    np.testing.assert_array_equal(
        load(write_train(tmp_path, train_set_x=x)).X, x.reshape(m, -1).T.astype(np.float64)
    )


def test_real_numbers_to_255_and_compressed_chunks(tmp_path):
    path = write_train(tmp_path, train_set_x=None)
    with h5py.File(path, "a") as file:
        file.create_dataset(
            "train_set_x", data=pictures().astype(float), chunks=(2, *SHAPE), compression="gzip"
        )
    np.testing.assert_array_equal(load(path).X, pictures().reshape(m, -1).T / 255)


def test_grey_and_flat_pictures(tmp_path):
    assert load(write_train(tmp_path, train_set_x=pictures(m, (4, 5)))).image_shape == (4, 5)
    assert load(write_train(tmp_path, train_set_x=pictures(m, (60,)))).image_shape is None


def test_one_example(tmp_path):
    assert load(write_train(tmp_path, train_set_x=pictures(1), train_set_y=1)).Y.shape == (1, 1)


# What is no such file.


def test_a_missing_file_names_its_neighbour(tmp_path):
    write_train(tmp_path)
    with pytest.raises(MissingFileError, match=r"does not exist; did you mean '.*train_pets\.h5'") as caught:
        load(tmp_path / "trian_pets.h5")
    assert isinstance(caught.value, (DataError, FileNotFoundError))


def test_a_missing_folder_is_told_from_a_missing_file(tmp_path):
    (tmp_path / "pets").mkdir()
    with pytest.raises(MissingFileError, match=r"there is no 'petz' in .*did you mean '.*pets'"):
        load(tmp_path / "petz" / "train.h5")
    with pytest.raises(MissingFileError, match=r"train_pets.h5 is a file, not a folder"):
        load(write_train(tmp_path) / "x.h5")


@pytest.mark.parametrize(
    ("name", "near"), [("flowr", "flower"), ("Mons", "moons"), ("cat", "cats"), ("brest", None)]
)
def test_a_misspelt_name(name, near, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    expected = f"did you mean '{near}'" if near else "the known names are flower, .*, cats"
    with pytest.raises(MissingFileError, match=expected):
        load(name)


def test_a_folder_without_hdf5_files(tmp_path):
    (tmp_path / "cat.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"expected a folder with a pair of HDF5 files.* holds cat\.png"):
        load(tmp_path)


def test_a_folder_with_two_pairs(tmp_path):
    write_train(tmp_path, "train_a.h5")
    write_train(tmp_path, "train_b.h5")
    with pytest.raises(DataError, match=r"received train_a\.h5, train_b\.h5; name the training file"):
        load(tmp_path)
    write_train(tmp_path, "train_catvnoncat.h5")
    assert load("cats", data=tmp_path).name == "cats"


def test_cats_without_its_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"expected data=FOLDER, the folder of train_catvnoncat\.h5"):
        load("cats")
    with pytest.raises(DataError, match=r"give the path alone"):
        load("./cats", data=tmp_path)
    (tmp_path / "cats").mkdir()
    write_train(tmp_path / "cats")
    assert load("cats").X.shape == (60, m)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\n<!DOCTYPE html><html><head>", "an HTML page"),
        (b"\xef\xbb\xbf<!-- saved -->\n<HTML lang=en>", "an HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "a Git LFS pointer"),
        (b"", "an empty file"),
        (b"PK\x03\x04rest", "a zip archive"),
        (b"\x1f\x8b\x08", "a gzip archive"),
        (b"404: Not Found", "a text that begins '404: Not Found'"),
        (b"\x89HDF\r\n", "a file of another kind"),
        (bytes(range(256)), "a file of another kind"),
    ],
)
def test_a_file_that_is_not_hdf5(tmp_path, content, words):
    (tmp_path / "train.h5").write_bytes(content)
    with pytest.raises(DataError, match=f"expected an HDF5 file, but .* is {words}"):
        load(tmp_path / "train.h5")


def test_a_file_of_an_unknown_kind(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(
        DataError, match=r"expected a file of a known kind \(\.h5.* is a text that begins 'a,b'"
    ):
        load(tmp_path / "a.csv")


@pytest.mark.parametrize("thing", [None, 3, b"flower", "", "  ", np.zeros(2)])
def test_what_is_neither_name_nor_path(thing):
    with pytest.raises(DataError, match=r"expected the name of a data set .* received"):
        load(thing)


@pytest.mark.parametrize("path", ["x" * 5000, "a\0b", "/dev/null"])
def test_a_path_that_cannot_be(path):
    with pytest.raises(DataError, match="expected") as caught:
        load(path)
    assert len(str(caught.value)) < 1000


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    path = write_train(tmp_path)

    def refuse(*args, **settings):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(DataError, match="cannot be read: Permission denied; check the permissions"):
        load(path)


@pytest.mark.parametrize("missing", ["train_set_x", "train_set_y"])
def test_missing_keys_are_answered_with_those_there(tmp_path, missing):
    path = write_train(tmp_path, images=np.zeros((2, 3)), **{missing: None})
    with h5py.File(path, "a") as file:
        file.create_group("more")
    with pytest.raises(
        DataError, match=rf"expected the key '{missing}' .* it has: images \(2, 3\).* more \(no array\)"
    ):
        load(path)


def test_an_empty_hdf5_file(tmp_path):
    with pytest.raises(DataError, match="it has: nothing"):
        load(write(tmp_path / "train.h5"))


def test_a_test_file_alone(tmp_path):
    with pytest.raises(DataError, match="this is the test file of a pair: put the training file beside it"):
        load(write_test(tmp_path))


def test_a_truncated_file(tmp_path):
    whole = write_train(tmp_path).read_bytes()
    for length in (*range(8, 1000, 97), len(whole) // 2, len(whole) - 1):
        (tmp_path / "train_cut.h5").write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"truncated or damaged .*download the file again"):
            load(tmp_path / "train_cut.h5")


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    return write_train(tmp_path_factory.mktemp("whole"))


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_a_damaged_file_loads_or_says_so(whole, data):
    content = bytearray(whole.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(8, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = whole.with_name("train_damaged.h5")
    path.write_bytes(content)
    try:
        read = load(path)
    except DataError:
        return
    assert read.X.shape[1] == read.Y.shape[1]


@pytest.mark.parametrize(
    "settings",
    [
        {"shape": (10**9, 64, 64, 3)},
        {"shape": (10**9, 64, 64, 3), "chunks": (1, 64, 64, 3), "compression": "gzip"},
        {"shape": (m, 64, 64, 3), "maxshape": (None, 64, 64, 3), "chunks": (10**5, 64, 64, 3)},
    ],
)
@pytest.mark.parametrize("key", ["train_set_x", "train_set_y", "list_classes"])
def test_an_absurd_shape_is_refused_before_memory_is_taken(tmp_path, settings, key):
    path = write_train(tmp_path, **{key: None})
    with h5py.File(path, "a") as file:
        file.create_dataset(key, dtype=np.uint8, **settings)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=r"declares the shape .*B, but the whole file has"):
            load(path)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


def test_more_than_the_machine_holds(tmp_path, monkeypatch):
    path = write_train(tmp_path)
    monkeypatch.setattr("os.sysconf", lambda name: 10, raising=False)
    with pytest.raises(DataError, match=r"needs 2\.88 kB as float64, but this machine has 100 bytes"):
        load(path)


def test_contents_of_another_file_are_refused(tmp_path):
    path = write_train(tmp_path, train_set_x=None)
    other = write_train(tmp_path, "other.h5")
    with h5py.File(path, "a") as file:
        file["train_set_x"] = h5py.ExternalLink(str(other), "/train_set_x")
    with pytest.raises(DataError, match="points to another file"):
        load(path)
    with h5py.File(path, "a") as file:
        del file["train_set_x"]
        file.create_dataset("train_set_x", (m, *SHAPE), np.uint8, external=[(str(other), 0, 360)])
    with pytest.raises(DataError, match="points to another file"):
        load(path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"train_set_y": np.zeros(m - 1)}, r"'train_set_x' has the shape \(6, .* 'train_set_y' 5 entries"),
        (
            {"train_set_y": np.zeros((m, 2))},
            r"expected one target for each example .* received the shape \(6, 2\)",
        ),
        ({"train_set_y": np.array([0, 1, 2, 1, 1, 7])}, r"expected labels 0 and 1 .* received 0, 1, 2, 7;"),
        (
            {"train_set_y": np.array([-1, 1, 1, 1, 1, 1])},
            r"labels 0 and 1 .* received -1, 1; write them as 0 and 1",
        ),
        ({"train_set_y": np.full(m, 0.5)}, r"labels 0 and 1 .* received 0\.5"),
        ({"train_set_y": np.full(m, np.nan)}, r"labels 0 and 1 .* received nan"),
        ({"train_set_y": np.full(m, 3), "list_classes": np.arange(3)}, r"labels from 0 to 2 .* received 3"),
        ({"train_set_y": np.array([b"a"] * m)}, r"expected numbers in train_set_y .* type \|S1"),
        (
            {"list_classes": np.array([b"cat"])},
            r"expected a name for each class in list_classes .* received cat",
        ),
        (
            {"list_classes": np.array([b"cat", b"cat"])},
            r"expected a name for each class .* received cat, cat",
        ),
        ({"train_set_x": np.zeros(m)}, r"expected pictures \(m, height, width, channels\) .* shape \(6,\)"),
        (
            {"train_set_x": np.zeros((0, *SHAPE)), "train_set_y": np.zeros(0)},
            r"received the shape \(0, 4, 5, 3\)",
        ),
        ({"train_set_x": h5py.Empty("f")}, r"expected numbers in train_set_x .* received nothing"),
        ({"train_set_x": pictures() * 1j}, r"expected numbers in train_set_x .* type complex128"),
        (
            {"train_set_x": np.full((m, *SHAPE), np.nan)},
            r"expected pixels from 0 to 255 .* received nan to nan",
        ),
        (
            {"train_set_x": np.full((m, *SHAPE), 256.0)},
            r"expected pixels from 0 to 255 .* received 256 to 256",
        ),
        ({"train_set_x": np.full((m, *SHAPE), -1)}, r"expected pixels from 0 to 255 .* received -1 to -1"),
    ],
)
def test_contents_that_make_no_sense(tmp_path, changes, words):
    path = write_train(tmp_path, **changes)
    with pytest.raises(DataError, match=words):
        load(path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"test_set_x": pictures(m_test, (5, 5, 3))},
            r"\(4, 5, 3\), received \(5, 5, 3\) .* the two files are no pair",
        ),
        (
            {"test_set_x": pictures(m_test) / 255},
            r"on the scale of the training ones \(0 to 255\), received 0 to 1",
        ),
        ({"test_set_y": np.zeros(2)}, r"'test_set_x' has the shape \(3, .* 'test_set_y' 2 entries"),
        ({"test_set_y": np.full(3, 4)}, r"expected labels 0 and 1 .* in test_set_y"),
        ({"test_set_x": None}, r"expected the key 'test_set_x'"),
    ],
)
def test_a_test_file_that_does_not_fit(tmp_path, changes, words):
    path = write_train(tmp_path)
    write_test(tmp_path, **changes)
    with pytest.raises(DataError, match=words):
        load(path)


def test_a_seed_for_files(tmp_path):
    with pytest.raises(DataError, match="expected no seed for data read from files"):
        load(write_train(tmp_path), seed=1)
