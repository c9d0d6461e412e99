r"""What may stand before the first dense layer: embeddings of the columns of a table, and a scaling.

    numbers       x  ->  [x; V cos(2 pi (f x + p)) + c]   per column (Gorishniy et al. 2022, RealMLP)
    categories    k  ->  column k of E                    per column; an unknown one (k < 0) -> 0
    the rest      x  ->  x
    scaling       A^[0] = s * input                       one s per row, started at 1 (RealMLP)

Rows of X in this order: numbers to embed, the rest, the codes of categories to embed. Forward and
backward stand next to each other; like dW, the derivatives of the parameters carry the 1/m.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .arrays import Array, array_namespace


@dataclass(frozen=True)
class Inputs:
    """Which rows of X are embedded, and how; hashable, like the network it belongs to.

    Parameters
    ----------
    numbers : int
        How many first rows are numbers with an embedding.
    frequencies, width : int
        Cosines per number, and outputs per number that are formed from them.
    categories : tuple of int
        Number of levels of each of the last rows.
    dimension : int
        Length of a category's vector.
    scaling : bool
        Whether each row of A^[0] has a learned factor.
    """

    numbers: int = 0
    frequencies: int = 16
    width: int = 3
    categories: tuple[int, ...] = ()
    dimension: int = 8
    scaling: bool = False

    def size(self, n_x: int) -> int:
        """Return the number of rows of A^[0] for X with n_x rows."""
        plain = n_x - self.numbers - len(self.categories)
        if plain < 0:
            raise ValueError(
                f"inputs: expected at least {self.numbers + len(self.categories)} rows of X for the embedded "
                f"columns, received layer_dims[0] = {n_x}"
            )
        return plain + self.numbers * (1 + self.width) + len(self.categories) * self.dimension

    def shapes(self, n_x: int) -> dict[str, tuple[int, ...]]:
        """Return the shape of each parameter: f0, p0, V0, c0 (numbers), E1... (categories), s0 (scaling)."""
        shapes: dict[str, tuple[int, ...]] = {}
        if self.numbers:
            shapes["f0"] = shapes["p0"] = (self.numbers, self.frequencies, 1)
            shapes["V0"] = (self.numbers, self.width, self.frequencies)
            shapes["c0"] = (self.numbers, self.width, 1)
        for j, levels in enumerate(self.categories, start=1):
            shapes[f"E{j}"] = (self.dimension, levels)
        if self.scaling:
            shapes["s0"] = (self.size(n_x), 1)
        return shapes

    def draw(self, random: np.random.RandomState, n_x: int) -> dict[str, np.ndarray]:
        """Return starting values (RealMLP's): f ~ N(0, 0.1^2), p ~ U(+-1/2), V, c ~ U(+-1/4), E ~ N(0, 1), s = 1."""
        start = {}
        for name, shape in self.shapes(n_x).items():
            kind = name[0]
            if kind == "f":
                start[name] = 0.1 * random.randn(*shape)
            elif kind == "p":
                start[name] = random.uniform(-0.5, 0.5, shape)
            elif kind in "Vc":
                start[name] = random.uniform(-0.25, 0.25, shape)
            elif kind == "E":
                start[name] = random.randn(*shape)
            else:
                start[name] = np.ones(shape)
        return start


class InputCache(NamedTuple):
    """What the backward step of the inputs needs."""

    numbers: Any
    codes: Any
    unscaled: Array
    s: Any


def periodic_forward(X: Array, f: Array, p: Array, V: Array, c: Array) -> tuple[Array, tuple]:
    """[x; V cos(2 pi (f x + p)) + c] for each row of X.

    Parameters
    ----------
    X : array, shape (n, m)
    f, p : array, shape (n, k, 1)
    V : array, shape (n, w, k)
    c : array, shape (n, w, 1)

    Returns
    -------
    A : array, shape (n (1 + w), m)
    cache : tuple
    """
    xp = array_namespace(X)
    n, m = X.shape
    T = 2.0 * math.pi * (f * X[:, None, :] + p)
    C = xp.cos(T)
    A = xp.reshape(V @ C + c, (n * V.shape[1], m))
    return xp.concat([X, A], axis=0), (X, f, V, T, C)


def periodic_backward(dA: Array, cache: tuple) -> tuple[Array, dict[str, Array]]:
    """dX and the derivatives of f, p, V, c."""
    X, f, V, T, C = cache
    xp = array_namespace(dA)
    n, m = X.shape
    D = xp.reshape(dA[n:, :], (n, V.shape[1], m))
    each = 1.0 / m
    dT = -2.0 * math.pi * (xp.matrix_transpose(V) @ D) * xp.sin(T)
    grads = {
        "df0": each * xp.sum(dT * X[:, None, :], axis=2, keepdims=True),
        "dp0": each * xp.sum(dT, axis=2, keepdims=True),
        "dV0": (each * D) @ xp.matrix_transpose(C),
        "dc0": each * xp.sum(D, axis=2, keepdims=True),
    }
    return dA[:n, :] + xp.sum(dT * f, axis=1), grads


def embedding_forward(codes: Array, E: Array) -> tuple[Array, Array]:
    """Column k of E for each code k; 0 for a code below 0.

    Parameters
    ----------
    codes : array, shape (m,)
        Whole numbers in a float array.
    E : array, shape (dimension, levels)

    Returns
    -------
    A : array, shape (dimension, m)
    cache : the one-hot matrix, (levels, m)
    """
    xp = array_namespace(E)
    levels = xp.astype(xp.arange(E.shape[1]), E.dtype)
    one_hot = xp.astype(levels[:, None] == codes[None, :], E.dtype)
    return E @ one_hot, one_hot


def embedding_backward(dA: Array, one_hot: Array) -> Array:
    """dE = 1/m dA one_hot^T."""
    return (1.0 / dA.shape[1]) * dA @ one_hot.T


def scaling_forward(A: Array, s: Array) -> Array:
    """A = s * A, one factor per row."""
    return s * A


def scaling_backward(dA: Array, A: Array, s: Array) -> tuple[Array, Array]:
    """dA of what was scaled, and ds = 1/m sum_i dA(i) * A(i)."""
    xp = array_namespace(dA)
    return s * dA, (1.0 / dA.shape[1]) * xp.sum(dA * A, axis=1, keepdims=True)


def inputs_forward(X: Array, parameters: dict[str, Array], inputs: Inputs) -> tuple[Array, InputCache]:
    """A^[0] from X: embeddings, then the scaling.

    Parameters
    ----------
    X : array, shape (n_x, m)
    parameters : dict
    inputs : Inputs

    Returns
    -------
    A0 : array, shape (inputs.size(n_x), m)
    cache : InputCache
    """
    xp = array_namespace(X)
    n, last = inputs.numbers, X.shape[0] - len(inputs.categories)
    parts, numbers, codes = [], None, []
    if n:
        embedded, numbers = periodic_forward(X[:n, :], *(parameters[k] for k in ("f0", "p0", "V0", "c0")))
        parts.append(embedded)
    parts.append(X[n:last, :])
    for j in range(1, len(inputs.categories) + 1):
        embedded, one_hot = embedding_forward(X[last + j - 1, :], parameters[f"E{j}"])
        parts.append(embedded)
        codes.append(one_hot)
    A0 = xp.concat(parts, axis=0) if len(parts) > 1 else parts[0]
    s = parameters["s0"] if inputs.scaling else None
    return (A0 if s is None else scaling_forward(A0, s)), InputCache(numbers, codes, A0, s)


def inputs_backward(dA0: Array, cache: InputCache, inputs: Inputs) -> tuple[Array, dict[str, Array]]:
    """dX (0 for the codes) and the derivatives of the inputs' parameters.

    Parameters
    ----------
    dA0 : array, shape (inputs.size(n_x), m)
    cache : InputCache
    inputs : Inputs

    Returns
    -------
    dX : array, shape (n_x, m)
    grads : dict
    """
    xp = array_namespace(dA0)
    grads: dict[str, Array] = {}
    if inputs.scaling:
        dA0, grads["ds0"] = scaling_backward(dA0, cache.unscaled, cache.s)
    at, parts = 0, []
    if inputs.numbers:
        at = inputs.numbers * (1 + inputs.width)
        dX, periodic = periodic_backward(dA0[:at, :], cache.numbers)
        grads |= periodic
        parts.append(dX)
    end = dA0.shape[0] - len(inputs.categories) * inputs.dimension
    parts.append(dA0[at:end, :])
    for j, one_hot in enumerate(cache.codes, start=1):
        grads[f"dE{j}"] = embedding_backward(dA0[end : end + inputs.dimension, :], one_hot)
        end += inputs.dimension
        parts.append(xp.zeros((1, dA0.shape[1]), dtype=dA0.dtype))
    return (xp.concat(parts, axis=0) if len(parts) > 1 else parts[0]), grads
