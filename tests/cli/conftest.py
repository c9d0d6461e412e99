"""Runs of these tests draw no pictures, but where a test asks for ``rendered``."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module", autouse=True)
def _unrendered(unrendered: None) -> None:
    """Use ``unrendered`` in every module here."""
