"""Logistic regression as in the notes: a network with one layer of one sigmoid unit.

w is (n_x, 1) and b a number; in ``core`` they are W^[1] = w^T and b^[1].
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import core
from .._shapes import Float, Shaped
from ..core.arrays import Array, Examples, Labels, Parameters, Scalar, array_namespace
from ..errors import EllayerError
from .checks import cast, check_shapes, floats, labels

Weight = Shaped[Array, "n_x 1"]


def sigmoid(z: Shaped[Array, "*shape"]) -> Float[Array, "*shape"]:
    """a = 1 / (1 + exp(-z)).

    Parameters
    ----------
    z : array of any shape, or a number

    Returns
    -------
    a : array of the shape of z

    Examples
    --------
    >>> sigmoid(np.array([0, 2])).round(8)
    array([0.5       , 0.88079708])
    """
    return core.ACTIVATIONS["sigmoid"].forward(floats(z, "z"))


def initialize_with_zeros(dim: int) -> tuple[np.ndarray, float]:
    """w = 0, b = 0: the cost is convex, so any initial value works.

    Parameters
    ----------
    dim : int
        n_x, the number of features.

    Returns
    -------
    w : array, shape (dim, 1)
    b : float

    Examples
    --------
    >>> initialize_with_zeros(2)
    (array([[0.],
           [0.]]), 0.0)
    """
    network = core.Network([dim, 1])
    return core.initialize_parameters(network, "zeros")["W1"].T, 0.0


def propagate(w: Weight, b: float | Array, X: Examples, Y: Labels) -> tuple[Parameters, Array]:
    """Cost and gradients: dw = 1/m X (A - Y)^T, db = 1/m sum (A - Y), A = sigmoid(w^T X + b).

    Parameters
    ----------
    w : array, shape (n_x, 1)
    b : float
    X : array, shape (n_x, m)
    Y : array, shape (1, m) or (m,)
        Labels 0 and 1, as floats, integers or booleans.

    Returns
    -------
    grads : dict
        "dw" of shape (n_x, 1) and "db", a number.
    cost : scalar
        J = -1/m sum (y log a + (1 - y) log(1 - a)).

    Raises
    ------
    ValueError
        For shapes that do not agree.

    Examples
    --------
    >>> X, Y = np.array([[1.0, -2.0], [0.5, 1.0]]), np.array([[1, 0]])
    >>> grads, cost = propagate(np.zeros((2, 1)), 0.0, X, Y)
    >>> grads["dw"].tolist(), float(grads["db"]), round(float(cost), 6)
    ([[-0.75], [0.125]], 0.0, 0.693147)
    """
    w, X, Y, network = _check(w, b, X, Y)
    return _propagate(w, b, X, Y, network)


def propagate_loop(w: Weight, b: float | Array, X: Examples, Y: Labels) -> tuple[Parameters, Array]:
    """Cost and gradients as ``propagate``, one example after the other.

    The notes' first, slow version: J, dw and db are summed over i = 1..m and divided by m at the end.

    Parameters
    ----------
    w, b, X, Y : as in ``propagate``

    Returns
    -------
    grads, cost : as from ``propagate``

    Examples
    --------
    >>> X, Y = np.array([[1.0, -2.0], [0.5, 1.0]]), np.array([[1, 0]])
    >>> grads, cost = propagate_loop(np.zeros((2, 1)), 0.0, X, Y)
    >>> grads["dw"].tolist(), float(grads["db"]), round(float(cost), 6)
    ([[-0.75], [0.125]], 0.0, 0.693147)
    """
    w, X, Y, network = _check(w, b, X, Y)
    m = X.shape[1]
    J: Scalar = 0.0
    dw: Scalar = 0.0
    db: Scalar = 0.0
    for i in range(m):
        grads, loss = _propagate(w, b, X[:, i : i + 1], Y[:, i : i + 1], network)
        J = J + loss
        dw = dw + grads["dw"]
        db = db + grads["db"]
    return {"dw": dw / m, "db": db / m}, J / m


def optimize(
    w: Weight,
    b: float | Array,
    X: Examples,
    Y: Labels,
    num_iterations: int,
    learning_rate: float,
    print_cost: bool = False,
) -> tuple[Parameters, Parameters, list[float]]:
    """Gradient descent: w = w - alpha dw, b = b - alpha db, repeated.

    Parameters
    ----------
    w, b, X, Y : as in ``propagate``
    num_iterations : int
    learning_rate : float
        alpha.
    print_cost : bool
        Whether to print the cost every 100 iterations.

    Returns
    -------
    params : dict
        "w" (n_x, 1) and "b" after the last update.
    grads : dict
        "dw" and "db" of the last update; empty after none.
    costs : list of float
        The cost before update 0, 100, 200, ...

    Examples
    --------
    >>> X, Y = np.array([[1.0, -2.0], [0.5, 1.0]]), np.array([[1, 0]])
    >>> params, grads, costs = optimize(*initialize_with_zeros(2), X, Y, 101, 0.1, print_cost=True)
    Cost after iteration 0: 0.693147
    Cost after iteration 100: 0.057709
    """
    grads: Parameters = {}
    costs = []
    for i in range(num_iterations):
        grads, cost = propagate(w, b, X, Y)
        w = w - learning_rate * grads["dw"]
        b = b - learning_rate * grads["db"]
        if i % 100 == 0:
            costs.append(float(cost))
            if print_cost:
                print(f"Cost after iteration {i}: {costs[-1]:f}")
    params = {"w": w, "b": b}
    return params, grads, costs


def predict(w: Weight | Shaped[Array, " n_x"], b: float | Array, X: Examples) -> Float[Array, "1 m"]:
    """Return 1 where sigmoid(w^T X + b) > 0.5, else 0.

    Parameters
    ----------
    w : array, shape (n_x, 1) or (n_x,)
    b : float
    X : array, shape (n_x, m)

    Returns
    -------
    Y_prediction : array of floats 0 and 1, shape (1, m)

    Examples
    --------
    >>> predict(np.array([[1.0], [2.0]]), -1.0, np.array([[3.0, 1.0], [0.0, -1.0]]))
    array([[1., 0.]])
    """
    w = floats(w, "w")
    if w.ndim == 1:
        w = array_namespace(w).reshape(w, (-1, 1))
    w, X, network = _checked_input(w, b, X)
    A, _ = core.L_model_forward(X, {"W1": w.T, "b1": b}, network)
    return array_namespace(A).astype(A > 0.5, A.dtype)


def model(
    X_train: Shaped[Array, "n_x m_train"],
    Y_train: Shaped[Array, "1 m_train"] | Shaped[Array, " m_train"],
    X_test: Shaped[Array, "n_x m_test"],
    Y_test: Shaped[Array, "1 m_test"] | Shaped[Array, " m_test"],
    num_iterations: int = 2000,
    learning_rate: float = 0.5,
    print_cost: bool = False,
) -> dict[str, Any]:
    """Train logistic regression from zeros, predict both sets, print both accuracies.

    Parameters
    ----------
    X_train, X_test : array, shape (n_x, m_train) and (n_x, m_test)
    Y_train, Y_test : array, shape (1, m_train) and (1, m_test), or flat
    num_iterations : int
    learning_rate : float
        The notes use 0.005 for the cats.
    print_cost : bool
        Whether to print the cost every 100 iterations.

    Returns
    -------
    d : dict
        "costs", "Y_prediction_test", "Y_prediction_train", "w", "b", "learning_rate", "num_iterations".

    Examples
    --------
    >>> X, Y = np.array([[1.0, -2.0, 3.0, -1.0]]), np.array([[1, 0, 1, 0]])
    >>> d = model(X, Y, X[:, :2], Y[:, :2], num_iterations=10)
    train accuracy: 100.0 %
    test accuracy: 100.0 %
    >>> sorted(d)
    ['Y_prediction_test', 'Y_prediction_train', 'b', 'costs', 'learning_rate', 'num_iterations', 'w']
    """
    X_train = floats(X_train, "X_train")
    check_shapes({"X_train": (X_train, ("n_x", "m"))})
    w, b = initialize_with_zeros(X_train.shape[0])
    _, X_train, Y_train, _ = _check(w, b, X_train, Y_train, "_train")
    _, X_test, Y_test, _ = _check(w, b, X_test, Y_test, "_test")

    parameters, _, costs = optimize(w, b, X_train, Y_train, num_iterations, learning_rate, print_cost)
    Y_prediction_test = predict(parameters["w"], parameters["b"], X_test)
    Y_prediction_train = predict(parameters["w"], parameters["b"], X_train)

    print(f"train accuracy: {_accuracy(Y_prediction_train, Y_train)} %")
    print(f"test accuracy: {_accuracy(Y_prediction_test, Y_test)} %")
    return {
        "costs": costs,
        "Y_prediction_test": Y_prediction_test,
        "Y_prediction_train": Y_prediction_train,
        "w": parameters["w"],
        "b": parameters["b"],
        "learning_rate": learning_rate,
        "num_iterations": num_iterations,
    }


def _propagate(
    w: Weight, b: float | Array, X: Examples, Y: Labels, network: core.Network
) -> tuple[Parameters, Array]:
    A, caches = core.L_model_forward(X, {"W1": w.T, "b1": b}, network)
    Y = cast(Y, A)
    cost = core.compute_cost(A, Y, network, ZL=caches[-1].Z)
    grads = core.L_model_backward(A, Y, caches, network, input_gradient=False)
    return {"dw": grads["dW1"].T, "db": grads["db1"][0, 0]}, cost


def _check(
    w: Weight, b: float | Array, X: Examples, Y: Labels, suffix: str = ""
) -> tuple[Array, Array, Array, core.Network]:
    w, X, network = _checked_input(w, b, X, f"X{suffix}")
    Y = labels(Y, (1, X.shape[1]), f"Y{suffix}")
    check_shapes({f"X{suffix}": (X, ("n_x", "m")), f"Y{suffix}": (Y, (1, "m"))})
    return w, X, Y, network


def _checked_input(
    w: Weight, b: float | Array, X: Examples, name: str = "X"
) -> tuple[Array, Array, core.Network]:
    w, X = floats(w, "w"), floats(X, name)
    check_shapes({"w": (w, ("n_x", 1)), name: (X, ("n_x", "m"))})
    if tuple(floats(b, "b").shape) not in ((), (1,), (1, 1)):
        raise EllayerError(f"b: expected a number, received an array of shape {b.shape}; try a single bias")  # type: ignore[union-attr]
    return w, X, core.Network([X.shape[0], 1])


def _accuracy(predicted: Array, Y: Labels) -> float:
    xp = array_namespace(predicted)
    return float(100 - xp.mean(xp.abs(predicted - Y)) * 100)
