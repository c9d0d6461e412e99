"""Data files that lie about their size, point elsewhere or are damaged: one error each, before memory is taken."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_files import DAMAGED, FRAME, HOSTILE

from table_files import WRITERS

CHANGES = 25  # of each kind of file


def outcomes(folder: Path, names: list[str]) -> dict[str, tuple[str, str]]:
    """Return the type and the message of the error that each file is met with, read with a limit of memory."""
    child = subprocess.run(
        [sys.executable, Path(__file__).with_name("read_hostile.py"), *names],
        cwd=folder,
        env={**os.environ, "POLARS_MAX_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "RUST_BACKTRACE": "0"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    met = {name: (kind, message) for name, kind, message in map(json.loads, child.stdout.splitlines())}
    unread = [name for name in names if name not in met]
    assert not unread, f"the process ended at {unread[0]}: {child.stderr[-2000:]}"
    return met


def test_files_that_claim_what_they_have_not(tmp_path):
    for name, (make, _) in HOSTILE.items():
        make(tmp_path / name)
    met = outcomes(tmp_path, list(HOSTILE))
    wrong = {
        name: met[name]
        for name, (_, words) in HOSTILE.items()
        if met[name][0] != "DataError" or not re.search(words, met[name][1])
    }
    assert not wrong


@pytest.mark.slow
def test_files_changed_by_chance(tmp_path):
    names = []
    for name in DAMAGED:
        rng = random.Random(name)
        WRITERS[name](FRAME, tmp_path / name)
        content = (tmp_path / name).read_bytes()
        for k in range(CHANGES):
            changed = bytearray(content)
            for _ in range(rng.choice([1, 1, 4, 40])):
                changed[rng.randrange(len(changed))] = rng.randrange(256)
            if rng.random() < 0.2:
                changed = changed[: rng.randrange(len(changed))]
            names.append(f"{k}-{name}")
            (tmp_path / names[-1]).write_bytes(changed)
    kinds = {name: kind for name, (kind, _) in outcomes(tmp_path, names).items()}
    assert {name: kind for name, kind in kinds.items() if kind not in ("read", "DataError")} == {}
