"""The options of a decision between two classes: which one is positive, and what errors cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ...errors import EllayerError


class Costs(NamedTuple):
    """Cost of a false positive and of a false negative."""

    fp: float = 1.0
    fn: float = 1.0


def costs_of(cost: Mapping[str, float]) -> Costs:
    """Return the costs of a mapping such as ``{"fp": 1, "fn": 5}``; one that is not named is 1.

    Parameters
    ----------
    cost : mapping of str to float

    Raises
    ------
    EllayerError

    Examples
    --------
    >>> costs_of({"fn": 5})
    Costs(fp=1.0, fn=5.0)
    """
    numbers = [value for value in cost.values() if isinstance(value, (int, float)) and math.isfinite(value)]
    if not set(cost) <= {"fp", "fn"} or len(numbers) < len(cost) or min(numbers, default=1.0) <= 0:
        raise EllayerError(
            f"cost: expected numbers above 0 for 'fp' and 'fn', received {dict(cost)!r}; try {{'fp': 1, 'fn': 5}}"
        )
    return Costs(**{name: float(value) for name, value in cost.items()})


def positive_place(positive: object, cost: Mapping[str, float] | None, classes: np.ndarray) -> int:
    """Return the place of the positive one of two classes: 0 or 1.

    Parameters
    ----------
    positive : object
        Its label; None is the second.
    cost : mapping, or None
    classes : ndarray

    Raises
    ------
    EllayerError
        If there is no such class, or if there are more than two classes and options for two.
    """
    if cost is not None:
        costs_of(cost)
    labels = classes.tolist()
    if len(labels) > 2 and (positive is not None or cost is not None):
        option = "positive" if positive is not None else "cost"
        raise EllayerError(f"{option}: expected two classes, received {len(labels)}; omit it")
    if positive is None or len(labels) < 2:
        return 1
    if positive not in labels:
        raise EllayerError(f"positive: expected {labels[0]!r} or {labels[1]!r}, received {positive!r}")
    return labels.index(positive)
