"""The base of every error that ellayer raises because of its input."""

from __future__ import annotations

from typing import Any


class EllayerError(ValueError):
    """Input that cannot be used; the message states what was expected, what was received and what to try.

    Every error that ellayer raises on purpose derives from this class. Any other exception is a fault of
    ellayer.
    """

    __module__ = "ellayer"  # where users import it from, and what a traceback shows


class UsageError(EllayerError):
    """A command line option, setting or configuration file that cannot be used."""


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
