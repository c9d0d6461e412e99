"""Progress of long work: bars in the terminal, or HTML that is updated in place in a notebook."""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

from ._views import page

if TYPE_CHECKING:
    from rich.progress import Task
    from rich.text import Text

_SECONDS = 0.2  # between two updates in a notebook


class Report(Protocol):
    """Progress of a run or of a stage: the units done, and in total (0 if unknown)."""

    @property
    def iteration(self) -> int:
        """Units done."""

    @property
    def total(self) -> int:
        """Units in total."""


@dataclass(frozen=True)
class StageInfo:
    """Progress of a stage of the work.

    Attributes
    ----------
    iteration, total : int
        Units done, and in total.
    unit : str
        Like "pictures".
    """

    iteration: int
    total: int
    unit: str


@dataclass(eq=False)
class Bar:
    """One phase of the work on the screen; call it with a report to move it.

    Attributes
    ----------
    label : str
    total, done : int
        ``total`` is 0 if unknown.
    figures : str
        The last loss and other figures.
    began, ended : float
        Seconds of the monotonic clock; ``ended`` is None while the phase runs.
    """

    label: str
    total: int
    show: Callable[[Bar], None]
    done: int = 0
    figures: str = ""
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None

    def __call__(self, report: Report) -> None:
        """Move the bar."""
        if report.iteration < self.done:  # another run
            self.began = time.monotonic()
        self.done, self.total, self.figures = report.iteration, report.total, figures(report)
        self.ended = None
        if self.total and self.done >= self.total:
            self.end()
        else:
            self.show(self)

    def end(self, done: int | None = None) -> None:
        """Stop the clock, after ``done`` units if given."""
        self.done = self.done if done is None else done
        self.ended = time.monotonic() if self.ended is None else self.ended
        self.show(self)

    @property
    def share(self) -> float:
        """The fraction that is done, 1 at the end; 0 while the total is unknown."""
        known = self.done / self.total if self.total else 0.0
        return 1.0 if self.ended is not None and not self.total else min(known, 1.0)

    def count(self) -> str:
        """Return the units done, like "1,200 of 5,000"."""
        return f"{self.done:,} of {self.total:,}" if self.total else ""

    def clock(self) -> str:
        """Return the time that is left, labelled, or the time that it took.

        >>> bar = Bar("training", 100, show=lambda bar: None, began=time.monotonic() - 8.0)
        >>> bar(StageInfo(20, 100, "updates"))
        >>> bar.clock()
        '32 s left'
        """
        if self.ended is not None:
            return f"took {duration(self.ended - self.began)}"
        elapsed = time.monotonic() - self.began
        if not 0 < self.share < 1 or elapsed < 0.5:
            return f"{duration(elapsed)} so far"
        return f"{duration(elapsed * (1 / self.share - 1))} left"


def duration(seconds: float) -> str:
    """Return a duration in words.

    >>> duration(0.24), duration(32.4), duration(200), duration(9000)
    ('0.2 s', '32 s', '3 min 20 s', '2 h 30 min')
    """
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def figures(report: Report) -> str:
    """Return the last loss and other figures of a run, or the unit of a stage."""
    if isinstance(report, StageInfo):
        return report.unit
    history: dict[str, list[float]] = getattr(report, "history", {})
    loss = getattr(report, "cost", None)
    text, scores = "" if loss is None else f"loss {loss:.4g}", history.get("validation_score")
    return f"{text}  validation {scores[-1]:.4g}" if scores else text


class StartProgress(Protocol):
    """Begins to show a phase of the work."""

    def __call__(self, label: str, total: int) -> Callable[[Any], object] | None:
        """Return the function to report to; None to show nothing.

        Parameters
        ----------
        label : str
        total : int
            Number of updates, or of units of the stage; 0 if unknown.
        """


def no_progress(label: str, total: int) -> None:
    """Show nothing."""


