"""Limits of requests."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import RequestError


@dataclass(frozen=True)
class Limits:
    """Limits of a request.

    Attributes
    ----------
    body : int
        Maximum number of bytes of the body; status 413 above it.
    rows : int
        Maximum number of rows; status 413 above it.
    seconds : float
        Time limit to receive the body (status 408), and to predict (status 503).
    """

    body: int = 32_000_000
    rows: int = 100_000
    seconds: float = 30.0

    def check_rows(self, count: int) -> None:
        """Raise if there are more rows than the limit."""
        if count > self.rows:
            raise RequestError(
                f"expected at most {self.rows:,} rows, received {count:,}; send fewer rows per request", 413
            )
