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


def medians(repeat: int, **calls: Callable[[], Any]) -> dict[str, float]:
    """Return the median seconds of each call, all called in turn, after one call of each that is not counted."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(repeat + 1):
        for name, call in calls.items():
            begin = time.perf_counter()
            call()
            if turn:
                times[name].append(time.perf_counter() - begin)
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def in_fresh_process(program: str, *arguments: str) -> tuple[float, Any]:
    """Run a program with an empty compilation cache; return the seconds of the process and the JSON it printed."""
    with tempfile.TemporaryDirectory() as cache:
        begin = time.perf_counter()
        outcome = subprocess.run(
            [sys.executable, "-c", program, *arguments], env=os.environ | {"ELLAYER_CACHE": cache},
            cwd=Path(__file__).parent, capture_output=True, text=True, check=False,
        )  # fmt: skip
        seconds = time.perf_counter() - begin
    if outcome.returncode:
        raise RuntimeError(outcome.stderr)
    lines = outcome.stdout.splitlines()
    return seconds, json.loads(lines[-1]) if lines else None
