"""Findings of a diagnosis, and the checks that make them."""

from __future__ import annotations

from dataclasses import dataclass

# Name of the check -> the data that it needs.
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
    """One fault of a run.

    Parameters
    ----------
    name : str
        A key of ``CHECKS``.
    severity : str
        "serious" (learns little or nothing), "warning" (costs accuracy) or "note".
    figure : str
        The evidence, with its number.
    advice : str
        The remedy.
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
