"""Compare an ONNX model, run by onnxruntime, with the original network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ...core.network import Network
from ...core.propagation import L_model_forward
from ..plain_data import ModelFileError
from .describe import NetworkModel
from .head import Head

if TYPE_CHECKING:
    from onnx import ModelProto

    from ...tables.columns import TableLike

MOST_LOST = 1e-2  # relative difference above which a precision is too coarse for a row
LARGEST = 1e30  # abs(Z) above which a precision is too coarse for a row


def compare(proto: ModelProto, model: NetworkModel, dtype: str, X: TableLike | None) -> float:
    """Run a ``ModelProto`` on X, random rows and edges; return the largest difference, or raise if it is an error.

    The tolerance is a small number plus ten times the rounding error of the precision itself on these rows, measured
    on NumPy: a correct export passes for any network, a wrong one does not. Random rows that the precision cannot
    compute (an exponential overflows) are excluded.

    Parameters
    ----------
    proto : onnx.ModelProto
    model : NetworkModel
    dtype : "float32" or "float64"
    X : array, shape (m, n_x), or None

    Returns
    -------
    float
        Relative if the model's output exceeds 1.

    Raises
    ------
    ModelFileError
        If onnxruntime computes something else, or ``dtype`` is too coarse for X.
    """
    single = dtype == "float32" or proto.graph.output[-1].name == "output_probability"  # dicts hold float32
    coarse = single or any(row.onnx == "Gelu" for row in model.network.layer_activations)
    check = partial(_compare_on, proto, model, dtype=dtype, coarse=coarse)
    usual, far = _random_rows(model.network)
    largest = 0.0 if X is None else check(_check_rows(X, model.network.layer_dims[0]), is_data=True)
    largest = max(largest, check(usual))
    check(far)
    return largest


def _random_rows(network: Network) -> Iterator[np.ndarray]:
    """Return typical rows with edge cases, then outlying rows."""
    n_x, random = network.layer_dims[0], np.random.RandomState(0)
    edges = [np.zeros((1, n_x)), np.ones((1, n_x)), -np.ones((1, n_x)), np.eye(min(16, n_x), n_x)]
    usual = np.concatenate([random.randn(64, n_x), *edges])
    for j, levels in enumerate(reversed(network.inputs.categories if network.inputs else ()), start=1):
        usual[:, -j] = random.randint(-1, levels, len(usual))  # codes, including that of an unknown level
    yield usual
    yield 1e3 * random.randn(16, n_x)


def _compare_on(
    proto: ModelProto, model: NetworkModel, rows: np.ndarray, dtype: str, coarse: bool, is_data: bool = False
) -> float:
    """Return the largest difference on the rows for which the precision suffices; it must suffice for all data."""
    head = model.head
    exact, size = _forward(model, rows if is_data else rows.astype(dtype), "float64")
    rows = rows.astype(dtype)
    rounded, _ = _forward(model, rows, "float32" if coarse else dtype)
    rounding = differences(head.numpy(rounded)[-1], head.numpy(exact)[-1])
    defined = _is_defined(exact, head, 1e-3 if coarse else 1e-9)
    computable = (rounding < MOST_LOST) & (size < LARGEST) & defined
    if is_data and not computable[defined].all():
        raise ModelFileError(
            f"dtype: expected a precision sufficient for X, received {dtype}, which is {rounding[defined].max():.1g} "
            "off; try dtype='float64', and scale the columns"
        )
    if not computable.any():
        return 0.0
    tolerance = (1e-5 if coarse else 1e-10) + 10 * float(rounding[computable].max())
    return _compare_outputs(proto, model, rows[computable], exact[computable], tolerance)


def _compare_outputs(
    proto: ModelProto, model: NetworkModel, rows: np.ndarray, exact: np.ndarray, tolerance: float
) -> float:
    received, expected = run(proto, {"X": rows}), model.head.numpy(exact)
    largest = difference(received[-1], expected[-1])
    clear = _is_clear(exact, model.head, 2 * largest)
    wrong_label = len(expected) == 2 and (received[0][clear] != expected[0][clear]).any()
    if not largest <= tolerance or wrong_label:
        raise ModelFileError(
            f"expected the outputs of the model to within {tolerance:.1g}, received a difference of {largest:.3g} from "
            f"onnxruntime with {rows.dtype}; this onnxruntime computes one of {', '.join(model.network.activations)} "
            "differently: try dtype='float64', or another version of it"
        )
    return largest


def _forward(model: NetworkModel, rows: np.ndarray, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """Return A^[L] as rows, computed in ``dtype``, and the largest abs(Z) of each row."""
    parameters = {name: np.asarray(theta, dtype) for name, theta in model.parameters.items()}
    with np.errstate(all="ignore"):
        AL, caches = L_model_forward(rows.astype(dtype).T, parameters, model.network)
    size = np.max([np.abs(cache.Z).max(axis=0) for cache in caches], axis=0)
    return AL.T.astype(np.float64), size


def differences(received: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Return each row's largest difference, relative if the expected value exceeds 1; inf if one of them is nan."""
    with np.errstate(all="ignore"):
        gap = np.abs(received - expected) / np.maximum(1.0, np.abs(expected))
    gap[(received == expected) | (np.isnan(received) & np.isnan(expected))] = 0.0
    return np.where(np.isnan(gap), np.inf, gap).reshape(len(gap), -1).max(axis=1, initial=0.0)


def difference(received: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest difference; inf if the shapes differ."""
    return float(differences(received, expected).max()) if received.shape == expected.shape else np.inf


def _is_defined(A: np.ndarray, head: Head, least: float) -> np.ndarray:
    """Return the rows whose probabilities are not a quotient of two numbers near 0."""
    if not head.normalise:
        return np.ones(len(A), bool)
    return np.greater((np.clip(A, 0.0, 1.0) if head.clip else A).sum(axis=1), least)


def _is_clear(A: np.ndarray, head: Head, margin: float) -> np.ndarray:
    """Return the rows (entries, for several labels) whose label does not depend on rounding."""
    if head.kind == "classes":
        ordered = np.sort(A, axis=1)
        return np.greater(ordered[:, -1] - ordered[:, -2], margin)
    gap = np.abs(A - 0.5) > margin
    return gap if head.kind == "multilabel" else gap[:, 0]


def run(proto: ModelProto, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Return the outputs of onnxruntime; dicts of probabilities as rows."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    blob, providers = proto.SerializeToString(), ["CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(blob, options, providers=providers)
    outputs = session.run(None, dict(inputs))
    return [np.array([list(o.values()) for o in out]) if isinstance(out, list) else out for out in outputs]


def _check_rows(X: TableLike, n_x: int) -> np.ndarray:
    rows = np.asarray(X, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != n_x:
        raise ModelFileError(f"X: expected rows of shape (m, {n_x}), received {rows.shape}")
    return rows
