"""Files of arrays: which array is what, pictures from 0 to 1, and matrices as tables."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from ellayer.data import DataError, read_examples

RANDOM = np.random.RandomState(0)
PIXELS = RANDOM.randint(0, 256, (6, 4, 5, 3), dtype=np.uint8)
LABELS = np.array([0, 1, 0, 1, 1, 0])


def write_h5(path, **contents):
    with h5py.File(path, "w") as file:
        for key, value in contents.items():
            file[key.replace("__", "/")] = value
    return path


def write_npz(path, **contents):
    np.savez_compressed(path, **contents)
    return path


WRITERS = {"a.h5": write_h5, "a.npz": write_npz}


def test_the_cats_with_their_class_names(shared_data):
    train = read_examples(shared_data / "cats" / "train_catvnoncat.h5", need_target=True)
    assert (train.X.shape, train.X.dtype, train.image_shape) == ((209, 12288), np.float32, (64, 64, 3))
    assert (train.y[:3].tolist(), train.target) == (["non-cat", "non-cat", "cat"], "class")
    test = read_examples(shared_data / "cats" / "test_catvnoncat.h5", reading=train.reading)
    assert (test.m, int((test.y == "cat").sum())) == (50, 33)
    with h5py.File(shared_data / "cats" / "train_catvnoncat.h5") as file:
        np.testing.assert_allclose(train.X, file["train_set_x"][:].reshape(209, -1) / 255, atol=1e-7)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize(
    "keys",
    [
        ("x", "y"),
        ("X", "Y"),
        ("x_train", "y_train"),
        ("images", "labels"),
        ("data", "target"),
        ("foo", "bar"),
    ],
)
def test_usual_names_and_the_only_two(tmp_path, name, keys):
    path = WRITERS[name](tmp_path / name, **dict(zip(keys, (PIXELS, LABELS), strict=True)))
    found = read_examples(path)
    np.testing.assert_array_equal(found.X, PIXELS.reshape(6, -1).astype(np.float32) / np.float32(255))
    assert (found.y.tolist(), found.image_shape) == (LABELS.tolist(), (4, 5, 3))
    assert f"the inputs are {keys[0]!r}, the targets {keys[1]!r}" in found.notes


def test_training_parts_come_before_test_parts(tmp_path):
    path = write_npz(
        tmp_path / "mnist.npz", x_test=PIXELS[:2], y_test=LABELS[:2], x_train=PIXELS, y_train=LABELS
    )
    assert read_examples(path).m == 6
    found = read_examples(path, x="x_test", y="y_test")
    assert (found.m, found.reading["x"], found.reading["y"]) == (2, "x_test", "y_test")
    assert read_examples(path, x="x_test").y.tolist() == LABELS[:2].tolist()


def test_keys_in_groups(tmp_path):
    path = write_h5(tmp_path / "a.h5", part__pictures=PIXELS, part__kinds=LABELS, other=np.arange(3))
    with pytest.raises(
        DataError, match=r"x: expected the key of the inputs .* 'part/pictures' \(6, 4, 5, 3\).*x=KEY"
    ):
        read_examples(path)
    found = read_examples(path, x="part/pictures", y="part/kinds")
    assert (found.m, found.y.tolist()) == (6, LABELS.tolist())
    with pytest.raises(
        DataError, match=r"y: expected a key of .*, received 'part/kind'; did you mean 'part/kinds'"
    ):
        read_examples(path, x="part/pictures", y="part/kind")


@pytest.mark.parametrize(
    ("pixels", "shape", "expected"),
    [
        (PIXELS[..., 0], (4, 5), PIXELS[..., 0] / 255),
        (PIXELS[..., :1], (4, 5), PIXELS[..., 0] / 255),
        (PIXELS.transpose(0, 3, 1, 2), (4, 5, 3), PIXELS / 255),
        (PIXELS / 255, (4, 5, 3), PIXELS / 255),
        (PIXELS.astype(float), (4, 5, 3), PIXELS / 255),
        (PIXELS > 100, (4, 5, 3), PIXELS > 100),
        (PIXELS // 255, (4, 5, 3), (PIXELS // 255) / 255),
    ],
)
def test_pictures_from_0_to_1(tmp_path, pixels, shape, expected):
    np.save(tmp_path / "a.npy", pixels)
    found = read_examples(tmp_path / "a.npy")
    assert (found.image_shape, found.y, found.X.dtype) == (shape, None, np.float32)
    np.testing.assert_allclose(found.X.reshape(6, *shape), np.reshape(expected, (6, *shape)), atol=1e-6)
    assert found.reading["size"] == [4, 5]


@pytest.mark.parametrize("name", WRITERS)
def test_a_matrix_is_a_table(tmp_path, name):
    X = RANDOM.randn(6, 3)
    found = read_examples(WRITERS[name](tmp_path / name, x=X, y=LABELS), need_target=True)
    assert found.X.columns == ["x0", "x1", "x2"]
    np.testing.assert_array_equal(found.X.to_numpy(), X)
    assert (found.y.tolist(), found.target, found.image_shape) == (LABELS.tolist(), "y", None)
    assert read_examples(tmp_path / name, target="y").target == "y"
    with pytest.raises(DataError, match=r"target: expected none, for .* holds the targets in 'y'"):
        read_examples(tmp_path / name, target="x0")


def test_a_matrix_alone_and_its_target(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 6.0]]))
    found = read_examples(tmp_path / "a.npy", target=-1)
    assert (found.X.rows(), found.y.tolist(), found.target) == ([(1.0,), (5.0,)], [2.0, 6.0], "x1")
    with pytest.raises(DataError, match=r"the columns of .* are x0, x1"):
        read_examples(tmp_path / "a.npy", need_target=True)


def test_examples_in_columns_are_turned(tmp_path):
    found = read_examples(
        write_npz(tmp_path / "a.npz", x=np.arange(12.0).reshape(2, 6), y=LABELS.reshape(1, 6))
    )
    assert found.X.rows()[1] == (1.0, 7.0)
    assert "examples were columns, and were transposed to rows" in found.notes


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (LABELS.reshape(6, 1), LABELS.tolist()),
        (np.eye(3)[[0, 2, 1, 0, 1, 2]], [0, 2, 1, 0, 1, 2]),
        (np.array(["a", "b", "a", "b", "b", "a"]), ["a", "b", "a", "b", "b", "a"]),
        (LABELS.astype(bool), LABELS.astype(bool).tolist()),
        (np.linspace(0, 1, 6), np.linspace(0, 1, 6).tolist()),
    ],
)
def test_targets_in_any_shape(tmp_path, y, expected):
    assert read_examples(write_npz(tmp_path / "a.npz", x=PIXELS, y=y)).y.tolist() == expected


def test_text_targets_in_hdf5(tmp_path):
    path = write_h5(tmp_path / "a.h5", x=PIXELS, y=["a", "b", "a", "ü", "b", "a"])
    assert read_examples(path).y.tolist() == ["a", "b", "a", "ü", "b", "a"]


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        ({"x": PIXELS, "y": LABELS[:4]}, r"as many targets as examples .* 'x' has the shape \(6, 4, 5, 3\), 'y' 4"),
        ({"x": PIXELS, "y": RANDOM.randn(6, 2)}, r"one target for each example .* received the shape \(6, 2\)"),
        ({"x": PIXELS[:0], "y": LABELS[:0]}, "expected examples along the first axis"),
        ({"x": PIXELS * 2.0, "y": LABELS}, "expected pixels from 0 to 255 .* bring them to that range"),
        ({"x": np.full((6, 4, 5), np.nan), "y": LABELS}, "expected pixels from 0 to 255"),
        ({"x": np.zeros((6, 4, 5, 7)), "y": LABELS}, r"expected pictures .* received the shape \(6, 4, 5, 7\)"),
        ({"x": np.zeros((6, 2), complex), "y": LABELS}, "expected numbers in .*x.* received entries of type complex"),
        ({"a": PIXELS, "b": PIXELS, "c": LABELS}, "x: expected the key of the inputs"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", WRITERS)
def test_arrays_that_do_not_fit(tmp_path, name, contents, words):
    with pytest.raises(DataError, match=words):
        read_examples(WRITERS[name](tmp_path / name, **contents))


def test_pictures_without_targets_cannot_be_learnt_from(tmp_path):
    np.save(tmp_path / "a.npy", PIXELS)
    with pytest.raises(
        DataError, match=r"expected the key of the targets in .* received none; name it with y=KEY"
    ):
        read_examples(tmp_path / "a.npy", need_target=True)


def test_text_as_inputs(tmp_path):
    with pytest.raises(
        DataError, match=r"expected numbers in 'x' .* write a table with text as CSV or Parquet"
    ):
        read_examples(write_npz(tmp_path / "a.npz", x=np.array([["a", "b"]])))


def test_a_file_that_points_elsewhere_is_not_followed(tmp_path):
    write_h5(tmp_path / "secret.h5", x=PIXELS)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "x")
    with pytest.raises(DataError, match="expected the key of the inputs"):
        read_examples(tmp_path / "a.h5")


@pytest.mark.parametrize("length", [10, 200, 480])
@pytest.mark.parametrize("name", ["a.npz", "a.npy", "a.h5"])
def test_a_file_cut_off(tmp_path, name, length):
    write_npz(tmp_path / "a.npz", x=PIXELS, y=LABELS)
    np.save(tmp_path / "a.npy", PIXELS)
    write_h5(tmp_path / "a.h5", x=PIXELS, y=LABELS)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:length])
    with pytest.raises(DataError, match="truncated or damaged"):
        read_examples(tmp_path / name)
