"""``ellayer compare``: settings and scores of runs side by side."""

from __future__ import annotations

import math
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError
from .errors import handle_errors
from .options import Debug, Json

if TYPE_CHECKING:
    from ..runs.comparison import Comparison

_FACTS = {"epochs": "epochs or updates", "stopped_by": "stopped by"}


@handle_errors
def compare(
    runs: Annotated[
        list[Path], typer.Argument(help="Folders that ellayer train wrote, two or more.", metavar="RUN...")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Draw the validation curves of the runs to this file.", metavar="FILE"),
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Show the settings in which runs differ, and their scores side by side with 95 % intervals.

    Each run has been evaluated on its own held-out rows; if these differ, scores may differ for that reason.

    Example: ellayer compare runs/titanic-1 runs/titanic-2 --out curves.png
    """
    from ..runs.comparison import compare_runs

    if out is not None and out.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise UsageError(f"--out: expected a name that ends in .png, .svg or .pdf, received {str(out)!r}")
    if out is not None and out.exists():
        raise UsageError(
            f"--out: expected a file that does not exist yet, received {str(out)!r}; choose another name"
        )
    comparison = compare_runs(runs)
    if out is not None:
        comparison.draw(out)
    if json:
        typer.echo(dumps(comparison.to_json()))
        return
    _show(comparison)
    if out is not None:
        typer.echo(f"Curves drawn to {out}")


def _show(comparison: Comparison) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ..core.metrics import METRICS
    from ..report.sentences import format_seconds

    table, runs = Table(), comparison.runs
    table.add_column("")
    for run in runs:
        table.add_column(Text(str(run.path)), justify="right")
    for name, values in comparison.settings.items():
        table.add_row(Text(name), *(Text(_setting(value)) for value in values))
    for name, title in _FACTS.items():
        table.add_row(title, *(Text(str(run.summary.get(name, "-"))) for run in runs))
    times = (format_seconds(sum(run.summary.get("seconds", {}).values())) for run in runs)
    table.add_row("time", *times, end_section=True)
    for name in dict.fromkeys(name for run in runs for name in run.scores):
        if name in METRICS:
            table.add_row(METRICS[name].title, *_score_cells(comparison, name))
    console = Console()
    console.print(table)
    if comparison.best:
        console.print("* best in its row", markup=False, highlight=False)
    for message in comparison.messages:
        console.print(f"Note: {message}", markup=False, highlight=False)


def _score_cells(comparison: Comparison, name: str) -> list[str]:
    """Return a score of each run with its interval, the best marked."""
    from ..report.scores import Score
    from ..report.sentences import format_interval, format_score

    cells = []
    for i, run in enumerate(comparison.runs):
        ends = (run.scores.get(name, {}).get(end) for end in ("value", "low", "high"))
        value, low, high = (math.nan if end is None else float(end) for end in ends)
        score = Score(value, low, high)
        mark = " *" if i in comparison.best.get(name, []) else ""
        cells.append(f"{format_score(name, score.value)}{mark}\n{format_interval(name, score)}")
    return cells


def _setting(value: object) -> str:
    if value is None:
        return "-"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
