"""Findings of a diagnosis, and the checks that make them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple


class Check(NamedTuple):
    """The data that a check needs, and the remedies for the problem it detects.

    Settings in remedies are in braces, alternatives apart by ``|``, with a value after ``:``. Python has all of them; for
    a command a remedy whose setting it lacks is left out.
    """

    needs: str
    remedies: tuple[str, ...]


CHECKS = {
    "dead_units": Check(
        "X", ("use a smaller {learning_rate} or leaky_relu ({activation:leaky_relu})", "scale the inputs")
    ),
    "saturated_units": Check(
        "X",
        (
            "scale the inputs",
            "start from smaller weights ({initializer:auto})",
            "use relu in the hidden layers ({activation:relu})",
        ),
    ),
    "vanishing_gradients": Check(
        "X and Y",
        (
            "start from weights of the right size ({initializer:auto}), not 0.01 randn",
            "use relu or tanh instead of sigmoid in the hidden layers ({activation:relu})",
            "use fewer layers ({layers})",
        ),
    ),
    "exploding_gradients": Check(
        "X and Y",
        (
            "start from smaller weights ({initializer:auto})",
            "scale the inputs",
            "use a smaller {learning_rate}",
            "limit the gradients ({clip_norm:1})",
        ),
    ),
    "learning_rate_too_high": Check(
        "the history of the run",
        (
            "use a {learning_rate} 3 to 10 times smaller",
            "scale the inputs",
            "decrease it during the run ({schedule:cosine})",
        ),
    ),
    "learning_rate_too_low": Check(
        "the history of the run",
        (
            "use a {learning_rate} 3 to 10 times larger",
            "train longer ({epochs|iterations})",
            "take steps that adapt ({optimizer:adam})",
        ),
    ),
    "overfitting": Check(
        "held-out examples",
        (
            "stop early ({patience:5})",
            "add a penalty ({l2:0.1}) or dropout ({dropout:0.2})",
            "add examples",
            "use a smaller network ({layers})",
        ),
    ),
    "rising_validation_loss": Check(
        "a validation loss by epoch",
        (
            "the epoch with the best score is kept, so later ones are lost time: stop early ({patience:5})",
            "take fewer epochs ({epochs})",
            "use a smaller network ({layers})",
        ),
    ),
    "simple_model_better": Check(
        "predictions of a simple model",
        (
            "take the simple model ({model:best})",
            "average several networks ({members:8})",
            "try other layers and learning rates ({layers}, {learning_rate})",
        ),
    ),
    "underfitting": Check(
        "X and Y",
        (
            "use more units or layers ({layers})",
            "train longer ({epochs|iterations}) or with another {learning_rate}",
            "use less dropout ({dropout}) and a smaller penalty ({l2})",
            "give the network inputs that are informative about Y",
        ),
    ),
    "unscaled_inputs": Check(
        "X",
        (
            "standardise each input, (x - mean) / sd, with the statistics of the training examples",
            "divide images by 255",
        ),
    ),
    "symmetric_initialisation": Check(
        "",
        (
            "start from random weights ({initializer:auto}), zeros are for biases only",
            "draw the weights again ({seed:2})",
        ),
    ),
    "class_imbalance": Check(
        "Y",
        (
            "weight the classes ({class_weight:balanced})",
            "evaluate recall instead of accuracy",
            "change the threshold ({cost})",
        ),
    ),
}
_SETTING = re.compile(r"\{([\w|]+)(?::([^}]*))?\}")
_IN_PYTHON = {"layers": "hidden layers", "iterations": "num_iterations", "members": "n_members"}


def advice_for(name: str, options: Collection[str] | None = None) -> str:
    """Return the remedies of a check in words.

    Parameters
    ----------
    name : str
        A key of ``CHECKS``.
    options : collection of str, optional
        The settings that a command has, which are named as its options; by default, and where it has none of the
        settings, those of Python are named.

    Examples
    --------
    >>> advice_for("learning_rate_too_low", ["learning_rate", "iterations"])
    'Use a --learning-rate 3 to 10 times larger, or train longer (--iterations)'
    """

    def option_name(match: re.Match[str]) -> str:
        names, value = match[1].split("|"), match[2]
        if options is not None:
            option = next(name for name in names if name in options)
            return f"--{option.replace('_', '-')}{f' {value}' if value else ''}"
        setting = _IN_PYTHON.get(names[0], names[0])
        if not value:
            return setting
        return f"{setting}={value if value.replace('.', '').isdigit() else repr(value)}"

    def has(remedy: str) -> bool:
        settings = (match[1].split("|") for match in _SETTING.finditer(remedy))
        return options is None or all(not set(options).isdisjoint(names) for names in settings)

    texts = [_SETTING.sub(option_name, remedy) for remedy in CHECKS[name].remedies if has(remedy)]
    if not texts:
        return advice_for(name)
    text = texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])}, or {texts[-1]}"
    return text[:1].upper() + text[1:]


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
    """Return the finding of a check, with its remedies in Python."""
    return Finding(name, severity, figure, advice_for(name), float(value), layer)
