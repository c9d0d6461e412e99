"""The normal form of a state: every value checked, and filled in where it is missing."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple, TypeVar, cast

from ..core.activations import ACTIVATIONS
from ..core.initializers import INITIALIZERS
from ..core.losses import LOSSES
from ..core.optimizers import OPTIMIZERS
from ..core.registry import Registry
from ..core.schedules import SCHEDULES
from ..data.planar import PLANE
from ..errors import EllayerError
from . import limits
from .errors import StateError
from .messages import State

Check = Callable[[object], object]
Row = TypeVar("Row")
LARGEST_SEED = 2**32 - 1
TABLES = ("digits", "iris", "breast_cancer")  # named sets that are not drawn


class Field(NamedTuple):
    """A value of a state: its default, and the function that checks another one."""

    default: object
    check: Check


def _refuse(expected: str, value: object) -> EllayerError:
    text = repr(value)
    return EllayerError(f"expected {expected}, received {text if len(text) <= 60 else text[:50] + '...'}")


def _whole(value: object, low: int, high: int, optional: bool = False) -> int | None:
    if optional and value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise _refuse(f"a whole number from {low:,} to {high:,}" + (", or null" if optional else ""), value)
    return value


def _number(value: object, low: float, high: float, above: bool = False, below: bool = False) -> float:
    good = isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high
    if good:
        number = float(cast("float", value))
        good = not (above and number == low) and not (below and number == high)
    if not good:
        words = f"a number {'above' if above else 'from'} {low:g} {'to below' if below else 'to'} {high:g}"
        raise _refuse(words, value)
    return number


def _row(value: object, table: Registry[Row], others: Sequence[str] = ()) -> str:
    if not isinstance(value, str) or len(value) > 200:
        raise _refuse(f"the name of a row of the {table.kind} table", value)
    return value if value in others else _make(table, value)


def _make(table: Registry[Row], spec: str) -> str:
    _ = table[spec]  # refuses an unknown row, and numbers that it does not take
    return table.canonical(spec)


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise _refuse("true or false", value)
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > 1000:
        raise _refuse("a text of at most 1,000 characters", value)
    return value


def _source(value: object) -> str:
    known = isinstance(value, str) and (
        value in PLANE or value in (*TABLES, "points") or (value.startswith("upload:") and len(value) < 40)
    )
    if not known:
        raise _refuse(f"one of {', '.join((*PLANE, *TABLES))}, points or an uploaded table", value)
    return str(value)


def _list(value: object, most: int, check: Check) -> list[object]:
    if not isinstance(value, list) or len(value) > most:
        raise _refuse(f"a list of at most {most:,}", value)
    return [check(item) for item in value]


def _point(value: object) -> list[float]:
    if not isinstance(value, list) or len(value) != 3:
        raise _refuse("a point [x1, x2, y]", value)
    return [_number(v, -1e6, 1e6) for v in value]


def _layer(value: object) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise _refuse('a layer such as {"units": 4, "activation": "tanh"}', value)
    units = _whole(value.get("units", 4), 1, limits.UNITS)
    return {"units": units, "activation": _row(value.get("activation", "tanh"), ACTIVATIONS)}


_SEED = partial(_whole, low=0, high=LARGEST_SEED)
_PENALTY = partial(_number, low=0.0, high=1e6)
_FIELDS: dict[str, dict[str, Field]] = {
    "data": {
        "source": Field("flower", _source),
        "size": Field(None, partial(_whole, low=2, high=limits.SIZE)),
        "noise": Field(None, partial(_number, low=0.0, high=10.0)),
        "seed": Field(None, _SEED),
        "target": Field("", _text),
        "scale": Field(None, _truth),
        "test_fraction": Field(0.2, partial(_number, low=0.0, high=0.9)),
        "axes": Field([], partial(_list, most=2, check=_text)),
        "points": Field([], partial(_list, most=limits.POINTS, check=_point)),
        "removed": Field([], partial(_list, most=limits.REMOVED, check=partial(_whole, low=0, high=limits.ROWS))),
    },
    "network": {
        "hidden": Field([{"units": 4, "activation": "tanh"}], partial(_list, most=limits.LAYERS, check=_layer)),
        "initializer": Field("randn", partial(_row, table=INITIALIZERS)),
        "seed": Field(2, _SEED),
        "member": Field(None, partial(_whole, low=0, high=limits.MEMBERS, optional=True)),
    },
    "training": {
        "loss": Field("auto", partial(_row, table=LOSSES, others=("auto",))),
        "optimizer": Field("gd", partial(_row, table=OPTIMIZERS)),
        "schedule": Field("constant", partial(_row, table=SCHEDULES)),
        "schedule_length": Field(10_000, partial(_whole, low=1, high=limits.ITERATIONS)),
        "learning_rate": Field(None, partial(_number, low=0.0, high=1e6, above=True)),
        "batch_size": Field(None, partial(_whole, low=1, high=limits.ROWS, optional=True)),
        "l1": Field(0.0, _PENALTY),
        "l2": Field(0.0, _PENALTY),
        "weight_decay": Field(None, _PENALTY),
        "dropout": Field(0.0, partial(_number, low=0.0, high=1.0, below=True)),
        "seed": Field(0, _SEED),
    },
    "stop": {
        "iterations": Field(None, partial(_whole, low=1, high=limits.ITERATIONS, optional=True)),
        "test_cost_patience": Field(None, partial(_whole, low=1, high=1_000_000, optional=True)),
    },
}  # fmt: skip


def normal_form(state: object) -> State:
    """Return a state with every value checked, and the missing ones filled in.

    Raises
    ------
    StateError
        With the path of the value.

    Examples
    --------
    >>> normal_form({"data": {"source": "moons"}})["data"]["noise"]
    0.2
    """
    if not isinstance(state, Mapping):
        raise StateError("", f"state: expected an object, received {type(state).__name__}")
    if state.get("version", 1) != 1:
        raise StateError("version", f"version: expected 1, received {str(state['version'])[:50]}")
    complete: dict[str, dict[str, object]] = {}
    for part, fields in _FIELDS.items():
        values = state.get(part, {})
        if not isinstance(values, Mapping):
            raise StateError(part, f"{part}: expected an object, received {type(values).__name__}")
        unknown = [str(name)[:50] for name in values if name not in fields]
        if unknown:
            raise StateError(part, f"{part}: expected {', '.join(fields)}; received {unknown[0]!r} too")
        complete[part] = {name: _check_field(part, name, field, values) for name, field in fields.items()}
    _complete_data(complete["data"])
    training = complete["training"]
    row = OPTIMIZERS[cast("str", training["optimizer"])]
    if training["learning_rate"] is None:
        is_first = row.name == "gd" and complete["data"]["source"] == "flower"
        training["learning_rate"] = 1.2 if is_first else row.learning_rate
    if training["weight_decay"] is None:
        training["weight_decay"] = row.weight_decay
    return cast("State", {"version": 1, **complete})


def _check_field(part: str, name: str, field: Field, values: Mapping[str, object]) -> object:
    """Return a value of a state, or its default where it is missing (or null, where that means the default)."""
    value = values.get(name)
    if value is None:
        return list(field.default) if isinstance(field.default, list) else field.default
    try:
        return field.check(value)
    except EllayerError as error:
        raise StateError(f"{part}.{name}", f"{name}: {error}") from None


def _complete_data(data: dict[str, object]) -> None:
    """Fill in what depends on the source."""
    row = PLANE.get(cast("str", data["source"]))
    for name in ("size", "noise"):
        if row is None:
            data[name] = None
        elif data[name] is None:
            data[name] = getattr(row, name)
    if data["seed"] is None:
        data["seed"] = 1 if row is None else row.seed
    if data["scale"] is None:
        data["scale"] = data["source"] in ("iris", "breast_cancer")
    axes = cast("list[str]", data["axes"])
    if axes and (len(axes) != 2 or axes[0] == axes[1]):
        raise StateError("data.axes", "axes: expected two different names, received others")
    data["removed"] = sorted(set(cast("list[int]", data["removed"])))


def to_hash(state: State) -> str:
    """Return a state as text for the URL.

    >>> from_hash(to_hash(normal_form({})))["network"]["seed"]
    2
    """
    text = json.dumps(state, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def from_hash(text: str) -> State:
    """Return the state of the text of a URL.

    Raises
    ------
    StateError
    """
    try:
        content = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, RecursionError):
        raise StateError("", "expected the state of a link, received another text") from None
    return normal_form(content)
