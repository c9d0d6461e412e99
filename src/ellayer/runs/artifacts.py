"""What the folder of a run on a file holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..report.page import write_report
from ..report.run_facts import RunFacts
from ..report.scores import scores
from ..storage.model_file import save
from .artifact_pictures import draw_run
from .config import write_config
from .table_trainer import FileRun


def write_run(folder: Path, run: FileRun, facts: RunFacts) -> dict[str, Any]:
    """Write model, config, history, summary, report and pictures.

    Parameters
    ----------
    folder : Path
        Exists and is empty.
    run : FileRun
    facts : RunFacts

    Returns
    -------
    dict
        The summary, as in ``run.json``.
    """
    summary = summary_of(run, facts)
    config = write_config(folder / "config.toml", run.settings)
    save(run.model, folder / "model.ellayer", provenance=provenance_of(run, facts, summary, config))
    (folder / "history.csv").write_text(run.model.history_.to_csv())
    (folder / "run.json").write_text(json.dumps(summary, indent=1))
    write_report(facts, folder / "report.html")
    draw_run(folder, facts)
    return summary


def summary_of(run: FileRun, facts: RunFacts) -> dict[str, Any]:
    """Return a run in short, as plain data.

    Parameters
    ----------
    run : FileRun
    facts : RunFacts
    """
    scored = {said.name: _scores(facts, said) for said in facts.models}
    first = facts.models[0].name if facts.models else ""
    return {
        "name": facts.name,
        "task": facts.task,
        "why": run.job.survey.why,
        "target": facts.target,
        "classes": [str(label) for label in facts.classes],
        "scores": scored.get(first, {}),
        "compared": {name: values for name, values in scored.items() if name != first},
        "scored_on": facts.held_out_on,
        "rows": facts.rows,
        "epochs": len(run.model.history_),
        "best_epochs": [int(epoch) for epoch in run.model.best_epochs_],
        "stopped_by": run.model.stopped_by_,
        "seconds": run.seconds,
        "settings": run.settings,
        "findings": facts.findings,
        "notes": facts.notes,
        "versions": facts.versions,
    }


def _scores(facts: RunFacts, said: Any) -> dict[str, Any]:
    found = scores(facts.y, said.prediction, said.P, facts.classes or None)
    return {name: score.to_json() for name, score in found.items()}


def provenance_of(run: FileRun, facts: RunFacts, summary: dict[str, Any], config: str) -> dict[str, Any]:
    """Return where the model comes from: what prediction reads a new file by, and what a reader wants to know.

    Parameters
    ----------
    run : FileRun
    facts : RunFacts
    summary : dict
    config : str
    """
    shape = run.job.train.image_shape
    return {
        "source": facts.source,
        "reading": run.job.train.reading,
        "target": run.job.train.target,
        "task": facts.task,
        "identifiers": [
            column.name
            for column in run.job.survey.columns
            if column.kind == "identifier" and column.distinct == run.job.survey.m
        ],
        "image_shape": None if shape is None else list(shape),
        "created": facts.created,
        "command": facts.command,
        "rows": facts.rows,
        "scores": summary["scores"],
        "config": config,
    }
