"""Notation of a derivation: its factors, and the names of cells as text and as LaTeX."""

from __future__ import annotations

from dataclasses import dataclass

from .equations import symbol


@dataclass(frozen=True)
class Factor:
    """One step of the chain rule.

    Parameters
    ----------
    plain, latex : str
    value : float
    """

    plain: str
    latex: str
    value: float


def cell(name: str, index: tuple[int, ...]) -> str:
    """Return a cell as text.

    >>> cell("W2", (0, 3))
    'W2[0,3]'
    """
    return f"{name}[{','.join(map(str, index))}]"


def entry(text: str) -> str:
    """Return a cell's text as LaTeX.

    >>> entry("W2[0,3]")
    'W^{[2]}_{0,3}'
    """
    name, _, index = text.rstrip("]").partition("[")
    return f"{symbol(name)}_{{{index}}}"


def sub(name: str, *index: str | int) -> str:
    """Return a name with an index in LaTeX.

    >>> sub("A1", "u", 2)
    'A^{[1]}_{u,2}'
    """
    return f"{symbol(name)}_{{{','.join(map(str, index))}}}"
