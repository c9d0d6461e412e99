"""Derivatives of A^[0] by one parameter before layer 1: scaling, embeddings of numbers and categories, ramps."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..core.inputs import InputCache, Inputs
from ..core.parameter_names import kind_of


class InputPath(NamedTuple):
    """The dependence of A^[0] on a parameter before layer 1.

    Attributes
    ----------
    rows : tuple of int
        The rows of A^[0] that depend on the parameter.
    slopes : array, shape (len(rows), m)
        Their derivatives by the parameter.
    """

    rows: tuple[int, ...]
    slopes: np.ndarray

    def contributions(self, dA0: np.ndarray) -> np.ndarray:
        """Return the derivative of each example's loss by the parameter, (m,)."""
        return np.sum(dA0[list(self.rows)] * self.slopes, axis=0)


def input_path(
    name: str, index: tuple[int, ...], inputs: Inputs, cache: InputCache, shape: tuple[int, int]
) -> InputPath:
    """Return the dependence of A^[0] on a parameter before layer 1.

    Parameters
    ----------
    name : str
        "s0", "f0", "p0", "V0", "c0", "t0" or "E1", ...
    index : tuple of int
    inputs : Inputs
    cache : InputCache
    shape : tuple of int
        Of A^[0].
    """
    if kind_of(name) == "s":
        return InputPath((index[0],), cache.unscaled[[index[0]]])
    if kind_of(name) == "E":
        d, k = index
        first = shape[0] + (int(name[1:]) - 1 - len(inputs.categories)) * inputs.dimension
        path = InputPath((first + d,), cache.codes[int(name[1:]) - 1][[k]])
    elif kind_of(name) == "t":
        path = _threshold(index, inputs, cache)
    else:
        path = _embedding(kind_of(name), index, inputs, cache, shape[1])
    rows = list(path.rows)
    return path if cache.s is None else InputPath(path.rows, cache.s[rows] * path.slopes)


def _embedding(kind: str, index: tuple[int, ...], inputs: Inputs, cache: InputCache, m: int) -> InputPath:
    """V cos(2 pi t) + c with t = f x + p: V and c act on one row, f and p on all rows of the number."""
    n, first = index[0], inputs.numbers + index[0] * inputs.width
    assert cache.numbers is not None
    X, _, V, angles, cosines = cache.numbers
    if kind == "c":
        return InputPath((first + index[1],), np.ones((1, m)))
    if kind == "V":
        return InputPath((first + index[1],), cosines[n, [index[2]]])
    q = index[1]
    slopes = -2.0 * math.pi * np.outer(V[n, :, q], np.sin(angles[n, q]) * (X[n] if kind == "f" else 1.0))
    return InputPath(tuple(range(first, first + inputs.width)), slopes)


def _threshold(index: tuple[int, ...], inputs: Inputs, cache: InputCache) -> InputPath:
    """t_j is the beginning of ramp j and the end of ramp j - 1."""
    n, j = index[:2]
    assert cache.ramps is not None
    U, slope = cache.ramps
    inside = cache.ramps.inside
    first = inputs.numbers * (1 + (inputs.width if inputs.frequencies else 0)) + n * inputs.ramps
    ramps = [k for k in (j - 1, j) if 0 <= k < inputs.ramps]
    slopes = [
        np.where(inside[n, k], (U[n, k] - 1.0 if k == j else -U[n, k]) * slope[n, k], 0.0) for k in ramps
    ]
    return InputPath(tuple(first + k for k in ramps), np.array(slopes))
