"""A network as ONNX nodes, for a separate model or as a part of a pipeline."""

from __future__ import annotations

import math

import numpy as np

from ...core.inputs import Inputs
from ...core.network import Network
from ...engine.state import Parameters
from .activations import add_activation
from .nodes import NodeSink, add_cosine


def add_network(
    sink: NodeSink, X: str, network: Network, parameters: Parameters, dtype: str, out: str = ""
) -> str:
    """Add A^[L] = g(... g(X W^[1]T + b^[1]T) ...), examples as rows.

    Parameters
    ----------
    sink : NodeSink
    X : str
        The name of the input, (m, n_x) in ``dtype``.
    network : Network
    parameters : dict
    dtype : "float32" or "float64"
    out : str
        The name of A^[L].

    Returns
    -------
    str
        The name of A^[L], (m, n_L).

    Raises
    ------
    ModelFileError
        For an activation that has no ONNX operator.
    """
    Z = add_linear_network(sink, X, network, parameters, dtype)
    return add_activation(sink, network.layer_activations[-1], Z, dtype, out)


def add_linear_network(
    sink: NodeSink, X: str, network: Network, parameters: Parameters, dtype: str, before: str = ""
) -> str:
    """Add Z^[L], the network without its last activation.

    Parameters
    ----------
    sink : NodeSink
    X : str
    network : Network
    parameters : dict
    dtype : "float32" or "float64"
    before : str
        The precision of X and of everything before the first layer, if different: a steep ramp amplifies
        rounding errors.

    Returns
    -------
    str
        The name of Z^[L], (m, n_L).
    """
    A = X
    if network.inputs is not None:
        first = {name: np.asarray(theta, before or dtype) for name, theta in parameters.items()}
        A = _add_inputs(sink, X, first, network.inputs, network.layer_dims[0])
    if before not in ("", dtype):
        A = sink.node("CastLike", A, sink.constant("like", np.zeros(1, dtype)))
    own = {name: np.asarray(theta, dtype) for name, theta in parameters.items()}
    for l, row in enumerate(network.layer_activations, start=1):
        W, b = sink.constant(f"W{l}", own[f"W{l}"]), sink.constant(f"b{l}", own[f"b{l}"].ravel())
        Z = sink.node("Gemm", A, W, b, transB=1)
        if l == network.L:
            break
        A = add_activation(sink, row, Z, dtype, "")
        if f"a{l}" in own:  # a = z + alpha (g(z) - z)
            change = sink.node("Mul", sink.constant(f"a{l}", own[f"a{l}"].ravel()), sink.node("Sub", A, Z))
            A = sink.node("Add", Z, change)
    return Z


def _add_inputs(sink: NodeSink, X: str, own: Parameters, inputs: Inputs, n_x: int) -> str:
    """Add A^[0]: embeddings of numbers, the rest, embeddings of categories, then the scaling."""
    n, last = inputs.numbers, n_x - len(inputs.categories)
    parts = []
    if n:
        numbers = _columns(sink, X, 0, n)
        parts.append(numbers)
        parts += [_add_periodic(sink, numbers, own)] if inputs.frequencies else []
        parts += [_add_ramps(sink, numbers, own["t0"])] if inputs.ramps else []
    if last > n:
        parts.append(_columns(sink, X, n, last))
    for j, levels in enumerate(inputs.categories, start=1):
        codes = _columns(sink, X, last + j - 1, last + j)
        E = own[f"E{j}"]
        known = sink.constant(f"levels{j}", np.arange(levels, dtype=E.dtype).reshape(1, -1))
        one_hot = sink.node("CastLike", sink.node("Equal", codes, known), X)
        parts.append(sink.node("MatMul", one_hot, sink.constant(f"E{j}", np.ascontiguousarray(E.T))))
    A0 = sink.node("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
    return sink.node("Mul", A0, sink.constant("s0", own["s0"].ravel())) if inputs.scaling else A0


def _add_periodic(sink: NodeSink, numbers: str, own: Parameters) -> str:
    """Add V cos(2 pi (f x + p)) + c of each number: (m, n) -> (m, n, k) -> (m, n, 1, w) -> (m, n w)."""
    axis = sink.constant("last_axis", np.array([-1]))
    before_last = sink.constant("before_last_axis", np.array([-2]))
    f, p = (sink.constant(name, own[name][:, :, 0]) for name in ("f0", "p0"))
    turns = sink.node("Add", sink.node("Mul", sink.node("Unsqueeze", numbers, axis), f), p)
    T = sink.node("Mul", turns, sink.constant("two_pi", np.array(2.0 * math.pi, own["f0"].dtype)))
    C = sink.node("Unsqueeze", add_cosine(sink, T, str(own["f0"].dtype)), before_last)
    V = sink.constant("V0", np.ascontiguousarray(own["V0"].transpose(0, 2, 1)))
    c = sink.constant("c0", np.ascontiguousarray(own["c0"].transpose(0, 2, 1)))
    flat = sink.constant("flat", np.array([-1, own["c0"].size]))
    return sink.node("Reshape", sink.node("Add", sink.node("MatMul", C, V), c), flat)


def _add_ramps(sink: NodeSink, numbers: str, t: np.ndarray) -> str:
    """Add (x - t_j) / (t_{j+1} - t_j), clipped to [0, 1], of each number: (m, n) -> (m, n, k) -> (m, n k)."""
    low, width = t[:, :-1, 0], np.diff(t[:, :, 0], axis=1)
    slope = np.divide(1.0, width, out=np.zeros_like(width), where=width > 0)
    column = sink.node("Unsqueeze", numbers, sink.constant("last_axis", np.array([-1])))
    U = sink.node("Mul", sink.node("Sub", column, sink.constant("t0", low)), sink.constant("slopes", slope))
    bounds = [sink.constant(f"ramp_{at}", np.array(at, t.dtype)) for at in (0, 1)]
    flat = sink.constant("flat_ramps", np.array([-1, low.size]))
    return sink.node("Reshape", sink.node("Clip", U, *bounds), flat)


def _columns(sink: NodeSink, X: str, first: int, end: int) -> str:
    bounds = [sink.constant(f"at_{at}", np.array([at])) for at in (first, end)]
    return sink.node("Slice", X, *bounds, sink.constant("axis_1", np.array([1])))
