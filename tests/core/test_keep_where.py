"""keep_where: by bits on NumPy, the same as ``where`` to the last of them."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from ellayer.core.arrays import keep_where


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
