"""Data of a computation graph: its nodes and the format of their numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Node:
    """One value of the computation.

    Parameters
    ----------
    name : str
        The argument's name, or a letter for an intermediate value.
    text : str
        What is computed, e.g. "u = b * c"; the name for an input.
    inputs : tuple of int
        Numbers of the nodes it is computed from.
    value : array
    derivative : array or None
        Derivative of the output by this value; None for integers.
    """

    name: str
    text: str
    inputs: tuple[int, ...]
    value: np.ndarray
    derivative: np.ndarray | None


def number(value: np.ndarray) -> str:
    """Return a short text for a number or, of an array, for its norm and shape.

    Examples
    --------
    >>> number(np.array(6.0)), number(np.ones((2, 2)))
    ('6', '2x2, norm 2')
    """
    value = np.asarray(value)
    if value.size == 1:
        return f"{value.item() + 0:.4g}"
    if value.ndim == 1 and value.size <= 3:
        return "[" + ", ".join(f"{v + 0:.3g}" for v in value) + "]"
    return f"{'x'.join(map(str, value.shape))}, norm {np.linalg.norm(value.astype(float)):.3g}"
