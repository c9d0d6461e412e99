"""computation_graph: the operations of a function, the value above and the derivative below each edge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import EllayerError
from .graph_record import Node, number
from .graph_tape import function_nodes
from .model_parts import SupportedModel, is_model
from .network_graph import network_nodes
from .svg import graph_svg


@dataclass(frozen=True, eq=False, repr=False)
class ComputationGraph:
    """A computation, node by node in the order of evaluation; displayed as SVG in Jupyter.

    Attributes
    ----------
    nodes : tuple of Node
        The last is the output.
    """

    nodes: tuple[Node, ...]

    def __getitem__(self, name: str) -> Node:
        """Return the node of a name."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(f"expected one of {', '.join(n.name for n in self.nodes)}; received {name!r}")

    def to_svg(self) -> str:
        """Return the drawing as SVG text."""
        return graph_svg(self.nodes)

    def _repr_html_(self) -> str:
        return self.to_svg()

    def __repr__(self) -> str:
        return f"ComputationGraph({len(self.nodes)} nodes, {self.nodes[-1].name} = {number(self.nodes[-1].value)})"

    def __str__(self) -> str:
        last = self.nodes[-1].name
        width = max(len(node.text) for node in self.nodes)
        return "\n".join(
            f"{node.text.ljust(width)}   value {number(node.value)}"
            + ("" if node.derivative is None else f", d{last}/d{node.name} {number(node.derivative)}")
            for node in self.nodes
        )


def computation_graph(
    function: Callable[..., Any] | SupportedModel, *arguments: Any, output: str = "J"
) -> ComputationGraph:
    """Return the computation graph of a function at a point, or a network's layer by layer.

    Parameters
    ----------
    function : callable, or a model
        A function of numbers and arrays, written with operators and either NumPy or ``jax.numpy``, that returns one
        number; or a TrainingResult, a pair (network, parameters) or a fitted estimator.
    *arguments
        The function's arguments; X and Y for a model.
    output : str
        The name of the result.

    Returns
    -------
    ComputationGraph

    Raises
    ------
    ValueError
        For a function that jax cannot trace, or that returns more than one number.

    Examples
    --------
    >>> graph = computation_graph(lambda a, b, c: 3 * (a + b * c), 5.0, 3.0, 2.0)
    >>> print(graph)
    a            value 5, dJ/da 3
    b            value 3, dJ/db 6
    c            value 2, dJ/dc 9
    u = b * c    value 6, dJ/du 3
    v = a + u    value 11, dJ/dv 3
    J = 3 * v    value 33, dJ/dJ 1
    """
    if is_model(function):
        return ComputationGraph(network_nodes(function, *arguments))
    if not callable(function):
        raise EllayerError(
            f"computation_graph: expected a function or a model, received {type(function).__name__}"
        )
    return ComputationGraph(function_nodes(function, arguments, output))
