"""The installed program, run as its users run it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess]


@pytest.fixture(scope="session")
def program() -> Path:
    """Return the program ``ellayer`` that stands beside this Python."""
    return Path(sys.executable).parent / "ellayer"


@pytest.fixture(scope="session")
def run_in(program: Path) -> Run:
    """Return a function that runs the program with a folder as its working directory."""

    def run(folder: Path, *arguments: object) -> subprocess.CompletedProcess:
        return subprocess.run(
            [program, *map(str, arguments)],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


@pytest.fixture
def ellayer(run_in: Run, tmp_path: Path) -> Run:
    """Return a function that runs the program in an empty folder."""
    return lambda *arguments: run_in(tmp_path, *arguments)
