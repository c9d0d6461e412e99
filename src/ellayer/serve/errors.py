"""Errors that a request is answered with."""

from __future__ import annotations

from ..errors import EllayerError


class RequestError(EllayerError):
    """A request that cannot be answered.

    Parameters
    ----------
    message : str
    status : int
        Status code of HTTP.
    """

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
