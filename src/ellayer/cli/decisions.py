"""The decisions of a model on the terminal: classes, confusions, thresholds, intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..runs.notes_networks import per_cent
from .display import print_line, table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_MOST_CLASSES = 30
_FEW_CLASSES = 8  # whose confusions the matrix shows well enough


def show_decisions(console: Console, decisions: Mapping[str, Any]) -> None:
    """Print the scores of each class, the most frequent confusions, the table of thresholds, the coverage.

    Parameters
    ----------
    console : Console
    decisions : mapping
        As ``Decisions.to_json`` returns it.
    """
    classes = decisions["classes"]
    if 0 < len(classes) <= _MOST_CLASSES:
        positive = decisions["positive"]
        title = f"By class{f' (positive class: {positive})' if positive else ''}"
        rows = [
            (
                c["label"],
                *(per_cent(c[name], 1) for name in ("precision", "recall", "f1")),
                f"{c['support']:,}",
            )
            for c in classes
        ]
        console.print(
            table(("class", "precision", "recall", "F1", "rows"), rows, title=title, right=range(1, 5))
        )
    if len(classes) > _FEW_CLASSES:
        rows = [
            (c["truth"], c["prediction"], c["count"], per_cent(c["share"], 1))
            for c in decisions["confusions"]
        ]
        console.print(
            table(
                ("true", "predicted", "rows", "of the class"),
                rows,
                title="Most frequent confusions",
                right=(2, 3),
            )
        )
    if decisions["thresholds"]:
        console.print(_threshold_table(decisions))
    for it in decisions["intervals"]:
        low, high = (per_cent(end, 1) for end in it["ends"])
        print_line(
            console,
            f"{per_cent(it['coverage'])} prediction intervals hold {per_cent(it['observed'], 1)} of the rows "
            f"(95 % interval {low} to {high})",
        )


def _threshold_table(decisions: Mapping[str, Any]) -> Table:
    costs = decisions["costs"]
    title = (
        f"Thresholds of p({decisions['positive']}), at costs fp={costs['fp']:g}, fn={costs['fn']:g} (* used)"
    )
    rows = [
        (
            f"{t['threshold']:.3g}{' *' if t['used'] else ''}",
            *(per_cent(t[name], 1) for name in ("positives", "precision", "recall", "f1")),
            f"{t['cost']:.3f}",
        )
        for t in decisions["thresholds"]
    ]
    headings = ("threshold", "predicted positive", "precision", "recall", "F1", "cost per row")
    return table(headings, rows, title=title, right=range(6))
