"""The machine that a run was on, whether it was quiet, and results kept for the next run to compare with."""

from __future__ import annotations

import json
import os
import platform
import time
from datetime import datetime
from pathlib import Path

OTHERS_SHARE = 0.1  # of the cores, above which a machine is not quiet
CHANGE = 1.2  # a ratio that is reported


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


def store(folder: Path, conditions: dict, results: list[dict], goals: list[dict]) -> Path:
    """Write the results of a run into a new file of the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{datetime.now():%Y-%m-%d-%H%M%S}.json"
    file.write_text(
        json.dumps({"conditions": conditions, "results": results, "goals": goals}, indent=1) + "\n"
    )
    return file


def last(folder: Path, conditions: dict) -> dict | None:
    """Return the last results stored under the same conditions: processor, cores and clock."""
    for file in sorted(folder.glob("*.json"), reverse=True):
        stored = json.loads(file.read_text())
        if stored["conditions"] == conditions:
            return stored | {"file": file.name}
    return None


def changes(before: dict, results: list[dict], goals: list[dict]) -> list[dict]:
    """Return a row for each time and each goal that is more than ``CHANGE`` times what it was, or less than 1 / that."""
    old = {_key(row, column): row[column] for row, column in _numbers(before["results"], before["goals"])}
    rows = []
    for row, column in _numbers(results, goals):
        ratio = row[column] / old.get(_key(row, column), row[column])
        if not 1 / CHANGE <= ratio <= CHANGE:
            workload, what, _ = _key(row, column)
            rows.append({"workload": workload, "of": f"{what}, {column}", "before": row[column] / ratio,
                         "now": row[column], "now / before": ratio})  # fmt: skip
    return rows


def _numbers(results: list[dict], goals: list[dict]) -> list[tuple[dict, str]]:
    numbers = [(row, column) for row in results for column in ("fresh", "second")]
    return [(row, column) for row, column in [*numbers, *((row, "measured") for row in goals)] if row[column]]


def _key(row: dict, column: str) -> tuple[str, str, str]:
    what = row.get("contender") or row["ratio of"].partition(" (")[0]  # in brackets are seconds
    return row["workload"], what, column
