"""The Open Inference Protocol, version 2: tensors by name, in JSON or as bytes after the JSON.

Source: https://github.com/kserve/open-inference-protocol and Triton's extension for binary data.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._wording import quoted_list
from .bodies import json_response, parse_object
from .errors import RequestError
from .limits import Limits
from .models import ServedModel, datatype_of
from .rows import (
    Options,
    Rows,
    Table,
    as_numbers,
    count_rows,
    predictions_for,
    rows_of_array,
    rows_of_columns,
)

if TYPE_CHECKING:
    from starlette.responses import Response


_DTYPES = {
    "BOOL": "?", "UINT8": "u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "INT8": "i1", "INT16": "<i2",
    "INT32": "<i4", "INT64": "<i8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8",
}  # fmt: skip
_MOST_AXES = 32  # of a tensor, as in NumPy
HEADER = "inference-header-content-length"


def metadata(model: ServedModel) -> dict[str, Any]:
    """Return the metadata of a model: a tensor for each column of the training file, or one of all numbers."""
    fields = model.fields
    if model.saved.features:
        inputs = [{"name": f.name, "datatype": f.datatype, "shape": [-1]} for f in fields]
    else:
        inputs = [{"name": "X", "datatype": "FP64", "shape": [-1, len(model.columns)]}]
    outputs = [{"name": name, "datatype": kind, "shape": [-1]} for name, kind in model.outputs.items()]
    return {
        "name": model.name,
        "versions": [model.version],
        "platform": "ellayer",
        "inputs": inputs,
        "outputs": outputs,
    }


def infer(
    model: ServedModel, body: bytes, header: str | None, limits: Limits, count: Callable[[int], None]
) -> Response:
    """Return the response to an inference request.

    Parameters
    ----------
    model : ServedModel
    body : bytes
    header : str or None
        Header with the number of bytes of JSON before the binary data.
    limits : Limits
    count : callable
        Takes the number of rows that were predicted.

    Raises
    ------
    EllayerError
        For tensors that are not rows of the model.
    """
    content, blob = _split(body, header)
    tensors = _tensors(content.get("inputs"), blob)
    rows = _rows(model, tensors, limits)
    parameters = content.get("parameters", {})
    table, _ = predictions_for(model, rows, Options.of(parameters))
    count(count_rows(rows))
    names, binary = _requested_outputs(content, list(table), parameters)
    head = {"model_name": model.name, "model_version": model.version}
    if "id" in content:
        head["id"] = str(content["id"])
    return _response(head, table, names, binary)


def _split(body: bytes, header: str | None) -> tuple[dict[str, Any], bytes]:
    if header is None:
        return parse_object(body), b""
    if not header.isdecimal() or len(header) > 20 or int(header) > len(body):
        raise RequestError(
            f"Inference-Header-Content-Length: expected at most the {len(body)} bytes of the body, received {header!r}"
        )
    return parse_object(body[: int(header)]), body[int(header) :]


def _tensors(inputs: object, blob: bytes) -> dict[str, np.ndarray | list[Any]]:
    """Return the values of each input, an array of its shape; lists of texts and of values with gaps are flat."""
    if not isinstance(inputs, list) or not inputs or not all(isinstance(entry, dict) for entry in inputs):
        raise RequestError("inputs: expected a list of tensors, each with name, shape, datatype and data")
    tensors: dict[str, Any] = {}
    place = 0
    for entry in inputs:
        name, shape, datatype = entry.get("name"), entry.get("shape"), entry.get("datatype")
        if not isinstance(name, str) or name in tensors:
            raise RequestError(f"inputs: expected different names, received {name!r}")
        if (
            not isinstance(shape, list)
            or not 1 <= len(shape) <= _MOST_AXES
            or not all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 2**31 for n in shape)
        ):
            raise RequestError(f"input {name!r}: expected a shape such as [2] or [2, 1], received {shape!r}")
        if not isinstance(datatype, str) or datatype not in (*_DTYPES, "BYTES"):
            raise RequestError(
                f"input {name!r}: expected a datatype of {', '.join([*_DTYPES, 'BYTES'])}, received {datatype!r}"
            )
        parameters = entry.get("parameters") or {}
        size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
        if size is None:
            values = _from_json(name, entry.get("data"), datatype)
        else:
            if not isinstance(size, int) or not 0 <= size <= len(blob) - place:
                raise RequestError(f"input {name!r}: expected {size!r} bytes of binary data, received fewer")
            values, place = _from_bytes(name, blob[place : place + size], datatype), place + size
        if math.prod(shape) != len(values):
            raise RequestError(
                f"input {name!r}: expected {math.prod(shape)} values for the shape {shape}, received {len(values)}"
            )
        tensors[name] = (shape, values)
    if place < len(blob):
        raise RequestError(
            f"inputs: expected {place:,} bytes of binary data by their binary_data_size, received {len(blob):,}"
        )
    return {name: _reshape(name, shape, values) for name, (shape, values) in tensors.items()}


def _from_json(name: str, data: object, datatype: str) -> list[Any]:
    """Return the values of a tensor in JSON as a flat list; null is a missing value."""
    if not isinstance(data, list):
        raise RequestError(f"input {name!r}: expected data, a list, received {type(data).__name__}")
    values: list[Any] = data
    while any(isinstance(value, list) for value in values):
        if not all(isinstance(value, list) for value in values):
            raise RequestError(f"input {name!r}: expected data of one depth, received lists beside values")
        values = [part for value in values for part in value]
    kinds = {"BYTES": str, "BOOL": bool}.get(datatype, (int, float))
    for value in values:
        if value is not None and (
            not isinstance(value, kinds) or (isinstance(value, bool) and datatype != "BOOL")
        ):
            raise RequestError(f"input {name!r}: expected values of {datatype}, received {str(value)[:50]!r}")
    return values


def _from_bytes(name: str, raw: bytes, datatype: str) -> list[Any]:
    """Return the values of a tensor in bytes: numbers in little-endian order, texts after their lengths."""
    if datatype != "BYTES":
        if len(raw) % np.dtype(_DTYPES[datatype]).itemsize:
            raise RequestError(
                f"input {name!r}: expected whole values of {datatype}, received {len(raw)} bytes"
            )
        values = np.frombuffer(raw, _DTYPES[datatype]).tolist()
        return [None if value != value else value for value in values]
    texts, place = list[Any](), 0
    try:
        while place < len(raw):
            (length,) = struct.unpack_from("<I", raw, place)
            piece = raw[place + 4 : place + 4 + length]
            if len(piece) < length:
                raise ValueError
            texts.append(piece.decode())
            place += 4 + length
    except (struct.error, ValueError):
        raise RequestError(
            f"input {name!r}: expected texts in UTF-8 after their lengths, received other bytes"
        ) from None
    return texts


def _reshape(name: str, shape: Sequence[int], values: list[Any]) -> np.ndarray | list[Any]:
    """Return the values of a column as a list, and those of several columns as an array of numbers."""
    if math.prod(shape[1:]) == 1:
        return values
    try:
        return np.array([math.nan if value is None else value for value in values], np.float64).reshape(shape)
    except (TypeError, ValueError, OverflowError):
        raise RequestError(
            f"input {name!r}: expected numbers in a tensor of shape {list(shape)}, received other values"
        ) from None


def _rows(model: ServedModel, tensors: Mapping[str, np.ndarray | list[Any]], limits: Limits) -> Rows:
    """Return the rows of tensors: a column each, or all numbers in one."""
    first = next(iter(tensors.values()))
    limits.check_rows(len(first))
    if len(tensors) == 1 and (isinstance(first, np.ndarray) or not model.saved.features):
        return rows_of_array(model, as_numbers(first))
    strange = [name for name, values in tensors.items() if isinstance(values, np.ndarray)]
    if strange:
        raise RequestError(
            f"expected a tensor of shape [n] for each column, or one tensor for all columns, received several, of which "
            f"{quoted_list(strange)} has another shape"
        )
    columns: dict[str, list[Any]] = {name: list(values) for name, values in tensors.items()}
    if not model.saved.features:
        raise RequestError(
            f"expected one tensor of shape [n, {len(model.columns)}], received {len(columns)} tensors"
        )
    return rows_of_columns(model, columns)


def _requested_outputs(
    content: Mapping[str, Any], names: Sequence[str], parameters: Mapping[str, Any]
) -> tuple[list[str], set[str]]:
    """Return the names of the outputs to return, and of those in binary form."""
    outputs = content.get("outputs")
    if outputs is None:
        return list(names), set(names) if parameters.get("binary_data_output") is True else set()
    if not isinstance(outputs, list) or not all(isinstance(entry, dict) for entry in outputs):
        raise RequestError("outputs: expected a list of objects with a name, received something else")
    chosen = [entry.get("name") for entry in outputs]
    if unknown := [name for name in chosen if name not in names]:
        raise RequestError(f"outputs: expected some of {quoted_list(names)}, received {unknown[0]!r}")
    if len(set(chosen)) < len(chosen):
        raise RequestError("outputs: expected different names, received one of them twice")
    binary = {
        str(entry["name"])
        for entry in outputs
        if isinstance(entry.get("parameters"), dict) and entry["parameters"].get("binary_data") is True
    }
    return [str(name) for name in chosen], binary


def _response(head: dict[str, Any], table: Table, names: Sequence[str], binary: set[str]) -> Response:
    """Return the outputs, those in binary form after the JSON."""
    from starlette.responses import Response

    outputs, blobs = [], []
    for name in names:
        values, datatype = table[name], datatype_of(table[name])
        output: dict[str, Any] = {"name": name, "datatype": datatype, "shape": [len(values)]}
        if datatype == "BYTES":
            values = ["" if value is None else str(value) for value in values]
        if name in binary:
            blobs.append(_to_bytes(values, datatype))
            output["parameters"] = {"binary_data_size": len(blobs[-1])}
        else:
            output["data"] = [
                value if value == value and value not in _INFINITE else None for value in values
            ]
        outputs.append(output)
    content = {**head, "outputs": outputs}
    if not blobs:
        return json_response(content)
    text = json.dumps(content).encode()
    return Response(
        text + b"".join(blobs),
        media_type="application/octet-stream",
        headers={"Inference-Header-Content-Length": str(len(text))},
    )


_INFINITE = (math.inf, -math.inf)


def _to_bytes(values: Sequence[Any], datatype: str) -> bytes:
    if datatype != "BYTES":
        gaps = [math.nan if value is None else value for value in values] if datatype == "FP64" else values
        return np.array(gaps, _DTYPES[datatype]).tobytes()
    return b"".join(struct.pack("<I", len(raw)) + raw for raw in (str(value).encode() for value in values))
