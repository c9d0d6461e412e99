"""What knows one array library from another."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special

from ellayer.core.arrays import (
    affine,
    array_namespace,
    dot,
    erfc,
    exp_limit,
    largest,
    smallest,
    sum_over_examples,
    to_numpy,
    transposed_dot,
)


def test_numpy_is_the_namespace_of_numbers():
    assert array_namespace(np.ones(2)) is np
    assert array_namespace(None, 1.0, np.float32(2)) is np


def test_one_foreign_array_decides(library):
    A = library.array(np.ones(2))
    assert array_namespace(None, 1.0, A) is array_namespace(A)
    assert array_namespace(A).__name__.startswith(library.name)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_limits_of_a_dtype(dtype, library):
    Z = library.array(np.ones(1, dtype))
    info = np.finfo(dtype)
    assert largest(Z) == float(info.max)
    assert smallest(Z) == float(info.smallest_normal)
    assert exp_limit(Z) == math.floor(math.log(float(info.max)))
    assert exp_limit(Z) == exp_limit(np.ones(1, dtype))


def test_erfc(library):
    z = np.array([-3.0, -0.5, 0.0, 0.5, 3.0, 10.0])
    np.testing.assert_allclose(library.numpy(erfc(library.array(z))), special.erfc(z), rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_products_and_sums_are_the_plain_ones(library, dtype):
    A, B = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(dtype)
    product = library.numpy(dot(library.array(A), library.array(B.T)))
    same = library.numpy(transposed_dot(library.array(A.T), library.array(B.T)))
    sums = library.numpy(sum_over_examples(library.array(A)))
    assert product.dtype == sums.dtype == np.dtype(dtype)
    np.testing.assert_allclose(product, A @ B.T, rtol=1e-5 if dtype == "float32" else 1e-13)
    np.testing.assert_allclose(same, product, rtol=1e-5 if dtype == "float32" else 1e-13)
    np.testing.assert_allclose(sums, A.sum(axis=1, keepdims=True), rtol=1e-5 if dtype == "float32" else 1e-13)


def test_products_of_several_transposed_matrices_are_compiled_with_rows_first():
    import jax

    A, B = np.random.default_rng(0).standard_normal((2, 5, 3, 4)).astype(np.float32)
    compiled = jax.jit(jax.vmap(transposed_dot)).lower(A, B).compile()
    np.testing.assert_allclose(compiled(A, B), A.swapaxes(1, 2) @ B, rtol=1e-5, atol=1e-6)
    if jax.default_backend() == "cpu":
        assert "lhs_contracting_dims={2}" in compiled.as_text()
    gradient = jax.jit(jax.grad(lambda A: transposed_dot(A, B[0]).sum()))(A[0])
    np.testing.assert_allclose(gradient, np.tile(B[0].sum(axis=1), (4, 1)).T, rtol=1e-5)


def test_to_numpy_is_a_fresh_writable_copy(library):
    A = library.array(np.arange(6.0).reshape(2, 3))
    copy = to_numpy(A)
    assert type(copy) is np.ndarray
    copy[0, 0] = 9
    assert copy.flags.c_contiguous
    assert float(A[0, 0]) == 0
    assert to_numpy(np.asfortranarray(copy)).flags.c_contiguous


@pytest.mark.parametrize("dtypes", [("float64", "float64"), ("float32", "float64"), ("int64", "float64")])
@pytest.mark.parametrize("shape", [(3, 1), (3, 4), (1, 1)])
def test_affine_is_the_product_plus_the_bias(dtypes, shape, library):
    W, A = np.arange(6).reshape(3, 2).astype(dtypes[0]), np.arange(8).reshape(2, 4).astype(dtypes[0])
    b = np.full(shape, 0.5, dtypes[1])
    expected = W @ A + b
    Z = affine(W, A, b)
    assert Z.dtype == expected.dtype
    np.testing.assert_array_equal(Z, expected)
    arrays = (library.array(M.astype(dtypes[1])) for M in (W, A, b))
    np.testing.assert_array_equal(to_numpy(affine(*arrays)), expected)
    assert (b == 0.5).all()
