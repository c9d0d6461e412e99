"""What the engine's tests share."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def run_python() -> Callable[..., str]:
    """Return a function that runs a program in a process of its own and returns what it printed."""

    def run(program: str, **environment: str) -> str:
        outcome = subprocess.run(
            [sys.executable, "-W", "error", "-c", program],
            capture_output=True,
            text=True,
            timeout=300,
            env=os.environ | environment,
            cwd=Path(__file__).parent,
        )
        assert outcome.returncode == 0, outcome.stderr
        return outcome.stdout

    return run
