"""Numbers for JSON."""

from __future__ import annotations

import math
from typing import TypeVar

T = TypeVar("T")


def finite(value: T) -> T | None:
    """Return a value, or None for infinities and nan, which JSON does not have.

    Examples
    --------
    >>> finite(0.5), finite("text"), finite(float("nan"))
    (0.5, 'text', None)
    """
    return None if isinstance(value, float) and not math.isfinite(value) else value
