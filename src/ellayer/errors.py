"""The base of every error that ellayer raises because of its input."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class EllayerError(ValueError):
    """Input that cannot be used; the message states what was expected, what was received and what to try.

    Every error that ellayer raises on purpose derives from this class. Any other exception is a fault of
    ellayer.
    """

    __module__ = "ellayer"  # where users import it from, and what a traceback shows


class UsageError(EllayerError):
    """A command line option, setting or configuration file that cannot be used."""


class CallError(EllayerError, TypeError):
    """A function called with the wrong arguments."""


class ParameterError(EllayerError):
    """A parameter of an estimator that cannot be used.

    Attributes
    ----------
    parameter : str
        Its name.
    expected : str
        The values that it may have.
    received : object
    """

    parameter: str
    expected: str
    received: object

    def __init__(self, message: str, parameter: str, expected: str, received: object):
        super().__init__(message)
        self.parameter, self.expected, self.received = parameter, expected, received

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.parameter, self.expected, self.received)


def refuse_masked(values: object, name: str) -> None:
    """Raise for an array with masked values: NumPy's functions would use the values under the mask."""
    import numpy as np

    if isinstance(values, np.ma.MaskedArray) and (count := int(np.ma.getmaskarray(values).sum())):
        raise EllayerError(
            f"{name}: expected no masked values, received {count}; fill them in, or leave out their rows"
        )


def near_names(name: str, known: Iterable[str]) -> list[str]:
    """Return up to two known names that are like another one, in any case and with any blanks around it."""
    by_text = {other.strip().lower(): other for other in known}
    return [by_text[near] for near in difflib.get_close_matches(name.strip().lower(), by_text, n=2)]


def suggest(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return the advice for a name that is not known: similar names, or else other advice.

    Examples
    --------
    >>> suggest("adm", ["adam", "gd"])
    "did you mean 'adam'?"
    """
    near = near_names(name, known)
    return f"did you mean {' or '.join(map(repr, near))}?" if near else otherwise
