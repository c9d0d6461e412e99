"""What goes wrong with data, each error saying what was expected, what came and what to try."""

from __future__ import annotations

from ..errors import EllayerError


class DataError(EllayerError):
    """Data that cannot be used as it is."""


class MissingFileError(DataError, FileNotFoundError):
    """A file or folder that is not there."""
