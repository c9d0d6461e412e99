"""The notebooks of the documentation, run in a fresh kernel: pictures are there, and their HTML is short."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "notebooks"
LARGEST = 60_000  # characters of one output without its pictures


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_pictures(path):
    client = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") for cell in notebook.cells), "stored without outputs"
    client.NotebookClient(notebook, timeout=300).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [o for o in outputs if o.output_type == "stream" and o.name == "stderr"]
    pages = [str(output.data.get("text/html", "")) for output in outputs if "data" in output]
    assert any("<svg" in text or "data:image/png" in text for text in pages)
    assert sum(bool(text) for text in pages) >= 3
    for text in pages:
        assert len(re.sub(r"data:image/png;base64,[\w+/=]*", "", text)) < LARGEST
        assert "Figure size" not in text
    if path.stem != "step-by-step":
        assert any("took" in text for text in pages), "the progress is HTML"
