"""Warnings of the library as messages of a run."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from .._warn import ColumnWarning


@contextmanager
def collect_messages(*, columns: bool = True) -> Iterator[list[str]]:
    """Collect the user warnings raised inside the block, each once.

    Parameters
    ----------
    columns : bool
        Whether to include warnings about the kind of a column; a survey lists those already.

    Yields
    ------
    list of str
        Empty inside the block, filled at its end.

    Examples
    --------
    >>> with collect_messages() as messages:
    ...     warnings.warn("3 rows have no target")
    >>> messages
    ['3 rows have no target']
    """
    messages: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield messages
    kinds = [w for w in caught if issubclass(w.category, UserWarning)]
    messages += dict.fromkeys(str(w.message) for w in kinds if columns or w.category is not ColumnWarning)


@contextmanager
def no_warnings() -> Iterator[None]:
    """Ignore warnings inside the block, about rows or columns for which they were issued before."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
