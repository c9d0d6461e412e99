"""Samples of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def even_sample(m: int, most: int) -> np.ndarray:
    """Return the numbers of at most ``most`` of ``m`` rows, evenly spaced: the first ones of an ordered file are no sample.

    Examples
    --------
    >>> even_sample(10, 4).tolist()
    [0, 3, 6, 9]
    >>> even_sample(3, 4).tolist(), even_sample(0, 4).tolist()
    ([0, 1, 2], [])
    """
    import numpy as np

    return np.linspace(0, m - 1, min(m, most)).astype(int)
