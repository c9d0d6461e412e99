"""Differences between array libraries; no other module distinguishes them."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard, runtime_checkable

import numpy as np

from .._shapes import Float, Shaped

EQUAL_TERMS = 256
NONZERO_SHARE = 1 / 32  # of a sparse matrix: up to it the product by non-zeros takes less time than BLAS's
MANY = 1024  # numbers from which choosing by bits is quicker
_BITS: dict[np.dtype, type] = {np.dtype(np.float64): np.int64, np.dtype(np.float32): np.int32}

if TYPE_CHECKING:
    Array = np.ndarray | Any  # checked as NumPy's array; those of other libraries pass too
else:

    @runtime_checkable
    class Array(Protocol):
        """Array of any library that speaks the array API: NumPy, JAX, array-api-strict, ..."""

        shape: tuple[int, ...]
        dtype: Any


@runtime_checkable
class SparseMatrix(Protocol):
    """Sparse matrix or array of scipy, which has no type annotations; ``sparse_columns`` has its stored numbers in order."""

    shape: tuple[int, int]
    dtype: np.dtype
    nnz: int
    data: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray

    @property
    def T(self) -> SparseMatrix:
        """The transpose, without a copy."""
        ...

    def tocsr(self) -> SparseMatrix:
        """Return the matrix by rows."""
        ...

    def toarray(self) -> np.ndarray:
        """Return the dense matrix."""
        ...

    def astype(self, dtype: str | type, copy: bool = True) -> SparseMatrix:
        """Return the matrix in another dtype."""
        ...

    def __getitem__(self, key: object) -> SparseMatrix:
        """Return some rows or columns."""
        ...


Scalar = float | Array  # a traced value of the compiled loop is an array without axes

# The letters are those of the notation, m examples and n units of a layer; they agree within one call.
Units = Float[Array, "n m"]  # Z, A and their derivatives
UnitsBefore = Float[Array, "n_prev m"]
Weights = Float[Array, "n n_prev"]
Biases = Float[Array, "n 1"]
Targets = Shaped[Array, "n m"]
ExampleWeights = Float[Array, "1 m"]
Labels = Shaped[Array, "n m"] | Shaped[Array, " m"]  # Y as the notes' functions take it
Examples = Shaped[Array, "n_x m"]  # X
Parameters = dict[str, Float[Array, "..."]]  # "W1", "b1", ..., or their gradients "dW1", ...


def array_namespace(*arrays: Array) -> Any:
    """Return the array-API namespace of the arguments; plain NumPy costs one type check.

    Arguments that are ``None`` or Python scalars are ignored; a single array of another library than
    NumPy selects that library. Sparse matrices of scipy count as NumPy's arrays.

    >>> array_namespace(np.ones(2)).__name__
    'numpy'
    """
    for array in arrays:
        if type(array) is np.ndarray or array is None or isinstance(array, (bool, int, float, np.generic)):
            continue
        if hasattr(array, "__array_namespace__"):
            return array.__array_namespace__()
        if is_sparse(array):
            continue
        import array_api_compat

        return array_api_compat.array_namespace(array)
    return np


def is_sparse(X: object) -> TypeGuard[SparseMatrix]:
    """Return True if X is a sparse matrix or array of scipy."""
    return hasattr(X, "tocsr") and hasattr(X, "toarray")


def has_few_nonzeros(X: SparseMatrix) -> bool:
    """Return whether the products W X and dZ X^T of a sparse X take less time by its non-zeros than as dense ones."""
    return bool(X.nnz <= NONZERO_SHARE * X.shape[0] * X.shape[1])


def dense(A: Array) -> Array:
    """Return a sparse matrix as a dense one with contiguous columns, another array as it is."""
    return A.T.toarray().T if is_sparse(A) else A


def sparse_columns(X: Array) -> SparseMatrix:
    """Return a sparse X as scipy's ``csc_array``, of which ``dot`` is the product by non-zeros, without a copy if it can.

    >>> from scipy.sparse import csr_matrix
    >>> dot(np.array([[1.0, 2.0]]), sparse_columns(csr_matrix([[0.0, 3.0], [4.0, 0.0]])))
    array([[8., 3.]])
    """
    from scipy.sparse import csc_array

    columns: SparseMatrix = csc_array(X)
    return columns


def exp_limit(Z: Array) -> float:
    """Return the largest z whose exponential is finite in the dtype of Z (709.7 in float64)."""
    if isinstance(Z.dtype, np.dtype):  # another library's may not be compared with NumPy's
        if Z.dtype == np.float64:
            return 709.0
        if Z.dtype == np.float32:
            return 88.0
    return math.floor(math.log(float(array_namespace(Z).finfo(Z.dtype).max)))


def largest(Z: Array) -> float:
    """Return the largest finite number of the dtype of Z."""
    return float(array_namespace(Z).finfo(Z.dtype).max)


def smallest(Z: Array) -> float:
    """Return the smallest positive normal number of the dtype of Z."""
    return float(array_namespace(Z).finfo(Z.dtype).smallest_normal)


def dot(A: Array, B: Array) -> Array:
    """Return the matrix product of two 2-D arrays; NumPy's method is up to twice as quick as @ on small ones.

    B may be sparse: the product then takes a multiplication per non-zero of B and row of A, and its transpose is
    contiguous in memory.
    """
    if type(A) is np.ndarray and type(B) is np.ndarray:
        return A.dot(B)
    return A @ B


def transposed_dot(A: Array, B: Array) -> Array:
    """Return A^T B.

    XLA has faster routines on the CPU if A is copied by columns first: for 32 small networks at once they take a quarter
    of the time. Up to ``EQUAL_TERMS`` terms of float32 they add in the same order, so that the bits are equal.
    """
    if type(A) is np.ndarray and type(B) is np.ndarray:
        return A.T.dot(B)
    if array_namespace(A).__name__ == "jax.numpy":
        from jax import core, lax

        if isinstance(A, core.Tracer) and A.dtype == np.float32 and A.shape[0] <= EQUAL_TERMS:
            return lax.platform_dependent(A.T, cpu=lax.optimization_barrier, default=lambda C: C) @ B
    return A.T @ B


def affine(W: Array, A: Array, b: Array) -> Array:
    """Return W A + b; NumPy adds b in the memory of the product, as another large array costs a page fault per page."""
    Z = dot(W, A)
    if type(Z) is np.ndarray and type(b) is np.ndarray and Z.dtype == b.dtype and b.shape == (len(Z), 1):
        Z += b
        return Z
    return Z + b


def sum_over_examples(A: Array) -> Array:
    """Return the sum of each row, (n, 1); NumPy's reduction without its wrapper, which costs as much again."""
    if type(A) is np.ndarray:
        return np.add.reduce(A, axis=1, keepdims=True)
    return array_namespace(A).sum(A, axis=1, keepdims=True)


