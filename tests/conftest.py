"""Shared fixtures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Two test processes on two cores: a second BLAS thread each would only wait for the others.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

collect_ignore_glob = ["*conftest.py"]  # the doctest collector takes two of one name for a mistake

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data sets; a clone without it skips the test."""
    if not SHARED.is_dir():
        pytest.skip("the folder of real data sets is not beside this checkout")
    return SHARED
