"""The notes' network of L layers, step by step: ReLU in the hidden layers, sigmoid at the end.

A layer's cache is ``((A_prev, W, b), Z)``. Backpropagation starts from dAL, as in the notes;
``ellayer.train`` starts from dZ = A - Y, which needs no division.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from .. import core
from .._shapes import Shaped
from ..core.arrays import (
    Array,
    Biases,
    Examples,
    Labels,
    Parameters,
    Units,
    UnitsBefore,
    Weights,
    array_namespace,
)
from ..core.propagation import LinearCache
from ..errors import EllayerError
from .checks import check_gradients, check_shapes, floats, labels_like, layers
from .start import start

AnyShape = Shaped[Array, "*shape"]
LayerCache = tuple[LinearCache, Units]
LayerCaches = Sequence[tuple[tuple[Array, Array, Array], Array]]  # of layers, each with its own n and n_prev


def sigmoid(Z: AnyShape) -> tuple[AnyShape, AnyShape]:
    """A = 1 / (1 + exp(-Z)); the cache is Z.

    Parameters
    ----------
    Z : array of any shape

    Returns
    -------
    A, cache : arrays of the shape of Z

    Examples
    --------
    >>> A, cache = sigmoid(np.array([[0.0, 2.0]]))
    >>> A.round(6), cache
    (array([[0.5     , 0.880797]]), array([[0., 2.]]))
    """
    return _activate(Z, "sigmoid")


def sigmoid_backward(dA: AnyShape, cache: AnyShape) -> AnyShape:
    """dZ = dA * s (1 - s), s = sigmoid(Z).

    Parameters
    ----------
    dA : array of any shape
    cache : array of the same shape
        Z.

    Returns
    -------
    dZ : array of the same shape

    Examples
    --------
    >>> sigmoid_backward(np.array([[1.0, 2.0]]), np.array([[0.0, 0.0]]))
    array([[0.25, 0.5 ]])
    """
    return _activate_backward(dA, cache, "sigmoid")


def relu(Z: AnyShape) -> tuple[AnyShape, AnyShape]:
    """A = max(0, Z); the cache is Z.

    Parameters
    ----------
    Z : array of any shape

    Returns
    -------
    A, cache : arrays of the shape of Z

    Examples
    --------
    >>> relu(np.array([[-1.0, 3.0]]))
    (array([[0., 3.]]), array([[-1.,  3.]]))
    """
    return _activate(Z, "relu")


def relu_backward(dA: AnyShape, cache: AnyShape) -> AnyShape:
    """dZ = dA where Z > 0, else 0.

    Parameters
    ----------
    dA : array of any shape
    cache : array of the same shape
        Z.

    Returns
    -------
    dZ : array of the same shape

    Examples
    --------
    >>> relu_backward(np.array([[5.0, 6.0, 7.0]]), np.array([[-1.0, 0.0, 1.0]]))
    array([[0., 0., 7.]])
    """
    return _activate_backward(dA, cache, "relu")


def initialize_parameters(n_x: int, n_h: int, n_y: int) -> dict[str, np.ndarray]:
    """W ~ 0.01 N(0, 1), b = 0 for two layers, drawn after ``np.random.seed(1)``.

    Parameters
    ----------
    n_x, n_h, n_y : int
        Units in input, hidden and output layer.

    Returns
    -------
    parameters : dict
        "W1" (n_h, n_x), "b1" (n_h, 1), "W2" (n_y, n_h), "b2" (n_y, 1).

    Examples
    --------
    >>> initialize_parameters(3, 2, 1)["W2"].round(8)
    array([[ 0.01744812, -0.00761207]])
    """
    return start([n_x, n_h, n_y], "randn", 1)


def initialize_parameters_deep(layer_dims: Sequence[int]) -> dict[str, np.ndarray]:
    """W^[l] ~ 0.01 N(0, 1), b^[l] = 0 for l = 1..L, drawn after ``np.random.seed(3)``.

    Parameters
    ----------
    layer_dims : sequence of int
        [n_x, n_1, ..., n_L].

    Returns
    -------
    parameters : dict
        "W1" (n_1, n_x), "b1" (n_1, 1), ..., "WL", "bL".

    Examples
    --------
    >>> parameters = initialize_parameters_deep([5, 4, 3])
    >>> parameters["W1"][0, :2].round(8), parameters["b2"].shape
    (array([0.01788628, 0.0043651 ]), (3, 1))
    """
    return start(layer_dims, "randn", 3)


def linear_forward(A: UnitsBefore, W: Weights, b: Biases) -> tuple[Units, LinearCache]:
    """Z = W A + b.

    Parameters
    ----------
    A : array, shape (n_prev, m)
    W : array, shape (n, n_prev)
    b : array, shape (n, 1)

    Returns
    -------
    Z : array, shape (n, m)
    cache : (A, W, b)

    Examples
    --------
    >>> Z, cache = linear_forward(np.array([[1.0], [2.0]]), np.array([[3.0, 4.0]]), np.array([[5.0]]))
    >>> Z
    array([[16.]])
    """
    A, W, b = _check_layer(A, W, b, "A")
    return core.linear_forward(A, W, b)


def linear_activation_forward(
    A_prev: UnitsBefore, W: Weights, b: Biases, activation: str
) -> tuple[Units, LayerCache]:
    """A = g(W A_prev + b).

    Parameters
    ----------
    A_prev : array, shape (n_prev, m)
    W : array, shape (n, n_prev)
    b : array, shape (n, 1)
    activation : str
        "sigmoid" or "relu", or any other row of ``ellayer.core.ACTIVATIONS``.

    Returns
    -------
    A : array, shape (n, m)
    cache : ((A_prev, W, b), Z)

    Examples
    --------
    >>> A, cache = linear_activation_forward(np.ones((2, 1)), np.array([[3.0, -4.0]]), np.ones((1, 1)), "relu")
    >>> A, cache[1]
    (array([[0.]]), array([[0.]]))
    """
    A_prev, W, b = _check_layer(A_prev, W, b, "A_prev")
    A, cache = core.linear_activation_forward(A_prev, W, b, core.ACTIVATIONS[activation])
    return A, _pack(cache)


def L_model_forward(X: Examples, parameters: Mapping[str, Array]) -> tuple[Units, LayerCaches]:
    """[linear, ReLU] L - 1 times, then linear, sigmoid.

    Parameters
    ----------
    X : array, shape (n_x, m)
    parameters : dict
        "W1", "b1", ..., "WL", "bL".

    Returns
    -------
    AL : array, shape (n_L, m)
    caches : list of ((A_prev, W, b), Z), one per layer

    Examples
    --------
    >>> AL, caches = L_model_forward(np.ones((5, 2)), initialize_parameters_deep([5, 4, 3, 1]))
    >>> AL.shape, len(caches)
    ((1, 2), 3)
    """
    parameters, dims = layers(parameters)
    X = floats(X, "X")
    check_shapes({"W1": (parameters["W1"], ("n_1", "n_x")), "X": (X, ("n_x", "m"))})
    AL, caches = core.L_model_forward(X, parameters, _network(dims))
    return AL, [_pack(cache) for cache in caches]


def compute_cost(AL: Units, Y: Labels) -> Array:
    """J = -1/m sum (y log a + (1 - y) log(1 - a)).

    Parameters
    ----------
    AL : array, shape (n_L, m)
    Y : array, shape (n_L, m) or (m,)

    Returns
    -------
    cost : scalar

    Examples
    --------
    >>> round(float(compute_cost(np.array([[0.8, 0.9, 0.4]]), np.array([[1, 1, 1]]))), 6)
    0.414932
    """
    AL, Y = labels_like(AL, Y)
    return core.compute_cost(AL, Y, _network((1, AL.shape[0])))


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

    Examples
    --------
    >>> A_prev, W, b = np.array([[1.0, 2.0]]), np.array([[3.0]]), np.array([[0.0]])
    >>> linear_backward(np.array([[1.0, -2.0]]), (A_prev, W, b))
    (array([[ 3., -6.]]), array([[-1.5]]), array([[-0.5]]))
    """
    A_prev, W, b = _check_layer(*_linear_cache(cache), "A_prev")
    dZ = floats(dZ, "dZ")
    check_shapes({"A_prev": (A_prev, ("n_prev", "m")), "W": (W, ("n", "n_prev")), "dZ": (dZ, ("n", "m"))})
    return core.linear_backward(dZ, (A_prev, W, b))


