"""Errors of the page that belong to a field of it."""

from __future__ import annotations

from ..errors import EllayerError


class StateError(EllayerError):
    """A state that cannot be used.

    Parameters
    ----------
    field : str
        The path of the value, like "training.learning_rate"; "" if it is none in particular.
    message : str
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def page_closed() -> EllayerError:
    """Return the error of what is asked of the session of a closed page."""
    return EllayerError("page: expected an open one, but it was closed meanwhile; open it again")
