"""The calling convention of the inspections: (model, X, y), or (network, parameters, X, Y)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from ..core.network import Network
from ..engine.result import TrainingResult
from ..errors import CallError

Result = TypeVar("Result")
_ALIASES = {"y": "Y", "rows": "X", "network": "model"}


def either_form(function: Callable[..., Result]) -> Callable[..., Result]:
    """Let an inspection be called with a model, X and y, or with a network, its parameters, X and Y.

    Parameters
    ----------
    function : callable
        Its first parameters are ``model, X, Y``, and one of the later ones is ``parameters``. The decorated
        function always passes them by these names.
    """
    name, signature = function.__name__, inspect.signature(function)
    places = [p.name for p in signature.parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]

    @wraps(function)
    def call(*positional: object, **named: object) -> Result:
        arguments = {_ALIASES.get(key, key): value for key, value in named.items()}
        if len(arguments) < len(named):
            raise CallError(
                f"{name}: expected each argument once, received {', '.join(sorted(named))}; try y alone"
            )
        model = positional[0] if positional else arguments.get("model")
        _check_model(name, model)
        order = places
        if len(positional) > 1 and _are_parameters(name, model, positional[1]):
            order = ["model", "parameters", *(place for place in places[1:] if place != "parameters")]
        if len(positional) > len(order):
            raise CallError(
                f"{name}: expected (model, X, y) or (network, parameters, X, Y), received {len(positional)} arguments "
                f"beginning with a {type(model).__name__}; write settings with their names"
            )
        for place, value in zip(order, positional, strict=False):
            if place in arguments:
                raise CallError(f"{name}: expected {place} once, received it by position and by name")
            arguments[place] = value
        _check_complete(name, signature, arguments)
        return function(**arguments)

    return call


def _are_parameters(name: str, model: object, second: object) -> bool:
    """Return whether the second argument of a call is the parameters of a network."""
    if isinstance(model, Network):
        return isinstance(second, Mapping)
    if isinstance(second, Mapping) and "W1" in second:
        raise CallError(
            f"{name}: expected a Network before its parameters, received a {type(model).__name__}; for the model's own "
            f"parameters try {name}(model, X, y), for others {name}(model, X, y, parameters=...)"
        )
    return False


def _check_model(name: str, model: object) -> None:
    """Raise an error with advice for objects that are often passed instead of a model."""
    hint = ""
    if isinstance(model, type):
        hint = f"{name}: expected a model, received the class {model.__name__}; try {model.__name__}(...).fit(X, y)"
    elif isinstance(model, Mapping):
        hint = f"{name}: expected a model first, received a dict; try {name}(network, parameters, X, Y)"
    elif isinstance(model, np.ndarray) or hasattr(model, "columns"):
        hint = f"{name}: expected a model first, received data; try {name}(model, X, y)"
    elif isinstance(model, tuple) and not (model and isinstance(model[0], Network)):
        hint = f"{name}: expected (network, parameters), received a tuple of {len(model)} other objects"
    if hint:
        raise CallError(hint)


def _check_complete(name: str, signature: inspect.Signature, arguments: Mapping[str, object]) -> None:
    """Raise for an argument that is missing, and for one that the inspection does not have."""
    known = signature.parameters
    takes_more = any(p.kind is p.VAR_KEYWORD for p in known.values())
    unknown = [] if takes_more else sorted(set(arguments) - set(known))
    if unknown:
        settings = ", ".join(p.name for p in known.values() if p.kind is p.KEYWORD_ONLY)
        raise CallError(f"{name}: expected settings among {settings}; received {', '.join(unknown)}")
    required = [p.name for p in known.values() if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    if missing := [place for place in required if place not in arguments]:
        count = len(arguments)
        raise CallError(
            f"{name}: expected (model, X, y) or (network, parameters, X, Y), received no {' and no '.join(missing)} "
            f"({count} argument{'' if count == 1 else 's'})"
        )


def takes_columns(model: object) -> bool:
    """Return whether the examples of a model are columns: those of a bare network or a ``TrainingResult``."""
    return isinstance(model, (Network, tuple, TrainingResult))


def as_examples(X: object, count: int, columns: bool) -> Any:
    """Return examples in the form of a model: a single row, a Series or a dict becomes a table of one example.

    Parameters
    ----------
    X : table, array, Series, dict or list
    count : int
        Number of columns of a table, or of inputs of a network.
    columns : bool
        Whether examples are columns.

    Examples
    --------
    >>> as_examples([1.0, 2.0], 2, columns=True).shape, as_examples([1.0, 2.0], 2, columns=False).shape
    ((2, 1), (1, 2))
    """
    if isinstance(X, Mapping):
        if columns or any(np.ndim(value) for value in X.values()):
            raise CallError(
                "X: expected a table or an array, received a dict; a dict with one value per column is one row of an "
                "estimator, one of lists becomes a table by pandas.DataFrame(X)"
            )
        import polars

        return polars.DataFrame([dict(X)], strict=False)
    X = _as_row(X)
    values = np.asarray(X) if getattr(X, "ndim", 0) == 1 else np.empty(0)
    alone = len(values) == count  # else one number of each example
    if not len(values) or not (alone or count == 1):
        return X  # a table, or of a wrong shape
    if hasattr(X, "to_frame") and hasattr(X, "index") and alone and not columns:
        return X.to_frame().T.infer_objects()  # a row of a pandas frame
    return values.reshape(-1, 1) if columns == alone else values.reshape(1, -1)


def _as_row(X: object) -> object:
    """Return a flat list as an array, of dtype object if its values have several types; return other objects unchanged."""
    if isinstance(X, (list, tuple)) and X and not any(np.ndim(value) for value in X):
        kinds = {isinstance(value, str) for value in X}
        return np.array(X, dtype=object) if len(kinds) > 1 else np.array(X)
    return X


def as_labels(Y: ArrayLike) -> ArrayLike:
    """Return labels as a sequence: a single label becomes a sequence of length 1."""
    alone = isinstance(Y, str) or (not hasattr(Y, "__len__") and np.ndim(Y) == 0)
    return np.array([Y]) if alone else Y
