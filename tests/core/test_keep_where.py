"""keep_where and select: by bits on NumPy, the same as ``where`` to the last of them."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from ellayer.core.arrays import MANY, keep_where, select


@given(st.data(), st.sampled_from(["float64", "float32"]), st.booleans())
def test_equals_where_to_the_bit(data, dtype, transposed):
    shape = data.draw(hnp.array_shapes(min_dims=2, max_dims=2, max_side=5))
    A = data.draw(hnp.arrays(dtype, shape, elements={"allow_nan": True, "allow_infinity": True}))
    condition = data.draw(hnp.arrays(bool, shape))
    if transposed:
        A, condition = A.T, condition.T
    kept = keep_where(condition, A)
    assert kept.dtype == A.dtype
    assert kept.tobytes() == np.where(condition, A, A.dtype.type(0.0)).tobytes()


@pytest.mark.parametrize("dtype", ["float16", "int64"])
def test_other_dtypes_take_where(dtype):
    A = np.array([[-2, 3]], dtype)
    assert keep_where(np.array([[True, False]]), A).tolist() == [[-2.0, 0.0]]


def test_a_condition_may_be_broadcast():
    condition, A = np.array([[[True], [False]]]), np.array([[[-0.0, np.nan], [np.inf, 2.0]]])
    assert keep_where(condition, A).tobytes() == np.where(condition, A, 0.0).tobytes()


@pytest.mark.parametrize("size", [MANY - 1, MANY])
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_select_equals_where_to_the_bit(dtype, size):
    random = np.random.default_rng(0)
    A, B = random.standard_normal((2, 1, size)).astype(dtype)
    special = [0.0, -0.0, np.nan, np.inf, -np.inf]
    A[0, :5], B[0, 5:10] = special, special
    condition = random.random((1, size)) < 0.5
    for one, other in ((A, B), (0.1, B), (A.astype("float32"), B), (A.T, B.T)):
        where = condition if other.shape == condition.shape else condition.T
        result, expected = select(where, one, other), np.where(where, one, other)
        assert (result.dtype, result.tobytes()) == (expected.dtype, expected.tobytes())
