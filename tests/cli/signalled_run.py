"""Run the program, and let a signal reach it after some epochs of a fit; checkpoints are written after each of them.

Usage: python signalled_run.py SIGINT|SIGKILL EPOCHS train FILE ...
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from ellayer.cli import main
from ellayer.cli.from_file import checkpoint

NAME, EPOCHS = sys.argv[1], int(sys.argv[2])
WRITE = checkpoint.Keeper.__call__
seen = 0


def count(keeper: checkpoint.Keeper, info: Any) -> None:
    """Write as ever, then count the epoch."""
    global seen
    WRITE(keeper, info)
    seen += 1
    if seen == EPOCHS:
        os.kill(os.getpid(), getattr(signal, NAME))


checkpoint.EVERY = 0.0
checkpoint.Keeper.__call__ = count
sys.argv[1:] = sys.argv[3:]
sys.exit(main())
