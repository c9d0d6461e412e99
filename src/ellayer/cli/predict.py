"""``ellayer predict``: predictions of a saved model for the rows of a file."""

from __future__ import annotations

from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UsageError
from .errors import handle_errors
from .options import Debug, Force, Json, Model
from .reading import later_reading_options

if TYPE_CHECKING:
    import polars as pl

    from ..data import Examples
    from ..runs.saved_model import SavedModel


@handle_errors
@later_reading_options
def predict(
    model: Model,
    file: Annotated[str, typer.Argument(help="A file like the training file, or images.", metavar="FILE")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Write a CSV file instead of printing.", metavar="FILE")
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            "--keep", help="A column to copy next to the predictions (repeatable).", metavar="COLUMN"
        ),
    ] = None,
    force: Force = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="With --out, print nothing.")] = False,
    json: Json = False,
    debug: Debug = False,
    *,
    reading: dict[str, Any],
) -> None:
    """Predict every row of a file, in its order: labels with probabilities, or numbers.

    Copied next to the predictions are the identifier columns of the training
    file, those of --keep, and the file names of images. The file may include
    the target column; it is not used.

    Example: ellayer predict runs/titanic-1 new.csv --out predictions.csv
    """
    from ..runs.messages import collect_messages
    from ..runs.saved_model import open_model

    if out is not None and not force and out.exists():
        raise UsageError(
            f"--out: expected a file that does not exist yet, received {out}; choose another name, or use --force"
        )
    saved = open_model(model, to_predict=True)
    examples = saved.read(file, reading)
    with collect_messages() as messages:
        table = predictions(saved, examples, keep or [])
    notes = [*examples.notes, *messages]
    if out is not None:
        _write(table, out)
    if json:
        content: dict[str, Any] = {"rows": table.to_dicts()} if out is None else {"out": str(out)}
        typer.echo(dumps({"count": len(table), **content, "notes": notes}))
        return
    if not quiet:
        for note in notes:
            typer.echo(f"Note: {note}", err=True)
    if out is None:
        typer.echo(table.write_csv(), nl=False)
    elif not quiet:
        typer.echo(f"{len(table)} predictions written to {out}")


def predictions(saved: SavedModel, examples: Examples, keep: list[str]) -> pl.DataFrame:
    """Return a row for each example: its identifiers, the prediction, and the probabilities.

    Parameters
    ----------
    saved : SavedModel
    examples : Examples
    keep : list of str
        Further columns to copy.

    Raises
    ------
    UsageError
        If a column to copy does not exist.
    """
    import polars as pl

    predicted = saved.predict(examples)
    identifiers = _identifiers(saved, examples, keep)
    columns: dict[str, Any] = {"prediction": predicted.prediction.tolist()}
    if predicted.prediction.ndim == 2:
        columns = {f"prediction {k}": column for k, column in enumerate(predicted.prediction.T)}
    if predicted.P is not None and predicted.P.shape[1] == len(saved.classes):
        columns |= {f"p({label})": predicted.P[:, k] for k, label in enumerate(saved.classes)}
    for name in columns:
        if name in identifiers:
            raise UsageError(f"--keep: {name!r} is also a column of the predictions; rename it in the file")
    return pl.DataFrame({**identifiers, **columns}, strict=False)


def _identifiers(saved: SavedModel, examples: Examples, keep: list[str]) -> dict[str, Any]:
    """Return the file names of images, or the identifier columns of a table and those to keep."""
    if examples.ids is not None:
        return {"file": [str(name) for name in examples.ids]}
    frame: Any = examples.X
    columns = {name: frame[name] for name in getattr(frame, "columns", [])}
    if columns and examples.y is not None:
        columns[str(examples.target)] = examples.y
    for name in keep:
        if name not in columns:
            raise UsageError(
                f"--keep: expected a column of the file, received {name!r}; its columns are {', '.join([*columns][:20])}"
            )
    identifiers = [name for name in saved.provenance.get("identifiers", ()) if name in columns]
    return {name: columns[name] for name in dict.fromkeys([*identifiers, *keep])}


def _write(table: pl.DataFrame, out: Path) -> None:
    from ..storage.file_format import replacing

    with replacing(out) as partial:
        table.write_csv(partial)
