"""Runs and sweeps on the terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ..core.metrics import METRICS
from ..report.scores import Score
from ..report.sentences import format_interval, format_score
from ..runs.notes_networks import per_cent
from ..runs.sweep import Sweep

COST_ROWS = 10


def print_line(console: Console, text: str) -> None:
    """Print text from a file or a name as it is: no markup, no colours, no line breaks of its own."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def show_run(summary: Mapping[str, Any], path: Path) -> None:
    """Print the task, the scores beside those of simple models, warnings about the data, and the folder.

    Parameters
    ----------
    summary : mapping
        As in ``run.json``, with the curves of the networks.
    path : Path
        The folder.
    """
    console = Console()
    if summary["models"]:
        console.print(_cost_table(summary["name"], summary["models"]))
        console.print(_accuracy_table(summary["name"], summary["models"]))
    else:
        console.print(
            f"{summary['name']}: {summary['target']}, {summary['why']}", markup=False, highlight=False
        )
    _show_rest(console, summary, path)


def show_sweep(sweep: Sweep) -> None:
    """Print the trials, the best marked, its scores on rows that no trial used, and the folder.

    Parameters
    ----------
    sweep : Sweep
    """
    console = Console()
    name = sweep.metric.title
    better = "higher" if sweep.metric.maximize else "lower"
    title = f"{len(sweep.trials)} trials, by held-out {name} ({better} is better)"
    table = Table(title=title, title_justify="left")
    for heading in ("layers", "learning rate", f"held-out {name}", "best epoch", "parameters", "seconds"):
        table.add_column(heading, justify="left" if heading == "layers" else "right")
    table.add_column("")
    for i, row in enumerate(sweep.trials):
        best = i == sweep.best
        table.add_row(
            row["layers"], f"{row['learning_rate']:g}", f"{row['validation_score']:.4g}", str(row["best_epoch"]),
            f"{row['parameters']:,}", f"{row['seconds']:.1f}", "best" if best else "", style="bold" if best else None,
        )  # fmt: skip
    console.print(table)
    _show_rest(console, sweep.summary, sweep.path)


def _show_rest(console: Console, summary: Mapping[str, Any], path: Path) -> None:
    """Print scores, warnings and messages, and where everything is."""
    if summary["scores"] and not summary["models"]:
        console.print(score_table(summary))
    lines = [f"Warning: {finding}" for finding in summary["findings"]]
    lines += [f"Note: {note}" for note in summary["notes"]]
    for line in lines:
        console.print(line, markup=False, highlight=False)
    print_line(console, f"Written to {path}; open {path / 'report.html'}")


def score_table(summary: Mapping[str, Any]) -> Table:
    """Return the scores of the network with their intervals, and those of simple models.

    Parameters
    ----------
    summary : mapping
        As in ``run.json``.
    """
    table = Table(title=f"On {summary['scored_rows']:,} {summary['scored_on']}", title_justify="left")
    table.add_column("score", no_wrap=True)
    table.add_column("the network", justify="right")
    table.add_column("95 % interval", justify="right", no_wrap=True)
    for name in summary["compared"]:
        table.add_column(name, justify="right")
    for name, score in summary["scores"].items():
        value, low, high = (
            math.nan if score[end] is None else score[end] for end in ("value", "low", "high")
        )
        others = (values.get(name, {}) for values in summary["compared"].values())
        table.add_row(
            METRICS[name].title, format_score(name, value), format_interval(name, Score(value, low, high)),
            *(format_score(name, other.get("value")) for other in others),
        )  # fmt: skip
    return table


def _cost_table(name: str, models: Sequence[Mapping[str, Any]]) -> Table:
    """Return some of the costs of each network."""
    table = Table(title=f"{name}: cost", title_justify="left")
    table.add_column("iteration", justify="right")
    costs = []
    for model in models:
        table.add_column(f"{model['name']}\n{_sizes(model)}", justify="right")
        costs.append(dict(zip(model["iterations"], model["costs"], strict=True)))
    iterations = sorted(set().union(*costs))
    step = max(1, round(len(iterations) / COST_ROWS))
    for i in sorted({*iterations[::step], iterations[-1]}):
        table.add_row(str(i), *(f"{column[i]:.6f}" if i in column else "" for column in costs))
    return table


def _accuracy_table(name: str, models: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(title=f"{name}: accuracy", title_justify="left")
    for heading in ("model", "training", "test", "seconds", "engine"):
        table.add_column(heading, justify="left" if heading in ("model", "engine") else "right")
    for model in models:
        accuracies = (per_cent(model[f"{part}_accuracy"], 2) for part in ("train", "test"))
        table.add_row(
            f"{model['name']} {_sizes(model)}", *accuracies, f"{model['seconds']:.1f}", model["engine"]
        )
    return table


def _sizes(model: Mapping[str, Any]) -> str:
    return "-".join(map(str, model["layer_dims"]))
