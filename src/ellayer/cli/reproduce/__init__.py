"""``ellayer reproduce``: run the experiments of the notes and compare with the published numbers."""

from __future__ import annotations

from dataclasses import asdict
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..._progress_bars import progress_bars
from ...errors import UsageError
from ...runs.folder import output_folder
from ..errors import CHECK_FAILED, DONE, handle_errors
from ..options import Debug, Json, Out, Quiet

if TYPE_CHECKING:
    from .comparisons import Comparison

_VERDICTS = {"matching": True, "differing": False, "shown": None}
_CATS = "the experiments on the cats (logistic regression, two-layer and deep network, own picture)"


@handle_errors
def reproduce(
    cats: Annotated[
        Path | None,
        typer.Option("--cats", help="Folder of train_catvnoncat.h5 and test_catvnoncat.h5.", metavar="DIR"),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", help="An image of your own to classify: cat or not.", metavar="FILE"),
    ] = None,
    out: Out = None,
    quiet: Quiet = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Run the experiments of the notes and compare the results with the published numbers.

    The exit code is 1 if a number differs. The folder has the comparison
    (results.json) and pictures.

    Example: ellayer reproduce --cats path/to/folder --picture my_cat.jpg
    """
    if picture and not cats:
        raise UsageError(
            "--picture is classified by the network trained on the cats: expected --cats DIR with it, received none"
        )
    from ...data import load, load_picture

    dataset = load("cats", data=cats) if cats else None
    own = (picture.name, load_picture(picture, dataset.image_shape or ())) if picture and dataset else None
    with output_folder(out, "reproduce") as folder:
        with progress_bars(visible=not (quiet or json)) as start:
            from .flower import reproduce_flower

            rows = reproduce_flower(folder.staging, start)
            if dataset:
                from .cats import reproduce_cats

                rows += reproduce_cats(dataset, own, folder.staging, start)
        summary = _summary(rows, dataset is not None)
        (folder.staging / "results.json").write_text(dumps(summary, indent=1))
        path = folder.finish()
    if json:
        typer.echo(dumps({"run": str(path), **summary}))
    elif quiet:
        typer.echo(path)
    else:
        from .display import show_rows

        show_rows(rows, summary, path)
    raise typer.Exit(CHECK_FAILED if summary["differing"] else DONE)


def _summary(rows: list[Comparison], cats: bool) -> dict[str, Any]:
    counts = {name: sum(row.matches is matches for row in rows) for name, matches in _VERDICTS.items()}
    plain = [{**asdict(row), "published": row.published or None, "verdict": row.verdict} for row in rows]
    for row in plain:
        del row["matches"]
    return {**counts, "left_out": [] if cats else [_CATS], "rows": plain}
