"""Integrated gradients: the integral of slopes along the straight path from a baseline to an example."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

# Slopes (n, c) at the points (n, c) of paths, and for each point the index of its example.
Slopes = Callable[[np.ndarray, np.ndarray], np.ndarray]


def integrate_path(
    slopes: Slopes, start: np.ndarray, X: np.ndarray, steps: int, at_once: int = 256
) -> np.ndarray:
    """Return (x - x') * integral from 0 to 1 of the slopes at x' + t (x - x') dt, for each example.

    Gauss-Legendre's rule in panels of 8 points.

    Parameters
    ----------
    slopes : callable
    start, X : array, shape (n, m)
        Baselines x' and examples x.
    steps : int
        Points on each path.
    at_once : int
        Points in one call of ``slopes``.

    Returns
    -------
    array, shape (n, m)

    Examples
    --------
    >>> square = lambda path, examples: 2.0 * path
    >>> integrate_path(square, np.zeros((1, 1)), np.full((1, 1), 3.0), 8).round(6)
    array([[9.]])
    """
    panels = max(1, steps // 8)
    nodes, weights = np.polynomial.legendre.leggauss(min(steps, 8))
    t = ((nodes[None, :] + 1) / 2 + np.arange(panels)[:, None]).ravel() / panels
    w = np.tile(weights / 2, panels) / panels
    total, difference = np.zeros_like(X), X - start
    block = max(1, at_once // len(t))  # examples in one call
    for first in range(0, X.shape[1], block):
        examples = np.arange(first, min(first + block, X.shape[1]))
        for part in (slice(k, k + at_once) for k in range(0, len(t), at_once)):
            path = start[:, examples, None] + difference[:, examples, None] * t[part]
            points = slopes(path.reshape(len(X), -1), np.repeat(examples, path.shape[2]))
            total[:, examples] += points.reshape(path.shape) @ w[part]
    return total * difference
