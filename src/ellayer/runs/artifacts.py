"""Write the folder of a run: model, config, history, summary, report and pictures."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._progress_bars import StartProgress, begin_stage, no_progress
from ..engine.model import unpack_model
from ..report import plots_quality, titles
from ..report.document import report_document
from ..report.mistakes import largest_mistakes
from ..report.page import write_report
from ..report.plots_data import image_grid
from ..report.rendering import model_card
from ..report.run_facts import CrossValidation, Predictions, RunFacts
from ..report.style import save_picture
from ..storage.model_file import save
from .config import config_text, shown_source
from .trained_run import TrainedRun

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..report.document_types import ReportDocument

MOST_IMAGES = 30
CURVES = ("iterations", "costs")  # history.csv has them


def write_run(
    folder: Path, run: TrainedRun, facts: RunFacts, start: StartProgress = no_progress
) -> dict[str, Any]:
    """Write everything about a run into a folder.

    Parameters
    ----------
    folder : Path
        Exists and is empty.
    run : TrainedRun
    facts : RunFacts
    start : callable, optional
        Starts showing the progress of the report.

    Returns
    -------
    dict
        The summary: ``run.json``, with the curves of the networks.

    Notes
    -----
    An interrupted run has no report and no pictures, which take longer than a user waits after Ctrl-C.
    """
    document = report_document(facts)
    summary = summarise(run, document)
    provenance = _provenance(run, facts, summary)
    for name, model in run.models_to_save().items():
        (folder / name).mkdir(exist_ok=True)
        save(model, folder / name / "model.ellayer", provenance=provenance)
        (folder / name / "history.csv").write_text(unpack_model(model).history.to_csv())
    (folder / "config.toml").write_text(config_text(run.settings), encoding="utf-8")
    if facts.cross_validation is not None:
        write_out_of_fold(facts.cross_validation, facts.classes, folder / "out-of-fold.csv")
    if not run.interrupted:
        _write_report(folder, run, facts, document, start)
    models = [{key: model[key] for key in model if key not in CURVES} for model in summary["models"]]
    (folder / "run.json").write_text(json.dumps({**summary, "models": models}, indent=1))
    return summary


def _write_report(
    folder: Path, run: TrainedRun, facts: RunFacts, document: ReportDocument, start: StartProgress
) -> None:
    """Write the pictures, and the report as a page, as plain data and as a model card."""
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


def write_out_of_fold(validation: CrossValidation, classes: Sequence[object], path: Path) -> None:
    """Write the predictions of a cross-validation as CSV: number of the row from 0, true value, prediction, probabilities.

    Parameters
    ----------
    validation : CrossValidation
    classes : sequence of labels
        Empty for numbers.
    path : Path
    """
    network = validation.models[0]
    columns = {"row": validation.rows, "true": validation.y, "predicted": network.prediction}
    if network.P is not None:
        columns |= {f"p({label})": network.P[:, k] for k, label in enumerate(classes)}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*(np.asarray(column).tolist() for column in columns.values()), strict=True))


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


def summarise(run: TrainedRun, document: ReportDocument) -> dict[str, Any]:
    """Return the summary of a run as plain data: its settings and outcome, and the scores of its document.

    Parameters
    ----------
    run : TrainedRun
    document : ReportDocument
    """
    compared = dict(document["scores"])
    network = next(iter(compared), "")
    return {
        "name": document["name"],
        "source": run.source,
        "task": document["task"],
        "why": run.survey.why,
        "target": document["target"],
        "classes": document["classes"],
        "model": run.title,
        "scores": compared.pop(network, {}),
        "compared": compared,
        "decisions": document["decisions"],
        "cross_validation": document["cross_validation"],
        "checks": document["checks"],
        "verdict": document["verdict"],
        "scored_on": document["held_out"]["name"],
        "scored_rows": document["held_out"]["rows"],
        "rows": run.rows,
        "epochs": run.epochs,
        "best_epochs": run.best_epochs,
        "stopped_by": run.parts.stopped_by,
        "models": run.summaries(),
        "seconds": run.seconds,
        "settings": run.settings,
        "findings": run.survey.findings,
        "notes": run.messages,
        "versions": document["reproduction"]["versions"],
    }


def _provenance(run: TrainedRun, facts: RunFacts, summary: dict[str, Any]) -> dict[str, Any]:
    """Return the provenance of the model, and how to read a new file for prediction."""
    shape, survey = run.train.image_shape, run.survey
    unique = [c.name for c in survey.columns if c.kind == "identifier" and c.distinct == survey.m]
    return {
        "source": shown_source(run.settings["source"]),
        "reading": run.train.reading,
        "target": run.train.target,
        "task": facts.task,
        "identifiers": unique,
        "image_shape": None if shape is None else list(shape),
        "created": facts.created,
        "command": facts.command,
        "rows": facts.rows,
        "scores": summary["scores"],
        "config": config_text(run.settings),
        **run.provenance(),
    }


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
            figures["mislabelled"] = mislabelled(facts, network)
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


def mislabelled(facts: RunFacts, network: Predictions) -> Figure:
    """Return the misclassified images, those with the lowest probability for the true class first.

    Parameters
    ----------
    facts : RunFacts
    network : Predictions
    """
    assert facts.images is not None
    mistakes = largest_mistakes(facts, network, len(facts.y))
    what = "misclassified" if facts.task == "classes" else "predicted, the largest errors first"
    title = f"{len(mistakes)} of {len(facts.y)} images ({facts.held_out_on}) are {what}"
    if len(mistakes) > MOST_IMAGES:
        title += f"\n(the {MOST_IMAGES} worst)"
    worst = mistakes[:MOST_IMAGES]
    captions = [f"{row.truth}\npredicted {row.prediction}" for row in worst]
    return image_grid([facts.images[row.place] for row in worst], captions, title)
