"""Checks of the arguments of the notes' functions: floats, shapes that agree, one label per example.

Shapes are written in letters, ("n", "m"): a letter takes its size from the first array that has it,
and every later array must agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from .._shapes import Float, Shaped
from ..core.arrays import Array, Parameters, Units, array_namespace
from ..errors import EllayerError

Letters = tuple[str | int, ...]
Shapes = Mapping[str, tuple[tuple[int, ...], Letters]]

Known = dict[str | int, tuple[int, str]]


def floats(array: ArrayLike, name: str) -> Float[Array, ...]:
    """Return an array of real floats: the same object if it is one, else a new array.

    Numbers, lists, booleans and integers become the library's default float, as does a column of a frame.
    """
    if type(array) is np.ndarray and array.dtype.kind == "f":
        return array
    from array_api_compat import is_array_api_obj

    if not is_array_api_obj(array):
        array = np.asarray(array)
    xp = array_namespace(array)
    if xp.isdtype(array.dtype, ("bool", "integral")):
        return xp.astype(array, xp.asarray(0.0).dtype)
    if not xp.isdtype(array.dtype, "real floating"):
        raise EllayerError(
            f"{name}: expected real numbers, received an array of {array.dtype} and shape "
            f"{tuple(array.shape)}; try {name}.astype(float)"
        )
    return array


def cast(array: Shaped[Array, "*shape"], like: Array) -> Shaped[Array, "*shape"]:
    """Return an array in the dtype of another one."""
    if array.dtype == like.dtype:
        return array
    return array_namespace(array).astype(array, like.dtype)


def labels(Y: ArrayLike, shape: tuple[int, ...], name: str = "Y") -> Float[Array, ...]:
    """Return Y as floats, and a flat Y of length m as (1, m) if one row is expected.

    Booleans and integers are accepted. ``check_shapes`` raises for any other shape.
    """
    Y = floats(Y, name)
    if Y.ndim == 1 and shape[:1] == (1,):
        return array_namespace(Y).reshape(Y, (1, -1))
    return Y


def labels_like(AL: ArrayLike, Y: ArrayLike, name: str = "AL") -> tuple[Units, Units]:
    """Return AL and Y, both of shape (n_L, m) and of the dtype of AL."""
    AL = floats(AL, name)
    Y = labels(Y, tuple(AL.shape))
    check_shapes({name: (AL, ("n_L", "m")), "Y": (Y, ("n_L", "m"))})
    return AL, cast(Y, AL)


def layers(parameters: Mapping[str, ArrayLike], L: int | None = None) -> tuple[Parameters, tuple[int, ...]]:
    """Return the parameters as floats, and the layer sizes (n_x, n_1, ..., n_L) of their shapes.

    Raises a ValueError if a name is missing or the shapes are inconsistent.
    """
    count = L or (max(len(parameters) // 2, 1) if isinstance(parameters, Mapping) else 1)
    names = [f"{letter}{l}" for l in range(1, count + 1) for letter in "Wb"]
    require(parameters, names, "parameters", "the dict that the initialize function returns")
    if f"W{count + 1}" in parameters:
        raise EllayerError(
            f"parameters: expected {', '.join(names)}, received {', '.join(parameters)}; "
            f"try steps.deep for another number of layers"
        )
    arrays = {name: floats(parameters[name], name) for name in names}
    sizes = ["n_x", *(f"n_{l}" for l in range(1, count + 1))]
    expected: dict[str, tuple[Array, Letters]] = {}
    for l in range(1, count + 1):
        expected[f"W{l}"] = (arrays[f"W{l}"], (sizes[l], sizes[l - 1]))
        expected[f"b{l}"] = (arrays[f"b{l}"], (sizes[l], 1))
    check_shapes(expected)
    return arrays, (arrays["W1"].shape[1], *(arrays[f"W{l}"].shape[0] for l in range(1, count + 1)))


def check_gradients(parameters: Parameters, grads: Mapping[str, ArrayLike]) -> Parameters:
    """Return the gradient of every parameter as floats; raise a ValueError for a wrong name or shape."""
    require(
        grads, [f"d{name}" for name in parameters], "grads", "the dict that the backward function returns"
    )
    chosen = {f"d{name}": floats(grads[f"d{name}"], f"d{name}") for name in parameters}
    for name, theta in parameters.items():
        check_shapes({f"d{name}": (chosen[f"d{name}"], tuple(theta.shape))})
    return chosen


def require(mapping: Mapping[str, object], names: Sequence[str], called: str, hint: str) -> None:
    """Raise a ValueError unless a dict has all these names."""
    if not isinstance(mapping, Mapping):
        raise EllayerError(
            f"{called}: expected a dict with {', '.join(names)}, received a {type(mapping).__name__}; try {hint}"
        )
    missing = [name for name in names if name not in mapping]
    if missing:
        raise EllayerError(
            f"{called}: expected {', '.join(names)}, received {', '.join(map(str, mapping)) or 'an empty dict'} "
            f"(without {', '.join(missing)}); try {hint}"
        )


def check_shapes(arrays: Mapping[str, tuple[Array, Letters]]) -> None:
    """Raise a ValueError unless every array has its shape, and none is empty.

    Parameters
    ----------
    arrays : dict
        ``{"A": (A, ("n_prev", "m"))}``: a letter is bound by the first array that has it.

    Examples
    --------
    >>> A, W = np.ones((3, 5)), np.ones((3, 2))
    >>> check_shapes({"A": (A, ("n_prev", "m")), "W": (W, ("n", "n_prev"))})
    Traceback (most recent call last):
    ellayer.EllayerError: W: expected shape (n, n_prev) with n_prev = 3 as in A, received (3, 2); transpose? try W.T
    """
    fault = _fault(tuple((name, tuple(array.shape), letters) for name, (array, letters) in arrays.items()))
    if fault is not None:
        raise EllayerError(fault)


@lru_cache  # the result depends only on the shapes, so a training loop checks once
def _fault(named_shapes: tuple[tuple[str, tuple[int, ...], Letters], ...]) -> str | None:
    shapes: Shapes = {name: (received, letters) for name, received, letters in named_shapes}
    wrong = _first_mismatch(shapes)
    if wrong is not None:
        name, known = wrong
        received, letters = shapes[name]
        where = " and ".join(f"{k} = {known[k][0]} as in {known[k][1]}" for k in letters if k in known)
        return (
            f"{name}: expected shape {_shape_text(letters)}{' with ' + where if where else ''}, received "
            f"{received}; {_hint(shapes, name, known)}"
        )
    for name, (received, letters) in shapes.items():
        if 0 in received:
            return (
                f"{name}: expected at least one row and one column in {_shape_text(letters)}, received shape "
                f"{received}; try sizes of 1 and more"
            )
    return None


def _first_mismatch(shapes: Shapes) -> tuple[str, Known] | None:
    """Return the first array of a wrong shape, and the size and source of each letter bound before it."""
    known: Known = {}
    for name, (received, letters) in shapes.items():
        if len(received) != len(letters):
            return name, known
        for size, letter in zip(received, letters, strict=True):
            if size != (known[letter][0] if letter in known else size if isinstance(letter, str) else letter):
                return name, known
        for size, letter in zip(received, letters, strict=True):
            if isinstance(letter, str):
                known.setdefault(letter, (size, name))
    return None


def _hint(shapes: Shapes, wrong: str, known: Known) -> str:
    """Suggest what makes all shapes agree: one array transposed or reshaped, the wrong one tried first."""
    for name in (wrong, *shapes):
        received, letters = shapes[name]
        for other, text in _turns(name, received):
            if _first_mismatch({**shapes, name: (other, letters)}) is None:
                return text
    bound = [k for k in shapes[wrong][1] if k in known]
    if not bound:
        return "try an array with two dimensions, one column per example"
    givers = dict.fromkeys(known[k][1] for k in bound)
    return f"try {' and '.join(givers)} and {wrong} that agree in {' and '.join(map(str, bound))}"


def _turns(name: str, shape: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], str]]:
    if len(shape) == 2:
        yield shape[::-1], f"transpose? try {name}.T"
    if len(shape) == 1:
        yield (shape[0], 1), f"try {name}.reshape(-1, 1), a column"
        yield (1, shape[0]), f"try {name}.reshape(1, -1), a row"


def _shape_text(letters: Letters) -> str:
    return f"({', '.join(map(str, letters))})"
