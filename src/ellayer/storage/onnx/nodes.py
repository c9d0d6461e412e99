"""Nodes and constants of an ONNX graph, and the protocol of a graph."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

Attribute: TypeAlias = Any  # of a node: a number, a text, a tensor, or a list of these
OPSET = 20  # the first with Gelu; Mish was added in 18
TYPES = {"float32": 1, "float64": 11, "text": 8, "int64": 7}  # their codes in ONNX


def add_cosine(sink: NodeSink, angle: str, dtype: str) -> str:
    """Add cos(angle); of doubles as sin(angle + pi / 2), for onnxruntime has no Cos of them before 1.29.

    Parameters
    ----------
    sink : NodeSink
    angle : str
    dtype : "float32" or "float64"

    Returns
    -------
    str
        The name of the cosine.
    """
    if dtype == "float32":
        return sink.node("Cos", angle)
    return sink.node("Sin", sink.node("Add", angle, sink.constant("half_pi", np.array(np.pi / 2.0))))


class NodeSink(Protocol):
    """A graph to which constants and nodes can be added: our ``Graph``, or that of skl2onnx."""

    def constant(self, name: str, array: np.ndarray) -> str:
        """Add a constant; return its name in the graph."""

    def node(self, operator: str, *inputs: str, out: str = "", **attributes: Attribute) -> str:
        """Add a node; return the name of its output, ``out`` if given."""


@dataclass
class Graph:
    """Nodes and constants of a model; all internal names begin with the prefix.

    A part with names of its own, such as one network among several, is ``replace(graph, prefix=...)``.
    """

    nodes: list[NodeProto] = field(default_factory=list)
    constants: list[TensorProto] = field(default_factory=list)
    prefix: str = ""

    def constant(self, name: str, array: np.ndarray) -> str:
        """Add a constant; return its name in the graph."""
        from onnx import numpy_helper

        name = f"{self.prefix}{name}"
        if name not in (c.name for c in self.constants):
            self.constants.append(numpy_helper.from_array(array, name))
        return name

    def node(self, operator: str, *inputs: str, out: str = "", **attributes: Attribute) -> str:
        """Add a node; return the name of its output."""
        from onnx import helper

        out = out or f"{self.prefix}{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [out], name=f"to_{out}", **attributes))
        return out
