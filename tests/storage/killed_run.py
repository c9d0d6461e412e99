"""Train once in one go, and once in processes that are killed at random moments, twenty times.

Usage: python killed_run.py FOLDER. Prints the number of kills and the steps of the checkpoints found.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

import ellayer
from ellayer.storage import Checkpoint, load_checkpoint

UPDATES = 1500
NETWORK = ellayer.Network([4, 6, 1], "tanh")
GENERATOR = np.random.RandomState(0)
X = GENERATOR.randn(4, 64)
Y = (X[0] * X[1] > 0).astype(int)


def train(path: Path, every: float = 0.0) -> None:
    """Go on from the checkpoint, if there is one, to the end."""
    state = load_checkpoint(path) if path.exists() else None
    left = UPDATES - (state.step if state else 0)
    ellayer.train(
        NETWORK, X, Y, optimizer="adam", batch_size=16, dropout=0.1, schedule="cosine", num_iterations=left, state=state,
        validation=(X, Y), restore_best=True, engine="numpy", record_every=3, callbacks=[Checkpoint(path, every)],
    )  # fmt: skip


def start(path: Path) -> int:
    """Train in a process of its own; return its number."""
    child = os.fork()
    if child == 0:
        try:
            train(path)
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
    return child


def last_change(path: Path) -> int:
    """When the file was written last; 0 without one."""
    return path.stat().st_mtime_ns if path.exists() else 0


def wait_for_a_change(path: Path, before: int) -> None:
    """Wait until the file is another one than before, half a minute at most."""
    end = time.monotonic() + 30
    while last_change(path) == before and time.monotonic() < end:
        time.sleep(0.001)


def main(folder: Path) -> None:
    """Run both; the checkpoints tell the end of each."""
    path, kills, steps = folder / "killed.checkpoint", 0, []
    train(folder / "longer.checkpoint", every=60.0)
    moments = random.Random(1)
    while kills < 20:
        before = last_change(path)
        child = start(path)
        if kills % 2:  # on a busy machine a child may not get on at all in the time that follows
            wait_for_a_change(path, before)
        time.sleep(moments.uniform(0.005, 0.06))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            raise SystemExit(f"the run ended by itself after {kills} kills with status {status}")
        kills += 1
        steps.append(load_checkpoint(path).step if path.exists() else 0)
    train(path)
    print(kills)
    print(*steps)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
