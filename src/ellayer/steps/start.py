"""Initial values drawn as in the notes: from NumPy's global generator, seeded just before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .. import core
from ..core.parameter_names import kind_of


def start(layer_dims: Sequence[int], initializer: str, seed: int) -> dict[str, np.ndarray]:
    """Return initial parameters, and leave the global generator in the state that the notes leave it in.

    ``core`` uses its own generator, so the global one is seeded and advanced in addition.

    Parameters
    ----------
    layer_dims : sequence of int
        [n_x, n_1, ..., n_L].
    initializer : str
        "randn" or "randn_over_sqrt".
    seed : int

    Returns
    -------
    parameters : dict
        "W1" (n_1, n_x), "b1" (n_1, 1), ..., "WL", "bL".

    Examples
    --------
    >>> parameters = start([2, 4, 1], "randn", 2)
    >>> after = np.random.randn()
    >>> np.random.seed(2)
    >>> bool((parameters["W1"] == np.random.randn(4, 2) * 0.01).all())
    True
    >>> bool((parameters["W2"] == np.random.randn(1, 4) * 0.01).all()), after == np.random.randn()
    (True, True)
    """
    network = core.Network(layer_dims)
    parameters = core.initialize_parameters(network, initializer, seed)
    np.random.seed(seed)
    np.random.randn(sum(W.size for name, W in parameters.items() if kind_of(name) == "W"))
    return parameters
