"""Trees of plain data as JSON with separate arrays, for model files and checkpoints.

JSON has no tuples, no nan, no keys but text and no arrays; those are written as ``{"$": kind, ...}``,
an array as ``{"$": "array", "name": ...}`` with the array itself in a separate dict. The round trip is
exact: floats to the bit, tuples as tuples. Code cannot be represented, so none is ever stored or run.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.arrays import to_numpy
from ..errors import EllayerError

Arrays = dict[str, np.ndarray]
MOST_TEXT = 2**26  # bytes of an array of text, each of whose items takes as much as the longest
_NUMBERS = tuple(np.dtype(code).name for code in "?bhilBHILefdF")


class ModelFileError(EllayerError):
    """A file that cannot be read as the expected model, or a model that cannot be written."""


def encode(value: Any, arrays: Arrays, where: str = "") -> Any:
    """Return a tree of plain data in the types of JSON; its arrays are added to ``arrays``.

    Parameters
    ----------
    value : None, bool, int, float, str, list, tuple, dict, array, NumPy scalar or dtype
        Nested to any depth; arrays of any library.
    arrays : dict
        Receives the arrays, named by their paths, such as "parameters/W1".
    where : str
        The path of ``value``.

    Returns
    -------
    tree of None, bool, int, float, str, list and dict

    Raises
    ------
    ModelFileError
        For anything else, such as a function, with its path.

    Examples
    --------
    >>> arrays = {}
    >>> encode({"rate": np.float64(0.5), "sizes": (3, 2), "W": np.ones(2)}, arrays)
    {'rate': 0.5, 'sizes': {'$': 'tuple', 'items': [3, 2]}, 'W': {'$': 'array', 'name': 'W'}}
    >>> arrays
    {'W': array([1., 1.])}
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$": "float", "value": repr(value)}
    if isinstance(value, dict):
        return _encode_dict(value, arrays, where)
    if type(value) in (list, tuple):
        items = [encode(item, arrays, _join(where, i)) for i, item in enumerate(value)]
        return items if type(value) is list else {"$": "tuple", "items": items}
    if isinstance(value, np.dtype):
        return {"$": "dtype", "value": value.name}
    if isinstance(value, type) and issubclass(value, (np.generic, float)):
        return {"$": "scalar type", "value": np.dtype(value).name}
    if hasattr(value, "shape") and hasattr(value, "dtype") and not callable(value):
        return _encode_array(to_numpy(value), arrays, where)
    raise _refuse(value, where)


def decode(value: object, arrays: Arrays) -> Any:
    """Return the tree that was passed to ``encode``.

    Parameters
    ----------
    value : tree of JSON's types
    arrays : dict
        As filled by ``encode``; what has found its place is taken out.

    Returns
    -------
    tree

    Examples
    --------
    >>> decode([1, {"$": "float", "value": "nan"}, {"$": "tuple", "items": ["a"]}], {})
    [1, nan, ('a',)]
    """
    if isinstance(value, list):
        return [decode(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    if "$" not in value:
        return {key: decode(item, arrays) for key, item in value.items()}
    kind = value["$"]
    if kind == "tuple":
        return tuple(decode(item, arrays) for item in value["items"])
    if kind == "float":
        return float(value["value"])
    if kind == "array":
        if value["name"] not in arrays:
            raise ModelFileError(
                f"expected each array of the file in one place, received {value['name']!r} elsewhere"
            )
        # In a second place it would ask for memory that the file does not have.
        return arrays.pop(value["name"])
    if kind == "dict":
        return {decode(key, arrays): decode(item, arrays) for key, item in value["items"]}
    if kind == "text":
        return _decode_text(value)
    if kind in ("dtype", "scalar type"):
        if value["value"] not in _NUMBERS:
            raise ModelFileError(f"expected a dtype of numbers, received {str(value['value'])[:80]!r}")
        dtype = np.dtype(value["value"])
        return dtype if kind == "dtype" else dtype.type
    raise ModelFileError(
        f"expected a tuple, float, array, dict, text, dtype or scalar type; received {kind!r}"
    )


def _encode_dict(value: dict[Any, Any], arrays: Arrays, where: str) -> Any:
    if all(type(key) is str for key in value) and "$" not in value:
        return {key: encode(item, arrays, _join(where, key)) for key, item in value.items()}
    items = [
        [encode(key, arrays, _join(where, "key")), encode(item, arrays, _join(where, key))]
        for key, item in value.items()
    ]
    return {"$": "dict", "items": items}


def _encode_array(array: np.ndarray, arrays: Arrays, where: str) -> Any:
    if array.dtype.kind in "OUS":
        return _encode_text(array, where)
    if array.dtype.kind not in "biufc" or array.dtype.itemsize > 8:
        raise ModelFileError(
            f"{where}: expected an array of numbers of at most 8 bytes or of text, received dtype {array.dtype}; "
            "convert it first, e.g. with .astype('float64')"
        )
    name = where
    while name in arrays:  # two paths can have the same name: {"a/b": ...} and {"a": {"b": ...}}
        name += "'"
    arrays[name] = array.astype(array.dtype.newbyteorder("="), copy=False)
    return {"$": "array", "name": name}


def _encode_text(array: np.ndarray, where: str) -> Any:
    items = array.ravel().tolist()
    if array.dtype.kind == "S":
        items = [item.decode("latin-1") for item in items]
    for item in items:
        if item is not None and not isinstance(item, (bool, int, float, str)):
            raise _refuse(item, where)
    texts = [encode(item, {}, where) for item in items]
    return {"$": "text", "kind": array.dtype.kind, "shape": list(array.shape), "items": texts}


def _decode_text(value: dict[str, Any]) -> np.ndarray:
    items = decode(value["items"], {})
    kind = value["kind"]
    if kind == "S":
        items = [item.encode("latin-1") for item in items]
    if kind not in ("O", "U", "S"):
        raise ModelFileError(f"expected text of kind O, U or S; received {kind!r}")
    longest = max((len(item) for item in items if isinstance(item, (str, bytes))), default=1)
    if kind != "O" and 4 * longest * len(items) > MOST_TEXT:
        raise ModelFileError(
            f"expected text of at most {MOST_TEXT:,} bytes as an array, received {len(items):,} items of up to "
            f"{longest:,} characters"
        )
    return np.array(items, dtype=kind).reshape(value["shape"])


def _join(where: str, key: object) -> str:
    return f"{where}/{key}" if where else str(key)


def _refuse(value: object, where: str) -> ModelFileError:
    kind = type(value).__name__
    if callable(value):
        kind = f"the function {getattr(value, '__qualname__', value)!r}"
    return ModelFileError(
        f"{where or 'value'}: expected plain data (numbers, text, lists, dicts, arrays), received {kind}; a model file "
        "holds no code and no objects: give a name or a number there, or keep the model with pickle"
    )
