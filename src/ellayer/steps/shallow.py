"""The notes' network with one hidden layer: tanh, then sigmoid."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from .. import core
from .._shapes import Shaped
from ..core.arrays import Array, Examples, Labels, Parameters, Units
from .checks import check_gradients, check_shapes, floats, labels, labels_like, layers, require
from .start import start


def layer_sizes(X: Examples, Y: Labels) -> tuple[int, int, int]:
    """Return the sizes (n_x, n_h, n_y) of input, hidden and output layer; n_h is the notes' 4.

    Parameters
    ----------
    X : array, shape (n_x, m)
    Y : array, shape (n_y, m) or (m,)

    Examples
    --------
    >>> layer_sizes(np.zeros((2, 400)), np.zeros((1, 400)))
    (2, 4, 1)
    """
    X = floats(X, "X")
    check_shapes({"X": (X, ("n_x", "m"))})
    Y = labels(Y, (1, X.shape[1]))
    check_shapes({"X": (X, ("n_x", "m")), "Y": (Y, ("n_y", "m"))})
    return X.shape[0], 4, Y.shape[0]


def initialize_parameters(n_x: int, n_h: int, n_y: int, seed: int = 2) -> dict[str, np.ndarray]:
    """W ~ 0.01 N(0, 1), b = 0, drawn from NumPy's global generator after ``np.random.seed(seed)``.

    Parameters
    ----------
    n_x, n_h, n_y : int
        Units in input, hidden and output layer.
    seed : int

    Returns
    -------
    parameters : dict
        "W1" (n_h, n_x), "b1" (n_h, 1), "W2" (n_y, n_h), "b2" (n_y, 1).

    Examples
    --------
    >>> initialize_parameters(2, 4, 1)["W1"][0].round(8)
    array([-0.00416758, -0.00056267])
    """
    return start([n_x, n_h, n_y], "randn", seed)


def forward_propagation(X: Examples, parameters: Mapping[str, Array]) -> tuple[Units, Parameters]:
    """Z1 = W1 X + b1, A1 = tanh(Z1), Z2 = W2 A1 + b2, A2 = sigmoid(Z2).

    Parameters
    ----------
    X : array, shape (n_x, m)
    parameters : dict
        "W1", "b1", "W2", "b2".

    Returns
    -------
    A2 : array, shape (n_y, m)
    cache : dict
        "Z1", "A1" of shape (n_h, m), "Z2", "A2" of shape (n_y, m).

    Examples
    --------
    >>> A2, cache = forward_propagation(np.ones((2, 3)), initialize_parameters(2, 4, 1))
    >>> A2.shape, list(cache)
    ((1, 3), ['Z1', 'A1', 'Z2', 'A2'])
    """
    parameters, dims = layers(parameters, 2)
    X = floats(X, "X")
    check_shapes({"W1": (parameters["W1"], ("n_1", "n_x")), "X": (X, ("n_x", "m"))})
    A2, caches = core.L_model_forward(X, parameters, _network(dims))
    return A2, {"Z1": caches[0].Z, "A1": caches[0].A, "Z2": caches[1].Z, "A2": A2}


def compute_cost(A2: Units, Y: Labels, parameters: Mapping[str, Array] | None = None) -> float:
    """J = -1/m sum (y log a + (1 - y) log(1 - a)).

    Parameters
    ----------
    A2 : array, shape (n_y, m)
    Y : array, shape (n_y, m) or (m,)
    parameters : dict, optional
        Not used; kept for the signature of the notes.

    Returns
    -------
    cost : float

    Examples
    --------
    >>> round(compute_cost(np.array([[0.5, 0.9]]), np.array([[0, 1]])), 6)
    0.399254
    """
    A2, Y = labels_like(A2, Y, "A2")
    return float(core.compute_cost(A2, Y, _network((1, 1, A2.shape[0]))))


def backward_propagation(
    parameters: Mapping[str, Array], cache: Mapping[str, Array], X: Examples, Y: Labels
) -> Parameters:
    """dZ2 = A2 - Y, dZ1 = W2^T dZ2 * (1 - A1^2), dW = 1/m dZ A_prev^T, db = 1/m sum dZ.

    Parameters
    ----------
    parameters : dict
        "W1", "b1", "W2", "b2".
    cache : dict
        From ``forward_propagation``.
    X : array, shape (n_x, m)
    Y : array, shape (n_y, m) or (m,)

    Returns
    -------
    grads : dict
        "dW1", "db1", "dW2", "db2", each of the shape of the parameter.

    Examples
    --------
    >>> X, Y, parameters = np.ones((2, 3)), np.array([[0, 1, 1]]), initialize_parameters(2, 4, 1)
    >>> A2, cache = forward_propagation(X, parameters)
    >>> grads = backward_propagation(parameters, cache, X, Y)
    >>> {name: gradient.shape for name, gradient in grads.items()}
    {'dW1': (4, 2), 'db1': (4, 1), 'dW2': (1, 4), 'db2': (1, 1)}
    """
    parameters, dims = layers(parameters, 2)
    require(cache, ["Z1", "A1", "Z2", "A2"], "cache", "the cache that forward_propagation returns")
    X = floats(X, "X")
    Z1, A1, Z2, A2 = (floats(cache[name], name) for name in ("Z1", "A1", "Z2", "A2"))
    check_shapes(
        {
            "W1": (parameters["W1"], ("n_1", "n_x")),
            "W2": (parameters["W2"], ("n_2", "n_1")),
            "X": (X, ("n_x", "m")),
            "Z1": (Z1, ("n_1", "m")),
            "A1": (A1, ("n_1", "m")),
            "Z2": (Z2, ("n_2", "m")),
            "A2": (A2, ("n_2", "m")),
        }
    )
    A2, Y = labels_like(A2, Y, "A2")
    caches = [
        core.Cache(X, parameters["W1"], parameters["b1"], Z1, A1, None),
        core.Cache(A1, parameters["W2"], parameters["b2"], Z2, A2, None),
    ]
    grads = core.L_model_backward(A2, Y, caches, _network(dims), input_gradient=False)
    return {name: grads[name] for name in ("dW1", "db1", "dW2", "db2")}


def update_parameters(
    parameters: Mapping[str, Array], grads: Mapping[str, Array], learning_rate: float = 1.2
) -> Parameters:
    """W = W - alpha dW, b = b - alpha db, in both layers.

    Parameters
    ----------
    parameters : dict
        "W1", "b1", "W2", "b2".
    grads : dict
        "dW1", "db1", "dW2", "db2".
    learning_rate : float
        alpha.

    Returns
    -------
    parameters : dict
        A new dict of new arrays.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> parameters = {"W1": one, "b1": one, "W2": one, "b2": one}
    >>> update_parameters(parameters, {f"d{name}": one for name in parameters})["W1"].round(2)
    array([[-0.2]])
    """
    parameters, _ = layers(parameters, 2)
    return core.update_parameters(parameters, check_gradients(parameters, grads), learning_rate)


def nn_model(
    X: Examples, Y: Labels, n_h: int, num_iterations: int = 10000, print_cost: bool = False
) -> Parameters:
    """Train the network: repeat forward, cost, backward, update.

    Parameters
    ----------
    X : array, shape (n_x, m)
    Y : array, shape (n_y, m) or (m,)
    n_h : int
        Hidden units.
    num_iterations : int
    print_cost : bool
        Whether to print the cost every 1000 iterations.

    Returns
    -------
    parameters : dict
        "W1", "b1", "W2", "b2", for ``predict``.

    Examples
    --------
    >>> X, Y = np.array([[-2.0, -1.0, 1.0, 2.0]]), np.array([[0, 0, 1, 1]])
    >>> parameters = nn_model(X, Y, 4, num_iterations=1001, print_cost=True)
    Cost after iteration 0: 0.693...
    Cost after iteration 1000: 0.0...
    >>> predict(parameters, X)
    array([[False, False,  True,  True]])
    """
    np.random.seed(3)
    n_x, _, n_y = layer_sizes(X, Y)
    parameters: Parameters = initialize_parameters(n_x, n_h, n_y)
    for i in range(num_iterations):
        A2, cache = forward_propagation(X, parameters)
        cost = compute_cost(A2, Y, parameters)
        grads = backward_propagation(parameters, cache, X, Y)
        parameters = update_parameters(parameters, grads)
        if print_cost and i % 1000 == 0:
            print(f"Cost after iteration {i}: {cost:f}")
    return parameters


def predict(parameters: Mapping[str, Array], X: Examples) -> Shaped[Array, "n m"]:
    """Return A2 > 0.5.

    Parameters
    ----------
    parameters : dict
        "W1", "b1", "W2", "b2".
    X : array, shape (n_x, m)

    Returns
    -------
    predictions : array of bool, shape (n_y, m)
    """
    A2, _ = forward_propagation(X, parameters)
    return A2 > 0.5


@lru_cache
def _network(dims: tuple[int, ...]) -> core.Network:
    return core.Network(dims, ["tanh", "sigmoid"])
