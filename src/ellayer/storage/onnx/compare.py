"""Whether an ONNX model computes what it was made from, on onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.network import Network
from ...core.propagation import L_model_forward
from ..plain_data import ModelFileError
from .network import Head


def compare(proto: Any, network: Network, parameters: dict, head: Head, dtype: str, X: Any) -> float:
    """Run a ``ModelProto`` on random rows, edges and X; return the largest difference, or raise where it is an error.

    What is allowed is a trifle and ten times what the precision itself costs on these rows, measured on
    NumPy: an export that is right passes on any network, one that is wrong does not. Made-up rows that
    the precision cannot compute at all (an exponential grows beyond it) say nothing and are left out.

    Parameters
    ----------
    proto : onnx.ModelProto
    network : Network
    parameters : dict
    head : Head
    dtype : "float32" or "float64"
    X : array, shape (m, n_x), or None

    Returns
    -------
    float
        Relative where the model's output exceeds 1.

    Raises
    ------
    ModelFileError
        Where onnxruntime computes something else, or ``dtype`` is too coarse for X.
    """
    n_x = network.layer_dims[0]
    random = np.random.RandomState(0)
    edges = [np.zeros((1, n_x)), np.ones((1, n_x)), -np.ones((1, n_x)), np.eye(min(16, n_x), n_x)]
    usual = np.concatenate([random.randn(64, n_x), *edges])
    for j, levels in enumerate(reversed(network.inputs.categories if network.inputs else ()), start=1):
        usual[:, -j] = random.randint(-1, levels, len(usual))  # codes, the unknown one too
    groups = [usual, 1e3 * random.randn(16, n_x)]
    if X is not None:
        groups.insert(0, _check_rows(X, n_x))
    single = dtype == "float32" or proto.graph.output[-1].name == "output_probability"  # dicts hold float32
    coarse = single or any(row.onnx == "Gelu" for row in network.rows)
    found = []
    for i, rows in enumerate(groups):
        given = X is not None and i == 0
        exact, size = _forward(network, parameters, rows if given else rows.astype(dtype), "float64")
        rows = rows.astype(dtype)
        own, _ = _forward(network, parameters, rows, "float32" if coarse else dtype)
        rounding = differences(head.numpy(own)[-1], head.numpy(exact)[-1])
        posed = _well_posed(exact, head, 1e-3 if coarse else 1e-9)
        able = (rounding < 1e-2) & (size < 1e30) & posed
        if given and not able[posed].all():
            raise ModelFileError(
                f"dtype: expected a precision that does for X, received {dtype}, which is {rounding[posed].max():.1g} "
                "off; try dtype='float64', and scale the columns"
            )
        if able.any():
            allowed = (1e-5 if coarse else 1e-10) + 10 * float(rounding[able].max())
            found.append(_compare_rows(proto, network, head, rows[able], exact[able], allowed))
    return max(found[: len(groups) - 1], default=0.0)


def _compare_rows(
    proto: Any, network: Network, head: Head, rows: np.ndarray, exact: np.ndarray, allowed: float
) -> float:
    received, expected = run(proto, {"X": rows}), head.numpy(exact)
    found = difference(received[-1], expected[-1])
    sure = _sure(exact, head, 2 * found)
    if not found <= allowed or (len(expected) == 2 and (received[0][sure] != expected[0][sure]).any()):
        raise ModelFileError(
            f"expected the outputs of the model to within {allowed:.1g}, received a difference of {found:.3g} from "
            f"onnxruntime with {rows.dtype}; this onnxruntime computes one of {', '.join(network.activations)} "
            "differently: try dtype='float64', or another version of it"
        )
    return found


def _forward(
    network: Network, parameters: dict, rows: np.ndarray, dtype: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return A^[L] as rows, computed in ``dtype``, and each row's largest abs(Z) on the way."""
    own = {name: np.asarray(theta, dtype) for name, theta in parameters.items()}
    with np.errstate(all="ignore"):
        AL, caches = L_model_forward(rows.astype(dtype).T, own, network)
    size = np.max([np.abs(cache.Z).max(axis=0) for cache in caches], axis=0)
    return AL.T.astype(np.float64), size


def differences(received: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Return each row's largest difference, relative where the expected exceeds 1; inf where one is nan alone."""
    with np.errstate(all="ignore"):
        gap = np.abs(received - expected) / np.maximum(1.0, np.abs(expected))
    gap[(received == expected) | (np.isnan(received) & np.isnan(expected))] = 0.0
    return np.where(np.isnan(gap), np.inf, gap).reshape(len(gap), -1).max(axis=1, initial=0.0)


def difference(received: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest difference; inf where even the shapes differ."""
    return float(differences(received, expected).max()) if received.shape == expected.shape else np.inf


def _well_posed(A: np.ndarray, head: Head, least: float) -> np.ndarray:
    """Tell of which rows the probabilities are not next to nothing divided by next to nothing."""
    if not head.normalise:
        return np.ones(len(A), bool)
    return (np.clip(A, 0.0, 1.0) if head.clip else A).sum(axis=1) > least


def _sure(A: np.ndarray, head: Head, margin: float) -> np.ndarray:
    """Tell of which rows (entries, for several labels) the label does not hang on rounding."""
    if head.kind == "classes":
        ordered = np.sort(A, axis=1)
        return ordered[:, -1] - ordered[:, -2] > margin
    gap = np.abs(A - 0.5) > margin
    return gap if head.kind == "multilabel" else gap[:, 0]


def run(proto: Any, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Return the outputs of onnxruntime; dicts of probabilities as rows."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    outputs = session.run(None, inputs)
    return [np.array([list(o.values()) for o in out]) if isinstance(out, list) else out for out in outputs]


def _check_rows(X: Any, n_x: int) -> np.ndarray:
    rows = np.asarray(X, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != n_x:
        raise ModelFileError(f"X: expected rows of shape (m, {n_x}), received {rows.shape}")
    return rows
