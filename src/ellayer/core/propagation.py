r"""The equations: forward, cost, backward, update.

Examples are columns. For layer l = 1..L, with A^[0] = X of shape (n_x, m):

    forward     Z^[l]     = W^[l] A^[l-1] + b^[l]             A^[l] = g^[l](Z^[l])
    cost        J         = 1/m sum_i w_i L(A^[L](i), Y(i))   (w_i = 1, or weights of mean 1)
    backward    dZ^[l]    = dA^[l] * g^[l]'(Z^[l])
                dW^[l]    = 1/m dZ^[l] A^[l-1]^T
                db^[l]    = 1/m sum_i dZ^[l](i)
                dA^[l-1]  = W^[l]^T dZ^[l]
    update      W^[l]     = W^[l] - alpha dW^[l]              b^[l] = b^[l] - alpha db^[l]

These functions are pure and run unchanged on NumPy, under ``jax.jit`` and on any array library with
the array API. dA and dZ are derivatives of the loss of each example; dW and db carry the 1/m.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from .activations import Activation, blend_backward, blend_forward
from .arrays import (
    Array,
    Biases,
    Examples,
    ExampleWeights,
    Parameters,
    Targets,
    Units,
    UnitsBefore,
    Weights,
    affine,
    array_namespace,
    dot,
    smallest,
    sum_over_examples,
    transposed_dot,
)
from .inputs import InputCache, inputs_backward, inputs_forward
from .network import Network
from .regularizers import dropout_backward, dropout_forward


class Cache(NamedTuple):
    """Values of one layer's forward step that its backward step needs.

    The caches of a network are a plain list with one per layer, which can pass through ``jax.jit``; the cache
    of layer 1 includes that of the embeddings.
    """

    A_prev: UnitsBefore
    W: Weights
    b: Biases
    Z: Units
    A: Units  # g(Z), before any blending
    mask: UnitsBefore | None = None  # dropout's D^[l-1], already applied to A_prev
    alpha: Biases | None = None  # of a parametric activation
    inputs: InputCache | None = None  # layer 1 alone: of the embeddings and scaling of its A_prev


LinearCache = tuple[UnitsBefore, Weights, Biases]  # A_prev, W, b


def linear_forward(A_prev: UnitsBefore, W: Weights, b: Biases) -> tuple[Units, LinearCache]:
    """Z = W A_prev + b.

    Parameters
    ----------
    A_prev : array, shape (n_prev, m)
    W : array, shape (n, n_prev)
    b : array, shape (n, 1)

    Returns
    -------
    Z : array, shape (n, m)
    cache : (A_prev, W, b)

    Examples
    --------
    >>> import numpy as np
    >>> Z, cache = linear_forward(np.array([[1.0], [2.0]]), np.array([[3.0, 4.0]]), np.array([[5.0]]))
    >>> Z
    array([[16.]])
    """
    Z = affine(W, A_prev, b)
    return Z, (A_prev, W, b)


def linear_backward(dZ: Units, cache: LinearCache) -> tuple[UnitsBefore, Weights, Biases]:
    """dW = 1/m dZ A_prev^T, db = 1/m sum dZ, dA_prev = W^T dZ.

    Parameters
    ----------
    dZ : array, shape (n, m)
    cache : (A_prev, W, b)

    Returns
    -------
    dA_prev : array, shape (n_prev, m)
    dW : array, shape (n, n_prev)
    db : array, shape (n, 1)
    """
    dW, db = linear_gradients(dZ, cache)
    return transposed_dot(cache[1], dZ), dW, db


def layer_outputs(
    A_prev: UnitsBefore, W: Weights, b: Biases, activation: Activation, alpha: Biases | None
) -> tuple[Units, Units, Units]:
    """Z = W A_prev + b, G = g(Z), and A = G or, with alpha, its blend with Z.

    Parameters
    ----------
    A_prev : array, shape (n_prev, m)
    W : array, shape (n, n_prev)
    b, alpha : array, shape (n, 1)
    activation : Activation

    Returns
    -------
    A, Z, G : array, shape (n, m)
    """
    Z, _ = linear_forward(A_prev, W, b)
    G = activation.forward(Z)
    return (G if alpha is None else blend_forward(Z, G, alpha)), Z, G


def linear_activation_forward(
    A_prev: UnitsBefore,
    W: Weights,
    b: Biases,
    activation: Activation,
    mask: UnitsBefore | None = None,
    alpha: Biases | None = None,
) -> tuple[Units, Cache]:
    """A = g(W A_prev + b), with dropout's mask on A_prev and a blended activation if given.

    Parameters
    ----------
    A_prev : array, shape (n_prev, m)
    W : array, shape (n, n_prev)
    b : array, shape (n, 1)
    activation : Activation
    mask : array, shape (n_prev, m), optional
    alpha : array, shape (n, 1), optional

    Returns
    -------
    A : array, shape (n, m)
    cache : Cache
    """
    if mask is not None:
        A_prev = dropout_forward(A_prev, mask)
    A, Z, G = layer_outputs(A_prev, W, b, activation, alpha)
    return A, Cache(A_prev, W, b, Z, G, mask, alpha)


def linear_activation_backward(
    dA: Units, cache: Cache, activation: Activation
) -> tuple[UnitsBefore, Weights, Biases]:
    """dZ = dA * g'(Z), then the linear backward step.

    Parameters
    ----------
    dA : array, shape (n, m)
    cache : Cache
    activation : Activation

    Returns
    -------
    dA_prev, dW, db : as ``linear_backward``
    """
    dZ, _ = _activation_backward(dA, cache, activation)
    return _input_backward(dZ, cache), *linear_gradients(dZ, cache[:3])


def L_model_forward(
    X: Examples, parameters: Parameters, network: Network, masks: dict[int, UnitsBefore] | None = None
) -> tuple[Array, list[Cache]]:
    """Forward through all layers.

    Parameters
    ----------
    X : array, shape (n_x, m)
        Also a ``csc_array`` of scipy, if the network has no ``inputs``: W^[1] X and dW^[1] are products by its non-zeros.
    parameters : dict
        "W1", "b1", ..., "WL", "bL".
    network : Network
    masks : dict, optional
        Dropout's D^[l] by layer, 0 for the input; made by ``regularizers.dropout_mask``.

    Returns
    -------
    AL : array, shape (n_L, m)
    caches : list of Cache, one per layer
    """
    masks = masks or {}
    caches = []
    A, input_cache = X, None
    if network.inputs is not None:
        A, input_cache = inputs_forward(X, parameters, network.inputs)
    for l in range(1, network.L + 1):
        W, b, alpha = parameters[f"W{l}"], parameters[f"b{l}"], parameters.get(f"a{l}")
        A, cache = linear_activation_forward(
            A, W, b, network.layer_activations[l - 1], masks.get(l - 1), alpha
        )
        caches.append(cache)
    if input_cache is not None:
        caches[0] = caches[0]._replace(inputs=input_cache)
    return A, caches


def compute_cost(
    AL: Units, Y: Targets, network: Network, weights: ExampleWeights | None = None, ZL: Units | None = None
) -> Array:
    """J = 1/m sum_i w_i L(AL(i), Y(i)).

    Parameters
    ----------
    AL : array, shape (n_L, m)
    Y : array, shape (n_L, m)
    network : Network
    weights : array, shape (1, m), optional
        Weights of mean 1 (see ``relative_weights``).
    ZL : array, shape (n_L, m), optional
        If given, and the loss fuses with the output activation, the cost is computed from it: stable
        however large Z is.

    Returns
    -------
    J : scalar
    """
    xp = array_namespace(AL)
    pair = network.fused_pair
    losses = network.loss_row.forward(AL, Y) if pair is None or ZL is None else pair.forward(ZL, Y)
    if weights is not None:
        losses = weights * losses
    return xp.sum(losses) / AL.shape[1]


def L_model_backward(
    AL: Units,
    Y: Targets,
    caches: list[Cache],
    network: Network,
    weights: ExampleWeights | None = None,
    input_gradient: bool = True,
    fixed: Collection[str] = (),
) -> Parameters:
    """Backward through all layers.

    Parameters
    ----------
    AL, Y : array, shape (n_L, m)
    caches : list of Cache
    network : Network
    weights : array, shape (1, m), optional
        Weights of mean 1.
    input_gradient : bool
        Whether to compute dA0, which no parameter needs.
    fixed : collection of str
        Parameters that are not learned; see ``inputs_backward``.

    Returns
    -------
    grads : dict
        "dW1", "db1", "dZ1", ... and "dA1" ..., each of the shape of its variable; dZ and dA are
        derivatives of each example's (weighted) loss, dW and db of the cost.
    """
    grads: Parameters = {}
    dZ, dAL = _output_backward(AL, Y, caches[-1], network)
    if weights is not None:
        dZ, dAL = weights * dZ, None if dAL is None else weights * dAL
    if dAL is not None:
        grads[f"dA{network.L}"] = dAL
    for l in range(network.L, 0, -1):
        cache = caches[l - 1]
        grads[f"dZ{l}"] = dZ
        grads[f"dW{l}"], grads[f"db{l}"] = linear_gradients(dZ, cache[:3])
        if l == 1 and not input_gradient and network.inputs is None:
            break
        grads[f"dA{l - 1}"] = dA = _input_backward(dZ, cache)
        if l > 1:
            dZ, dalpha = _activation_backward(dA, caches[l - 2], network.layer_activations[l - 2])
            if dalpha is not None:
                grads[f"da{l - 1}"] = dalpha
        elif network.inputs is not None and cache.inputs is not None:
            dX, of_inputs = inputs_backward(dA, cache.inputs, network.inputs, fixed)
            grads |= of_inputs if dX is None else {"dX": dX, **of_inputs}
    return grads


def relative_weights(weights: ExampleWeights) -> ExampleWeights:
    """Return weights scaled to mean 1, so that J = sum w L / sum w keeps the notes' 1/m.

    Parameters
    ----------
    weights : array, shape (1, m)
        At least 0; 0 excludes an example (or the padding of a batch).
    """
    xp = array_namespace(weights)
    mean = xp.sum(weights) / weights.shape[1]
    return weights / xp.maximum(mean, smallest(weights))  # all zero: all excluded, not 0 / 0


def update_parameters(parameters: Parameters, grads: Parameters, learning_rate: float) -> Parameters:
    """Gradient descent: theta = theta - alpha dtheta for every parameter.

    Parameters
    ----------
    parameters : dict
    grads : dict
        "d" + name for every name of ``parameters``.
    learning_rate : float
        alpha.

    Returns
    -------
    dict
        New arrays; the old ones are unchanged.
    """
    return {name: theta - learning_rate * grads[f"d{name}"] for name, theta in parameters.items()}


def linear_gradients(dZ: Units, cache: LinearCache) -> tuple[Weights, Biases]:
    """Return dW and db, all that layer 1 needs."""
    A_prev = cache[0]
    dZ = (1.0 / A_prev.shape[1]) * dZ  # the 1/m, on the smallest of the factors
    return dot(dZ, A_prev.T), sum_over_examples(dZ)


def _activation_backward(dA: Units, cache: Cache, activation: Activation) -> tuple[Units, Biases | None]:
    """dZ, and dalpha of a parametric activation."""
    if cache.alpha is None:
        return activation.backward(dA, cache.Z, cache.A), None
    return blend_backward(dA, cache.Z, cache.A, cache.alpha, activation.backward)


def _output_backward(AL: Units, Y: Targets, cache: Cache, network: Network) -> tuple[Units, Units | None]:
    """dZ^[L] of each example's loss, and dA^[L] unless the fused pair makes it unnecessary."""
    if network.fused_pair is not None:
        return network.fused_pair.backward(AL, Y), None
    dAL = network.loss_row.backward(AL, Y)
    return network.layer_activations[-1].backward(dAL, cache.Z, AL), dAL


def _input_backward(dZ: Units, cache: Cache) -> UnitsBefore:
    """dA_prev = W^T dZ, with dropout's mask."""
    dA_prev = transposed_dot(cache.W, dZ)
    return dA_prev if cache.mask is None else dropout_backward(dA_prev, cache.mask)
