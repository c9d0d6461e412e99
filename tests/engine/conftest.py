"""What the engine's tests share."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def _cache_of_the_tests(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Keep compiled programs beside the tests' own cache, not in the user's folder."""
    cache = getattr(request.config, "cache", None)
    place = cache.mkdir("jax") if cache is not None else tmp_path_factory.mktemp("jax")
    before = os.environ.get("ELLAYER_CACHE")
    os.environ["ELLAYER_CACHE"] = str(place)
    yield
    if before is None:
        del os.environ["ELLAYER_CACHE"]
    else:
        os.environ["ELLAYER_CACHE"] = before


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
