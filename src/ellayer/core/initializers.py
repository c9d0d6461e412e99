"""Starting values of the weights: one row each. Biases start at 0.

Numbers are drawn by NumPy's legacy generator in layer order, on the host and in float64, so that a
seed gives exactly the numbers of the notes, on every machine and loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from .registry import Registry

if TYPE_CHECKING:
    from .network import Network


Random = np.random.RandomState


@dataclass(frozen=True)
class Initializer:
    """One rule for a starting W^[l].

    ``draw(random, n_out, n_in, gain)`` returns an (n_out, n_in) float64 array; ``random`` is a
    ``numpy.random.RandomState`` and ``gain`` is that of the layer's activation.
    """

    name: str
    draw: Callable[[Random, int, int, float], np.ndarray]
    latex: str = ""


def zeros(random: Random, n_out: int, n_in: int, gain: float) -> np.ndarray:
    """W = 0: all hidden units stay identical (shown in ``steps.demonstrations``)."""
    return np.zeros((n_out, n_in))


def randn(random: Random, n_out: int, n_in: int, gain: float, scale: float) -> np.ndarray:
    """W ~ scale * N(0, 1), the notes' rule with scale 0.01."""
    return random.randn(n_out, n_in) * scale


def randn_over_sqrt(random: Random, n_out: int, n_in: int, gain: float) -> np.ndarray:
    """W ~ N(0, 1) / sqrt(n_in), the notes' rule for deep networks (LeCun et al. 1998)."""
    return random.randn(n_out, n_in) / math.sqrt(n_in)


def lecun_uniform(random: Random, n_out: int, n_in: int, gain: float) -> np.ndarray:
    """W ~ U(-r, r), r = sqrt(3 / n_in) (LeCun et al. 1998)."""
    return _uniform(random, n_out, n_in, math.sqrt(3.0 / n_in))


def xavier_normal(random: Random, n_out: int, n_in: int, gain: float) -> np.ndarray:
    """W ~ N(0, 2 / (n_in + n_out)) (Glorot and Bengio 2010)."""
    return random.randn(n_out, n_in) * math.sqrt(2.0 / (n_in + n_out))


def xavier_uniform(random: Random, n_out: int, n_in: int, gain: float) -> np.ndarray:
    """W ~ U(-r, r), r = sqrt(6 / (n_in + n_out)) (Glorot and Bengio 2010)."""
    return _uniform(random, n_out, n_in, math.sqrt(6.0 / (n_in + n_out)))


def he_normal(random: Random, n_out: int, n_in: int, gain: float) -> np.ndarray:
    """W ~ N(0, 2 / n_in) (He et al. 2015)."""
    return random.randn(n_out, n_in) * math.sqrt(2.0 / n_in)


def he_uniform(random: Random, n_out: int, n_in: int, gain: float) -> np.ndarray:
    """W ~ U(-r, r), r = sqrt(6 / n_in) (He et al. 2015)."""
    return _uniform(random, n_out, n_in, math.sqrt(6.0 / n_in))


def orthogonal(random: Random, n_out: int, n_in: int, gain: float) -> np.ndarray:
    """W = gain * Q with orthonormal rows or columns (Saxe et al. 2014)."""
    Q, R = np.linalg.qr(random.randn(max(n_out, n_in), min(n_out, n_in)))
    Q = Q * np.sign(np.diag(R))
    return gain * (Q if n_out >= n_in else Q.T)


def by_activation(random: Random, n_out: int, n_in: int, gain: float) -> np.ndarray:
    """W ~ gain * N(0, 1) / sqrt(n_in): He's spread for ReLU, LeCun's for sigmoid and SELU."""
    return random.randn(n_out, n_in) * (gain / math.sqrt(n_in))


def _uniform(random: Random, n_out: int, n_in: int, r: float) -> np.ndarray:
    return random.uniform(-r, r, (n_out, n_in))


INITIALIZERS: Registry[Initializer] = Registry(
    "initializer",
    aliases={
        "glorot_normal": "xavier_normal",
        "glorot_uniform": "xavier_uniform",
        "xavier": "xavier_normal",
        "glorot": "xavier_uniform",
        "he": "he_normal",
        "lecun": "lecun_normal",
        "randn*0.01": "randn",
        "randn/sqrt(n)": "randn_over_sqrt",
    },
)


def _row(name: str, draw: Callable[..., np.ndarray], latex: str, **numbers: float) -> None:
    def make(name: str, **values: float) -> Initializer:
        return Initializer(name, partial(draw, **values) if values else draw, latex)

    INITIALIZERS.add(name, make, **numbers)


_row("auto", by_activation, r"g\,\mathcal N(0, 1/n^{[l-1]})")
_row("zeros", zeros, "0")
_row("randn", randn, r"0.01\,\mathcal N(0, 1)", scale=0.01)
_row("randn_over_sqrt", randn_over_sqrt, r"\mathcal N(0, 1)/\sqrt{n^{[l-1]}}")
_row("lecun_normal", randn_over_sqrt, r"\mathcal N(0, 1/n^{[l-1]})")
_row("lecun_uniform", lecun_uniform, r"\mathcal U(\pm\sqrt{3/n^{[l-1]}})")
_row("xavier_normal", xavier_normal, r"\mathcal N(0, 2/(n^{[l-1]}+n^{[l]}))")
_row("xavier_uniform", xavier_uniform, r"\mathcal U(\pm\sqrt{6/(n^{[l-1]}+n^{[l]})})")
_row("he_normal", he_normal, r"\mathcal N(0, 2/n^{[l-1]})")
_row("he_uniform", he_uniform, r"\mathcal U(\pm\sqrt{6/n^{[l-1]}})")
_row("orthogonal", orthogonal, r"g\,Q,\ QQ^T=I")


def initialize_parameters(
    network: Network, initializer: str = "auto", seed: int = 0, dtype: str = "float64"
) -> dict[str, np.ndarray]:
    """Return starting parameters of a network.

    Parameters
    ----------
    network : Network
    initializer : str
        A name of the table, e.g. "randn", "he_normal", "orthogonal".
    seed : int
        Seed of the legacy generator: gives the same numbers as ``np.random.seed(seed)``.
    dtype : str
        Drawn in float64, then rounded to this.

    Returns
    -------
    dict
        "W1" (n_1, n_x), "b1" (n_1, 1), ..., "WL", "bL".

    Examples
    --------
    >>> from ellayer.core.network import Network
    >>> parameters = initialize_parameters(Network([2, 4, 1]), "randn", seed=2)
    >>> float(parameters["W1"][0, 0].round(8))
    -0.00416758
    """
    random = np.random.RandomState(seed)
    draw = INITIALIZERS[initializer].draw
    parameters = {}
    for l, (n_in, n_out) in enumerate(pairwise(network.widths), start=1):
        W = draw(random, n_out, n_in, network.layer_activations[l - 1].gain)
        parameters[f"W{l}"] = W.astype(dtype)
        parameters[f"b{l}"] = np.zeros((n_out, 1), dtype)
        if network.parametric and l < network.L:
            parameters[f"a{l}"] = np.ones((n_out, 1), dtype)
    if network.inputs is not None:
        start = network.inputs.draw(random, network.layer_dims[0])
        parameters |= {name: theta.astype(dtype) for name, theta in start.items()}
    return parameters
