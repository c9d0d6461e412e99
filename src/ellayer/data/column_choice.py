"""Selection of the columns of a table by the options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..errors import suggest
from .errors import DataError
from .files import listed
from .read_options import ReadOptions
from .target_column import find_column


def choose_columns(names: Sequence[str], options: ReadOptions, where: str) -> list[str]:
    """Return the names of the columns selected by ``drop`` or ``columns``, including the target.

    Parameters
    ----------
    names : sequence of str
        Of all columns.
    options : ReadOptions
    where : str
        The file, for the message.

    Raises
    ------
    DataError
        No such column; the message holds near names.

    Examples
    --------
    >>> choose_columns(["a", "b", "y"], ReadOptions(columns=["b"], target="y"), "t.csv")
    ['b', 'y']
    """
    for option in ("drop", "columns"):
        for name in getattr(options, option) or ():
            if name not in names:
                advice = suggest(name, names, f"the columns are {listed(names)}")
                raise DataError(f"{option}: expected columns of {where}, received {name!r}; {advice}")
    if options.drop is None and options.columns is None:
        return list(names)
    column = options.target if options.target is not None else options.reading.get("target")
    if options.columns is not None:
        return [name for name in names if name in options.columns or name == column]
    if column in (options.drop or ()):
        raise DataError(f"drop: expected columns besides the target, received {column!r}; omit it")
    return [name for name in names if name not in (options.drop or ())]


def with_target(options: ReadOptions, names: Sequence[str]) -> ReadOptions:
    """Return the options with the name of the target in place of a place; None if it is not one of the columns.

    Examples
    --------
    >>> with_target(ReadOptions(target=-1), ["a", "y"]).target
    'y'
    """
    if options.target is None:
        return options
    try:
        return replace(options, target=find_column(options.target, list(names), ""))
    except DataError:
        return replace(options, target=None)  # code that needs it will raise an error


def rename_notes(new_names: Mapping[str, str]) -> list[str]:
    """Return the note about columns whose names differ from those of the training in case only.

    Examples
    --------
    >>> rename_notes({"AGE": "age"})
    ["'AGE' is read as 'age'"]
    """
    names = [f"{name!r} is read as {new!r}" for name, new in new_names.items()]
    return [", ".join(names)] if names else []
