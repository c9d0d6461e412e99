"""``ellayer data``: the columns or images of a file, how it was read, and data warnings."""

from __future__ import annotations

from dataclasses import asdict, replace
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._wording import pluralize
from ..errors import UsageError
from ..runs.config import check_source, reader_options, shown_source
from . import options as o
from .errors import handle_errors
from .reading import reading_options

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from ..data import Dataset, Examples
    from ..tables.survey import Survey

_MOST_COLUMNS, _MOST_CLASSES = 60, 20


@handle_errors
@reading_options
def data(
    files: Annotated[
        list[str],
        typer.Argument(
            help="A table, arrays, a folder of images by class, an image, several files or a pattern in quotation marks "
            "as one table, - for standard input, or a named data set such as iris.",
            metavar="FILE...",
        ),
    ],
    target: o.Target = None, task: o.Task = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", help="Write a page with the distribution of each column.", metavar="PAGE"),
    ] = None,
    json: o.Json = False, debug: o.Debug = False, *, reading: dict[str, Any],
) -> None:  # fmt: skip
    """Show the columns or images of a file, how it was read, and data warnings.

    With --html, a page shows the distribution of each column, and the target within it.

    Example: ellayer data titanic.csv --target survived
    """
    from ..tables.survey import survey

    file, task = o.one_or_several(files), None if task is None else o.read_task(task)
    if task is not None and target is None and _is_table(file):
        raise UsageError(
            "--task: expected --target with it, received none; pass the name of the target column"
        )
    o.check_new_file("--html", html)
    examples = read(file, target, reading)
    facts = survey(examples.X, examples.y, examples.target, task=task)
    document = _document(examples, facts) if json or html is not None else {}
    if html is not None:
        from ..report.data_page import write_data_page

        write_data_page(document, html)
    if json:
        typer.echo(dumps(document, ensure_ascii=False))
    else:
        _show(shown_source(file), examples, facts)
        if html is not None:
            typer.echo(f"Written to {html}")


def _is_table(file: str | list[str]) -> bool:
    path = Path(file if isinstance(file, str) else file[0])
    return path.is_file() and path.suffix.lower() not in (".npz", ".npy", ".h5", ".hdf5")


def read(file: str | list[str], target: str | None, options: dict[str, Any]) -> Examples:
    """Return the examples of a file, or of a named data set as a table.

    Parameters
    ----------
    file : str or list of str
    target : str or None
    options : dict
        Options of ``read_examples``.
    """
    from ..data import NAMED, load, read_examples

    if not isinstance(file, str) or file not in NAMED or Path(file).exists():
        check_source(file, "a file or folder of data, or the name of a data set", list(NAMED))
        return read_examples(file, target=target, **reader_options(options))
    if options or target not in (None, "class"):
        raise UsageError(
            f"{file}: expected no options of files with a named data set, received "
            f"{', '.join([f'--{name}' for name in options] or ['--target'])}; write ./{file} for a file of that name"
        )
    return _as_table(load(file))


def _as_table(dataset: Dataset) -> Examples:
    import polars as pl

    from ..runs.notes_trainer import as_examples

    names = dataset.feature_names or [f"x{j}" for j in range(len(dataset.X))]
    examples, frame = as_examples(dataset), pl.DataFrame(dict(zip(names, dataset.X, strict=True)))
    return replace(
        examples,
        X=frame,
        target="class",
        image_shape=None,
        reading={"kind": "named"},
        notes=(dataset.source,),
    )


