"""The small demonstrations of the notes: derivatives, chain rule, vectorisation, broadcasting, symmetry."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numpy as np

from .._shapes import Float, Shaped
from ..core.arrays import Array, Examples, Labels, Parameters
from . import logistic, shallow
from .checks import check_shapes, floats

CALORIES = np.array([[56.0, 0.0, 4.4, 68.0], [1.2, 104.0, 52.0, 8.0], [1.8, 135.0, 99.0, 8.9]])
"""Calories from carbohydrate, protein and fat (rows) in 100 g of apples, beef, eggs and potatoes."""

CALORIES.setflags(write=False)


def derivative_by_nudging(f: Callable[[float], float], a: float, nudge: float = 0.001) -> float:
    """df/da, about (f(a + nudge) - f(a)) / nudge, a finite difference.

    Parameters
    ----------
    f : callable
    a : float
    nudge : float

    Returns
    -------
    float

    Examples
    --------
    f(a) = 3a has the slope 3 everywhere, a^2 the slope 2a, which is 4 at a = 2:

    >>> round(derivative_by_nudging(lambda a: 3 * a, 2), 9)
    3.0
    >>> round(derivative_by_nudging(lambda a: a**2, 2), 9)
    4.001
    >>> round(derivative_by_nudging(lambda a: a**2, 2, nudge=1e-6), 6)
    4.000001
    """
    return (f(a + nudge) - f(a)) / nudge


def computation_graph(a: float = 5, b: float = 3, c: float = 2) -> tuple[dict[str, float], dict[str, float]]:
    """J = 3 (a + b c), forward step by step, and backward by the chain rule.

    Forward: u = bc, v = a + u, J = 3v. Backward: dv = dJ/dv = 3, then da = dv * dv/da,
    du = dv * dv/du, db = du * du/db, dc = du * du/dc.

    Parameters
    ----------
    a, b, c : float

    Returns
    -------
    values : dict
        "u", "v", "J".
    derivatives : dict
        "dv", "du", "da", "db", "dc": the derivatives of J.

    Examples
    --------
    >>> values, derivatives = computation_graph(a=5, b=3, c=2)
    >>> values
    {'u': 6, 'v': 11, 'J': 33}
    >>> derivatives
    {'dv': 3, 'du': 3, 'da': 3, 'db': 6, 'dc': 9}

    Nudging b tells the same:

    >>> round(derivative_by_nudging(lambda b: computation_graph(5, b, 2)[0]["J"], 3), 6)
    6.0
    """
    u = b * c
    v = a + u
    J = 3 * v

    dv = 3
    da = dv * 1
    du = dv * 1
    db = du * c
    dc = du * b
    return {"u": u, "v": v, "J": J}, {"dv": dv, "du": du, "da": da, "db": db, "dc": dc}


class Comparison(NamedTuple):
    """Times of a loop and of the vectorised code that computes the same."""

    name: str
    loop_seconds: float
    vectorised_seconds: float
    equal: bool

    @property
    def ratio(self) -> float:
        """Time of the loop divided by that of the vectorised code."""
        return self.loop_seconds / self.vectorised_seconds


def loops_against_vectorised(n: int = 200, seed: int = 0) -> list[Comparison]:
    """Time the notes' loops against the one-line code that replaces them.

    Parameters
    ----------
    n : int
        Size of A (n, n) and v (n,); logistic regression has n features and n examples.
    seed : int
        Random seed; the global generator is not used.

    Returns
    -------
    list of Comparison
        u = A v (two loops), u = exp(v) (one loop), and the cost and gradients of logistic regression
        (a loop over the examples). ``equal`` is whether both results agree to twelve digits.

    Examples
    --------
    >>> rows = loops_against_vectorised(n=100)
    >>> [row.name for row in rows], all(row.equal for row in rows)
    (['u = A v', 'u = exp(v)', 'propagate'], True)
    >>> all(row.ratio > 1 for row in rows)
    True
    """
    random = np.random.RandomState(seed)
    A, v = random.randn(n, n), random.randn(n)
    logistic_arguments = (0.01 * random.randn(n, 1), 0.1, A, random.rand(1, n) < 0.5)
    return [
        compare("u = A v", matrix_times_vector_loop, np.dot, A, v),
        compare("u = exp(v)", exp_loop, np.exp, v),
        compare("propagate", logistic.propagate_loop, logistic.propagate, *logistic_arguments),
    ]


def compare(
    name: str, loop: Callable[..., Any], vectorised: Callable[..., Any], *arguments: object, repeats: int = 5
) -> Comparison:
    """Run both functions ``repeats`` times on the same arguments; keep the best time of each.

    Examples
    --------
    >>> compare("exp", exp_loop, np.exp, np.arange(3.0)).equal
    True
    """
    slow, slow_seconds = _time(loop, arguments, repeats)
    fast, fast_seconds = _time(vectorised, arguments, repeats)
    equal = np.allclose(_flat(slow), _flat(fast), rtol=1e-12, atol=1e-12)
    return Comparison(name, slow_seconds, fast_seconds, bool(equal))


def matrix_times_vector_loop(A: Float[Array, "n k"], v: Float[Array, " k"]) -> Float[np.ndarray, " n"]:
    """u_i = sum_j A_ij v_j, written out in two loops.

    >>> matrix_times_vector_loop(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, -1.0]))
    array([-1., -1.])
    """
    n, k = A.shape
    u = np.zeros(n)
    for i in range(n):
        for j in range(k):
            u[i] += A[i, j] * v[j]
    return u


def exp_loop(v: Float[Array, " n"]) -> Float[np.ndarray, " n"]:
    """u_i = exp(v_i), one after the other.

    >>> exp_loop(np.array([0.0, 1.0])).round(6)
    array([1.      , 2.718282])
    """
    u = np.zeros(len(v))
    for i in range(len(v)):
        u[i] = math.exp(v[i])
    return u


def calories_in_percent(table: Shaped[Array, "n k"] = CALORIES) -> Float[Array, "n k"]:
    """Return 100 * table / column sums: a (3, 4) table divided by a (1, 4) row, without a loop.

    Parameters
    ----------
    table : array, shape (n, k)

    Returns
    -------
    percent : array, shape (n, k)
        Each column sums to 100.

    Examples
    --------
    >>> calories_in_percent().round(1)
    array([[94.9,  0. ,  2.8, 80.1],
           [ 2. , 43.5, 33.5,  9.4],
           [ 3.1, 56.5, 63.7, 10.5]])

    Broadcasting copies a number to every entry, too:

    >>> (np.array([[1], [2], [3], [4]]) + 100).ravel()
    array([101, 102, 103, 104])
    """
    table = floats(table, "table")
    check_shapes({"table": (table, ("n", "k"))})
    total = table.sum(axis=0).reshape(1, -1)
    return 100 * table / total


def zero_initialisation(
    X: Examples, Y: Labels, n_h: int = 4, num_iterations: int = 100, weight: float = 0.0
) -> Parameters:
    """Train the shallow network from equal weights: its units stay identical.

    All hidden units compute the same value, get the same gradient and take the same step: all rows of W1
    stay equal, and n_h units are no better than one. From zeros W1 does not change at all. Random weights
    break the symmetry.

    Parameters
    ----------
    X : array, shape (n_x, m)
    Y : array, shape (n_y, m) or (m,)
    n_h : int
    num_iterations : int
    weight : float
        Initial value of every weight.

    Returns
    -------
    parameters : dict
        "W1", "b1", "W2", "b2" after the last update.

    Examples
    --------
    >>> X, Y = np.array([[-2.0, -1.0, 1.0, 2.0], [1.0, 0.0, 2.0, -1.0]]), np.array([[1, 0, 1, 1]])
    >>> zero_initialisation(X, Y, n_h=3)["W1"].tolist()
    [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]
    >>> W1 = zero_initialisation(X, Y, n_h=3, weight=0.5)["W1"]
    >>> bool(np.allclose(W1, W1[0], rtol=1e-12)), bool((W1 != 0.5).all())
    (True, True)
    """
    n_x, _, n_y = shallow.layer_sizes(X, Y)
    parameters: Parameters = {
        "W1": np.full((n_h, n_x), weight),
        "b1": np.zeros((n_h, 1)),
        "W2": np.full((n_y, n_h), weight),
        "b2": np.zeros((n_y, 1)),
    }
    for _ in range(num_iterations):
        _, cache = shallow.forward_propagation(X, parameters)
        grads = shallow.backward_propagation(parameters, cache, X, Y)
        parameters = shallow.update_parameters(parameters, grads)
    return parameters


def _time(function: Callable[..., Any], arguments: tuple[object, ...], repeats: int) -> tuple[Any, float]:
    best = math.inf
    for _ in range(repeats):
        begin = time.perf_counter()
        result = function(*arguments)
        best = min(best, time.perf_counter() - begin)
    return result, best


def _flat(result: object) -> np.ndarray:
    """Return a result, arrays in dicts and tuples too, as one row of numbers."""
    if isinstance(result, dict):
        result = tuple(result.values())
    if isinstance(result, tuple):
        return np.concatenate([_flat(part) for part in result])
    return np.ravel(cast(np.ndarray, result))
