"""Run the program, and let a signal reach it after some epochs of a fit; checkpoints are written after each of them.

Usage: python signalled_run.py SIGINT|SIGKILL EPOCHS train FILE ...
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from ellayer.cli import main
from ellayer.runs import checkpoints


def signal_after(name: str, epochs: int) -> None:
    """Let every checkpoint be written at once, and the signal come after so many epochs."""
    write = checkpoints.CheckpointWriter.__call__
    seen = 0

    def count(writer: checkpoints.CheckpointWriter, info: Any) -> None:
        nonlocal seen
        write(writer, info)
        seen += 1
        if seen == epochs:
            os.kill(os.getpid(), getattr(signal, name))

    checkpoints.EVERY = 0.0
    checkpoints.CheckpointWriter.__call__ = count


if __name__ == "__main__":
    signal_after(sys.argv[1], int(sys.argv[2]))
    sys.argv[1:] = sys.argv[3:]
    sys.exit(main())
