"""The argument ``progress`` of fits, and a block in which the progress of all fits is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from ._progress_bars import Bar, StartProgress, progress_bars
from .errors import EllayerError

_ACTIVE: ContextVar[StartProgress | None] = ContextVar("ellayer progress", default=None)


@contextmanager
def progress() -> Iterator[None]:
    """Show the progress of all fits in a block, also of those that other libraries begin.

    In a terminal they are bars on the standard error; in a notebook HTML that is updated in place, without widgets; in
    a file there is one line for each fit at its end. Fits that another library begins in other processes are not shown. For a single
    call there is ``progress=True``: of ``train``, ``train_many``, ``explain`` and the ``fit`` of every estimator.

    Examples
    --------
    Each fold has its bars::

        with ellayer.progress():
            cross_val_score(ellayer.TabularClassifier(), table, labels)
    """
    if _ACTIVE.get() is not None:  # in an outer block
        yield
        return
    with progress_bars() as start:
        token = _ACTIVE.set(start)
        try:
            yield
        finally:
            _ACTIVE.reset(token)


ProgressArgument = Callable[[Any], object] | bool | None
"""The argument ``progress``: a function to report to, True or False; None shows bars only within a block of ``progress``."""


def check_progress(argument: object) -> ProgressArgument:
    """Return the argument ``progress``; raise unless it is True, False, None or a function."""
    if argument is None or isinstance(argument, bool) or callable(argument):
        return argument
    raise EllayerError(f"progress: expected True, False or a function, received {type(argument).__name__}")


@contextmanager
def progress_phase(
    argument: ProgressArgument, label: str, total: int = 0
) -> Iterator[Callable[[Any], object] | None]:
    """Begin a phase of the work.

    Parameters
    ----------
    argument : callable, bool or None
        The argument ``progress`` of the call.
    label : str
    total : int
        Number of units; 0 if unknown.

    Yields
    ------
    callable or None
        The function to report to.
    """
    if argument is False or callable(argument):
        yield None if argument is False else argument
        if isinstance(argument, Bar):
            argument.end()
        return
    with show_progress(argument):
        start = _ACTIVE.get()
        bar = None if start is None else start(label, total)
        yield bar
        if isinstance(bar, Bar):
            bar.end()


@contextmanager
def report_progress(argument: ProgressArgument) -> Iterator[None]:
    """Report the phases of a block as the argument ``progress`` says, also those of calls that do not receive it."""
    check_progress(argument)
    if argument is None or isinstance(argument, bool):
        with show_progress(argument):
            yield
        return

    def start(label: str, total: int) -> Callable[[Any], object]:
        return argument

    token = _ACTIVE.set(start)
    try:
        yield
    finally:
        _ACTIVE.reset(token)


@contextmanager
def show_progress(argument: ProgressArgument) -> Iterator[None]:
    """Show the phases of a block, as ``progress`` does, if the argument is True; hide them if it is False."""
    if argument is True:
        with progress():
            yield
    elif argument is False:
        token = _ACTIVE.set(None)
        try:
            yield
        finally:
            _ACTIVE.reset(token)
    else:
        yield
