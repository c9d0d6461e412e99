r"""Inputs of a network: embeddings of the columns of a table, and a scaling, before the first dense layer.

    numbers       x  ->  [x; V cos(2 pi (f x + p)) + c]   per column (Gorishniy et al. 2022, RealMLP)
                  x  ->  [x; ramps from 0 to 1 between the thresholds t]  (Gorishniy et al. 2022)
    categories    k  ->  column k of E                    per column; an unknown one (k < 0) -> 0
    the rest      x  ->  x
    scaling       A^[0] = s * input                       one s per row, started at 1 (RealMLP)

Rows of X in this order: numbers to embed, the rest, the codes of categories to embed. Numbers may have
cosines, ramps or both, in this order. Like dW, the derivatives of the parameters carry the 1/m.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .._shapes import Float
from ..errors import EllayerError
from .arrays import (
    Array,
    Biases,
    Examples,
    Parameters,
    Units,
    array_namespace,
    keep_where,
    sum_over_examples,
)
from .parameter_names import kind_of

Numbers = Float[Array, "n m"]  # the embedded rows of X
Levels = Float[Array, "dimension levels"]  # E


@dataclass(frozen=True)
class Inputs:
    """Embeddings of rows of X; hashable, like ``Network``.

    Parameters
    ----------
    numbers : int
        Number of leading rows that are numbers with an embedding.
    frequencies, width : int
        Cosines per number, and outputs per number that are computed from them; none if frequencies is 0.
    ramps : int
        Ramps per number.
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
    ramps: int = 0

    @property
    def per_number(self) -> int:
        """Rows of A^[0] for each embedded number, itself included."""
        return 1 + (self.width if self.frequencies else 0) + self.ramps

    @property
    def ramp_rows(self) -> slice:
        """The rows of A^[0] that are ramps."""
        first = self.numbers * (self.per_number - self.ramps)
        return slice(first, first + self.numbers * self.ramps)

    def size(self, n_x: int) -> int:
        """Return the number of rows of A^[0] for X with n_x rows."""
        plain = n_x - self.numbers - len(self.categories)
        if plain < 0:
            raise EllayerError(
                f"inputs: expected at least {self.numbers + len(self.categories)} rows of X for the embedded "
                f"columns, received layer_dims[0] = {n_x}"
            )
        return plain + self.numbers * self.per_number + len(self.categories) * self.dimension

    def shapes(self, n_x: int) -> dict[str, tuple[int, ...]]:
        """Return the shape of each parameter: f0, p0, V0, c0, t0 (numbers), E1... (categories), s0 (scaling)."""
        shapes: dict[str, tuple[int, ...]] = {}
        if self.numbers and self.frequencies:
            shapes["f0"] = shapes["p0"] = (self.numbers, self.frequencies, 1)
            shapes["V0"] = (self.numbers, self.width, self.frequencies)
            shapes["c0"] = (self.numbers, self.width, 1)
        if self.numbers and self.ramps:
            shapes["t0"] = (self.numbers, self.ramps + 1, 1)
        for j, levels in enumerate(self.categories, start=1):
            shapes[f"E{j}"] = (self.dimension, levels)
        if self.scaling:
            shapes["s0"] = (self.size(n_x), 1)
        return shapes

    def draw(self, random: np.random.RandomState, n_x: int) -> dict[str, np.ndarray]:
        """Return starting values: f ~ N(0, 0.1^2), p ~ U(+-1/2), V, c ~ U(+-1/4), E ~ N(0, 1), s = 1 (RealMLP's).

        The thresholds t are evenly spaced from -2 to 2; quantiles of the data work better.
        """
        return {name: _START[kind_of(name)](random, shape) for name, shape in self.shapes(n_x).items()}


def _even_thresholds(random: np.random.RandomState, shape: tuple[int, ...]) -> np.ndarray:
    return np.tile(np.linspace(-2.0, 2.0, shape[1])[:, None], (shape[0], 1, 1))


# Starting values by kind of parameter
_START: dict[str, Callable[[np.random.RandomState, tuple[int, ...]], np.ndarray]] = {
    "f": lambda random, shape: 0.1 * random.randn(*shape),
    "p": lambda random, shape: random.uniform(-0.5, 0.5, shape),
    "V": lambda random, shape: random.uniform(-0.25, 0.25, shape),
    "c": lambda random, shape: random.uniform(-0.25, 0.25, shape),
    "t": _even_thresholds,
    "E": lambda random, shape: random.randn(*shape),
    "s": lambda random, shape: np.ones(shape),
}


class PeriodicCache(NamedTuple):
    """Values of ``periodic_forward`` that its backward step needs."""

    X: Numbers
    f: Float[Array, "n k 1"]
    V: Float[Array, "n w k"]
    angles: Float[Array, "n k m"]  # 2 pi (f x + p)
    cosines: Float[Array, "n k m"]


class RampCache(NamedTuple):
    """Values of ``ramps_forward`` that its backward step needs: u before it is clipped, (n, k, m), and the slope, (n, k, 1)."""

    U: Array
    slope: Array

    @property
    def inside(self) -> Array:
        """Whether each x lies on the ramp."""
        return (self.U > 0.0) & (self.U <= 1.0)


