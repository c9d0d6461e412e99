"""A fresh kernel of Jupyter: displays, figures and objects show themselves without a magic command."""

from __future__ import annotations

import pytest

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

CELLS = {
    "import ellayer\nshown = ellayer.plot.ConfusionMatrixDisplay.from_predictions(['a', 'b'], ['a', 'b'])\nshown": "image/png",
    "shown.figure_": "image/png",
    "ellayer.report.scores(['a', 'b'], ['a', 'b'])": "text/html",
}


def test_a_kernel_shows_what_a_cell_returns():
    from nbclient import NotebookClient

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in CELLS])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    for cell, kind in zip(notebook.cells, CELLS.values(), strict=True):
        (output,) = cell.outputs
        assert set(output.data) == {kind, "text/plain"}
        assert len(output.data[kind]) > 500
