"""Outputs of a network without its caches, in blocks of examples; and predictions from outputs.

Examples are columns, as everywhere in ``core``. Hidden layers are in memory for one block at a time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from .._shapes import Float, Shaped
from .arrays import (
    Array,
    Examples,
    Parameters,
    Units,
    array_namespace,
    dense,
    has_few_nonzeros,
    is_sparse,
    sparse_columns,
)
from .inputs import inputs_forward
from .network import Network
from .propagation import Cache, layer_outputs

EXAMPLES_AT_ONCE = 4096  # a good block where blocks are small on purpose
NUMBERS_AT_ONCE = 2**24  # in the widest layer of a block, by default
SPARSE_NUMBERS_AT_ONCE = 2**22  # of a sparse input made dense
MOST_DEAD = 0.9  # share of dead units at which a layer hardly learns
# BLAS sums in another order at the edge of a matrix: blocks of whole tiles have the bits of the whole.
_TILE = 64


def outputs(
    X: Examples, parameters: Parameters, network: Network, block: int | None = None, layer: int | None = None
) -> tuple[Units, Units]:
    """Return A^[L] and Z^[L] of any number of examples, or those of another layer.

    Parameters
    ----------
    X : array or sparse matrix, shape (n_x, m)
    parameters : dict
    network : Network
    block : int, optional
        Examples per block. By default as many as keep the widest layer below 2^24 numbers. A sparse input is multiplied
        by its non-zeros if they are few; else it is made dense in blocks of at most 2^22 numbers.
    layer : int, optional
        The layer whose A and Z are returned, by default L; 0 returns A^[0] twice.

    Returns
    -------
    A, Z : array, shape (n_l, m)

    Examples
    --------
    >>> import numpy as np
    >>> theta = {"W1": np.array([[1.0, -1.0]]), "b1": np.array([[0.5]])}
    >>> outputs(np.array([[2.0, 0.0], [2.5, 1.0]]), theta, Network([2, 1]))
    (array([[0.5       , 0.37754067]]), array([[ 0. , -0.5]]))
    """
    layer = network.L if layer is None else layer
    by_nonzeros = is_sparse(X) and layer > 0 and network.inputs is None and has_few_nonzeros(X)
    if is_sparse(X):
        X = sparse_columns(X)
        if not by_nonzeros:
            most = max(SPARSE_NUMBERS_AT_ONCE // X.shape[0], 1)
            block = min(block or most, most)
    m, block = X.shape[1], block or _block_size(network.widths[by_nonzeros:])
    parts = [X] if m <= block else (X[:, i : i + block] for i in range(0, m, block))
    blocks = [_forward(A if by_nonzeros else dense(A), parameters, network, layer) for A in parts]
    if len(blocks) == 1:
        return blocks[0]
    xp = array_namespace(blocks[0][0])
    A, Z = zip(*blocks, strict=True)
    return xp.concat(A, axis=1), xp.concat(Z, axis=1)


def class_index(Y: Shaped[Array, "n m"]) -> Shaped[Array, " m"]:
    """Return the class index of each column: the largest of several rows, or whether the only one exceeds 1/2.

    Parameters
    ----------
    Y : array, shape (1, m) or (n_classes, m)
        Labels, one-hot columns, or probabilities.

    Returns
    -------
    array of int, shape (m,)

    Examples
    --------
    >>> import numpy as np
    >>> class_index(np.array([[0, 1, 1]])), class_index(np.array([[1, 0], [0, 0], [0, 1]]))
    (array([0, 1, 1]), array([0, 2]))
    """
    xp = array_namespace(Y)
    return xp.astype(Y[0, :] > 0.5, xp.int64) if Y.shape[0] == 1 else xp.argmax(Y, axis=0)


def predictions(AL: Units, targets: str) -> Shaped[Array, "_ m"]:
    """Return the predictions for outputs, by the ``targets`` of the loss.

    Parameters
    ----------
    AL : array, shape (n_L, m)
    targets : str

    Returns
    -------
    array
        0 and 1, (n_L, m), for "binary"; the class index, (1, m), for "one_hot"; else AL.
    """
    if targets == "one_hot":
        return class_index(AL)[None, :]
    return array_namespace(AL).astype(AL > 0.5, int) if targets == "binary" else AL


def class_probabilities(AL: Units) -> Float[Array, "n_classes m"]:
    """Return a row of probabilities per class, (n_classes, m): of a single output 1 - a and a.

    >>> import numpy as np
    >>> class_probabilities(np.array([[0.25, 1.0]])).tolist()
    [[0.75, 0.0], [0.25, 1.0]]
    """
    return array_namespace(AL).concat([1.0 - AL, AL], axis=0) if AL.shape[0] == 1 else AL


def dead_share(network: Network, caches: list[Cache], layer: int) -> float:
    """Return the share of a hidden layer's ReLU units that are 0 for every example and get no gradient.

    Parameters
    ----------
    network : Network
    caches : list of Cache
        Of the forward pass.
    layer : int

    Returns
    -------
    float
        nan for the output layer and for activations that cannot be dead.
    """
    cache = caches[layer - 1]
    if layer == network.L or network.activations[layer - 1] != "relu" or cache.alpha is not None:
        return math.nan
    xp = array_namespace(cache.Z)
    return float(xp.mean(xp.astype(xp.max(cache.Z, axis=1) <= 0, cache.Z.dtype)))


def fold_scaling(
    parameters: Parameters, mean: Float[Array, " n_x"], scale: Float[Array, " n_x"]
) -> Parameters:
    """Return parameters for unscaled x that equal the given ones for (x - mean) / scale.

        W (x - mean) / scale + b = (W / scale) x + (b - (W / scale) mean)

    Parameters
    ----------
    parameters : dict
        Of a network without ``inputs``.
    mean, scale : array of n_x numbers

    Returns
    -------
    dict
        Only W1 and b1 differ; all in float64, because b1 is the difference of possibly large numbers.

    Examples
    --------
    >>> import numpy as np
    >>> theta = {"W1": np.array([[1.0, 2.0]]), "b1": np.array([[0.5]])}
    >>> folded = fold_scaling(theta, np.array([10.0, 0.0]), np.array([2.0, 1.0]))
    >>> folded["W1"].tolist(), folded["b1"].tolist()
    ([[0.5, 2.0]], [[-4.5]])
    """
    xp = array_namespace(parameters["W1"])
    double = {name: xp.astype(theta, xp.float64) for name, theta in parameters.items()}
    W1 = double["W1"] / xp.reshape(xp.asarray(scale, dtype=xp.float64), (1, -1))
    b1 = double["b1"] - W1 @ xp.reshape(xp.asarray(mean, dtype=xp.float64), (-1, 1))
    return double | {"W1": W1, "b1": b1}


def _block_size(widths: Sequence[int]) -> int:
    """Return how many examples a block may have."""
    block = max(NUMBERS_AT_ONCE // max(widths), 1)
    return block - block % _TILE if block > _TILE else block


def _forward(A: Array, parameters: Parameters, network: Network, layer: int) -> tuple[Units, Units]:
    """Return A and Z of a layer, without keeping those of earlier layers."""
    if network.inputs is not None:
        A, _ = inputs_forward(A, parameters, network.inputs)
    Z = A
    for l, activation in enumerate(network.layer_activations[:layer], start=1):
        W, b, alpha = parameters[f"W{l}"], parameters[f"b{l}"], parameters.get(f"a{l}")
        A, Z, _ = layer_outputs(A, W, b, activation, alpha)
    return A, Z
