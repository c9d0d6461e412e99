"""Activations as ONNX nodes, by the operator in each row of the table."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...core.activations import SELU_ALPHA, SELU_SCALE, Activation
from ...core.arrays import exp_limit
from ..plain_data import ModelFileError
from .nodes import OPSET, TYPES, Attribute, NodeSink


def add_activation(sink: NodeSink, row: Activation, Z: str, dtype: str, out: str) -> str:
    """Add A = g(Z) with the operators of its row; those with two inputs take Z and the previous result.

    Parameters
    ----------
    sink : NodeSink
    row : Activation
    Z : str
    dtype : "float32" or "float64"
    out : str
        The name of A, or "".

    Returns
    -------
    str
        The name of A.

    Raises
    ------
    ModelFileError
        For a row without an ONNX operator.
    """
    if not row.onnx:
        raise ModelFileError(
            f"activation {row.name!r}: expected a row with an ONNX operator, received one without; give its row "
            "onnx='...', or choose one of the table's activations"
        )
    numbers = dict(row.numbers)
    if dtype == "float64" and row.onnx in _IN_DOUBLE:
        return sink.node("Identity", _IN_DOUBLE[row.onnx](_DoubleOps(sink), Z, *numbers.values()), out=out)
    if row.onnx == "Exp":  # clipped like the row, so that it stays finite
        limit = sink.constant("exp_limit", np.array(exp_limit(np.zeros(1, dtype)), dtype))
        return sink.node("Exp", sink.node("Min", Z, limit), out=out)
    A, operators = Z, row.onnx.split(",")
    for operator in operators:
        inputs = (Z, A) if A != Z and operator in ("Mul", "Add") else (A,)
        A = sink.node(
            operator, *inputs, out=out if operator is operators[-1] else "", **_attributes(operator, numbers)
        )
    return A


def _attributes(operator: str, numbers: dict[str, float]) -> dict[str, float]:
    """Return the numbers of the row under the names of the operator (a slope is its alpha)."""
    from onnx import defs

    known = list(defs.get_schema(operator, OPSET).attributes)
    return {name if name in known else known[0]: value for name, value in numbers.items()}


class _DoubleOps:
    """Arithmetic on nodes in double precision, for operators that onnxruntime has only in single precision."""

    def __init__(self, sink: NodeSink):
        self._sink = sink

    def __call__(self, operator: str, *inputs: str | float, **attributes: Attribute) -> str:
        names = [
            x if isinstance(x, str) else self._sink.constant(f"number_{x!r}", np.array(x, np.float64))
            for x in inputs
        ]
        return self._sink.node(operator, *names, **attributes)


def _leaky_relu(op: _DoubleOps, Z: str, slope: float) -> str:
    return op("Where", op("Greater", Z, 0.0), Z, op("Mul", Z, slope))


def _elu(op: _DoubleOps, Z: str, alpha: float) -> str:
    below = op("Mul", op("Sub", op("Exp", op("Min", Z, 0.0)), 1.0), alpha)
    return op("Where", op("Greater", Z, 0.0), Z, below)


def _selu(op: _DoubleOps, Z: str) -> str:
    return op("Mul", _elu(op, Z, SELU_ALPHA), SELU_SCALE)


def _softplus(op: _DoubleOps, Z: str) -> str:
    rest = op("Log", op("Add", op("Exp", op("Neg", op("Abs", Z))), 1.0))
    return op("Add", op("Max", Z, 0.0), rest)


def _mish(op: _DoubleOps, Z: str) -> str:
    return op("Mul", Z, op("Tanh", _softplus(op, Z)))


def _gelu(op: _DoubleOps, Z: str) -> str:
    """The error function is computed in single precision: to 1e-7 of |z|."""
    single = op("Cast", op("Mul", Z, 0.5**0.5), to=TYPES["float32"])
    erf = op("Cast", op("Erf", single), to=TYPES["float64"])
    return op("Mul", op("Mul", Z, 0.5), op("Add", erf, 1.0))


_IN_DOUBLE: dict[str, Callable[..., str]] = {
    "LeakyRelu": _leaky_relu,
    "Elu": _elu,
    "Selu": _selu,
    "Softplus": _softplus,
    "Mish": _mish,
    "Gelu": _gelu,
}