def linear_activation_backward(
    dA: Units, cache: LayerCache, activation: str
) -> tuple[UnitsBefore, Weights, Biases]:
    """dZ = dA * g'(Z), then the linear backward step.

    Parameters
    ----------
    dA : array, shape (n, m)
    cache : ((A_prev, W, b), Z)
    activation : str
        "sigmoid" or "relu", or any other row of ``ellayer.core.ACTIVATIONS``.

    Returns
    -------
    dA_prev : array, shape (n_prev, m)
    dW : array, shape (n, n_prev)
    db : array, shape (n, 1)

    Examples
    --------
    >>> A, cache = linear_activation_forward(np.ones((1, 1)), np.ones((1, 1)), np.zeros((1, 1)), "relu")
    >>> linear_activation_backward(np.array([[2.0]]), cache, "relu")
    (array([[2.]]), array([[2.]]), array([[2.]]))
    """
    linear_cache, Z = _layer_cache(cache)
    A_prev, W, b = _check_layer(*_linear_cache(linear_cache), "A_prev")
    dA, Z = floats(dA, "dA"), floats(Z, "Z")
    check_shapes(
        {
            "A_prev": (A_prev, ("n_prev", "m")),
            "W": (W, ("n", "n_prev")),
            "Z": (Z, ("n", "m")),
            "dA": (dA, ("n", "m")),
        }
    )
    row = core.ACTIVATIONS[activation]
    return core.linear_activation_backward(dA, core.Cache(A_prev, W, b, Z, row.forward(Z), None), row)


