"""Tables on the terminal."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from ..runs.notes_models import per_cent
from ..runs.notes_trainer import Training


def show_training(training: Training, path: Path) -> None:
    """Print costs and accuracies of a training, and where it was written."""
    console = Console()
    console.print(_cost_table(training))
    console.print(_accuracy_table(training))
    for note in training.notes:
        console.print(f"Note: {note}", markup=False, highlight=False)
    console.print(f"Written to {path}", markup=False, highlight=False, soft_wrap=True)


def _cost_table(training: Training, rows: int = 10) -> Table:
    table = Table(title=f"{training.dataset.name}: cost", title_justify="left")
    table.add_column("iteration", justify="right")
    costs = []
    for model in training.models:
        table.add_column(f"{model.name}\n{model.sizes}", justify="right")
        costs.append(dict(zip(*model.curve, strict=True)))
    iterations = sorted(set().union(*costs))
    step = max(1, round(len(iterations) / rows))
    for i in sorted({*iterations[::step], iterations[-1]}):
        table.add_row(str(i), *(f"{column[i]:.6f}" if i in column else "" for column in costs))
    return table


def _accuracy_table(training: Training) -> Table:
    table = Table(
        title=f"{training.dataset.name}: share of the examples predicted right", title_justify="left"
    )
    for heading in ("model", "training", "test", "seconds", "engine"):
        table.add_column(heading, justify="left" if heading in ("model", "engine") else "right")
    for model in training.models:
        facts = model.summary()
        table.add_row(f"{model.name} {model.sizes}", per_cent(model.train_accuracy, 2), per_cent(model.test_accuracy, 2),
                      f"{facts['seconds']:.1f}", facts["engine"])  # fmt: skip
    return table
