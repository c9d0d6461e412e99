"""A network as ONNX nodes: written once, for a model of its own and as a part of a pipeline's."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import numpy as np

from ...core.inputs import Inputs
from ...core.network import Network
from ..plain_data import ModelFileError
from .activations import add_activation


class Sink(Protocol):
    """Where nodes go: a graph of our own, or skl2onnx's."""

    def constant(self, name: str, array: np.ndarray) -> str:
        """Keep an array; return its name in the graph."""

    def node(self, operator: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        """Add a node; return the name of its output, ``out`` where given."""


@dataclass
class Graph:
    """Nodes and constants of a model of our own; all names within begin with the prefix."""

    nodes: list = field(default_factory=list)
    constants: list = field(default_factory=list)
    prefix: str = ""

    def constant(self, name: str, array: np.ndarray) -> str:
        """Keep an array; return its name in the graph."""
        from onnx import numpy_helper

        name = f"{self.prefix}{name}"
        if name not in (c.name for c in self.constants):
            self.constants.append(numpy_helper.from_array(array, name))
        return name

    def node(self, operator: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        """Add a node; return the name of its output."""
        from onnx import helper

        out = out or f"{self.prefix}{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [out], name=f"to_{out}", **attributes))
        return out


@dataclass(frozen=True)
class Within:
    """A sink whose constants get a name before theirs: of one network among several."""

    sink: Sink
    prefix: str

    def constant(self, name: str, array: np.ndarray) -> str:
        """Keep an array; return its name in the graph."""
        return self.sink.constant(f"{self.prefix}{name}", array)

    def node(self, operator: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        """Add a node; return the name of its output."""
        return self.sink.node(operator, *inputs, out=out, **attributes)


@dataclass(frozen=True)
class Head:
    """What the outputs of a network mean.

    Parameters
    ----------
    kind : str
        "binary" (one output, two classes), "classes" (one output each), "one class", "multilabel" or "numbers".
    classes : array or None
        The label of each class, int64 or text, for the first three.
    clip, normalise : bool
        Whether the probabilities are the outputs held to [0, 1], and divided by their sum.
    """

    kind: str
    classes: np.ndarray | None = None
    clip: bool = False
    normalise: bool = False

    def numpy(self, A: np.ndarray) -> list[np.ndarray]:
        """Return the model's outputs for A^[L] as rows, what the nodes are compared with."""
        if self.kind == "numbers":
            return [A]
        P = np.clip(A, 0.0, 1.0) if self.clip else A
        if self.normalise:
            P = P / np.maximum(P.sum(axis=1, keepdims=True), np.finfo(A.dtype).tiny)
        if self.kind == "multilabel":
            return [(A > 0.5).astype(np.int64), P]
        assert self.classes is not None
        if self.kind == "one class":
            return [np.repeat(self.classes, len(A)), np.ones_like(A)]
        if self.kind == "binary":
            return [self.classes[(A[:, 0] > 0.5).astype(int)], np.concatenate([1 - P, P], axis=1)]
        return [self.classes[A.argmax(axis=1)], P]


def make_head(network: Network) -> Head:
    """Return what the outputs of a network mean; its classes are 0, 1, ...

    Parameters
    ----------
    network : Network

    Returns
    -------
    Head

    Examples
    --------
    >>> make_head(Network([2, 1])).kind
    'binary'
    >>> make_head(Network([2, 3])).classes
    array([0, 1, 2])
    """
    targets, n_L = network.loss_row.targets, network.layer_dims[-1]
    if targets == "binary" and n_L > 1:
        return Head("multilabel")
    if targets == "binary":
        return Head("binary", np.arange(2))
    return Head("classes", np.arange(n_L)) if targets == "one_hot" else Head("numbers")


def label_array(classes: Any) -> np.ndarray:
    """Return labels as ONNX has them: whole numbers, or text.

    >>> label_array(np.array([0.0, 1.0]))
    array([0, 1])
    """
    labels = np.asarray(classes)
    if labels.dtype.kind in "OU" and all(isinstance(label, str) for label in labels.tolist()):
        return labels.astype(object)
    if labels.dtype.kind in "biuf" and (labels == labels.astype(np.int64)).all():
        return labels.astype(np.int64)
    raise ModelFileError(
        f"classes: expected labels that are all text or all whole numbers, as ONNX has them; received "
        f"{labels.tolist()[:5]!r}; fit with such labels, e.g. y.astype(str)"
    )


def add_network(sink: Sink, X: str, network: Network, parameters: dict, dtype: str, out: str = "") -> str:
    """Add A^[L] = g(... g(X W^[1]T + b^[1]T) ...), examples as rows.

    Parameters
    ----------
    sink : Sink
    X : str
        The name of the input, (m, n_x) in ``dtype``.
    network : Network
    parameters : dict
    dtype : "float32" or "float64"
    out : str
        A name for A^[L].

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
    return add_activation(sink, network.rows[-1], Z, dtype, out)


def add_linear_network(
    sink: Sink, X: str, network: Network, parameters: dict, dtype: str, before: str = ""
) -> str:
    """Add Z^[L], the network but for its last activation.

    Parameters
    ----------
    sink : Sink
    X : str
    network : Network
    parameters : dict
    dtype : "float32" or "float64"
    before : str
        The precision of X and of what stands before the first layer, where it is another: a steep ramp makes
        much of little.

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
    for l, row in enumerate(network.rows, start=1):
        W, b = sink.constant(f"W{l}", own[f"W{l}"]), sink.constant(f"b{l}", own[f"b{l}"].ravel())
        Z = sink.node("Gemm", A, W, b, transB=1)
        if l == network.L:
            break
        A = add_activation(sink, row, Z, dtype, "")
        if f"a{l}" in own:  # a = z + alpha (g(z) - z)
            change = sink.node("Mul", sink.constant(f"a{l}", own[f"a{l}"].ravel()), sink.node("Sub", A, Z))
            A = sink.node("Add", Z, change)
    return Z


def add_head(sink: Sink, head: Head, A: str, dtype: str, label: str, probabilities: str) -> None:
    """Add the labels and the probabilities of a classifier from A^[L].

    Parameters
    ----------
    sink : Sink
    head : Head
    A : str
    dtype : "float32" or "float64"
    label, probabilities : str
        The names of the outputs.
    """
    number = partial(_number, sink, dtype)
    P = sink.node("Clip", A, number("zero", 0.0), number("one", 1.0)) if head.clip else A
    if head.normalise:
        total = sink.node("ReduceSum", P, sink.constant("axis_1", np.array([1])), keepdims=1)
        P = sink.node("Div", P, sink.node("Max", total, number("tiny", float(np.finfo(dtype).tiny))))
    if head.kind == "multilabel":
        sink.node("Cast", sink.node("Greater", A, number("half", 0.5)), out=label, to=7)  # 7 is ONNX's int64
        sink.node("Identity", P, out=probabilities)
        return
    if head.kind == "one class":
        shape = sink.node("Shape", A)
        sink.node("ConstantOfShape", shape, out=probabilities, value=_tensor(np.ones(1, dtype)))
        index = sink.node("ConstantOfShape", shape, value=_tensor(np.zeros(1, np.int64)))
    elif head.kind == "binary":
        sink.node("Concat", sink.node("Sub", number("one", 1.0), P), P, out=probabilities, axis=1)
        index = sink.node("Cast", sink.node("Greater", A, number("half", 0.5)), to=7)
    else:
        sink.node("Identity", P, out=probabilities)
        index = sink.node("ArgMax", A, axis=1)
    assert head.classes is not None
    add_label(sink, head.classes, index, label)


def add_label(sink: Sink, classes: np.ndarray, index: str, label: str) -> None:
    """Add the label (m,) of a class number (m, 1).

    Parameters
    ----------
    sink : Sink
    classes : ndarray
    index, label : str
    """
    index = sink.node("Squeeze", index, sink.constant("axis_1", np.array([1])))
    sink.node("Gather", sink.constant("classes", classes), index, out=label)


def _number(sink: Sink, dtype: str, name: str, value: float) -> str:
    return sink.constant(name, np.array(value, dtype))


def _tensor(array: np.ndarray) -> Any:
    from onnx import numpy_helper

    return numpy_helper.from_array(array)


def _add_inputs(sink: Sink, X: str, own: dict[str, np.ndarray], inputs: Inputs, n_x: int) -> str:
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


def _add_periodic(sink: Sink, numbers: str, own: dict[str, np.ndarray]) -> str:
    """Add V cos(2 pi (f x + p)) + c of each number: (m, n) -> (m, n, k) -> (m, n, 1, w) -> (m, n w)."""
    axis = sink.constant("last_axis", np.array([-1]))
    before_last = sink.constant("before_last_axis", np.array([-2]))
    f, p = (sink.constant(name, own[name][:, :, 0]) for name in ("f0", "p0"))
    turns = sink.node("Add", sink.node("Mul", sink.node("Unsqueeze", numbers, axis), f), p)
    T = sink.node("Mul", turns, sink.constant("two_pi", np.array(2.0 * math.pi, own["f0"].dtype)))
    C = sink.node("Unsqueeze", sink.node("Cos", T), before_last)
    V = sink.constant("V0", np.ascontiguousarray(own["V0"].transpose(0, 2, 1)))
    c = sink.constant("c0", np.ascontiguousarray(own["c0"].transpose(0, 2, 1)))
    flat = sink.constant("flat", np.array([-1, own["c0"].size]))
    return sink.node("Reshape", sink.node("Add", sink.node("MatMul", C, V), c), flat)


def _add_ramps(sink: Sink, numbers: str, t: np.ndarray) -> str:
    """Add (x - t_j) / (t_{j+1} - t_j), held to [0, 1], of each number: (m, n) -> (m, n, k) -> (m, n k)."""
    low, width = t[:, :-1, 0], np.diff(t[:, :, 0], axis=1)
    slope = np.divide(1.0, width, out=np.zeros_like(width), where=width > 0)
    each = sink.node("Unsqueeze", numbers, sink.constant("last_axis", np.array([-1])))
    U = sink.node("Mul", sink.node("Sub", each, sink.constant("t0", low)), sink.constant("slopes", slope))
    bounds = [sink.constant(f"ramp_{at}", np.array(at, t.dtype)) for at in (0, 1)]
    flat = sink.constant("flat_ramps", np.array([-1, low.size]))
    return sink.node("Reshape", sink.node("Clip", U, *bounds), flat)


def _columns(sink: Sink, X: str, first: int, end: int) -> str:
    bounds = [sink.constant(f"at_{at}", np.array([at])) for at in (first, end)]
    return sink.node("Slice", X, *bounds, sink.constant("axis_1", np.array([1])))
