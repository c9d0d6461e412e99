"""Several workers of one shared sweep, killed again and again; ``python sweep_storm.py`` is the long version."""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

WORKER = """
import time
from ellayer.runs import shared_sweep
fit = shared_sweep.fit_unit
def slow(*arguments):
    time.sleep({pause})
    return fit(*arguments)
shared_sweep.fit_unit = slow
from ellayer.cli import main
main()
"""


def start(table: Path, folder: Path, units: int, pause: float) -> subprocess.Popen[str]:
    """Start a worker of a sweep over so many units of one trial."""
    sizes = [part for k in range(units) for part in ("--layers", str(2 + k))]
    return subprocess.Popen(
        [sys.executable, "-c", WORKER.format(pause=pause), "sweep", str(table), "-t", "answer", "--epochs", "1",
         "--learning-rate", "0.01", *sizes, "--shared", str(folder), "--json"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def entries(folder: Path, state: str) -> list[dict[str, object]]:
    """Return the facts of the entries of a journal in a state: their unit and worker."""
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    path = folder / "journal.jsonl"
    if not path.exists():
        return []
    storage = JournalStorage(JournalFileBackend(str(path)))
    return [
        trial.user_attrs
        for study in storage.get_all_studies()
        for trial in storage.get_all_trials(study._study_id)
        if trial.state.name == state
    ]


def storm(table: Path, folder: Path, *, workers: int, kills: int, every: float, units: int, pause: float = 0.5,
          seed: int = 0) -> dict[str, object]:  # fmt: skip
    """Run a sweep, kill a worker that has begun every few seconds and start another; return what came of it."""
    shared, draw = folder / "shared", random.Random(seed)
    running = [start(table, shared, units, pause) for _ in range(workers)]
    killed, until = 0, time.monotonic() + 240
    try:
        while killed < kills and len(entries(shared, "COMPLETE")) < units and time.monotonic() < until:
            time.sleep(every if killed else 0.0)
            busy = {
                int(str(each["worker"]).split("_")[-2])
                for each in entries(shared, "RUNNING")
                if "worker" in each
            }
            victims = [
                k for k, process in enumerate(running) if process.pid in busy and process.poll() is None
            ]
            if not victims:
                time.sleep(0.02)
                continue
            victim = draw.choice(victims)
            os.kill(running[victim].pid, signal.SIGKILL)
            running[victim].communicate()
            killed += 1
            running[victim] = start(table, shared, units, pause)
        errors = [process.communicate(timeout=200)[1] for process in running]
    finally:
        for process in running:
            process.kill()
    counts = Counter(each["unit"] for each in entries(shared, "COMPLETE"))
    rows = (shared / "best" / "sweep.csv").read_text().splitlines()[1:]
    return {
        "killed": killed, "complete": [counts[k] for k in range(units)], "rows": len(rows),
        "codes": [process.returncode for process in running], "errors": [error[-500:] for error in errors],
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--units", type=int, default=60)
    parser.add_argument("--every", type=float, default=3.0, help="seconds between two kills")
    wishes = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        rows = [f"{k / 7 % 1:.3f},{k / 11 % 1:.3f},{'yes' if k % 3 else 'no'}\n" for k in range(80)]
        file = Path(place) / "rows.csv"
        file.write_text("a,b,answer\n" + "".join(rows))
        outcome = storm(
            file, Path(place), workers=3, kills=wishes.kills, every=wishes.every, units=wishes.units
        )
    print(outcome)
    sys.exit(outcome["complete"] != [1] * wishes.units or outcome["codes"] != [0, 0, 0])
