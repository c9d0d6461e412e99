"""Timing two things in turn, and running a program in a process of its own."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Clock = Callable[[], float]


def medians(repeat: int, clock: Clock = time.perf_counter, **calls: Callable[[], Any]) -> dict[str, float]:
    """Return the median seconds of each call, all called in turn, after one call of each that is not counted."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(repeat + 1):
        for name, call in calls.items():
            begin = clock()
            call()
            if turn:
                times[name].append(clock() - begin)
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def clock_of(name: str) -> Clock:
    """Return the clock of a name: "wall", or "cpu", the seconds that this process had a processor."""
    return time.process_time if name == "cpu" else time.perf_counter


def in_fresh_process(program: str, *arguments: str, clock: str = "wall") -> tuple[float, Any]:
    """Run a program with an empty compilation cache; return the seconds of the process and the JSON it printed."""
    now = _of_children if clock == "cpu" else time.perf_counter
    with tempfile.TemporaryDirectory() as cache:
        begin = now()
        outcome = subprocess.run(
            [sys.executable, "-c", program, *arguments], env=os.environ | {"ELLAYER_CACHE": cache},
            cwd=Path(__file__).parent, capture_output=True, text=True, check=False,
        )  # fmt: skip
        seconds = now() - begin
    if outcome.returncode:
        raise RuntimeError(outcome.stderr)
    lines = outcome.stdout.splitlines()
    return seconds, json.loads(lines[-1]) if lines else None


def peak_memory() -> int:
    """Return the largest number of bytes that this process had resident; getrusage's on Linux is the parent's too."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) * 1024 for line in status.open() if line.startswith("VmHWM"))
    import resource  # not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _of_children() -> float:
    """The seconds that this process's ended children had a processor."""
    times = os.times()
    return times.children_user + times.children_system
