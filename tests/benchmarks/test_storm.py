"""A round or two of the storm: the command itself runs hundreds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

STORM = Path(__file__).resolve().parents[2] / "benchmarks" / "storm.py"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc and forks")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "count"), [("kill", 2), ("interrupt", 2), ("full-disk", 1), ("hostile", 60)]
)
def test_nothing_is_lost_in_a_little_storm(tmp_path, kind, count):
    command = [
        sys.executable,
        STORM,
        kind,
        "--count",
        str(count),
        "--record",
        tmp_path / "storm.json",
        "--only",
        "predict",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert f"{kind}: {count} done, wrong: nothing" in done.stdout, done.stdout + done.stderr
