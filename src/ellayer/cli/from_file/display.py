"""A run on a file, on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    table = Table(title=f"On {rows} {summary['scored_on']}", title_justify="left")
    table.add_column("score")
    table.add_column("the network", justify="right")
    table.add_column("95 % interval", justify="right")
    for name in summary["compared"]:
        table.add_column(name, justify="right")
    for name, score in summary["scores"].items():
        others = (values.get(name, {}) for values in summary["compared"].values())
        ends = [shown(name, score[end]) for end in ("low", "high")]
        interval = "-" if "-" in ends else f"{ends[0]} to {ends[1]}"
        table.add_row(
            METRICS[name].title, shown(name, score["value"]), interval,
            *(shown(name, other.get("value")) for other in others),
        )  # fmt: skip
    return table


def shown(name: str, value: float | None) -> str:
    """Return a score as text.

    Parameters
    ----------
    name : str
        Of the metric.
    value : float or None

    Examples
    --------
    >>> shown("accuracy", 0.8492), shown("rmse", 12345.6), shown("r2", None)
    ('84.9 %', '12346', '-')
    """
    if value is None:
        return "-"
    if METRICS[name].share:
        return f"{100 * value:.1f} %"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def show_sweep(
    rows: Sequence[Mapping[str, Any]], best: int, metric: Any, summary: dict[str, Any], path: Path
) -> None:
    """Print the trials, the best marked, how good it is on rows that no trial saw, and where it was written.

    Parameters
    ----------
    rows : sequence of mappings
    best : int
    metric : TableMetric
    summary : dict
    path : Path
    """
    console = Console()
    better = "more" if metric.maximize else "less"
    table = Table(title=f"{len(rows)} trials; of the {metric.name} {better} is better", title_justify="left")
    for name in ("layers", "learning rate", f"held-out {metric.name}", "best epoch", "parameters", "seconds"):
        table.add_column(name, justify="left" if name == "layers" else "right")
    table.add_column("")
    for i, row in enumerate(rows):
        table.add_row(
            row["layers"], f"{row['learning_rate']:g}", f"{row['validation_score']:.4g}", str(row["best_epoch"]),
            f"{row['parameters']:,}", f"{row['seconds']:.1f}", "best" if i == best else "",
            style="bold" if i == best else None,
        )  # fmt: skip
    console.print(table)
    if summary["scores"]:
        test = summary["rows"].get("test") or summary["rows"]["validation"]
        console.print(score_table(summary, test))
    console.print(
        f"Written to {path}; open {path / 'report.html'}", soft_wrap=True, markup=False, highlight=False
    )
