"""``ellayer evaluate``: how good a saved model is on the rows of a file."""

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
    import numpy as np

    from ..report.run_facts import Predictions
    from ..runs.saved_model import Saved

_MOST_CLASSES = 12  # as many columns fit on a terminal


@answering
def evaluate(
    model: Annotated[Path, typer.Argument(help="A model file, or the folder of a run.", metavar="MODEL")],
    file: Annotated[
        str, typer.Argument(help="A file like the one trained on, with the truth.", metavar="FILE")
    ],
    target: Annotated[
        str | None,
        typer.Option(
            "--target", help="The column of the truth.", metavar="COLUMN", show_default="as in training"
        ),
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure a model on a file: scores with 95 % intervals, confusion matrix, calibration.

    The file is read as the one that the model was trained on. Rows without a truth are left out.

    Example: ellayer evaluate runs/titanic-1 new.csv
    """
    from ..report.scores import scores
    from ..runs.saved_model import open_model, truth_of

    saved = open_model(model)
    examples = saved.examples(file, target, True, {})
    truth = truth_of(saved, examples.y, str(examples.target))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        said = saved.judged(examples)
    notes = [
        *examples.notes,
        *dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, UserWarning)),
    ]
    notes += _seen_before(saved, file)
    if said.prediction.ndim != 1:
        raise UsageError(
            f"{saved.path}: expected a model of one target, received one of {said.prediction.shape[1]}; evaluate such a "
            f"network from Python"
        )
    found = scores(truth, said.prediction, said.P, saved.classes or None)
    if saved.classes:
        notes += _unknown(truth, saved.classes)
    if json:
        typer.echo(dumps(_facts(saved, truth, said, found, notes)))
        return
    _show(saved, str(examples.target), truth, said, found, notes)


def _seen_before(saved: Saved, file: str) -> list[str]:
    """A warning where the file is the very one that the model was trained on."""
    import tomllib

    from ..runs.job import digest_of

    digest = tomllib.loads(saved.provenance.get("config") or "").get("sha256")
    if digest is None or digest != digest_of(Path(file)):
        return []
    return [
        f"{file} is the file the model was trained on: it has seen most of these rows, so the scores are better than on new ones"
    ]


def _unknown(truth: np.ndarray, classes: list[Any]) -> list[str]:
    from ..runs.saved_model import listed_labels

    strange = [label for label in truth.tolist() if label not in set(classes)]
    if not strange:
        return []
    return [
        f"{len(strange)} of {len(truth)} rows are of classes the model does not know ({listed_labels(set(strange))}); they count as wrong"
    ]


def _facts(
    saved: Saved, truth: np.ndarray, said: Predictions, found: dict[str, Any], notes: list[str]
) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "model": str(saved.path), "task": "classes" if saved.classes else "numbers", "rows": len(truth),
        "scores": {name: score.to_json() for name, score in found.items()},
    }  # fmt: skip
    if saved.classes:
        from ..report.plots_quality import count_pairs

        facts["classes"] = [str(label) for label in saved.classes]
        facts["confusion_matrix"] = count_pairs(truth, said.prediction, saved.classes).tolist()
        facts["calibration"] = _calibration(truth, said, saved.classes)
    return {**facts, "notes": notes}


def _calibration(truth: np.ndarray, said: Predictions, classes: list[Any]) -> list[dict[str, float]]:
    """What is promised and what came true, bin by bin; empty without probabilities."""
    import numpy as np

    from ..core.metrics import class_numbers, equal_bins, reliability
    from ..report.scores import wilson

    if said.P is None or not np.isfinite(said.P).all():
        return []
    promised, right = reliability(np.asarray(said.P, dtype=float), class_numbers(truth, classes))
    rows = []
    for bin_ in equal_bins(promised):
        share = float(right[bin_].mean())
        low, high = wilson(share, len(bin_))
        rows.append(
            {
                "rows": len(bin_),
                "promised": float(promised[bin_].mean()),
                "came_true": share,
                "low": low,
                "high": high,
            }
        )
    return rows


def _show(
    saved: Saved, target: str, truth: np.ndarray, said: Predictions, found: dict[str, Any], notes: list[str]
) -> None:
    from rich.console import Console
    from rich.table import Table

    from ..core.metrics import METRICS
    from ..report.sentences import interval, many, shown

    console = Console()
    console.print(f"{target} on {many(len(truth), 'row')}", markup=False, highlight=False)
    table = Table()
    table.add_column("score")
    table.add_column("value", justify="right")
    table.add_column("95 % interval", justify="right")
    table.add_column("better")
    for name, score in found.items():
        row = METRICS[name]
        table.add_row(
            row.title, shown(name, score.value), interval(name, score), "more" if row.maximize else "less"
        )
    console.print(table)
    if saved.classes:
        _show_classes(console, truth, said, saved.classes)
    for note in notes:
        console.print(f"Note: {note}", markup=False, highlight=False)


def _show_classes(console: Any, truth: np.ndarray, said: Predictions, classes: list[Any]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from ..report.plots_quality import count_pairs
    from ..runs.notes_models import per_cent

    if len(classes) <= _MOST_CLASSES:
        console.print("\nConfusion matrix: true classes in rows, predicted ones in columns", highlight=False)
        table = Table()
        for label in ("", *classes):
            table.add_column(escape(str(label)), justify="right")
        for label, counts in zip(classes, count_pairs(truth, said.prediction, classes).tolist(), strict=True):
            table.add_row(escape(str(label)), *map(str, counts))
        console.print(table)
    bins = _calibration(truth, said, classes)
    if not bins:
        return
    of = f"probability of {escape(str(classes[1]))}" if len(classes) == 2 else "largest probability"
    console.print(f"\nCalibration: the {of}, promised and come true", highlight=False)
    table = Table()
    for heading in ("rows", "promised", "came true", "95 % interval"):
        table.add_column(heading, justify="right")
    for row in bins:
        table.add_row(str(row["rows"]), per_cent(row["promised"], 1), per_cent(row["came_true"], 1),
                      f"{100 * row['low']:.0f} to {per_cent(row['high'])}")  # fmt: skip
    console.print(table)