class InputCache(NamedTuple):
    """Values of ``inputs_forward`` that its backward step needs; None for what the inputs do not have."""

    numbers: PeriodicCache | None
    ramps: RampCache | None
    codes: list[Array]  # the one-hot matrix of each categorical column
    unscaled: Array
    s: Array | None


def periodic_forward(
    X: Numbers,
    f: Float[Array, "n k 1"],
    p: Float[Array, "n k 1"],
    V: Float[Array, "n w k"],
    c: Float[Array, "n w 1"],
) -> tuple[Float[Array, "n*w m"], PeriodicCache]:
    """V cos(2 pi (f x + p)) + c for each row of X.

    Parameters
    ----------
    X : array, shape (n, m)
    f, p : array, shape (n, k, 1)
    V : array, shape (n, w, k)
    c : array, shape (n, w, 1)

    Returns
    -------
    A : array, shape (n w, m)
    cache : PeriodicCache
    """
    xp = array_namespace(X)
    n, m = X.shape
    T = 2.0 * math.pi * (f * X[:, None, :] + p)
    C = xp.cos(T)
    return xp.reshape(V @ C + c, (n * V.shape[1], m)), PeriodicCache(X, f, V, T, C)


def periodic_backward(dA: Float[Array, "n_w m"], cache: PeriodicCache) -> tuple[Numbers, Parameters]:
    """dX and the derivatives of f, p, V, c."""
    X, f, V, T, C = cache
    xp = array_namespace(dA)
    n, m = X.shape
    D = xp.reshape(dA, (n, V.shape[1], m))
    share = 1.0 / m
    dT = -2.0 * math.pi * (xp.matrix_transpose(V) @ D) * xp.sin(T)
    grads = {
        "df0": share * xp.sum(dT * X[:, None, :], axis=2, keepdims=True),
        "dp0": share * xp.sum(dT, axis=2, keepdims=True),
        "dV0": (share * D) @ xp.matrix_transpose(C),
        "dc0": share * xp.sum(D, axis=2, keepdims=True),
    }
    return xp.sum(dT * f, axis=1), grads


def ramps_forward(X: Numbers, t: Float[Array, "n k_1 1"]) -> tuple[Float[Array, "n*(k_1-1) m"], RampCache]:
    """u_j = (x - t_j) / (t_{j+1} - t_j), clipped to [0, 1], for each row of X; 0 where t_{j+1} <= t_j.

    A linear function of them is piecewise linear in x, with its corners at the thresholds
    (piecewise linear encoding, Gorishniy, Rubachev, Babenko 2022).

    Parameters
    ----------
    X : array, shape (n, m)
    t : array, shape (n, k + 1, 1)
        Thresholds of each row, in ascending order.

    Returns
    -------
    A : array, shape (n k, m)
    cache : RampCache

    Examples
    --------
    >>> A, _ = ramps_forward(np.array([[-1.0, 0.5, 2.5]]), np.array([[[0.0], [1.0], [3.0]]]))
    >>> A
    array([[0.  , 0.5 , 1.  ],
           [0.  , 0.  , 0.75]])
    """
    xp = array_namespace(X)
    has_width = t[:, 1:, :] > t[:, :-1, :]
    slope = 1.0 / xp.where(has_width, t[:, 1:, :] - t[:, :-1, :], 1.0)
    U = X[:, None, :] - t[:, :-1, :]
    U *= slope
    U = keep_where(has_width, U)
    n, k, m = U.shape
    return xp.reshape(xp.clip(U, 0.0, 1.0), (n * k, m)), RampCache(U, slope)


def ramps_backward(dA: Float[Array, "n_k m"], cache: RampCache) -> tuple[Numbers, Parameters]:
    """dX, and dt: with G = dA / (t_{j+1} - t_j) on the ramp, t_j gets (u - 1) G and t_{j+1} gets -u G."""
    xp = array_namespace(dA)
    U, slope = xp.clip(cache.U, 0.0, 1.0), cache.slope
    n, k, m = U.shape
    G = keep_where(cache.inside, slope * xp.reshape(dA, (n, k, m)))
    shift = xp.sum(G * U, axis=2, keepdims=True)
    zero = xp.zeros((n, 1, 1), dtype=dA.dtype)
    dt = xp.concat([shift - xp.sum(G, axis=2, keepdims=True), zero], axis=1)
    dt = (1.0 / m) * (dt - xp.concat([zero, shift], axis=1))
    return xp.sum(G, axis=1), {"dt0": dt}


def ramp_sides(cache: InputCache | None) -> list[Array]:
    """On which side of the corners of its ramps each number lies; an empty list without ramps."""
    if cache is None or cache.ramps is None:
        return []
    return [cache.ramps.inside, cache.ramps.U > 0.0]