def begin_stage(start: StartProgress, label: str, total: int, unit: str) -> Callable[[], None]:
    """Begin a stage, and return a function to call after each of its units.

    Parameters
    ----------
    start : callable
    label : str
    total : int
    unit : str

    Examples
    --------
    >>> done = begin_stage(lambda label, total: print, "testing", 1, "models")
    >>> done()
    StageInfo(iteration=1, total=1, unit='models')
    """
    report, numbers = start(label, total), count(1)

    def advance() -> None:
        number = next(numbers)
        if report is not None:
            report(StageInfo(min(number, total), total, unit))

    return advance


# Where it is shown


@contextmanager
def progress_bars(visible: bool = True) -> Iterator[StartProgress]:
    """Show a bar for each phase of the work that is begun.

    Parameters
    ----------
    visible : bool

    Yields
    ------
    callable
        ``start(label, total)`` returns the ``Bar``; None if nothing is shown.
    """
    if not visible:
        yield no_progress
    elif in_notebook():
        notebook = _Notebook()
        try:
            yield notebook.start
        finally:
            notebook.draw()
    else:
        with _terminal_bars() as start:
            yield start


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


@contextmanager
def _terminal_bars() -> Iterator[StartProgress]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn
    from rich.table import Column
    from rich.text import Text

    class Clock(ProgressColumn):
        """The time that is left."""

        def render(self, task: Task) -> Text:
            return Text(task.fields["bar"].clock(), style="cyan")

    def text(field: str) -> TextColumn:
        return TextColumn(f"{{task.{field}}}", table_column=Column(no_wrap=True))

    console = Console(stderr=True)
    columns = (
        text("description"),
        BarColumn(
            bar_width=max(6, min(28, console.width - 70))
        ),  # the rest of a line of at least 76 characters
        text("fields[count]"),
        text("fields[figures]"),
        Clock(table_column=Column(no_wrap=True)),
    )
    with Progress(*columns, console=console) as bars:

        def start(label: str, total: int) -> Bar:
            def show(bar: Bar) -> None:
                size = bar.total or (1 if bar.ended is not None else None)  # None moves to and fro
                done = bar.done if bar.total else 1
                bars.update(task, completed=done, total=size, figures=bar.figures, count=bar.count())

            bar = Bar(label, total, show)
            task = bars.add_task(label, total=total or None, figures="", count="", bar=bar)
            return bar

        try:
            yield start
        except BaseException:
            for task in bars.task_ids:  # remove the bars before the message that follows
                bars.remove_task(task)
            bars.live.transient = True
            raise


class _Notebook:
    """Bars as HTML in the output of a cell, updated in place."""

    def __init__(self) -> None:
        self._bars: list[Bar] = []
        self._handle: Any = None
        self._last_draw = 0.0

    def start(self, label: str, total: int) -> Bar:
        bar = Bar(label, total, self._redraw)
        self._bars.append(bar)
        self.draw()
        return bar

    def _redraw(self, bar: Bar) -> None:
        if time.monotonic() - self._last_draw > _SECONDS:
            self.draw()

    def draw(self) -> None:
        """Show the bars as they are now."""
        if not self._bars:
            return
        from IPython import display

        view = display.HTML(bars_html(self._bars))
        if self._handle is None:
            self._handle = display.display(view, display_id=True)
        else:
            self._handle.update(view)
        self._last_draw = time.monotonic()


def bars_html(bars: list[Bar]) -> str:
    """Return bars as a table in HTML."""
    rows = []
    for bar in bars:
        width = f"{100 * bar.share:.1f}%"
        track = (
            '<div style="width:12em;height:8px;border-radius:4px;background:#8884">'
            f'<div style="width:{width};height:8px;border-radius:4px;background:#3d8fd1"></div></div>'
        )
        texts = (html.escape(text) for text in (bar.count(), bar.figures, bar.clock()))
        cells = "".join(f'<td class="stats">{text}</td>' for text in texts)
        rows.append(f"<tr><td>{html.escape(bar.label)}</td><td>{track}</td>{cells}</tr>")
    return page(f"<table>{''.join(rows)}</table>")
