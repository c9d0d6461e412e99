"""Sessions without a server, and a server with a client."""

from __future__ import annotations

import pytest
from play_client import Page


@pytest.fixture
def page(monkeypatch):
    """Return a page of a session that trains on NumPy, which compiles nothing."""
    monkeypatch.setattr("ellayer.play.run.ENGINE", "numpy+direct")
    with Page() as page:
        yield page
