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
import sys, time
from ellayer.runs import shared_sweep
fit = shared_sweep.fit_unit
def slow(*arguments):
    time.sleep({pause})
    return fit(*arguments)
shared_sweep.fit_unit = slow
from ellayer.cli.app import app
app(sys.argv[1:])
"""


def start(table: Path, folder: Path, units: int, pause: float) -> subprocess.Popen[str]:
    """Start a worker of a sweep over so many units of one trial."""
    sizes = [part for k in range(units) for part in ("--layers", str(2 + k))]
    return subprocess.Popen(
        [sys.executable, "-c", WORKER.format(pause=pause), "sweep", str(table), "-t", "answer", "--epochs", "1",
         "--learning-rate", "0.01", *sizes, "--shared", str(folder), "--json"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def journal_units(folder: Path) -> list[int]:
    """Return the number of each unit that is complete, once for each entry of the journal."""
    import optuna

    path = str(folder / "journal.jsonl")
    if not Path(path).exists():
        return []
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(path))
    studies = storage.get_all_studies()
    trials = storage.get_all_trials(studies[0]._study_id) if studies else []
    return [trial.user_attrs["unit"] for trial in trials if trial.state == optuna.trial.TrialState.COMPLETE]


def storm(table: Path, folder: Path, *, workers: int, kills: int, every: float, units: int, pause: float = 0.5,
          seed: int = 0) -> dict[str, object]:  # fmt: skip
    """Run a sweep, kill a worker that has begun every few seconds and start another; return what came of it."""
    shared, draw = folder / "shared", random.Random(seed)
    running = [start(table, shared, units, pause) for _ in range(workers)]
    killed, until = 0, time.monotonic() + 280
    try:
        while killed < kills and len(journal_units(shared)) < units - 1 and time.monotonic() < until:
            time.sleep(every)
            leases = {int(path.name.split("_")[-2]) for path in shared.glob("workers/*")}
            busy = [
                k for k, process in enumerate(running) if process.pid in leases and process.poll() is None
            ]
            if not busy:
                continue
            victim = draw.choice(busy)
            os.kill(running[victim].pid, signal.SIGKILL)
            running[victim].communicate()
            killed += 1
            running[victim] = start(table, shared, units, pause)
        errors = [process.communicate(timeout=200)[1] for process in running]
    finally:
        for process in running:
            process.kill()
    counts = Counter(journal_units(shared))
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
