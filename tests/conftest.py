"""Shared fixtures."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data sets; a clone without it skips the test."""
    if not SHARED.is_dir():
        pytest.skip("the folder of real data sets is not beside this checkout")
    return SHARED
