"""Facts of a run without values of rows and without absolute paths."""

from __future__ import annotations

import re
from dataclasses import replace

from .run_facts import RunFacts

# An absolute path of Linux, macOS or Windows, up to a character that names rarely hold.
_PATH = re.compile(
    r"(?<![\w.:/\\])(?:[A-Za-z]:[\\/]|\\\\|/)(?:[^\s'\",;:()\[\]/\\]+[\\/])*([^\s'\",;:()\[\]/\\]+)[\\/]?"
)


def without_rows(facts: RunFacts) -> RunFacts:
    """Return facts that hold no value of a row and no absolute path.

    Left out are rows, images, names of rows, values and notes of columns, data warnings, messages of the preprocessing,
    partial dependence, and scores by value of a column. Labels of classes stay.

    Parameters
    ----------
    facts : RunFacts
    """
    columns = [{**column, "note": "", "shown": ""} for column in facts.columns]
    return replace(
        facts,
        no_rows=True,
        table=None,
        images=None if facts.images is None else facts.images[:0],
        ids=None if facts.ids is None else [],
        reasons={},
        dependence=[],
        columns=columns,
        findings=[],
        notes=[],
        source=without_folders(facts.source),
        split=without_folders(facts.split),
        config=without_folders(facts.config),
        checks=[
            replace(check, figure=_without_values(without_folders(check.figure))) for check in facts.checks
        ],
    )


def _without_values(figure: str) -> str:
    """Return the figure of a check without the ends of a range of values, which a leak of the target names."""
    return re.sub(r"its values up to .* of the other", "a threshold separates the classes", figure)


def without_folders(text: str) -> str:
    """Return a text in which only the last part of each absolute path is left.

    >>> without_folders("source = '/home/ada/data/a.csv', 3/4 of C:/x/b.csv and d/e.csv")
    "source = 'a.csv', 3/4 of b.csv and d/e.csv"
    """
    return _PATH.sub(r"\1", text)
