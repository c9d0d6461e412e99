"""What a type checker knows of the public names in a user's program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import ellayer

ROOT = Path(__file__).parents[2]
PROGRAM = """\
import numpy as np

import ellayer
from ellayer import MLPClassifier, Network, TabularClassifier

reveal_type(MLPClassifier)
reveal_type(Network([2, 4, 1]).layer_dims)
reveal_type(ellayer.estimators.EpochInfo)
MLPClassifier(alpah=0.1)
TabularClassifier(members=8)
Network([2, 4, 1], activations=3)
ellayer.train(Network([2, 1]), np.eye(2), np.eye(1), num_iteration=10)
ellayer.trian
"""


@pytest.mark.slow
def test_mypy_finds_mistakes_in_the_use_of_public_names(tmp_path):
    pytest.importorskip("mypy")
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    # With the settings and the cache of the package's own check, which makes it quick.
    environment = os.environ | {"MYPYPATH": str(Path(ellayer.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-m", "mypy", path], capture_output=True, text=True, cwd=ROOT, env=environment
    )
    lines = done.stdout.splitlines()
    notes = [line for line in lines if "Revealed type" in line]
    assert len(notes) == 3
    assert "Any" not in notes[1] + notes[2].replace("estimator: Any", "")
    assert "alpha: float =" in notes[0]
    first = PROGRAM.splitlines().index("MLPClassifier(alpah=0.1)") + 1
    places = {int(line.split(":")[1]) for line in lines if ": error:" in line}
    assert places == set(range(first, first + 5)), done.stdout
