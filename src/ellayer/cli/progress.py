"""Live progress bars, fed by ``train``'s progress function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..runs.progress import StageInfo, StartProgress, no_progress

if TYPE_CHECKING:
    from ..engine.events import Info


@contextmanager
def progress_bars(shown: bool) -> Iterator[StartProgress]:
    """Show a bar for each fit, with its cost, validation score, rate and time left, and for each stage after it.

    Parameters
    ----------
    shown : bool

    Yields
    ------
    callable
        ``start(label, total)`` returns the function for ``train(..., progress=...)``, None
        if nothing is shown.
    """
    if not shown:
        yield no_progress
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TextColumn("{task.fields[figures]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:

        def start(label: str, total: int) -> Callable[[Info | StageInfo], None]:
            task = bars.add_task(label, total=total or None, figures="")

            def report(info: Info | StageInfo) -> None:
                bars.update(task, completed=info.iteration, total=info.total, figures=_figures(info))

            return report

        try:
            yield start
        except BaseException:
            for task in bars.task_ids:  # remove the bars before the message that follows
                bars.remove_task(task)
            bars.live.transient = True
            raise


def _figures(info: Info | StageInfo) -> str:
    """Return the last cost and other figures of the progress of a run, or the unit of a stage after it."""
    if isinstance(info, StageInfo):
        return info.unit
    text, history = f"cost {info.cost:.6f}", info.history
    for name, short in (("validation_score", "validation"), ("learning_rate", "rate")):
        if history.get(name) and (name != "learning_rate" or len(set(history[name][-2:])) > 1):
            text += f"  {short} {history[name][-1]:.4g}"
    return text
