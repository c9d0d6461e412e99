"""``ellayer compare``: settings and scores of runs side by side."""

from __future__ import annotations

from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError
from .errors import handle_errors
from .options import Debug, Json, check_new_file

if TYPE_CHECKING:
    from ..runs.comparison import Comparison

_FACTS = {"epochs": "epochs or updates", "stopped_by": "stopped by"}


@handle_errors
def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(help="Run folders written by ellayer train, two or more.", metavar="RUN..."),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="File to plot the validation curves of the runs to.", metavar="FILE"),
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
        raise UsageError(f"--out: expected a name with the suffix .png, .svg or .pdf, received {str(out)!r}")
    check_new_file("--out", out)
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

    from ..core.metrics import METRICS
    from ..report.number_text import format_interval, format_score
    from ..report.run_facts import Score
    from ..report.sentences import format_seconds
    from .display import print_line, table

    runs, rows = comparison.runs, []
    for name, values in comparison.settings.items():
        rows.append((name, *map(_setting, values)))
    for name, title in _FACTS.items():
        rows.append((title, *(run.summary.get(name, "-") for run in runs)))
    rows.append(("time", *(format_seconds(sum(run.summary.get("seconds", {}).values())) for run in runs)))
    for name in dict.fromkeys(name for run in runs for name in run.scores):
        if name in METRICS:
            scores = [Score.from_json(run.scores.get(name, {})) for run in runs]
            marks = [" *" if i in comparison.best.get(name, []) else "" for i in range(len(runs))]
            cells = [
                f"{format_score(name, s.value)}{mark}\n{format_interval(name, s)}"
                for s, mark in zip(scores, marks, strict=True)
            ]
            rows.append((METRICS[name].title, *cells))
    console = Console()
    console.print(
        table(("", *(str(run.path) for run in runs)), rows, right=range(1, len(runs) + 1), whole=())
    )
    if comparison.best:
        print_line(console, "* best in its row")
    for message in comparison.messages:
        print_line(console, f"Note: {message}")


def _setting(value: object) -> str:
    if value is None:
        return "-"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
