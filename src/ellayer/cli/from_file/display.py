"""A run on a file, on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ...report.facts import RunFacts
from ...report.scores import METRICS
from .fitting import FileRun


def show_run(run: FileRun, facts: RunFacts, summary: dict[str, Any], path: Path) -> None:
    """Print what was learned, how good it is beside simple models, what is odd, and where it was written.

    Parameters
    ----------
    run : FileRun
    facts : RunFacts
    summary : dict
    path : Path
    """
    console = Console()
    plain = {"markup": False, "highlight": False}
    console.print(f"{facts.name}: {facts.target} ({run.job.survey.why})", **plain)  # type: ignore[arg-type]
    console.print(score_table(summary, len(facts.y)))
    for finding in facts.findings:
        console.print(f"Odd: {finding}", **plain)  # type: ignore[arg-type]
    for note in facts.notes:
        console.print(f"Note: {note}", **plain)  # type: ignore[arg-type]
    console.print(f"Written to {path}; open {path / 'report.html'}", soft_wrap=True, **plain)  # type: ignore[arg-type]


def score_table(summary: dict[str, Any], rows: int) -> Table:
    """Return the scores of the network with their intervals, and those of simple models.

    Parameters
    ----------
    summary : dict
        As in ``run.json``.
    rows : int
    """
    table = Table(title=f"On {rows} {summary['scored_on']}, with 95 % intervals", title_justify="left")
    table.add_column("score")
    table.add_column("the network", justify="right")
    for name in summary["compared"]:
        table.add_column(name, justify="right")
    for name, score in summary["scores"].items():
        others = (values.get(name) for values in summary["compared"].values())
        row = [shown(name, score), *(shown(name, other, interval=False) for other in others)]
        table.add_row(METRICS[name].title, *row)
    return table


def shown(name: str, score: dict[str, float | None] | None, interval: bool = True) -> str:
    """Return a score as text, like "84.9 % (80.1 to 88.7)".

    Parameters
    ----------
    name : str
        Of the metric.
    score : dict or None
    interval : bool
    """
    if score is None or score["value"] is None:
        return "-"
    share = METRICS[name].share
    text = [f"{100 * v:.1f}" if share else f"{v:.4g}" for v in score.values() if v is not None]
    value = text[0] + (" %" if share else "")
    return f"{value} ({text[1]} to {text[2]})" if interval and len(text) == 3 else value
