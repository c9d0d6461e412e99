"""Shared phrases of messages."""

from __future__ import annotations

from collections.abc import Iterable


def quoted_list(values: Iterable[object], most: int = 5) -> str:
    """Return the first values in quotation marks, and how many more there are.

    Examples
    --------
    >>> quoted_list(["a", "b", "c"], most=2)
    "'a', 'b' and 1 more"
    """
    texts = [repr(value) for value in values]
    return ", ".join(texts[:most]) + (f" and {len(texts) - most} more" if len(texts) > most else "")


def pluralize(count: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> pluralize(1, "row"), pluralize(2500, "row"), pluralize(2, "class", "classes")
    ('1 row', '2,500 rows', '2 classes')
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
