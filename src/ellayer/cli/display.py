"""Runs and sweeps on the terminal."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .._wording import pluralize
from ..core.metrics import METRICS
from ..report.number_text import format_interval, format_score
from ..report.run_facts import Score
from ..report.sentences import describe_folds
from ..runs.notes_networks import per_cent
from .visible import visible

if TYPE_CHECKING:
    from ..runs.sweep import Sweep

COST_ROWS = 10
SHORT_NAMES = {
    "logistic regression": "linear", "linear regression": "linear", "gradient boosting": "boosting",
    "the most frequent class": "constant", "the mean": "constant",
}  # fmt: skip


def print_line(console: Console, text: str) -> None:
    """Print text from a file literally: without markup, colours or line wrapping."""
    console.print(visible(text), markup=False, highlight=False, soft_wrap=True)


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    title: str = "",
    right: Collection[int] = (),
    whole: Collection[int] | None = None,
) -> Table:
    """Return a table of texts without markup.

    Parameters
    ----------
    headings : sequence of str
    rows : iterable of sequences
    title : str
    right : collection of int
        Columns aligned to the right.
    whole : collection of int, optional
        Columns whose cells are not wrapped; by default those aligned to the right.
    """
    grid = Table(title=title or None, title_justify="left")
    for i, heading in enumerate(headings):
        justify: Literal["left", "right"] = "right" if i in right else "left"
        no_wrap = i in (right if whole is None else whole)
        grid.add_column(Text(visible(heading)), justify=justify, overflow="fold", no_wrap=no_wrap)
    for row in rows:
        grid.add_row(*(cell if isinstance(cell, Text) else Text(visible(str(cell))) for cell in row))
    return grid


def show_run(summary: Mapping[str, Any], path: Path) -> None:
    """Print the task, the scores next to those of simple models, data warnings, and the folder.

    Parameters
    ----------
    summary : mapping
        As in ``run.json``, with the curves of the networks.
    path : Path
        The folder.
    """
    console, others = Console(), []
    for note in summary["notes"]:
        if note.startswith("interrupted"):  # before the scores of what may be a few updates
            print_line(console, f"{note[0].upper()}{note[1:]}")
        else:
            others.append(note)
    if summary["models"]:
        console.print(_cost_table(summary["name"], summary["models"]))
        console.print(_accuracy_table(summary["name"], summary["models"]))
    else:
        console.print(
            f"{summary['name']}: {summary['target']}, {summary['why']}", markup=False, highlight=False
        )
    _show_rest(console, {**summary, "notes": others}, path)


def show_sweep(sweep: Sweep) -> None:
    """Print the trials, the best marked, its scores on rows not used by any trial, and the folder.

    Parameters
    ----------
    sweep : Sweep
    """
    console, name = Console(), sweep.metric.title
    better = "higher" if sweep.metric.maximize else "lower"
    rows = [
        (label.replace("; ", "\n"), f"{row['learning_rate']:g}", f"{row['validation_score']:.4g}", row["best_epoch"],
         f"{row['parameters']:,}", f"{row['seconds']:.1f}", "best" if i == sweep.best else "")
        for i, (label, row) in enumerate(zip(sweep.labels, sweep.trials, strict=True))
    ]  # fmt: skip
    headings = ("layers", "learning rate", f"held-out {name}", "best epoch", "parameters", "seconds", "")
    title = f"{pluralize(len(rows), 'trial')}, by held-out {name} ({better} is better)"
    console.print(table(headings, rows, title=title, right=range(1, 6), whole=(0,)))
    _show_rest(console, sweep.summary, sweep.path)


def _show_rest(console: Console, summary: Mapping[str, Any], path: Path) -> None:
    """Print scores, warnings, messages and the folder."""
    if summary["scores"] and not summary["models"]:
        title = f"On {summary['scored_rows']:,} {summary['scored_on']}"
        console.print(score_table(summary["scores"], summary["compared"], title, summary["model"]))
    if summary["cross_validation"]:
        (name, ours), *others = summary["cross_validation"]["scores"].items()
        title = describe_folds(summary["cross_validation"])
        console.print(score_table(ours, dict(others), title, name))
    if not summary["models"]:
        for sentence in summary["verdict"]:
            console.print(visible(sentence), markup=False, highlight=False)
    alarms = [check for check in summary["checks"] if check["grade"] != "PASS"]
    lines = [f"{check['grade']}: {check['title']}: {check['figure']}; {check['advice']}" for check in alarms]
    figures = [check["figure"] for check in alarms]
    lines += [f"Warning: {text}" for text in summary["findings"] if not text.startswith(tuple(figures))]
    lines += [f"Note: {note}" for note in summary["notes"]]
    for line in lines:
        console.print(visible(line), markup=False, highlight=False)
    report = path / "report.html"
    print_line(console, f"Written to {path}" + (f"; open {report}" if report.exists() else ""))


def score_table(
    scores: Mapping[str, Any], compared: Mapping[str, Any], title: str, name: str = "the network"
) -> Table:
    """Return the scores of the model with their intervals, and those of other models.

    Parameters
    ----------
    scores : mapping
        Value, low and high of each metric, as in ``run.json``.
    compared : mapping
        The scores of other models, by their names.
    title : str
    name : str
        The name of the model.
    """
    rows = []
    for metric, ends in scores.items():
        score = Score.from_json(ends)
        others = (format_score(metric, other.get(metric, {}).get("value")) for other in compared.values())
        rows.append(
            (
                METRICS[metric].title,
                format_score(metric, score.value),
                format_interval(metric, score),
                *others,
            )
        )
    headings = (
        "score",
        SHORT_NAMES.get(name, name),
        "95 % interval",
        *(SHORT_NAMES.get(name, name) for name in compared),
    )
    return table(headings, rows, title=title, right=range(1, len(headings)), whole=(0, 2))


def _cost_table(name: str, models: Sequence[Mapping[str, Any]]) -> Table:
    """Return a table of some costs of each network."""
    costs = [dict(zip(model["iterations"], model["costs"], strict=True)) for model in models]
    iterations = sorted(set().union(*costs))
    some = sorted({*iterations[:: max(1, round(len(iterations) / COST_ROWS))], iterations[-1]})
    rows = [(i, *(f"{column[i]:.6f}" if i in column else "" for column in costs)) for i in some]
    headings = ("iteration", *(f"{model['name']}\n{_sizes(model)}" for model in models))
    return table(headings, rows, title=f"{name}: cost", right=range(len(headings)), whole=())


def _accuracy_table(name: str, models: Sequence[Mapping[str, Any]]) -> Table:
    rows = [
        (f"{model['name']} {_sizes(model)}", per_cent(model["train_accuracy"], 2), per_cent(model["test_accuracy"], 2),
         f"{model['seconds']:.1f}", model["engine"])
        for model in models
    ]  # fmt: skip
    return table(
        ("model", "training", "test", "seconds", "engine"), rows, title=f"{name}: accuracy", right=(1, 2, 3)
    )


def _sizes(model: Mapping[str, Any]) -> str:
    return "-".join(map(str, model["layer_dims"]))
