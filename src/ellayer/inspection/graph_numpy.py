"""Functions written with NumPy, traced by jax: arrays for which NumPy's functions call those of ``jax.numpy``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..errors import EllayerError

if TYPE_CHECKING:
    import jax

_REDUCTIONS = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min"}


def with_numpy(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that jax can trace, from one written with NumPy and operators."""
    import jax

    def traceable(*arguments: object) -> Any:
        inputs = jax.tree_util.tree_map(_Traced, arguments)
        return jax.tree_util.tree_map(_value, function(*inputs), is_leaf=lambda x: isinstance(x, _Traced))

    return traceable


class _Traced(NDArrayOperatorsMixin):
    """An array of jax that NumPy's functions accept."""

    def __init__(self, value: jax.Array):
        self.value = value

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **settings: object) -> Any:
        name = ufunc.__name__ if method == "__call__" else _REDUCTIONS.get(ufunc.__name__, "")
        if settings.get("out") is not None or method not in ("__call__", "reduce") or not name:
            return NotImplemented
        return _call(name, inputs, settings)

    def __array_function__(
        self, func: Callable[..., Any], types: object, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> Any:
        inside = func.__module__.partition("numpy.")[2]
        return _call(f"{inside}.{func.__name__}" if inside == "linalg" else func.__name__, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        attribute = getattr(self.value, name)
        if not callable(attribute):
            return _wrap(attribute)
        return lambda *args, **kwargs: _wrap(attribute(*_values(args), **_values(kwargs)))

    def __getitem__(self, index: object) -> _Traced:
        return _Traced(self.value[_values(index)])

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[_Traced]:
        return map(_Traced, self.value)

    def __bool__(self) -> bool:
        return bool(self.value)  # jax's error: the graph is that of one path

    def __float__(self) -> float:
        return float(self.value)


def _call(name: str, args: tuple[object, ...], settings: dict[str, object]) -> Any:
    """Call the function of ``jax.numpy`` that has the name of NumPy's."""
    import jax

    function: Any = jax.numpy
    for part in name.split("."):
        function = getattr(function, part, None)
    if function is None:
        raise EllayerError(
            f"computation_graph: expected functions that jax.numpy also has, received numpy.{name}; try other functions"
        )
    return _wrap(function(*_values(args), **_values(settings)))


def _wrap(result: object) -> Any:
    """Return the arrays of a result as arrays that NumPy's functions accept."""
    import jax

    if isinstance(result, (tuple, list)):
        return type(result)(map(_wrap, result)) if type(result) in (tuple, list) else result
    return _Traced(result) if isinstance(result, jax.Array) else result


def _value(x: object) -> Any:
    return x.value if isinstance(x, _Traced) else x


def _values(x: object) -> Any:
    """Return arguments with jax's own arrays in them."""
    if isinstance(x, (tuple, list)):
        return type(x)(map(_values, x))
    return {key: _values(value) for key, value in x.items()} if isinstance(x, dict) else _value(x)
