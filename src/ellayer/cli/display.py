"""A run on a file, on the terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ..core.metrics import METRICS
from ..report.run_facts import RunFacts
from ..report.scores import Score
from ..report.sentences import interval, shown
from ..runs.table_trainer import FileRun


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
    console.print(f"{facts.name}: {facts.target}, {run.job.survey.why}", markup=False, highlight=False)
    _show_rest(console, summary, len(facts.y), path)


def _show_rest(console: Console, summary: dict[str, Any], rows: int, path: Path) -> None:
    """Scores, what is odd, and where everything is."""
    if summary["scores"]:
        console.print(score_table(summary, rows))
    told = [f"Odd: {finding}" for finding in summary["findings"]] + [
        f"Note: {note}" for note in summary["notes"]
    ]
    for line in told:
        console.print(line, markup=False, highlight=False)
    console.print(
        f"Written to {path}; open {path / 'report.html'}", soft_wrap=True, markup=False, highlight=False
    )


def score_table(summary: dict[str, Any], rows: int) -> Table:
    """Return the scores of the network with their intervals, and those of simple models.

    Parameters
    ----------
    summary : dict
        As in ``run.json``.
    rows : int
    """
    table = Table(title=f"On {rows:,} {summary['scored_on']}", title_justify="left")
    table.add_column("score", no_wrap=True)
    table.add_column("the network", justify="right")
    table.add_column("95 % interval", justify="right", no_wrap=True)
    for name in summary["compared"]:
        table.add_column(name, justify="right")
    for name, told in summary["scores"].items():
        value, low, high = (math.nan if told[end] is None else told[end] for end in ("value", "low", "high"))
        others = (values.get(name, {}) for values in summary["compared"].values())
        table.add_row(
            METRICS[name].title, shown(name, value), interval(name, Score(value, low, high)),
            *(shown(name, other.get("value")) for other in others),
        )  # fmt: skip
    return table


def show_sweep(
    rows: Sequence[Mapping[str, Any]], best: int, metric: Any, summary: dict[str, Any], path: Path
) -> None:
    """Print the trials, the best marked, how good it is on rows that no trial saw, and where it was written.

    Parameters
    ----------
    rows : sequence of mappings
    best : int
    metric : Metric
    summary : dict
    path : Path
    """
    console = Console()
    better = "higher" if metric.maximize else "lower"
    table = Table(
        title=f"{len(rows)} trials, by held-out {metric.title} ({better} is better)", title_justify="left"
    )
    for name in (
        "layers",
        "learning rate",
        f"held-out {metric.title}",
        "best epoch",
        "parameters",
        "seconds",
    ):
        table.add_column(name, justify="left" if name == "layers" else "right")
    table.add_column("")
    for i, row in enumerate(rows):
        table.add_row(
            row["layers"], f"{row['learning_rate']:g}", f"{row['validation_score']:.4g}", str(row["best_epoch"]),
            f"{row['parameters']:,}", f"{row['seconds']:.1f}", "best" if i == best else "",
            style="bold" if i == best else None,
        )  # fmt: skip
    console.print(table)
    _show_rest(console, summary, summary["rows"].get("test") or summary["rows"]["validation"], path)
