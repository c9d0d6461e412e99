"""The command line: ``ellayer train``, ``ellayer reproduce``. Its commands are public, this package is private."""

from __future__ import annotations

import sys
from typing import NoReturn

__all__ = ["main"]


def main() -> NoReturn:
    """Run the program ``ellayer`` with the command line arguments, and end the process."""
    from .._own_process import start_quickly
    from .interrupts import exit_at_once, interruptible

    start_quickly()
    try:
        with interruptible():
            from .app import app

            app()
    except SystemExit as end:
        exit_at_once(end)
    sys.exit()