def L_model_backward(AL: Units, Y: Labels, caches: LayerCaches) -> Parameters:
    """dAL = -(Y / AL - (1 - Y) / (1 - AL)), then back through sigmoid and the ReLU layers.

    AL need not be the sigmoid of the last Z. If AL is exactly 0 or 1 and the label is the opposite, dAL is
    clipped to the largest finite size.

    Parameters
    ----------
    AL : array, shape (n_L, m)
    Y : array, shape (n_L, m) or (m,)
    caches : list of ((A_prev, W, b), Z), one per layer
        From ``L_model_forward``.

    Returns
    -------
    grads : dict
        "dA0", ..., "dA(L-1)", "dW1", "db1", ..., "dWL", "dbL".

    Examples
    --------
    >>> AL, caches = L_model_forward(np.ones((2, 3)), initialize_parameters(2, 4, 1))
    >>> sorted(L_model_backward(AL, np.array([[1, 0, 1]]), caches))
    ['dA0', 'dA1', 'dW1', 'dW2', 'db1', 'db2']
    """
    AL, Y = labels_like(AL, Y)
    L = len(caches)
    if L == 0:
        raise EllayerError("caches: expected one per layer, received none; try those of L_model_forward")
    check_shapes({"Z": (floats(_layer_cache(caches[-1])[1], "Z"), ("n_L", "m")), "AL": (AL, ("n_L", "m"))})
    grads: Parameters = {}
    dA = core.LOSSES["binary_cross_entropy"].backward(AL, Y)
    for l in range(L, 0, -1):
        activation = "sigmoid" if l == L else "relu"
        dA, dW, db = linear_activation_backward(dA, caches[l - 1], activation)
        grads[f"dA{l - 1}"], grads[f"dW{l}"], grads[f"db{l}"] = dA, dW, db
    return grads


