"""Check that a network fits into memory."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ..data.memory import machine_memory
from ..errors import UsageError


def check_memory(layer_dims: Sequence[int], m: int) -> None:
    """Raise for a network that does not fit into the memory of this machine.

    Counts parameters, gradients and their products, and Z, A and dZ of every layer for m examples, in float64.

    Parameters
    ----------
    layer_dims : sequence of int
        [n_x, n_1, ..., n_L]
    m : int

    Raises
    ------
    UsageError
    """
    available = machine_memory()
    parameters = sum(n * (n_before + 1) for n_before, n in pairwise(layer_dims))
    needed = 24 * (parameters + sum(layer_dims) * m)
    if needed > available:
        raise UsageError(
            f"--layers: expected a network that fits into {available / 1e9:.0f} GB of memory, received "
            f"{list(layer_dims[1:-1])}, which needs about {needed / 1e9:.0f} GB; try fewer units"
        )
