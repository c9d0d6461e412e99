"""A network's computation graph at layer level, from one traced step."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..errors import EllayerError
from .graph_record import Node
from .model_parts import SupportedModel
from .trace import Trace, trace


def network_nodes(
    model: SupportedModel, X: ArrayLike | None = None, Y: ArrayLike | None = None
) -> tuple[Node, ...]:
    """Return the nodes of the graph X -> Z1 -> A1 -> ... -> J of a model on examples.

    Parameters
    ----------
    model : TrainingResult, (Network, parameters) or a fitted estimator
    X : array, shape (n_x, m)
    Y : array, shape (n_L, m)

    Returns
    -------
    tuple of Node
        dJ/dZ and dJ/dA include the 1/m, because all derivatives of a graph are those of its output.
    """
    if X is None or Y is None:
        raise EllayerError(
            "computation_graph: expected (model, X, Y): the graph of a network needs examples; "
            "use ellayer.summary(model) for its layers only"
        )
    step = trace(model, X, Y)
    nodes: list[Node] = []
    for name, text, inputs in _plan(step):
        by_name = {node.name: i for i, node in enumerate(nodes)}
        nodes.append(Node(name, text, tuple(by_name[i] for i in inputs), step[name], _slope(step, name)))
    return tuple(nodes)


def _plan(step: Trace) -> list[tuple[str, str, tuple[str, ...]]]:
    """Name, text and inputs of each node in the order of evaluation."""
    network = step.network
    plan: list[tuple[str, str, tuple[str, ...]]] = []
    first = "A0"
    if network.inputs is None:
        plan.append(("A0", "X", ()))
    else:
        own = list(network.inputs.shapes(network.layer_dims[0]))
        plan += [("X", "X", ()), *((name, name, ()) for name in own)]
        plan.append(("A0", "A0 = inputs(X)", ("X", *own)))
    for l in range(1, network.L + 1):
        g = network.activations[l - 1]
        plan += [(f"W{l}", f"W{l}", ()), (f"b{l}", f"b{l}", ())]
        plan.append((f"Z{l}", f"Z{l} = W{l} {'X' if l == 1 and network.inputs is None else f'A{l - 1}'} + b{l}",
                     (f"W{l}", first, f"b{l}")))  # fmt: skip
        blend = network.parametric and l < network.L
        if blend:
            plan.append((f"a{l}", f"a{l}", ()))
        plan.append((f"A{l}", f"A{l} = {'blend of ' if blend else ''}{g}(Z{l})",
                     (f"Z{l}", f"a{l}") if blend else (f"Z{l}",)))  # fmt: skip
        first = f"A{l}"
    return [*plan, ("Y", "Y", ()), ("J", "J = mean of L(A, Y)", (first, "Y"))]


def _slope(step: Trace, name: str) -> np.ndarray | None:
    if name == "J":
        return step["J"] * 0 + 1
    if name == "Y":
        return None
    slope = step["dX" if name == "X" else f"d{name}"]
    return slope / step.m if name[0] in "ZAX" else slope  # dZ and dA are those of each example
