"""``ellayer predict``: predictions of a saved model for the rows of a file."""

from __future__ import annotations

from json import dumps
from pathlib import Path
from typing import Annotated, Any

import typer

from .errors import handle_errors
from .options import Debug, Files, Force, Json, Model, check_new_file, one_or_several
from .reading import later_reading_options
from .visible import visible


@handle_errors
@later_reading_options
def predict(
    model: Model,
    files: Files,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "--output",
            help="File to write instead of printing: .csv, .tsv, .parquet, .jsonl or .xlsx.",
            metavar="FILE",
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", help="Column to copy to the predictions (repeatable).", metavar="COLUMN"),
    ] = None,
    keep_all: Annotated[
        bool, typer.Option("--keep-all", help="Copy all columns to the predictions.")
    ] = False,
    digits: Annotated[
        int, typer.Option("--digits", help="Significant digits of numbers and probabilities.", min=1, max=17)
    ] = 6,
    interval: Annotated[
        float | None,
        typer.Option(
            "--interval",
            help="Add the ends of intervals that hold this share of the true numbers.",
            metavar="0.9",
        ),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Add the columns that contribute most to each prediction.")
    ] = False,
    escape: Annotated[
        bool,
        typer.Option(
            "--escape-formulas",
            help="Put ' before texts that spreadsheets treat as formulas (= + - @ at the beginning).",
        ),
    ] = False,
    force: Force = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="With --out, print nothing.")] = False,
    json: Json = False,
    debug: Debug = False,
    *,
    reading: dict[str, Any],
) -> None:
    """Predict every row of a file, in its order: labels with probabilities, or numbers.

    The identifier columns of the training file, the columns of --keep, and
    the file names of images are copied to the predictions unchanged. The
    file may include the target column; it is not used.

    --explain adds the class that is explained, the base, the three columns
    that contribute most, and the output: the base and all contributions add
    up to the output, which is the log odds of the class or the number.

    Example: ellayer predict runs/titanic-1 new.csv --out predictions.csv
    """
    from ..runs.messages import collect_messages
    from ..runs.prediction_table import escape_formulas, find_writer, prediction_table, write_table
    from ..runs.saved_model import open_model

    check_new_file("--out", out, force)
    if out is not None:
        find_writer(out)
    saved = open_model(model, to_predict=True)
    examples = saved.read(one_or_several(files), reading)
    with collect_messages() as messages:
        table = prediction_table(
            saved,
            examples,
            keep=keep or (),
            keep_all=keep_all,
            digits=digits,
            interval=interval,
            explained=explain,
        )
    if escape:
        table = escape_formulas(table)
    notes = [*examples.notes, *messages]
    if out is not None:
        write_table(table, out)
    if json:
        content: dict[str, Any] = {"rows": table.to_dicts()} if out is None else {"out": str(out)}
        typer.echo(dumps({"count": len(table), **content, "notes": notes}))
        return
    if not quiet:
        for note in notes:
            typer.echo(f"Note: {visible(note)}", err=True)
    if out is None:
        typer.echo(table.write_csv(), nl=False)
    elif not quiet:
        from .._wording import pluralize

        typer.echo(f"{pluralize(len(table), 'prediction')} written to {out}")
