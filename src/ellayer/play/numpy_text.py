"""A network as a program that needs NumPy alone."""

from __future__ import annotations

import numpy as np

from ..core.activations import ACTIVATIONS
from ..core.network import Network
from ..engine.state import Parameters
from ..errors import EllayerError

# The activations in NumPy; a test compares each with its row. Numbers of a row are in braces.
EXPRESSIONS = {
    "identity": "z",
    "sigmoid": "1 / (1 + np.exp(-np.clip(z, -700, 700)))",
    "tanh": "np.tanh(z)",
    "relu": "np.maximum(z, 0)",
    "leaky_relu": "np.where(z > 0, z, {slope} * z)",
    "elu": "np.where(z > 0, z, {alpha} * np.expm1(np.minimum(z, 0)))",
    "selu": "1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * np.expm1(np.minimum(z, 0)))",
    "gelu": "z * np.vectorize(math.erfc)(-z / math.sqrt(2)) / 2",
    "silu": "z / (1 + np.exp(-np.clip(z, -700, 700)))",
    "mish": "z * np.tanh(np.logaddexp(0, z))",
    "softplus": "np.logaddexp(0, z)",
    "exp": "np.exp(np.minimum(z, 709))",
    "softmax": "np.exp(z - z.max(axis=0)) / np.exp(z - z.max(axis=0)).sum(axis=0)",
}


def expression(activation: str) -> str:
    """Return an activation of z as an expression of NumPy.

    Raises
    ------
    EllayerError
        For a row that has none here.

    Examples
    --------
    >>> expression("leaky_relu(0.1)")
    'np.where(z > 0, z, 0.1 * z)'
    """
    row = ACTIVATIONS[activation]
    name = activation.partition("(")[0]
    if name not in EXPRESSIONS:
        raise EllayerError(
            f"expected one of the activations {', '.join(EXPRESSIONS)}; received {activation!r}; try ONNX"
        )
    return EXPRESSIONS[name].format(**dict(row.numbers))


def numpy_text(network: Network, parameters: Parameters) -> str:
    """Return a program with ``predict(X)``, which returns A^[L] (n_L, m) for columns X (n_x, m).

    Raises
    ------
    EllayerError
        For a network with embeddings or blended activations, and for an activation without an expression.
    """
    if network.inputs is not None or network.parametric:
        raise EllayerError(
            "expected a network of plain dense layers, received one of a model of a table; try the model file, or ONNX"
        )
    lines = ["import math  # noqa: F401", "", "import numpy as np", "", ""]
    for l in range(1, network.L + 1):
        for name in (f"W{l}", f"b{l}"):
            lines.append(f"{name} = np.array({_numbers(parameters[name])})")
    lines += [
        "",
        "",
        "def predict(X):",
        f'    """Return the outputs of a {"-".join(map(str, network.layer_dims))} network for columns X."""',
    ]
    lines.append("    a = np.asarray(X, float)")
    for l, activation in enumerate(network.activations, start=1):
        lines += [f"    z = W{l} @ a + b{l}", f"    a = {expression(activation)}"]
    return "\n".join([*lines, "    return a", ""])


def _numbers(values: np.ndarray) -> str:
    rows = (f"[{', '.join(map(repr, row))}]" for row in values.tolist())
    return "[" + ",\n    ".join(rows) + "]"
