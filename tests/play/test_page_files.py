"""The files of the page of `ellayer play`: their size, their types, and the pictures of the data sets."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from ellayer.data.planar import PLANE, draw
from ellayer.play.app import STATIC

ROOT = Path(__file__).parents[2]


def test_the_page_is_small_and_needs_nothing_from_elsewhere():
    parts = [path for path in Path(STATIC).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in parts) < 500_000
    for path in parts:
        text = path.read_text(encoding="utf-8")
        others = [line for line in text.splitlines() if "http://" in line or "https://" in line]
        assert all("www.w3.org" in line for line in others), path
        assert "innerHTML" not in text, path
        if path.suffix == ".js":
            assert text.count("\n") <= 400, path


def previews() -> str:
    """Return the module with the pictures of the data sets."""
    lines = []
    for name, row in PLANE.items():
        data = draw(name, size=120, noise=row.noise, seed=row.seed)
        low, high = data.X.min(axis=1, keepdims=True), data.X.max(axis=1, keepdims=True)
        X = (data.X - (low + high) / 2) / (high - low).max() + 0.5
        y = data.Y[0] if len(data.Y) == 1 else data.Y.argmax(axis=0)
        if data.classes:
            labels = y.astype(int).tolist()
        else:
            labels = np.round((y - y.min()) / (y.max() - y.min()) * 0.998 + 0.001, 3).tolist()
        points = [
            [round(float(a), 2), round(float(b), 2), label] for a, b, label in zip(*X, labels, strict=True)
        ]
        lines.append(f"  {name}: {json.dumps(points, separators=(',', ':'))},\n")
    return f"""\
// 120 points of each set of the plane, between 0 and 1, with their class or number: the pictures to choose from.
// tests/play/test_page_files.py compares them with the sets; its function `previews` returns this file.

/** @type {{Record<string, number[][]>}} */
export const previews = {{
{"".join(lines)}}};
"""


def test_the_pictures_to_choose_from_are_those_of_the_sets():
    assert Path(STATIC, "js", "previews.js").read_text(encoding="utf-8") == previews()


@pytest.mark.skipif(shutil.which("tsc") is None, reason="no TypeScript")
def test_the_scripts_agree_with_their_types():
    check = subprocess.run(["tsc", "-p", ROOT / "jsconfig.json"], capture_output=True, text=True, timeout=120)
    assert check.returncode == 0, check.stdout
