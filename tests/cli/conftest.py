"""Runs of these tests draw no pictures, but where a test asks for ``rendered``, and train few members."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module", autouse=True)
def _quick_runs(undrawn_pages: None, few_members: None) -> None:
    """Use ``undrawn_pages`` and ``few_members`` in every module here."""
