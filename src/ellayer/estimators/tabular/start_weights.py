"""The initial parameters of a member: weights drawn by the recipe, thresholds from the data."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from ...core.inputs import Inputs, inputs_forward
from ...core.network import Network
from ...tables.scaling import quantile_places
from .recipes import Recipe

Parameters = dict[str, np.ndarray]

ROWS_OF_START = 1000
POINTS_OF_KINK = 5
NEAR = 1e-6  # below, the difference of two numbers around 1 is due to rounding


def initial_parameters(
    network: Network,
    recipe: Recipe,
    X: np.ndarray,
    random: np.random.RandomState,
    t0: np.ndarray | None = None,
) -> Parameters:
    """Return the initial parameters of a member, in float64.

    "normal": W ~ N(0, 1) / sqrt(n_{l-1}), b ~ N(0, 1). "data": the rows of W are divided by the standard
    deviation of their z on the data, and b puts the kink of each unit at a mean of a few examples. The last layer is 0.
    Ramps get quantiles of their number as thresholds, and the recipe's scale: small, so that the function starts smooth.

    Parameters
    ----------
    network : Network
    recipe : Recipe
    X : ndarray, shape (m, n_x)
    random : RandomState
    t0 : ndarray, optional
        ``ramp_thresholds(network, X)``, which all members share.

    Returns
    -------
    dict
    """
    from_data = recipe["start"] == "data"
    parameters: Parameters = {}
    if network.inputs is not None:
        parameters |= network.inputs.draw(random, network.layer_dims[0])
        if network.inputs.ramps:
            parameters["t0"] = _thresholds(network.inputs, X) if t0 is None else t0
            parameters["s0"][network.inputs.ramp_rows] = recipe["ramp_scale"]
    if from_data:
        rows = random.permutation(len(X))[:ROWS_OF_START]
        A = X[rows].T.astype(np.float64)
        A = inputs_forward(A, parameters, network.inputs)[0] if network.inputs is not None else A
    for l, (n_in, n_out) in enumerate(pairwise(network.widths), start=1):
        W, b = np.zeros((n_out, n_in)), np.zeros((n_out, 1))
        if l < network.L:
            W = random.standard_normal((n_out, n_in)) / math.sqrt(n_in)
            b = random.standard_normal((n_out, 1))
            if from_data:
                Z = W @ A
                spread = Z.std(axis=1, keepdims=True)
                spread = np.where(spread > 1e-6, spread, 1.0)
                W, Z = W / spread, Z / spread
                b = -_points(Z, random)
                if l < network.L - 1:  # the last layer starts at 0
                    A = network.layer_activations[l - 1].forward(Z + b)
            if network.parametric:
                parameters[f"a{l}"] = np.ones((n_out, 1))
        parameters |= {f"W{l}": W, f"b{l}": b}
    return {name: parameters[name] for name in network.shapes}


def ramp_thresholds(network: Network, X: np.ndarray) -> np.ndarray | None:
    """Return the thresholds t^[0] of the ramps of each number of rows (m, n_x); None for a network without ramps."""
    inputs = network.inputs
    if inputs is None or not inputs.ramps:
        return None
    return _thresholds(inputs, X)


def _thresholds(inputs: Inputs, X: np.ndarray) -> np.ndarray:
    return np.stack([thresholds(x, inputs.ramps) for x in X[:, : inputs.numbers].T])[:, :, None]


def _points(Z: np.ndarray, random: np.random.RandomState) -> np.ndarray:
    """One value per unit: z of a random mean of a few examples."""
    units, m = Z.shape
    share = random.standard_exponential((units, POINTS_OF_KINK))
    chosen_rows = random.randint(m, size=(units, POINTS_OF_KINK))
    z = np.take_along_axis(Z, chosen_rows, axis=1)
    return (share * z).sum(axis=1, keepdims=True) / share.sum(axis=1, keepdims=True)


def thresholds(x: np.ndarray, ramps: int) -> np.ndarray:
    """Return ``ramps`` + 1 ascending thresholds: quantiles in which a value that occurs n times has weight sqrt(n).

    So a value that most rows have (a zero) does not get all thresholds. If there are fewer distinct values, all
    are used and the last is repeated, which gives ramps of zero width. Values that differ by rounding are
    merged.

    Parameters
    ----------
    x : ndarray, shape (m,)
    ramps : int

    Returns
    -------
    ndarray, shape (ramps + 1,), float64

    Examples
    --------
    >>> thresholds(np.array([0.0] * 96 + [1.0, 2.0, 3.0, 4.0]), 2).tolist()
    [0.0, 2.0, 4.0]
    >>> thresholds(np.array([5.0, 7.0, 5.0]), 3).tolist()
    [5.0, 7.0, 7.0, 7.0]
    >>> thresholds(np.array([0.5, 0.5 + 1e-9, 1.0]), 2).tolist()
    [0.5, 1.0, 1.0]
    """
    values, counts = np.unique(x.astype(np.float64), return_counts=True)
    first = np.flatnonzero(np.diff(values, prepend=-np.inf) > NEAR)
    values, counts = values[first], np.add.reduceat(counts, first)
    values = values[np.unique(quantile_places(counts, ramps))]
    return np.pad(values, (0, ramps + 1 - len(values)), mode="edge")
