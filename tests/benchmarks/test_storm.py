"""A round or two of the storm: the command itself runs hundreds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

STORM = Path(__file__).resolve().parents[2] / "benchmarks" / "storm.py"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc and forks")
@pytest.mark.parametrize(("kinds", "count"), [(("kill", "interrupt", "full-disk"), 1), (("hostile",), 20)])
def test_nothing_is_lost_in_a_little_storm(tmp_path, kinds, count):
    command = [sys.executable, STORM, *kinds, "--count", str(count), "--only", "predict", "--seed", "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for kind in kinds:
        assert f"{kind}: {count} done, wrong: nothing" in done.stdout
