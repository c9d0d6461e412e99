"""Names of parameters: a letter for the kind, and the number of the layer or column."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def kind_of(name: str) -> str:
    """Return the kind of a parameter: "W", "b" or "a" of a layer; "f", "p", "V", "c", "t", "E" or "s" of the inputs.

    >>> kind_of("W12"), kind_of("s0")
    ('W', 's')
    """
    return name[0]


def layer_of(name: str) -> int:
    """Return the layer that a parameter belongs to; 0 for those of the inputs.

    >>> layer_of("W12"), layer_of("E3")
    (12, 0)
    """
    return int(name[1:]) if kind_of(name) in "Wba" else 0


def weight_matrices(parameters: dict[str, T]) -> dict[str, T]:
    """Return the W^[l] of some parameters: what L1, L2 and weight decay apply to.

    >>> weight_matrices({"W1": 3.0, "b1": 1.0, "W2": 2.0})
    {'W1': 3.0, 'W2': 2.0}
    """
    return {name: theta for name, theta in parameters.items() if name[0] == "W"}
