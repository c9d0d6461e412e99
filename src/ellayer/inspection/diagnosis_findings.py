"""Findings of a diagnosis, and the checks that make them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Check(NamedTuple):
    """The data that a check needs, and the remedy for the problem it detects."""

    needs: str
    advice: str


CHECKS = {
    "dead_units": Check(
        "X", "Use a smaller learning rate or leaky_relu, scale the inputs, and train again from new weights"
    ),
    "saturated_units": Check(
        "X",
        "Scale the inputs, start from smaller weights (initializer='auto'), or use relu in the hidden layers",
    ),
    "vanishing_gradients": Check(
        "X and Y",
        "Start from weights of the right size (initializer='auto', not 0.01 randn), use relu or tanh instead of "
        "sigmoid in the hidden layers, or fewer layers",
    ),
    "exploding_gradients": Check(
        "X and Y",
        "Start from smaller weights (initializer='auto'), scale the inputs, use a smaller learning rate or clip_norm=1",
    ),
    "learning_rate_too_high": Check(
        "the history of the run",
        "Use a learning rate 3 to 10 times smaller, scale the inputs, or decrease it during the run (schedule='cosine')",
    ),
    "learning_rate_too_low": Check(
        "the history of the run",
        "Use a learning rate 3 to 10 times larger, or more iterations; optimizer='adam' adapts its step size",
    ),
    "overfitting": Check(
        "held-out examples",
        "Stop early (patience=...), add l2, dropout or examples, or use a smaller network",
    ),
    "rising_validation_loss": Check(
        "a validation loss by epoch",
        "The epoch with the best score is kept, so later ones are lost time: take fewer epochs, or a smaller network",
    ),
    "simple_model_better": Check(
        "predictions of a simple model",
        "Take the simple model, or several members, other layers and learning rates (ellayer sweep)",
    ),
    "underfitting": Check(
        "X and Y",
        "Use more units or layers, more iterations or another learning rate, less l2 and dropout; or the inputs are not "
        "informative about Y",
    ),
    "unscaled_inputs": Check(
        "X",
        "Standardise each input, (x - mean) / sd, with the statistics of the training examples; divide images by 255",
    ),
    "symmetric_initialisation": Check(
        "", "Start from random weights (initializer='auto'); zeros are for biases only"
    ),
    "class_imbalance": Check(
        "Y",
        "Weight the examples (sample_weight, or class_weight='balanced'), evaluate recall instead of accuracy, or change "
        "the threshold",
    ),
}


@dataclass(frozen=True)
class Finding:
    """One problem of a run.

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


def finding(name: str, severity: str, figure: str, value: float, layer: int | None = None) -> Finding:
    """Return the finding of a check, with its remedy."""
    return Finding(name, severity, figure, CHECKS[name].advice, float(value), layer)
