"""Comparisons on the terminal."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from ..display import table
from .comparisons import Comparison

_STYLES = {True: "green", False: "bold red", None: "dim"}


def show_rows(rows: list[Comparison], summary: dict[str, Any], path: Path) -> None:
    """Print a table for each experiment, the counts of the results, and the skipped experiments."""
    console = Console()
    for experiment, group in groupby(rows, key=lambda row: row.experiment):
        cells = [
            [
                Text(cell, _STYLES[row.matches])
                for cell in (row.quantity, row.published or "-", row.obtained, row.verdict)
            ]
            for row in group
        ]
        headings = ("quantity", "published", "obtained", "verdict")
        console.print(table(headings, cells, title=experiment, right=(1, 2)))
    console.print(
        f"{summary['matching']} match, {summary['differing']} differ, {summary['shown']} are shown without a "
        f"published number."
    )
    for experiments in summary["left_out"]:
        console.print(f"Skipped: {experiments}; use --cats DIR to run them.", markup=False)
    console.print(f"Pictures and results.json are in {path}", markup=False, highlight=False, soft_wrap=True)
