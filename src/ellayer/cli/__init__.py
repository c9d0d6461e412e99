"""The command line: ``ellayer train``, ``ellayer reproduce``. Its commands are public, this package is private."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the program ``ellayer`` with the command line arguments."""
    from .interrupts import interruptible

    with interruptible():
        from .app import app

        app()
