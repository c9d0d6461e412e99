"""What pyright knows of the public names."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import ellayer

pytest.importorskip("pyright")


def test_the_types_of_public_names_are_complete(tmp_path):
    """pyright needs Node.js, which its package fetches if the machine has none."""
    options = ["--verifytypes", "ellayer", "--ignoreexternal", "--pythonpath", sys.executable]
    done = subprocess.run(
        [sys.executable, "-m", "pyright", *options],
        env=os.environ | {"PYTHONPATH": str(Path(ellayer.__file__).parents[1])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    score = re.search(r"completeness score: ([\d.]+)%", done.stdout)
    assert score, done.stdout[-2000:]
    assert float(score[1]) >= 97.0
