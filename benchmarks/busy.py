"""How a call slows down beside other programs: its time beside one busy process per core over its quiet time."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import workloads
from goals import judge
from measuring import in_fresh_process

BUSY = "while True: pass"
SHARE = 2.5  # with one busy process per core the fair share of the processor is 2
CALLS = """
import json, sys, time
from pathlib import Path
import workloads
from contenders import ellayer_
work = workloads.load(Path(sys.argv[1]))
seconds = []
for _ in range(2):
    begin = time.perf_counter()
    getattr(ellayer_, work.spec.kind)(work, "auto")
    seconds.append(time.perf_counter() - begin)
print(json.dumps(seconds))
"""
NAMES = ("cats", "flower", "mnist", "small", "large")


@contextmanager
def busy_cores(count: int) -> Iterator[list[subprocess.Popen]]:
    """Return a context beside ``count`` processes that compute without end."""
    others = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(count)]
    try:
        yield others
    finally:
        for process in others:
            process.kill()
            process.wait()


def rows(data: Path | None, repeat: int, clock: str = "wall") -> list[dict]:
    """Return two rows per workload, for the first and for the second call in a fresh process; by the wall clock."""
    result = []
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as scratch:
        for name in NAMES:
            folder = Path(scratch, name)
            try:
                workloads.save(workloads.make(workloads.SPECS[name], data), folder)
            except workloads.DataMissingError:
                continue
            quiet = _fastest(folder, repeat)
            with busy_cores(cores):
                busy = _fastest(folder, repeat)
            for call, alone, beside in zip(("first", "second"), quiet, busy, strict=True):
                what = f"{name}, {call} call: beside {cores} busy processes ({beside:.2f} s) / alone ({alone:.2f} s)"
                result.append(judge("busy", what, beside / alone, SHARE, False))
    return result


def _fastest(folder: Path, repeat: int) -> list[float]:
    """Return the fewest seconds of the first and of the second call, each in as many processes, at most two."""
    runs = [in_fresh_process(CALLS, str(folder))[1] for _ in range(min(repeat, 2))]
    return [min(seconds) for seconds in zip(*runs, strict=True)]
