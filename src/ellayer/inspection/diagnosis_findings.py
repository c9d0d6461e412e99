"""What a diagnosis is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.network import Network
from ..core.propagation import L_model_forward, compute_cost

# Name -> what has to be there to judge it.
CHECKS = {
    "dead_units": "X",
    "saturated_units": "X",
    "vanishing_gradients": "X and Y",
    "exploding_gradients": "X and Y",
    "learning_rate_too_high": "the run's history",
    "learning_rate_too_low": "the run's history",
    "overfitting": "held-out examples",
    "underfitting": "X and Y",
    "unscaled_inputs": "X",
    "symmetric_initialisation": "",
    "class_imbalance": "Y",
}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Parameters
    ----------
    name : str
        A key of ``CHECKS``.
    severity : str
        "serious" (learns little or nothing), "warning" (costs accuracy) or "note".
    figure : str
        What it rests on, with the number.
    advice : str
        What to change.
    value : float
        The number.
    layer : int or None
    """

    name: str
    severity: str
    figure: str
    advice: str
    value: float
    layer: int | None = None

    @property
    def title(self) -> str:
        """The name in words, with the layer."""
        return self.name.replace("_", " ") + (f" in layer {self.layer}" if self.layer else "")

    def __str__(self) -> str:
        figure = self.figure[:1].upper() + self.figure[1:]
        return f"{self.severity.upper()}: {self.title}. {figure}. {self.advice}."


@dataclass(frozen=True)
class Look:
    """What the checks look at; X and Y are a sample of the examples, ``all_Y`` all labels."""

    network: Network
    parameters: dict[str, np.ndarray]
    curve: Any
    X: np.ndarray | None = None
    Y: np.ndarray | None = None
    all_Y: np.ndarray | None = None
    held_out: tuple[np.ndarray, np.ndarray] | None = None
    AL: np.ndarray | None = None
    J: float | None = None
    layers: list[Any] = field(default_factory=list)

    def missing(self) -> dict[str, str]:
        """Return what cannot be judged, and what it needs."""
        have = {
            "X": self.X is not None,
            "Y": self.Y is not None,
            "X and Y": self.Y is not None,
            "the run's history": len(self.curve.costs) > 1 or self.curve.diverged,
            "held-out examples": (self.held_out is not None and self.Y is not None)
            or bool(self.curve.validation),
            "": True,
        }
        return {name: need for name, need in CHECKS.items() if not have[need]}

    def cost_of(self, X: np.ndarray, Y: np.ndarray) -> float:
        """Return the cost of other examples, without penalties."""
        AL, caches = L_model_forward(X, self.parameters, self.network)
        return float(compute_cost(AL, Y, self.network, None, caches[-1].Z))