def one_hot_columns(codes: Float[Array, " m"], levels: int) -> Float[Array, "levels m"]:
    """Return one-hot columns of codes: 1 in the row of the code, or 0 everywhere for a code below 0.

    Parameters
    ----------
    codes : array, shape (m,)
        Integers in a float array.
    levels : int

    Examples
    --------
    >>> one_hot_columns(np.array([1.0, -1.0]), 2).tolist()
    [[0.0, 0.0], [1.0, 0.0]]
    """
    xp = array_namespace(codes)
    rows = xp.astype(xp.arange(levels), codes.dtype)
    return xp.astype(rows[:, None] == codes[None, :], codes.dtype)


def embedding_forward(
    codes: Float[Array, " m"], E: Levels
) -> tuple[Float[Array, "dimension m"], Float[Array, "levels m"]]:
    """Column k of E for each code k; 0 for a code below 0.

    Parameters
    ----------
    codes : array, shape (m,)
        Integers in a float array.
    E : array, shape (dimension, levels)

    Returns
    -------
    A : array, shape (dimension, m)
    cache : the one-hot matrix, (levels, m)
    """
    columns = array_namespace(E).astype(one_hot_columns(codes, E.shape[1]), E.dtype)
    return E @ columns, columns


def embedding_backward(dA: Float[Array, "dimension m"], one_hot: Float[Array, "levels m"]) -> Levels:
    """dE = 1/m dA one_hot^T."""
    return (1.0 / dA.shape[1]) * dA @ one_hot.T


def scaling_forward(A: Units, s: Biases) -> Units:
    """A = s * A, one factor per row."""
    return s * A


def scaling_backward(dA: Units, A: Units, s: Biases) -> tuple[Units, Biases]:
    """dA before the scaling, and ds = 1/m sum_i dA(i) * A(i)."""
    return s * dA, (1.0 / dA.shape[1]) * sum_over_examples(dA * A)


def inputs_forward(X: Examples, parameters: Parameters, inputs: Inputs) -> tuple[Units, InputCache]:
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
    parts, numbers, ramps, codes = [], None, None, []
    if n:
        parts.append(X[:n, :])
        if inputs.frequencies:
            embedded, numbers = periodic_forward(X[:n, :], *(parameters[k] for k in ("f0", "p0", "V0", "c0")))
            parts.append(embedded)
        if inputs.ramps:
            embedded, ramps = ramps_forward(X[:n, :], parameters["t0"])
            parts.append(embedded)
    parts.append(X[n:last, :])
    for j in range(1, len(inputs.categories) + 1):
        embedded, one_hot = embedding_forward(X[last + j - 1, :], parameters[f"E{j}"])
        parts.append(embedded)
        codes.append(one_hot)
    A0 = xp.concat(parts, axis=0) if len(parts) > 1 else parts[0]
    s = parameters["s0"] if inputs.scaling else None
    return (A0 if s is None else scaling_forward(A0, s)), InputCache(numbers, ramps, codes, A0, s)


def inputs_backward(
    dA0: Units, cache: InputCache, inputs: Inputs, fixed: Collection[str] = ()
) -> tuple[Examples | None, Parameters]:
    """dX (0 for the codes) and the derivatives of the inputs' parameters.

    Parameters
    ----------
    dA0 : array, shape (inputs.size(n_x), m)
    cache : InputCache
    inputs : Inputs
    fixed : collection of str
        With "t0" the thresholds are not learned: their derivatives are 0, and dX is not computed.

    Returns
    -------
    dX : array, shape (n_x, m), or None
    grads : dict
    """
    xp = array_namespace(dA0)
    grads: Parameters = {}
    if cache.s is not None:
        dA0, grads["ds0"] = scaling_backward(dA0, cache.unscaled, cache.s)
    at, parts, has_thresholds = 0, [], "t0" not in fixed
    if inputs.numbers:
        dX, at = dA0[: inputs.numbers, :], inputs.numbers
        if cache.numbers is not None:
            end = at + inputs.numbers * inputs.width
            dX_part, grads_part = periodic_backward(dA0[at:end, :], cache.numbers)
            dX, at, grads = dX + dX_part, end, grads | grads_part
        if cache.ramps is not None:
            end = at + inputs.numbers * inputs.ramps
            if has_thresholds:
                dX_part, grads_part = ramps_backward(dA0[at:end, :], cache.ramps)
                dX, grads = dX + dX_part, grads | grads_part
            else:
                grads["dt0"] = xp.zeros((inputs.numbers, inputs.ramps + 1, 1), dtype=dA0.dtype)
            at = end
        parts.append(dX)
    end = dA0.shape[0] - len(inputs.categories) * inputs.dimension
    parts.append(dA0[at:end, :])
    for j, one_hot in enumerate(cache.codes, start=1):
        grads[f"dE{j}"] = embedding_backward(dA0[end : end + inputs.dimension, :], one_hot)
        end += inputs.dimension
        parts.append(xp.zeros((1, dA0.shape[1]), dtype=dA0.dtype))
    if not has_thresholds:
        return None, grads
    return (xp.concat(parts, axis=0) if len(parts) > 1 else parts[0]), grads