def update_parameters(
    parameters: Mapping[str, Array], grads: Mapping[str, Array], learning_rate: float
) -> Parameters:
    """W^[l] = W^[l] - alpha dW^[l], b^[l] = b^[l] - alpha db^[l].

    Parameters
    ----------
    parameters : dict
        "W1", "b1", ..., "WL", "bL".
    grads : dict
        "dW1", "db1", ...; others are ignored.
    learning_rate : float
        alpha.

    Returns
    -------
    parameters : dict
        A new dict of new arrays.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> update_parameters({"W1": one, "b1": one}, {"dW1": one, "db1": 2 * one}, 0.25)
    {'W1': array([[0.75]]), 'b1': array([[0.5]])}
    """
    parameters, _ = layers(parameters)
    return core.update_parameters(parameters, check_gradients(parameters, grads), learning_rate)


def two_layer_model(
    X: Examples,
    Y: Labels,
    layers_dims: Sequence[int],
    learning_rate: float = 0.0075,
    num_iterations: int = 3000,
    print_cost: bool = False,
) -> tuple[Parameters, list[float]]:
    """Train linear, ReLU, linear, sigmoid from 0.01 N(0, 1), seed 1.

    Parameters
    ----------
    X : array, shape (n_x, m)
    Y : array, shape (n_y, m) or (m,)
    layers_dims : sequence of int
        (n_x, n_h, n_y).
    learning_rate : float
    num_iterations : int
    print_cost : bool
        Whether to print the cost every 100 iterations.

    Returns
    -------
    parameters : dict
        "W1", "b1", "W2", "b2".
    costs : list of float
        The cost before update 0, 100, 200, ...

    Examples
    --------
    >>> X, Y = np.array([[-2.0, -1.0, 1.0, 2.0]]), np.array([[0, 0, 1, 1]])
    >>> parameters, costs = two_layer_model(X, Y, (1, 3, 1), num_iterations=101, print_cost=True)
    Cost after iteration 0: 0.693...
    Cost after iteration 100: 0.69...
    """
    if core.Network(layers_dims).L != 2:
        raise EllayerError(
            f"layers_dims: expected (n_x, n_h, n_y), received {tuple(layers_dims)}; "
            f"try L_layer_model for any other number of layers"
        )
    parameters = initialize_parameters(*layers_dims)
    return _gradient_descent(X, Y, parameters, learning_rate, num_iterations, print_cost)


def L_layer_model(
    X: Examples,
    Y: Labels,
    layers_dims: Sequence[int],
    learning_rate: float = 0.0075,
    num_iterations: int = 3000,
    print_cost: bool = False,
) -> tuple[Parameters, list[float]]:
    """Train [linear, ReLU] L - 1 times, linear, sigmoid from N(0, 1) / sqrt(n_(l-1)), seed 1.

    From 0.01 N(0, 1) the cost of a deep network does not fall: its signals vanish.

    Parameters
    ----------
    X : array, shape (n_x, m)
    Y : array, shape (n_L, m) or (m,)
    layers_dims : sequence of int
        [n_x, n_1, ..., n_L].
    learning_rate : float
    num_iterations : int
    print_cost : bool
        Whether to print the cost every 100 iterations.

    Returns
    -------
    parameters : dict
        "W1", "b1", ..., "WL", "bL".
    costs : list of float
        The cost before update 0, 100, 200, ...

    Examples
    --------
    >>> X, Y = np.array([[-2.0, -1.0, 1.0, 2.0]]), np.array([[1, 0, 0, 1]])
    >>> parameters, costs = L_layer_model(X, Y, [1, 6, 4, 1], learning_rate=0.1, num_iterations=1000)
    >>> len(costs), costs[-1] < 0.1 * costs[0]
    (10, True)
    """
    parameters = start(layers_dims, "randn_over_sqrt", 1)
    return _gradient_descent(X, Y, parameters, learning_rate, num_iterations, print_cost)


