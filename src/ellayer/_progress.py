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

    In a terminal they are bars on the standard error; in a notebook HTML that is renewed in place, without widgets; in
    a file there is one line for each fit at its end. Fits in other processes (``n_jobs``) are not shown. For a single
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


Wish = Callable[[Any], object] | bool | None
"""The argument ``progress``: a function to report to, True or False; None shows it in a block of ``progress`` only."""


def check_progress(wish: object) -> Wish:
    """Return the argument ``progress``; raise unless it is True, False, None or a function."""
    if wish is None or isinstance(wish, bool) or callable(wish):
        return wish
    raise EllayerError(f"progress: expected True, False or a function, received {type(wish).__name__}")


@contextmanager
def following(wish: Wish, label: str, total: int = 0) -> Iterator[Callable[[Any], object] | None]:
    """Begin a phase of the work.

    Parameters
    ----------
    wish : callable, bool or None
    label : str
    total : int

    Yields
    ------
    callable or None
        The function to report to.
    """
    if wish is False or callable(wish):
        yield None if wish is False else wish
        if isinstance(wish, Bar):
            wish.end()
        return
    with shown(wish):
        start = _ACTIVE.get()
        bar = None if start is None else start(label, total)
        yield bar
        if isinstance(bar, Bar):
            bar.end()


@contextmanager
def reporting(wish: Wish) -> Iterator[None]:
    """Report the fits of a block, which begin their phases without a wish, as ``following`` would with one."""
    check_progress(wish)
    if wish is None or isinstance(wish, bool):
        with shown(wish):
            yield
        return

    def start(label: str, total: int) -> Callable[[Any], object]:
        return wish

    token = _ACTIVE.set(start)
    try:
        yield
    finally:
        _ACTIVE.reset(token)


@contextmanager
def shown(wish: Wish) -> Iterator[None]:
    """Show all phases of a block if that is wished, as ``progress`` does; hide them if it is False."""
    if wish is True:
        with progress():
            yield
    elif wish is False:
        token = _ACTIVE.set(None)
        try:
            yield
        finally:
            _ACTIVE.reset(token)
    else:
        yield
