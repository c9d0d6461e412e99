"""Errors that become the response to a request."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from ..errors import EllayerError, UsageError


class RequestError(EllayerError):
    """A request that cannot be answered.

    Parameters
    ----------
    message : str
    status : int
        HTTP status code.
    """

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def check_libraries(feature: str, libraries: Sequence[str]) -> None:
    """Raise if a library is missing that a feature needs; the extra ``serve`` has them."""
    missing = [name for name in libraries if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"{feature} requires {', '.join(missing)}, which is not installed; try pip install 'ellayer[serve]'"
        )
