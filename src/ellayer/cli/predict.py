"""``ellayer predict``: what a saved model says of the rows of a file."""

from __future__ import annotations

import warnings
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UsageError
from .errors import answering
from .options import Debug, Json

if TYPE_CHECKING:
    import polars as pl

    from ..data import Examples
    from ..runs.saved_model import Saved


@answering
def predict(
    model: Annotated[Path, typer.Argument(help="A model file, or the folder of a run.", metavar="MODEL")],
    file: Annotated[str, typer.Argument(help="A file like the one trained on, or images.", metavar="FILE")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Write a CSV here instead of printing it.", metavar="FILE")
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            "--keep", help="A column to copy beside the predictions; again for more.", metavar="COLUMN"
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="With --out, print nothing.")] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Predict every row of a file, in its order: labels with probabilities, or numbers.

    Copied beside the predictions are the columns that named every row of the
    file trained on (identifiers), those of --keep, and the file names of images.
    A column of the truth may be in the file; it is not looked at.

    Example: ellayer predict runs/titanic-1 new.csv --out predictions.csv
    """
    from ..runs.saved_model import open_model

    if out is not None and not force and out.exists():
        raise UsageError(
            f"--out: expected a file that is not there yet, received {out}; choose another or say --force"
        )
    saved = open_model(model)
    examples = saved.examples(file, None, False, {})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = predictions(saved, examples, keep or [])
    notes = [
        *examples.notes,
        *dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, UserWarning)),
    ]
    if out is not None:
        _write(table, out)
    if json:
        told: dict[str, Any] = {"out": str(out)} if out is not None else {"rows": table.to_dicts()}
        typer.echo(dumps({"count": len(table), **told, "notes": notes}))
        return
    if not quiet:
        for note in notes:
            typer.echo(f"Note: {note}", err=True)
    if out is None:
        typer.echo(table.write_csv(), nl=False)
    elif not quiet:
        typer.echo(f"{len(table)} predictions written to {out}")


def predictions(saved: Saved, examples: Examples, keep: list[str]) -> pl.DataFrame:
    """Return one row of answers for each example: what names it, the prediction, the probabilities.

    Parameters
    ----------
    saved : Saved
    examples : Examples
    keep : list of str
        Further columns to copy.

    Raises
    ------
    BadInput
        For a column to copy that is not there.
    """
    import polars as pl

    said = saved.judged(examples)
    columns = _names_of_rows(saved, examples, keep)
    answers: dict[str, Any] = {}
    if said.prediction.ndim == 2:
        answers = {f"prediction {k}": said.prediction[:, k] for k in range(said.prediction.shape[1])}
    else:
        answers["prediction"] = said.prediction.tolist()
    if said.P is not None and said.P.shape[1] == len(saved.classes):
        answers |= {f"p({label})": said.P[:, k] for k, label in enumerate(saved.classes)}
    for name in answers:
        if name in columns:
            raise UsageError(f"--keep: {name!r} is also a column of the answer; rename it in the file")
    return pl.DataFrame({**columns, **answers}, strict=False)


def _names_of_rows(saved: Saved, examples: Examples, keep: list[str]) -> dict[str, Any]:
    """The file names of images; of a table the columns that name its rows, and those asked for."""
    if examples.ids is not None:
        return {"file": [str(name) for name in examples.ids]}
    frame: Any = examples.X
    found = {name: frame[name] for name in getattr(frame, "columns", [])}
    if found and examples.y is not None:
        found[str(examples.target)] = examples.y
    for name in keep:
        if name not in found:
            raise UsageError(
                f"--keep: expected a column of the file, received {name!r}; there are {', '.join([*found][:20])}"
            )
    naming = [name for name in saved.provenance.get("identifiers", ()) if name in found]
    return {name: found[name] for name in dict.fromkeys([*naming, *keep])}


def _write(table: pl.DataFrame, out: Path) -> None:
    from ..storage.file_format import replacing

    with replacing(out) as partial:
        table.write_csv(partial)