def _gradient_descent(
    X: Examples,
    Y: Labels,
    parameters: Parameters,
    learning_rate: float,
    num_iterations: int,
    print_cost: bool,
) -> tuple[Parameters, list[float]]:
    """The loop of both models: forward, cost, backward, update."""
    X = floats(X, "X")  # once, not in every iteration
    costs = []
    for i in range(num_iterations):
        AL, caches = L_model_forward(X, parameters)
        cost = compute_cost(AL, Y)
        grads = L_model_backward(AL, Y, caches)
        parameters = update_parameters(parameters, grads, learning_rate)
        if i % 100 == 0:
            costs.append(float(cost))
            if print_cost:
                print(f"Cost after iteration {i}: {costs[-1]:f}")
    return parameters, costs


def predict(X: Examples, y: Labels, parameters: Mapping[str, Array]) -> Units:
    """Return 1 where AL > 0.5, else 0, and print the accuracy.

    Parameters
    ----------
    X : array, shape (n_x, m)
    y : array, shape (n_L, m) or (m,)
    parameters : dict
        "W1", "b1", ..., "WL", "bL".

    Returns
    -------
    p : array of floats 0 and 1, shape (n_L, m)

    Examples
    --------
    >>> parameters = {"W1": np.array([[1.0]]), "b1": np.array([[-1.0]])}
    >>> predict(np.array([[0.0, 2.0, 3.0, 4.0]]), np.array([[0, 1, 1, 0]]), parameters)
    Accuracy: 0.75
    array([[0., 1., 1., 1.]])
    """
    AL, _ = L_model_forward(X, parameters)
    AL, y = labels_like(AL, y)
    xp = array_namespace(AL)
    p = xp.astype(AL > 0.5, AL.dtype)
    print(f"Accuracy: {float(xp.mean(xp.astype(p == y, AL.dtype)))}")
    return p


def _activate(Z: AnyShape, activation: str) -> tuple[AnyShape, AnyShape]:
    Z = floats(Z, "Z")
    return core.ACTIVATIONS[activation].forward(Z), Z


def _activate_backward(dA: AnyShape, Z: AnyShape, activation: str) -> AnyShape:
    dA, Z = floats(dA, "dA"), floats(Z, "cache")
    if dA.shape != Z.shape:
        raise EllayerError(
            f"dA: expected the shape of the cache Z, {tuple(Z.shape)}, received {tuple(dA.shape)}; "
            f"try the cache that {activation} returned with this A"
        )
    row = core.ACTIVATIONS[activation]
    return row.backward(dA, Z, row.forward(Z))


@lru_cache
def _network(dims: tuple[int, ...]) -> core.Network:
    return core.Network(dims, ["relu"] * (len(dims) - 2) + ["sigmoid"])


def _pack(cache: core.Cache) -> LayerCache:
    return (cache.A_prev, cache.W, cache.b), cache.Z


def _check_layer(A_prev: ArrayLike, W: ArrayLike, b: ArrayLike, name: str) -> LinearCache:
    A_prev, W, b = floats(A_prev, name), floats(W, "W"), floats(b, "b")
    check_shapes({"W": (W, ("n", "n_prev")), "b": (b, ("n", 1)), name: (A_prev, ("n_prev", "m"))})
    return A_prev, W, b


def _linear_cache(cache: object) -> LinearCache:
    if not isinstance(cache, (tuple, list)) or len(cache) != 3:
        raise EllayerError(
            f"cache: expected (A_prev, W, b), received {_describe(cache)}; try the cache of linear_forward"
        )
    return tuple(cache)


def _layer_cache(cache: object) -> LayerCache:
    if not isinstance(cache, (tuple, list)) or len(cache) != 2:
        raise EllayerError(
            f"cache: expected ((A_prev, W, b), Z), received {_describe(cache)}; "
            f"try the cache of linear_activation_forward"
        )
    return tuple(cache)


def _describe(cache: object) -> str:
    kind = type(cache).__name__
    return f"a {kind} of {len(cache)}" if isinstance(cache, (tuple, list, dict)) else f"a {kind}"
