"""Errors of reading data: each states what was expected, what was received and what to try."""

from __future__ import annotations

from ..errors import EllayerError


class DataError(EllayerError):
    """Data that cannot be used."""


class MissingFileError(DataError, FileNotFoundError):
    """A missing file or folder."""
