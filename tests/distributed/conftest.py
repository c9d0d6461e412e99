"""Fits of these tests draw no pictures, in their workers neither."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ellayer.runs import supervisor


@pytest.fixture(scope="module")
def plain_workers(undrawn_pages: None):
    """Start workers that draw no pictures."""
    before = supervisor.COMMAND
    supervisor.COMMAND = [sys.executable, str(Path(__file__).with_name("plain_worker.py"))]
    yield
    supervisor.COMMAND = before
