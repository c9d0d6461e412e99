"""The page on other libraries: its code runs where they are installed."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/guides/other-libraries.md"

sys.path.insert(0, str(ROOT / "docs" / "_tools"))
import running  # noqa: E402


def test_its_code_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict = {"__name__": "page"}
    for block in running.blocks(PAGE.read_text(encoding="utf-8")):
        if block.is_python and block.can_run:
            running.run(block, names, str(PAGE))