def _document(examples: Examples, survey: Survey) -> dict[str, Any]:
    """Return the survey as plain data: for ``--json``, and for the page."""
    import numpy as np

    from ..tables.distributions import distributions, target_distribution

    facts, y = asdict(survey), None if examples.y is None else np.asarray(examples.y)
    has_columns, task, target = bool(survey.columns), survey.task, survey.target
    bars = (
        distributions(examples.X, y, [column.kind for column in survey.columns], task) if has_columns else []
    )
    of_target = None if y is None or task is None or target is None else target_distribution(y, target, task)
    return {
        "name": examples.name,
        "rows": facts.pop("m"),
        **facts,
        "target_distribution": of_target,
        "distributions": bars,
        "image_shape": examples.image_shape,
        "reading": examples.reading,
        "read_as": _reading(examples),
        "notes": list(examples.notes),
    }


def _show(file: str, examples: Examples, survey: Survey) -> None:
    from rich.console import Console
    from rich.padding import Padding

    console = Console()

    def say(text: str) -> None:
        console.print(_safe(text))

    say(f"{file}: {_extent(examples)}")
    say(f"Read as {_reading(examples)}")
    for note in examples.notes:
        say(f"Note: {note}")
    if survey.columns:
        console.print(_column_table(survey))
    if survey.task is None:
        say(
            "No target: choose the target column with --target to see more" if survey.columns else "No target"
        )
    else:
        say(f"Target {survey.target}: {survey.task} ({survey.why})")
    if survey.classes:
        console.print(_class_table(survey))
    say("Data warnings:" if survey.findings else "No data warnings.")
    for finding in survey.findings:
        console.print(Padding(_safe(f"• {finding}"), (0, 0, 0, 2)))


def _safe(text: str) -> Text:
    """Return a text from a file without markup and control characters."""
    from rich.text import Text

    from ..data.files import printable

    return Text(printable(text))


def _extent(examples: Examples) -> str:
    if examples.image_shape is None:
        target = "" if examples.target is None else f" besides the target {examples.target}"
        return f"{pluralize(examples.m, 'row')}, {pluralize(examples.X.shape[1], 'column')}{target}"
    height, width = examples.image_shape[:2]
    colour = "colour" if len(examples.image_shape) == 3 else "grey"
    return f"{pluralize(examples.m, 'image')}, {width} x {height} pixels, {colour}"


def _reading(examples: Examples) -> str:
    """Return how a file was read, on one line."""
    from ..data.file_kinds import FILE_KINDS
    from ..data.read_options import DELIMITERS

    reading = examples.reading
    if reading["kind"] != "text":
        others = {"images": "image files", "named": "a named data set"}
        return {**others, **{kind.name: kind.description for kind in FILE_KINDS}}[reading["kind"]]
    header = "the first line has the column names" if reading["header"] else "no header"
    delimiter = DELIMITERS.get(reading["delimiter"], repr(reading["delimiter"]))
    decimal = ", decimal comma" if reading["decimal"] == "," else ""
    return f"a text table: {delimiter} as delimiter{decimal}, {reading['encoding'].upper()}, {header}"


def _column_table(survey: Survey) -> Table:
    from .display import table

    rows = [
        (_safe(c.name), c.kind, f"{c.missing:,}" if c.missing else "", f"{c.distinct:,}", _safe(c.shown))
        for c in survey.columns[:_MOST_COLUMNS]
    ]
    columns = table(
        ("name", "kind", "missing", "distinct", "values"),
        rows,
        title="Columns",
        right=(2, 3),
        whole=(1, 2, 3),
    )
    if len(survey.columns) > _MOST_COLUMNS:
        columns.caption = (
            f"and {pluralize(len(survey.columns) - _MOST_COLUMNS, 'more column')}; --json lists them all"
        )
    return columns


def _class_table(survey: Survey) -> Table:
    from .display import table

    classes = list(survey.classes.items())
    rows = [
        (_safe(label), f"{count:,}", f"{count / survey.m:.1%}") for label, count in classes[:_MOST_CLASSES]
    ]
    counts = table(("class", "rows", "share"), rows, right=(1, 2))
    if len(classes) > _MOST_CLASSES:
        counts.caption = f"and {pluralize(len(classes) - _MOST_CLASSES, 'more class', 'more classes')}"
    return counts
