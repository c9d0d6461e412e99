"""Plain trees: what goes in comes back, to the bit and to the type; what is no plain data is refused."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ellayer.storage import ModelFileError
from ellayer.storage.plain_data import decode, encode

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
NUMBERS = hnp.arrays(
    st.sampled_from([np.float64, np.float32, np.int64, np.int8, np.uint32, np.bool_, np.complex64]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
)
TEXTS = hnp.arrays(np.dtype("U4"), hnp.array_shapes(max_dims=2, max_side=3))
KEYS = st.text() | st.integers() | st.booleans() | st.tuples(st.integers(), st.text())
TREES = st.recursive(
    SCALARS | NUMBERS | TEXTS,
    lambda trees: (
        st.lists(trees, max_size=3)
        | st.lists(trees, max_size=3).map(tuple)
        | st.dictionaries(KEYS, trees, max_size=3)
        | st.dictionaries(st.sampled_from(["$", "a", "a/b", "items"]), trees, max_size=3)
    ),
    max_leaves=12,
)


def same(a, b) -> bool:
    """Equal in type, shape, dtype and every bit (all nans are one)."""
    if isinstance(a, np.ndarray):
        if a.dtype.kind in "OUS":
            return a.dtype.kind == b.dtype.kind and a.shape == b.shape and same(a.tolist(), b.tolist())
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    return a == b


@settings(max_examples=150, deadline=None)
@given(TREES)
def test_a_tree_comes_back_as_it_was(tree):
    arrays = {}
    text = json.dumps(encode(tree, arrays), allow_nan=False)
    assert same(decode(json.loads(text), arrays), tree)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12.0).reshape(3, 4).T,
        np.asfortranarray(np.arange(12.0).reshape(3, 4)),
        np.arange(24.0).reshape(4, 6)[::2, ::-3],
        np.array(3.5),
        np.arange(3, dtype=">f8"),
        np.arange(3, dtype=">i4"),
        np.broadcast_to(np.float32(2.0), (2, 3)),
        np.zeros((0, 3)),
    ],
    ids=["transposed", "fortran", "strided", "0-d", "big-endian", "big-endian int", "broadcast", "empty"],
)
def test_arrays_are_made_what_safetensors_can_hold(array):
    arrays = {}
    encode({"a": array}, arrays)
    (kept,) = arrays.values()
    assert kept.flags.c_contiguous
    assert kept.dtype.isnative
    assert kept.shape == array.shape
    np.testing.assert_array_equal(kept, array)


def test_arrays_of_text_and_of_other_libraries_and_numpy_scalars():
    import jax.numpy as jnp

    tree = {"labels": np.array(["no", "ja"], dtype=object), "bytes": np.array([b"a", b"\xff"])}
    assert same(decode(encode(tree, {}), {}), tree)
    arrays = {}
    back = decode(encode({"W": jnp.ones((2, 1)), "rate": np.float32(0.1), "n": np.int64(3)}, arrays), arrays)
    assert isinstance(back["W"], np.ndarray)
    assert (type(back["rate"]), back["rate"]) == (float, float(np.float32(0.1)))
    assert type(back["n"]) is int
    assert decode(encode((np.float32, np.dtype("int8")), {}), {}) == (np.float32, np.dtype("int8"))


def test_two_places_of_one_name_stay_apart():
    tree = {"a": {"b": np.zeros(1)}, "a/b": np.ones(1)}
    arrays = {}
    assert same(decode(encode(tree, arrays), arrays), tree)


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({"settings": {"activation": lambda z: z}}, r"settings/activation.*the function.*lambda"),
        ({"settings": [1, print]}, r"settings/1.*the function 'print'"),
        ({"settings": {"random_state": np.random.RandomState(0)}}, r"settings/random_state.*RandomState"),
        ({"y": np.array([{1}, 2], dtype=object)}, r"y.*expected plain data.*set"),
        ({"y": np.array(["2020-01-01"], dtype="datetime64[D]")}, r"y.*dtype datetime64"),
        ({"y": np.ones(2, dtype=complex)}, r"y.*at most 8 bytes.*complex128"),
        ({"s": {1, 2}}, r"s: expected plain data.*received set"),
        (b"bytes", r"received bytes"),
    ],
)
def test_what_is_no_plain_data_is_refused_with_its_place(tree, said):
    with pytest.raises(ModelFileError, match=said):
        encode(tree, {})


def test_an_absurd_text_array_takes_no_memory():
    absurd = {"$": "text", "kind": "U", "shape": [10**9, 10**9], "items": ["a"]}
    with pytest.raises(ValueError, match="reshape"):
        decode(absurd, {})
    with pytest.raises(ModelFileError, match="received 'U1000000000'"):
        decode(absurd | {"kind": "U1000000000"}, {})
