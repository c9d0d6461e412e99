"""A round of each storm: the command itself runs hundreds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

STORM = Path(__file__).resolve().parents[2] / "benchmarks" / "storm.py"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc and forks")
def test_nothing_is_lost_in_a_little_storm():
    kinds = ("kill", "interrupt", "full-disk")  # tests/attacks tries the files of the others
    command = [sys.executable, STORM, *kinds, "--count", "1", "--only", "predict", "--seed", "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for kind in kinds:
        assert f"{kind}: 1 done, wrong: nothing" in done.stdout