def keep_where(condition: Array, A: Array) -> Array:
    """Return A where the condition holds, else 0.

    NumPy's ``where`` takes a branch for each number, and guesses wrong every second time where a layer's
    units are half on; the numbers' bits joined with all ones or none give the same at a fifth of the time.
    """
    if type(A) is np.ndarray and A.dtype in _BITS:
        bits = _BITS[A.dtype]
        return (A.view(bits) & -condition.astype(bits)).view(A.dtype)
    return array_namespace(A).where(condition, A, 0.0)


def select(condition: Array, A: Array | float, B: Array) -> Array:
    """Return A where the condition holds, else B; on NumPy by bits, as ``keep_where``, from ``MANY`` numbers on."""
    if type(B) is np.ndarray and B.dtype in _BITS and B.size >= MANY:
        bits, one = _BITS[B.dtype], B.dtype.type(A) if isinstance(A, float) else A
        if one.dtype == B.dtype:
            result = one.view(bits) ^ B.view(bits)
            result &= -condition.astype(bits)
            result ^= B.view(bits)
            return result.view(B.dtype)
    return array_namespace(B).where(condition, A, B)


def erfc(Z: Array) -> Array:
    """Complementary error function, which is not part of the array API."""
    xp = array_namespace(Z)
    name = xp.__name__
    if name.startswith("jax"):
        from jax.scipy.special import erfc as jax_erfc

        return jax_erfc(Z)
    if name.endswith("torch"):
        return sys.modules["torch"].special.erfc(Z)
    from scipy.special import erfc as scipy_erfc

    if xp is np:
        return scipy_erfc(Z)
    return xp.asarray(scipy_erfc(np.from_dlpack(Z)))


def to_numpy(array: Array) -> np.ndarray:
    """Return a fresh, writable, C-contiguous NumPy copy of an array of any library."""
    try:
        return np.array(array, order="C")
    except (TypeError, ValueError, RuntimeError):
        return np.array(np.from_dlpack(array), order="C")
