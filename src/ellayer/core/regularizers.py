"""L2, L1 and dropout: forward and backward pairs.

Dropout's masks are a pure function of (seed, step, layer, unit, example): a counter-based hash over
integers, the same on every array library, so both loops drop the same units and a continued run
drops the same units as an uninterrupted one.
"""

from __future__ import annotations

import math
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from .._shapes import Shaped
from .arrays import Array, Parameters, Scalar, SparseMatrix, Units, array_namespace, is_sparse
from .parameter_names import weight_matrices

if TYPE_CHECKING:
    from numpy.typing import DTypeLike


def l2_forward(parameters: Parameters, l2: Scalar, m: Scalar) -> Scalar:
    """Return the L2 part of the cost, l2 / (2 m) * sum of W^2; without biases."""
    xp = array_namespace(*parameters.values())
    return l2 / (2.0 * m) * sum(xp.sum(W * W) for W in weight_matrices(parameters).values())


def l2_backward(grads: Parameters, parameters: Parameters, l2: Scalar, m: Scalar) -> Parameters:
    """Return the gradients with l2 / m * W added to each dW."""
    return grads | {f"d{k}": grads[f"d{k}"] + (l2 / m) * W for k, W in weight_matrices(parameters).items()}


def l1_forward(parameters: Parameters, l1: Scalar, m: Scalar) -> Scalar:
    """Return the L1 part of the cost, l1 / m * sum of |W|."""
    xp = array_namespace(*parameters.values())
    return l1 / m * sum(xp.sum(xp.abs(W)) for W in weight_matrices(parameters).values())


def l1_backward(grads: Parameters, parameters: Parameters, l1: Scalar, m: Scalar) -> Parameters:
    """Return the gradients with l1 / m * sign(W) added to each dW; sign(0) = 0."""
    xp = array_namespace(*parameters.values())
    weights = weight_matrices(parameters)
    return grads | {f"d{k}": grads[f"d{k}"] + (l1 / m) * xp.sign(W) for k, W in weights.items()}


def dropout_forward(A: Units, mask: Units) -> Units:
    """Inverted dropout: A * D, where the mask D is 0 or 1 / (1 - rate); a sparse A has a sparse mask."""
    return _like_stored(A, A.data * mask.data) if is_sparse(A) else A * mask


def dropout_backward(dA: Units, mask: Units) -> Units:
    """dA = d(A * D) * D."""
    return dA * mask


def dropout_mask(
    A: Units, rate: Scalar, seed: int | Array, step: int | Array, layer: int, places: Array | None = None
) -> Units:
    """Return a mask of the shape and dtype of A: 0 with probability ``rate``, else 1 / (1 - rate).

    Parameters
    ----------
    A : array, shape (n_l, m)
        A sparse ``csc_array`` has a mask of its stored numbers only, as there is nothing else to drop.
    rate : float
        Probability of dropping a unit, in [0, 1).
    seed, step : int or uint32 array
        The run and the update it belongs to.
    layer : int
        0 for the input.
    places : array, shape (m,), optional
        The place of each example in the update, if A has some of them only; by default 0, 1, ..., m - 1.

    Examples
    --------
    >>> import numpy as np
    >>> D = dropout_mask(np.ones((4, 1000)), 0.25, seed=1, step=0, layer=1)
    >>> abs(float((D == 0).mean()) - 0.25) < 0.02
    True
    """
    xp = array_namespace(A)
    n, m = A.shape
    key = _hash(xp, _hash(xp, _word(xp, seed)) + _word(xp, step))
    rows = xp.reshape(xp.arange(n, dtype=xp.uint32), (n, 1))
    unit = _hash(xp, key + rows * _word(xp, 0x9E3779B1) + _word(xp, layer))
    columns = xp.arange(m, dtype=xp.uint32) if places is None else xp.astype(places, xp.uint32)
    if is_sparse(A):
        unit, columns = unit[A.indices].T, np.repeat(columns, np.diff(A.indptr))
    cell = _hash(xp, unit + xp.reshape(columns, (1, -1)))
    mask = xp.astype(_is_kept(xp, cell, rate, A.dtype), A.dtype) / (1.0 - rate)
    return _like_stored(A, mask[0]) if is_sparse(A) else mask


def _like_stored(A: SparseMatrix, numbers: Shaped[np.ndarray, " k"]) -> Array:
    """Return a ``csc_array`` with other numbers in the places of those that A stores."""
    from scipy.sparse import csc_array

    return csc_array((numbers, A.indices, A.indptr), shape=A.shape)


def _is_kept(
    xp: ModuleType, cell: Shaped[Array, "n m"], rate: Scalar, dtype: DTypeLike
) -> Shaped[Array, "n m"]:
    """Return where the upper 24 bits of a hash, as a number of a dtype from 0 to 1, are at least the rate.

    They are whole numbers, so that NumPy need not convert them.
    """
    if xp is np and type(rate) is float and dtype in (np.float32, np.float64):
        bound = math.ceil(float(np.dtype(dtype).type(rate)) * 2.0**24) << 8
        if bound < 1 << 32:
            return cell >= _numpy_word(bound)
    uniform = xp.astype(cell >> _word(xp, 8), dtype) * 2.0**-24
    return uniform >= rate


def _word(xp: ModuleType, value: int | Array) -> Shaped[Array, "1 1"]:
    """Return a (1, 1) array of uint32: arrays wrap around in silence where NumPy's scalars would warn."""
    if xp is np and type(value) is int:
        return _numpy_word(value)
    return xp.reshape(xp.asarray(value, dtype=xp.uint32), (1, 1))


@lru_cache(maxsize=64)  # an update of a small network has 50 of them, a tenth of its time
def _numpy_word(value: int) -> Shaped[Array, "1 1"]:
    word = np.full((1, 1), value, np.uint32)
    word.flags.writeable = False
    return word


def _hash(xp: ModuleType, x: Shaped[Array, "n m"]) -> Shaped[Array, "n m"]:
    """Mix the bits of uint32 numbers (Wellons' lowbias32)."""
    y = x >> _word(xp, 16)  # an array of its own, which NumPy changes in place
    y ^= x
    y *= _word(xp, 0x7FEB352D)
    y ^= y >> _word(xp, 15)
    y *= _word(xp, 0x846CA68B)
    y ^= y >> _word(xp, 16)
    return y
