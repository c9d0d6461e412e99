"""The limits of a request."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import RequestError


@dataclass(frozen=True)
class Limits:
    """The limits of a request.

    Attributes
    ----------
    body : int
        Bytes of the body; more are answered with 413.
    rows : int
        Rows to predict; more are answered with 413.
    seconds : float
        Seconds to receive the body (then 408), and to predict (then 503).
    """

    body: int = 32_000_000
    rows: int = 100_000
    seconds: float = 30.0

    def check_rows(self, count: int) -> None:
        """Refuse a number of rows beyond the limit."""
        if count > self.rows:
            raise RequestError(
                f"expected at most {self.rows:,} rows, received {count:,}; send fewer at once", 413
            )
