"""Errors that become the response to a request."""

from __future__ import annotations

from ..errors import EllayerError


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
