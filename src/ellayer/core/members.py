"""Outputs of several networks of one architecture for the same examples, each layer as one product for all.

    Z^[1]_k = (W^[1]_k diag(s_k)) A^[0] + b^[1]_k        one product: the rows of all members are stacked
    Z^[l]_k = W^[l]_k A^[l-1]_k + b^[l]_k                a product per member

A^[0], of plain rows and ramps, is computed once, because the members of a table share it. For a category, the one-hot
columns of its levels are multiplied by W^[1] diag(s) E.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .._shapes import Float
from .activations import blend_forward
from .arrays import Array, Examples, Parameters, array_namespace, dot
from .inference import EXAMPLES_AT_ONCE, outputs
from .inputs import Inputs, inputs_forward, one_hot_columns
from .network import Network
from .parameter_names import kind_of

NUMBERS_AT_ONCE = 2**16  # in a layer of all members, so that they fit into the processor's cache
MOST_LEVELS = 512  # maximum total of all categories; with more, embeddings are computed for each member
FEWEST_EXAMPLES = 64  # minimum number for which one product of the first layers is faster
_TILE = 64


def member_outputs(
    X: Examples, members: Sequence[Parameters], network: Network
) -> Float[Array, "members n m"]:
    """Return Z^[L] of each member.

    Parameters
    ----------
    X : array, shape (n_x, m)
    members : sequence of dict
        The parameters of each network.
    network : Network

    Returns
    -------
    Z : array, shape (K, n_L, m)

    Examples
    --------
    >>> import numpy as np
    >>> members = [{"W1": np.array([[1.0, k]]), "b1": np.array([[0.5]])} for k in (0.0, 1.0)]
    >>> member_outputs(np.array([[2.0], [3.0]]), members, Network([2, 1])).tolist()
    [[[2.5]], [[5.5]]]
    """
    xp = array_namespace(X)
    if X.shape[1] < FEWEST_EXAMPLES or not _share_inputs(members, network):
        return xp.stack([outputs(X, member, network, EXAMPLES_AT_ONCE)[1] for member in members])
    first = _first_layers(members, network.inputs)
    rest = [_stack(members, l) for l in range(1, network.L + 1)]
    width = len(members) * max(network.layer_dims[1:])
    block = max(NUMBERS_AT_ONCE // width, _TILE)
    blocks = []
    for i in range(0, max(X.shape[1], 1), block):
        A0 = _shared_inputs(X[:, i : i + block], members[0], network.inputs)
        A = Z = xp.reshape(dot(first, A0), (len(members), network.layer_dims[1], A0.shape[1]))
        for l, (activation, (W, b, alpha)) in enumerate(zip(network.layer_activations, rest, strict=True)):
            Z = (Z if l == 0 else W @ A) + b
            if l < network.L - 1:
                G = activation.forward(Z)
                A = G if alpha is None else blend_forward(Z, G, alpha)
        blocks.append(Z)
    return blocks[0] if len(blocks) == 1 else xp.concat(blocks, axis=2)


def _share_inputs(members: Sequence[Parameters], network: Network) -> bool:
    """Return whether the members differ only in what can be multiplied into their W^[1]."""
    inputs, xp = network.inputs or Inputs(), array_namespace(*members[0].values())
    if len(members) == 1 or sum(inputs.categories) > MOST_LEVELS:
        return False
    if not all(activation.elementwise for activation in network.layer_activations[:-1]):
        return False
    names = [name for name in inputs.shapes(network.layer_dims[0]) if kind_of(name) not in "sE"]
    return all(bool(xp.all(one[name] == members[0][name])) for name in names for one in members[1:])


def _first_layers(members: Sequence[Parameters], inputs: Inputs | None) -> Float[Array, "rows columns"]:
    """Return the W^[1] of all members, times their scaling and embeddings, stacked."""
    xp = array_namespace(members[0]["W1"])
    rows = []
    for member in members:
        W = member["W1"]
        if inputs is not None:
            W = W * member["s0"].T if inputs.scaling else W
            at, d = W.shape[1] - len(inputs.categories) * inputs.dimension, inputs.dimension
            vectors = [
                dot(W[:, at + j * d : at + (j + 1) * d], member[f"E{j + 1}"])
                for j in range(len(inputs.categories))
            ]
            W = xp.concat([W[:, :at], *vectors], axis=1)
        rows.append(W)
    return xp.concat(rows, axis=0)


def _shared_inputs(X: Examples, member: Parameters, inputs: Inputs | None) -> Float[Array, "columns m"]:
    """Return A^[0] without scaling, with a row for each level of a category."""
    if inputs is None:
        return X
    last = X.shape[0] - len(inputs.categories)
    A0, _ = inputs_forward(X[:last, :], member, replace(inputs, categories=(), scaling=False))
    levels = [one_hot_columns(X[last + j, :], n) for j, n in enumerate(inputs.categories)]
    return array_namespace(X).concat([A0, *levels], axis=0) if levels else A0


def _stack(members: Sequence[Parameters], l: int) -> tuple[Array | None, Array, Array | None]:
    """Return W^[l] (None for the first), b^[l] and alpha^[l] of all members, (K, ...)."""
    xp = array_namespace(members[0][f"b{l}"])
    W, b, alpha = (
        xp.stack([member[f"{kind}{l}"] for member in members]) if f"{kind}{l}" in members[0] else None
        for kind in "Wba"
    )
    return (None if l == 1 else W), b, alpha
