"""The outputs of an exported model: labels and probabilities, or numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ...core.inference import class_index, class_probabilities
from ...engine.model import TargetKind
from ..plain_data import ModelFileError
from .nodes import TYPES, NodeSink

if TYPE_CHECKING:
    from onnx import TensorProto


@dataclass(frozen=True)
class Head:
    """The meaning of a network's outputs.

    Parameters
    ----------
    kind : str
        "binary" (one output, two classes), "classes" (one output each), "one class", "multilabel" or "numbers".
    classes : array or None
        The label of each class, int64 or text, for the first three.
    clip, normalise : bool
        Whether the probabilities are the outputs clipped to [0, 1], and divided by their sum.
    """

    kind: TargetKind
    classes: np.ndarray | None = None
    clip: bool = False
    normalise: bool = False

    def numpy(self, A: np.ndarray) -> list[np.ndarray]:
        """Return the outputs of the model for A^[L] as rows, for comparison with the nodes."""
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
        return [self.classes[class_index(A.T)], class_probabilities(P.T).T if self.kind == "binary" else P]


def label_array(classes: ArrayLike) -> np.ndarray:
    """Return labels in the types of ONNX: integers or strings.

    >>> label_array(np.array([0.0, 1.0]))
    array([0, 1])
    """
    labels = np.asarray(classes)
    if labels.dtype.kind in "OU" and all(isinstance(label, str) for label in labels.tolist()):
        return labels.astype(object)
    if labels.dtype.kind in "biuf" and (labels == labels.astype(np.int64)).all():
        return labels.astype(np.int64)
    raise ModelFileError(
        f"classes: expected labels that are all strings or all integers, as in ONNX; received "
        f"{labels.tolist()[:5]!r}; fit with such labels, e.g. y.astype(str)"
    )


def add_head(sink: NodeSink, head: Head, A: str, dtype: str, label: str, probabilities: str) -> None:
    """Add the labels and the probabilities of a classifier from A^[L].

    Parameters
    ----------
    sink : NodeSink
    head : Head
    A : str
    dtype : "float32" or "float64"
    label, probabilities : str
        The names of the outputs.
    """

    def number(name: str, value: float) -> str:
        return sink.constant(name, np.array(value, dtype))

    P = sink.node("Clip", A, number("zero", 0.0), number("one", 1.0)) if head.clip else A
    if head.normalise:
        assert head.classes is not None
        units = sink.constant("ones", np.ones((len(head.classes), 1), dtype))
        total = sink.node("MatMul", P, units)  # ReduceSum takes its axes as an input from opset 13 on
        P = sink.node("Div", P, sink.node("Max", total, number("tiny", float(np.finfo(dtype).tiny))))
    if head.kind == "multilabel":
        sink.node("Cast", sink.node("Greater", A, number("half", 0.5)), out=label, to=TYPES["int64"])
        sink.node("Identity", P, out=probabilities)
        return
    if head.kind == "one class":
        shape = sink.node("Shape", A)
        sink.node("ConstantOfShape", shape, out=probabilities, value=_tensor(np.ones(1, dtype)))
        index = sink.node("ConstantOfShape", shape, value=_tensor(np.zeros(1, np.int64)))
    elif head.kind == "binary":
        sink.node("Concat", sink.node("Sub", number("one", 1.0), P), P, out=probabilities, axis=1)
        index = sink.node("Cast", sink.node("Greater", A, number("half", 0.5)), to=TYPES["int64"])
    else:
        sink.node("Identity", P, out=probabilities)
        index = sink.node("ArgMax", A, axis=1)
    assert head.classes is not None
    add_label(sink, head.classes, index, label)


def add_label(sink: NodeSink, classes: np.ndarray, index: str, label: str) -> None:
    """Add the label (m,) of a class index (m, 1).

    Parameters
    ----------
    sink : NodeSink
    classes : ndarray
    index, label : str
    """
    index = sink.node("Reshape", index, sink.constant("flat_index", np.array([-1])))  # Squeeze: as ReduceSum
    sink.node("Gather", sink.constant("classes", classes), index, out=label)


def _tensor(array: np.ndarray) -> TensorProto:
    from onnx import numpy_helper

    return numpy_helper.from_array(array)
