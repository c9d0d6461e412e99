"""Write the folder of a run: model, config, history and summary, and the report unless it was interrupted."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._progress_bars import StartProgress, no_progress
from ..engine.model import unpack_model
from ..report.document import report_document
from ..report.run_facts import CrossValidation, RunFacts
from ..storage.model_file import save
from .config import config_text, shown_source
from .trained_run import TrainedRun

if TYPE_CHECKING:
    from ..report.document_types import ReportDocument

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
        from .report_files import (
            write_report_files,  # imports matplotlib; an interrupted run must not wait for it
        )

        write_report_files(folder, run, facts, document, start)
    models = [{key: model[key] for key in model if key not in CURVES} for model in summary["models"]]
    (folder / "run.json").write_text(json.dumps({**summary, "models": models}, indent=1))
    return summary


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
