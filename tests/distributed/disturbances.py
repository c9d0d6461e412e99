"""A fit in several processes whose workers are killed and stopped at random, for the tests and for a long run.

    python tests/distributed/disturbances.py --kills 20 --stops 5

trains undisturbed, then disturbed, and compares the models to the bit.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

import ellayer
from ellayer.runs.checkpoints import CHECKPOINT
from ellayer.runs.supervisor import GroupOptions, GroupResult, train_in_processes

SETTINGS = {
    "target": "y",
    "members": 1,
    "layers": [16],
    "batch_size": 64,
    "learning_rate": 0.002,
    "patience": 1000,
}


def table(rows: int = 900) -> pl.DataFrame:
    """Return rows of numbers and a category, with two classes."""
    generator = np.random.default_rng(0)
    x, c = generator.normal(size=(rows, 3)), generator.integers(0, 4, rows)
    y = x[:, 0] + (c == 2) - x[:, 1] ** 2 + generator.normal(size=rows) > 0
    letters = np.array(list("abcd"))[c]
    return pl.DataFrame(
        {"u": x[:, 0], "v": x[:, 1], "w": x[:, 2], "c": letters, "y": np.where(y, "yes", "no")}
    )


def write_parts(folder: Path, suffix: str = "parquet") -> Path:
    """Write the table as one file and as four parts in the folder ``parts``."""
    whole = table()
    (folder / "parts").mkdir()
    for k in range(4):
        part = whole[k * 225 : (k + 1) * 225]
        path = folder / "parts" / f"{k}.{suffix}"
        part.write_parquet(path, row_group_size=100) if suffix == "parquet" else part.write_csv(path)
    path = folder / f"whole.{suffix}"
    whole.write_parquet(path, row_group_size=100) if suffix == "parquet" else whole.write_csv(path)
    return folder


class Disturber:
    """Signals to random workers, each after a checkpoint that was written since they were started.

    Parameters
    ----------
    signals : sequence of int
    checkpoint : Path
    seed : int
    """

    def __init__(self, signals: Sequence[int], checkpoint: Path, seed: int = 0):
        self.signals, self.checkpoint, self.random = list(signals), checkpoint, random.Random(seed)
        self.sent, self._groups = 0, 0

    def __call__(self, workers: list[int]) -> None:
        """Begin to disturb a new group of workers."""
        self._groups += 1
        if self.signals:
            threading.Thread(target=self._disturb, args=(workers, self._written()), daemon=True).start()

    def _written(self) -> int:
        try:
            return self.checkpoint.stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def _disturb(self, workers: list[int], before: int) -> None:
        group = self._groups
        while self._written() == before:
            if self._groups != group:
                return
            time.sleep(0.002)
        time.sleep(self.random.uniform(0, 0.05))
        try:
            os.kill(self.random.choice(workers), self.signals.pop())
            self.sent += 1
        except ProcessLookupError:
            pass


def fit(
    folder: Path,
    out: Path,
    epochs: int,
    disturber: Disturber | None = None,
    processes: int = 2,
    limit: float = 12.0,
) -> tuple[GroupResult, list[str]]:
    """Train on the parts in several processes, and return the result and what the supervisor says."""
    texts: list[str] = []
    options = GroupOptions(
        processes, restarts=1000, step_limit=limit if disturber else 60, checkpoint_every=0, on_restart=texts.append,
        on_start=disturber or (lambda workers: None),
    )  # fmt: skip
    settings = {**SETTINGS, "source": str(folder / "parts" / "*.parquet"), "epochs": epochs}
    return train_in_processes(settings, options, out), texts


def parameters(run: GroupResult) -> dict[str, np.ndarray]:
    """Return all parameters of the members of a model."""
    model = ellayer.load(run.path / "model.ellayer")
    members = ellayer.engine.unpack_model(model).member_parameters
    return {f"{k}/{name}": theta for k, member in enumerate(members) for name, theta in member.items()}


def main() -> int:
    """Compare a disturbed fit with an undisturbed one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--stops", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=400)
    parser.add_argument("--limit", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    signals = [signal.SIGKILL] * options.kills + [signal.SIGSTOP] * options.stops
    random.Random(options.seed).shuffle(signals)
    with tempfile.TemporaryDirectory() as name:
        folder = write_parts(Path(name))
        calm, _ = fit(folder, folder / "calm", options.epochs)
        begin = time.perf_counter()
        disturber = Disturber(signals, folder / "wild" / CHECKPOINT, options.seed)
        wild, texts = fit(folder, folder / "wild", options.epochs, disturber, limit=options.limit)
        print("\n".join(texts))
        first, second = parameters(calm), parameters(wild)
        equal = all(np.array_equal(first[key], second[key]) for key in first)
        same_scores = calm.summary["scores"] == wild.summary["scores"]
        print(
            f"{disturber.sent} signals, {wild.restarts} restarts, {time.perf_counter() - begin:.0f} s; equal parameters: "
            f"{equal}, equal scores: {same_scores}"
        )
    return 0 if equal and same_scores and disturber.sent == len(signals) else 1


if __name__ == "__main__":
    sys.exit(main())
