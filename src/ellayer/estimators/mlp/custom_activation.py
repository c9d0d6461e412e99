"""Custom activation functions: g, or the pair (g, g'), as an ``Activation`` of ``core``.

If only g is given, jax derives it (forward mode, so that g may work on whole arrays). Derivatives are
checked against central differences before a fit begins.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache, partial
from typing import Any, TypeAlias

import numpy as np

from ...core.activations import ACTIVATIONS, Activation
from ...core.arrays import Array, array_namespace
from ...errors import EllayerError

Function: TypeAlias = Callable[..., Any]  # g or g', unit by unit
ActivationSpec: TypeAlias = str | Activation | Function | tuple[Function, Function]

EPSILON = 1e-5
THRESHOLD = 1e-6


def find_activation(spec: object, name: str = "activation") -> str | Activation:
    """Return a name of the table, or an ``Activation`` for a function g or a pair (g, g').

    Raises
    ------
    ValueError
        For an unknown name, or a wrong derivative.

    Examples
    --------
    >>> find_activation("logistic")
    'sigmoid'
    >>> find_activation((lambda Z: Z**3, lambda Z: 3 * Z**2)).name
    'own_lambda'
    """
    if isinstance(spec, Activation):
        return spec
    if isinstance(spec, str):
        return ACTIVATIONS.canonical(spec)
    if isinstance(spec, tuple) and len(spec) == 2 and all(map(callable, spec)):
        row = _row_of_pair(*spec)
    elif callable(spec):
        row = _row_of_function(spec)
    else:
        raise EllayerError(
            f"{name}: expected a name ({', '.join(ACTIVATIONS)}), a function g or a pair (g, g'); received {spec!r}"
        )
    check_derivative(row)
    return row


def check_derivative(row: Activation) -> None:
    """Compare g' with central differences of g in float64, at points where a kink is unlikely."""
    Z = 2.0 * np.random.RandomState(0).standard_normal((8, 32))
    A = row.forward(Z)
    if np.shape(A) != Z.shape or not np.isfinite(A).all():
        raise EllayerError(
            f"activation {row.name!r}: expected finite values of the shape of Z, {Z.shape}, unit by unit; received "
            f"shape {np.shape(A)}" + ("" if np.shape(A) != Z.shape else " with nan or infinite values")
        )
    numeric = (row.forward(Z + EPSILON) - row.forward(Z - EPSILON)) / (2.0 * EPSILON)
    analytic = np.broadcast_to(row.derivative(Z), Z.shape)
    error = np.abs(numeric - analytic) / (1.0 + np.abs(numeric) + np.abs(analytic))
    worst = np.unravel_index(np.nanargmax(error), Z.shape) if not np.isnan(error).all() else (0, 0)
    if not error[worst] < THRESHOLD:
        raise EllayerError(
            f"activation {row.name!r}: the derivative does not match the function: at z = {Z[worst]:.6g} expected "
            f"g'(z) = {numeric[worst]:.6g} (central difference), received {analytic[worst]:.6g}; correct g', or give g "
            "alone, written with jax.numpy, and have it derived"
        )


def is_traceable(row: Activation) -> bool:
    """Return whether jax can compile an activation."""
    import jax

    try:
        jax.eval_shape(row.derivative, np.zeros((2, 3), np.float32))
    except Exception:  # a user's function may raise anything for a traced array
        return False
    return True


@lru_cache(maxsize=256)
def _row_of_pair(g: Function, g_prime: Function) -> Activation:
    return Activation(_name(g), partial(_forward, g), partial(_pair_backward, g_prime))


@lru_cache(maxsize=256)
def _row_of_function(g: Function) -> Activation:
    row = Activation(_name(g), partial(_forward, g), partial(_derived_backward, g))
    if not is_traceable(row):
        raise EllayerError(
            f"activation {row.name!r}: expected a function that jax can differentiate (written with operators and "
            "jax.numpy), received one that it cannot trace; pass the pair (g, g') instead"
        )
    return row


def _name(g: Function) -> str:
    name = getattr(g, "__name__", type(g).__name__).strip("<>")
    return f"own_{name}"


def _forward(g: Function, Z: Array) -> Array:
    return _as_given(g, Z)


def _pair_backward(g_prime: Function, dA: Array, Z: Array, A: Array) -> Array:
    return dA * _as_given(g_prime, Z)


def _derived_backward(g: Function, dA: Array, Z: Array, A: Array) -> Array:
    return dA * _as_given(partial(_slope, g), Z)


def _slope(g: Function, Z: Array) -> Array:
    import jax

    return jax.jvp(g, (Z,), (array_namespace(Z).ones_like(Z),))[1]


def _as_given(function: Function, Z: Array) -> Array:
    """Return function(Z) in the library and dtype of Z, because jax.numpy converts NumPy arrays."""
    if not isinstance(Z, np.ndarray):
        return function(Z)
    with _double_precision(Z):
        return np.asarray(function(Z), dtype=Z.dtype)


def _double_precision(Z: np.ndarray) -> AbstractContextManager[object]:
    jax = sys.modules.get("jax")
    return jax.enable_x64(Z.dtype == np.float64) if jax is not None else nullcontext()
