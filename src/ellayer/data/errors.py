"""Errors of reading data: each says what was expected, what was received and what to try."""

from __future__ import annotations

from ..errors import EllayerError


class DataError(EllayerError):
    """Data that cannot be used as it is."""


class MissingFileError(DataError, FileNotFoundError):
    """A file or folder that is not there."""
