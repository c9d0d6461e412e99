"""Write the report and the pictures of a run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .._progress_bars import StartProgress, begin_stage
from ..report import plots_quality, titles
from ..report.mistakes import largest_mistakes
from ..report.page import write_report
from ..report.plots_data import image_grid
from ..report.rendering import model_card
from ..report.run_facts import Predictions, RunFacts
from ..report.style import save_picture
from .trained_run import TrainedRun

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..report.document_types import ReportDocument

MOST_IMAGES = 30


def write_report_files(
    folder: Path, run: TrainedRun, facts: RunFacts, document: ReportDocument, start: StartProgress
) -> None:
    """Write the pictures, and the report as a page, as plain data and as a model card.

    Parameters
    ----------
    folder : Path
    run : TrainedRun
    facts : RunFacts
    document : ReportDocument
    start : callable
        Starts showing the progress.
    """
    (folder / "report.json").write_text(json.dumps(document, indent=1))
    figures: dict[str, Figure] = {}
    with _surviving(run, "pictures"):
        figures = _figures(run, facts)
    advance = begin_stage(start, "writing report", len(figures) + 1, "files")
    for name, figure in figures.items():
        with _surviving(run, f"{name}.png"):
            save_picture(figure, folder / f"{name}.png")
        advance()
    with _surviving(run, "report.html"):
        write_report(facts, folder / "report.html", document)
    with _surviving(run, "model_card.md"):
        (folder / "model_card.md").write_text(model_card(document), encoding="utf-8", errors="replace")
    advance()


@contextmanager
def _surviving(run: TrainedRun, file: str) -> Iterator[None]:
    """Turn the failure of a picture or the report into a message, so that the trained model is still saved."""
    try:
        yield
    except OSError:  # a full disk also affects the model
        raise
    except Exception as error:
        run.messages.append(
            f"{file} could not be created because of a bug in ellayer: {type(error).__name__}: {error}"
        )


def _figures(run: TrainedRun, facts: RunFacts) -> dict[str, Figure]:
    """Return the pictures of a run by the name of their file."""
    figures = run.figures()
    if "cost" not in figures and facts.history and len(facts.history) > 1:
        figures["cost"] = plots_quality.learning_curves(
            facts.history, facts.best_epoch, titles.of_curves(facts)
        )
    if facts.models and len(facts.y):
        network = facts.models[0]
        if facts.task == "numbers":
            figures |= {} if facts.no_rows else _of_numbers(facts, network)
        else:
            figures["confusion"] = plots_quality.confusion_matrix(
                facts.y, network.prediction, facts.classes, titles.of_confusion(facts, network)
            )
        if facts.images is not None and not facts.no_rows:
            figures["mislabelled"] = draw_mistakes(facts, network)
    if facts.importance:
        figures["importance"] = plots_quality.importance_bars(
            facts.importance, facts.importance_of, titles.of_importance(facts)
        )
    return figures


def _of_numbers(facts: RunFacts, network: Predictions) -> dict[str, Figure]:
    y, prediction = np.asarray(facts.y, dtype=float), np.asarray(network.prediction, dtype=float).ravel()
    if not (np.isfinite(y) & np.isfinite(prediction)).any():
        return {}
    title = titles.of_errors(y, prediction)
    return {"predicted": plots_quality.predicted_against_true(y, prediction, title, facts.target)}


def draw_mistakes(facts: RunFacts, network: Predictions) -> Figure:
    """Return the misclassified images, those with the lowest probability for the true class first.

    Parameters
    ----------
    facts : RunFacts
    network : Predictions
    """
    assert facts.images is not None
    mistakes = largest_mistakes(facts, network, len(facts.y))
    outcome = "misclassified" if facts.task == "classes" else "predicted, the largest errors first"
    title = f"{len(mistakes)} of {len(facts.y)} images ({facts.held_out_on}) are {outcome}"
    if len(mistakes) > MOST_IMAGES:
        title += f"\n(the {MOST_IMAGES} worst)"
    worst = mistakes[:MOST_IMAGES]
    captions = [f"{row.truth}\npredicted {row.prediction}" for row in worst]
    return image_grid([facts.images[row.place] for row in worst], captions, title)
