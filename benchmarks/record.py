"""The machine that a run was on, whether it was quiet, and results kept for the next run to compare with."""

from __future__ import annotations

import json
import os
import platform
import re
import time
from datetime import datetime
from pathlib import Path

OTHERS_SHARE = 0.1  # of the cores, above which a machine is not quiet
CHANGE = 1.2  # a ratio that is reported
_MEASUREMENTS = re.compile(r" \([^()]*\d[^()]*\)")  # seconds and the like, in brackets
Key = tuple[str, str, str]  # workload, contender or ratio, column


def processor() -> str:
    """Return the name of the processor, where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = (line.partition(":") for line in cpuinfo.read_text().splitlines())
        return next(
            (value.strip() for name, _, value in lines if name.strip() == "model name"), platform.machine()
        )
    return platform.processor() or platform.machine()


def busy_share(seconds: float = 1.0) -> float:
    """Return the share of all cores that programs use while this one sleeps; by the load where there is no /proc."""
    if not Path("/proc/stat").exists():
        return os.getloadavg()[0] / (os.cpu_count() or 1) if hasattr(os, "getloadavg") else 0.0
    before = _ticks()
    time.sleep(seconds)
    busy, total = (after - first for after, first in zip(_ticks(), before, strict=True))
    return busy / max(total, 1)


class Others:
    """The share of all cores that programs use but this process and those that it starts and waits for."""

    def __init__(self) -> None:
        self._before = self._now()

    def share(self) -> float | None:
        """Return the share since the beginning, or None where there is no /proc."""
        used, passed = (now - before for now, before in zip(self._now(), self._before, strict=True))
        return max(0.0, used / passed) if passed else None

    @staticmethod
    def _now() -> tuple[float, float]:
        """Return the seconds of processors that others have used, and those that there were."""
        if not Path("/proc/stat").exists():
            return 0.0, 0.0
        second, own = os.sysconf("SC_CLK_TCK"), os.times()
        busy, total = _ticks()
        return busy / second - sum(own[:4]), total / second


def _ticks() -> tuple[int, int]:
    numbers = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(numbers) - numbers[3] - numbers[4], sum(numbers)  # idle, and waiting for a disk


def warning_of(share: float) -> str:
    """Return a warning unless the machine is quiet, else ""."""
    if share <= OTHERS_SHARE:
        return ""
    return (
        f"warning: other programs use {share:.0%} of the cores. Seconds, and ratios of contenders with threads, are of no "
        "use for a comparison; wait until they end, or measure with --cores 1 --clock cpu."
    )


def store(folder: Path, conditions: dict, about: list[str], results: list[dict], goals: list[dict]) -> Path:
    """Write the results of a run into a new file of the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{datetime.now():%Y-%m-%d-%H%M%S}.json"
    stored = {"conditions": conditions, "about": about, "results": results, "goals": goals}
    file.write_text(json.dumps(stored, indent=1) + "\n")
    return file


def last(folder: Path, conditions: dict) -> dict[Key, tuple[float, str]]:
    """Return each number last stored under the same conditions (processor, cores and clock), and its file's name."""
    numbers = {}
    for file in sorted(folder.glob("*.json")):
        stored = json.loads(file.read_text())
        if stored["conditions"] == conditions:
            numbers |= {
                _key(row, column): (row[column], file.stem)
                for row, column in _numbers(stored["results"], stored["goals"])
            }
    return numbers


def changes(
    before: dict[Key, tuple[float, str]], results: list[dict], goals: list[dict]
) -> tuple[list[dict], int]:
    """Return a row for each number that has changed, and how many are compared.

    A time or a ratio has changed if it is more than ``CHANGE`` times what it was, or less than 1 / that; a difference
    in standard errors, if it differs by one of them.
    """
    rows, compared = [], 0
    for row, column in _numbers(results, goals):
        workload, what, _ = key = _key(row, column)
        if key not in before:
            continue
        compared += 1
        (old, since), now = before[key], row[column]
        differs = abs(now - old) > 1.0 if workload == "accuracy" else not 1 / CHANGE <= now / old <= CHANGE
        if differs:
            ratio = None if workload == "accuracy" else now / old
            rows.append({"workload": workload, "of": f"{what}, {column}", "before": old, "now": now,
                         "now / before": ratio, "before is of": since})  # fmt: skip
    return rows, compared


def _numbers(results: list[dict], goals: list[dict]) -> list[tuple[dict, str]]:
    """Return the rows with the columns that have numbers."""
    numbers = [(row, column) for row in results for column in ("fresh", "second") if row[column]]
    return numbers + [(row, "measured") for row in goals if row["measured"] or row["workload"] == "accuracy"]


def _key(row: dict, column: str) -> Key:
    what = row.get("contender") or _MEASUREMENTS.sub("", row["ratio of"])
    return row["workload"], what, column
