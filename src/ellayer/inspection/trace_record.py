"""Data of a trace: the quantities of one training step, and access to them by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ..core.network import Network
from ..core.propagation import Cache


@dataclass(frozen=True, eq=False)
class Step:
    """One quantity of a step.

    Parameters
    ----------
    name : str
        "Z1", "A1", "J", "dW1", ..., and "new W1" for a parameter after the update.
    phase : str
        "given", "forward", "cost", "backward" or "update".
    plain, latex : str
        Its equation.
    value : array
        A scalar for J.
    """

    name: str
    phase: str
    plain: str
    latex: str
    value: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of ``value``."""
        return self.value.shape

    def statistics(self) -> dict[str, float]:
        """Return mean, standard deviation, range, norm, and the shares that are 0 or not finite."""
        v = self.value
        good = v[np.isfinite(v)]
        if not good.size:
            return {"not_finite": 1.0}
        return {
            "mean": float(good.mean()),
            "sd": float(good.std()),
            "min": float(good.min()),
            "max": float(good.max()),
            "norm": float(np.linalg.norm(good)),
            "zero": float((good == 0).mean()),
            "not_finite": 1.0 - good.size / v.size,
        }


@dataclass(frozen=True, eq=False, repr=False)
class TraceRecord:
    """Quantities of one step of training; ``Trace`` describes the attributes.

    ``penalties`` are l2, l1, and the sum of weights that divides them.
    """

    network: Network
    steps: tuple[Step, ...]
    iteration: int
    example: int | None
    m: int
    optimizer: str
    learning_rate: float
    caches: list[Cache] = field(default_factory=list)
    penalties: tuple[float, float, float] = (0.0, 0.0, 1.0)
    input_names: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> np.ndarray:
        """Return a quantity's numbers by its name, e.g. ``trace["dW1"]``."""
        return self.step(name).value

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def step(self, name: str) -> Step:
        """Return the quantity of a name, with its equation."""
        for step in self.steps:
            if step.name == name or (name == "X" and step.plain == "A0 = X"):
                return step
        hint = "" if self.labelled else "; traced without labels: pass Y for the cost and gradients"
        raise KeyError(f"expected one of {', '.join(s.name for s in self.steps)}; received {name!r}{hint}")

    @property
    def labelled(self) -> bool:
        """Whether there are labels, hence a cost and gradients."""
        return any(step.name == "J" for step in self.steps)
