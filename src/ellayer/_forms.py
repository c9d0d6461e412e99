"""Forms of plain data: a type says how a value read from a file must look, and what is else is refused by name."""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from numbers import Integral, Real
from typing import (
    Annotated,
    Any,
    Literal,
    TypeAlias,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from .errors import EllayerError

T = TypeVar("T")


@dataclass(frozen=True)
class Rule:
    """A condition on a value besides its type: ``Annotated[int, Rule("of at least 0", test)]``."""

    text: str
    test: Callable[[Any], bool]


Count: TypeAlias = Annotated[int, Rule("of at least 0", lambda n: n >= 0)]
Positive: TypeAlias = Annotated[int, Rule("of at least 1", lambda n: n >= 1)]
Finite: TypeAlias = Annotated[float, Rule("that is finite", math.isfinite)]


_EXACT: dict[object, set[type]] = {bool: {bool}, int: {int}, float: {int, float}, str: {str}}


def conform(value: object, form: type[T], where: str) -> T:
    """Return a value of plain data after checking that it has a form, at every depth.

    Parameters
    ----------
    value : plain data
    form : type
        bool, int, float (which takes an int too), str, None, an array class, ``Literal``, unions, ``Annotated`` with a
        ``Rule``, list, tuple and dict of forms, or a ``TypedDict``; keys that it does not name are left alone.
    where : str
        The place of the value, for the message.

    Raises
    ------
    EllayerError

    Examples
    --------
    >>> conform([1, 2], list[int], "sizes")
    [1, 2]
    >>> conform([1, "2"], list[int], "sizes")
    Traceback (most recent call last):
        ...
    ellayer.EllayerError: sizes, 1: expected int, received '2'
    """
    _check(value, form, where)
    return cast("T", value)


def _check(value: object, form: object, where: str) -> None:
    if type(form) is type and type(value) in _EXACT.get(form, ()):  # most of a file, and quick
        return
    origin, arguments = get_origin(form), get_args(form)
    if form is Any or form is object:
        return
    if origin in (Union, types.UnionType):
        if not any(_fits(value, one) for one in arguments):
            raise _error(value, form, where)
    elif origin is Annotated:
        _check(value, arguments[0], where)
        if not all(rule.test(value) for rule in arguments[1:]):
            raise _error(value, form, where)
    elif origin is Literal:
        if not any(value == one and type(value) is type(one) for one in arguments):
            raise _error(value, form, where)
    elif origin in (list, tuple, dict) or is_typeddict(form):
        _check_items(value, form, where)
    elif not _is_instance(value, form):
        raise _error(value, form, where)


def _check_items(value: object, form: object, where: str) -> None:
    arguments = get_args(form)
    if is_typeddict(form):
        if not isinstance(value, dict) or not _required_keys(form) <= value.keys():
            raise _error(value, form, where)
        for key, one in _hints(cast("type", form)).items():
            if key in value:
                _check(value[key], one, f"{where}, {key}")
    elif get_origin(form) is dict:
        if not isinstance(value, Mapping):
            raise _error(value, form, where)
        for key, item in value.items():
            _check(key, arguments[0], where)
            _check(item, arguments[1], f"{where}, {key}")
    elif get_origin(form) is list or arguments[-1] is Ellipsis:
        if not isinstance(value, (list, tuple)):
            raise _error(value, form, where)
        for i, item in enumerate(() if _all_have(value, arguments[0]) else value):
            _check(item, arguments[0], f"{where}, {i}")
    else:
        if not isinstance(value, (list, tuple)) or len(value) != len(arguments):
            raise _error(value, form, where)
        for i, (item, one) in enumerate(zip(value, arguments, strict=True)):
            _check(item, one, f"{where}, {i}")


def _all_have(items: Sequence[object], form: object) -> bool:
    """Return whether items are seen to have a form by their types alone, which is quick for long lists of numbers."""
    rules: Sequence[Rule] = ()
    if get_origin(form) is Annotated:
        form, *rules = get_args(form)
    exact = _EXACT.get(form, set())
    return {*map(type, items)} <= exact and all(all(map(rule.test, items)) for rule in rules)


def _required_keys(form: object) -> frozenset[str]:
    """Return the keys that a ``TypedDict`` must have."""
    return getattr(form, "__required_keys__", frozenset())


@lru_cache
def _hints(form: type) -> dict[str, Any]:
    return get_type_hints(form, include_extras=True)


def _is_instance(value: object, form: object) -> bool:
    if form is None or form is type(None):
        return value is None
    if form in (int, float):
        return isinstance(value, Integral if form is int else Real) and not isinstance(value, bool)
    return isinstance(value, cast("type", form))


def _fits(value: object, form: object) -> bool:
    try:
        _check(value, form, "")
    except EllayerError:
        return False
    return True


def _error(value: object, form: object, where: str) -> EllayerError:
    text = repr(value)
    text = text if len(text) <= 60 else f"{type(value).__name__} {text[:50]}..."
    return EllayerError(f"{where}: expected {_name(form)}, received {text}")


def _name(form: object) -> str:
    """Return a form in words."""
    arguments = get_args(form)
    if get_origin(form) in (Union, types.UnionType):
        return " or ".join(map(_name, arguments))
    if get_origin(form) is Annotated:
        return f"{_name(arguments[0])} {' and '.join(rule.text for rule in arguments[1:])}"
    if get_origin(form) is Literal:
        return " or ".join(map(repr, arguments))
    if is_typeddict(form):
        return f"a dict with {', '.join(sorted(_required_keys(form)))}"
    if arguments:
        return f"{getattr(get_origin(form), '__name__', '')} of {', '.join(_name(one) for one in arguments if one is not Ellipsis)}"
    return "None" if form is type(None) else getattr(form, "__name__", str(form))
