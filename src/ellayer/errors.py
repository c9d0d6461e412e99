"""The base of every error that ellayer raises because of its input."""

from __future__ import annotations


class EllayerError(ValueError):
    """Input that cannot be used; the message states what was expected, what was received and what to try.

    Every error that ellayer raises on purpose derives from this class. Any other exception is a fault of
    ellayer.
    """

    __module__ = "ellayer"  # where users import it from, and what a traceback shows


class UsageError(EllayerError):
    """A command line option, setting or configuration file that cannot be used."""
