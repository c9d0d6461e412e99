"""The document of a run: all its facts as plain data, for ``report.json``, the page, the model card and the terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import numpy as np

from .._json import finite
from . import sentences
from .decisions import count_pairs
from .document_types import (
    VERSION,
    CalibrationFacts,
    ColumnFacts,
    DataFacts,
    DependenceFacts,
    ErrorFacts,
    ErrorsFacts,
    FeatureFacts,
    FindingFacts,
    HeldOutFacts,
    ImportanceFacts,
    LayerFacts,
    NetworkFacts,
    ReportDocument,
    ReproductionFacts,
    SlicesFacts,
    TrainingFacts,
)
from .mistakes import largest_mistakes, shown_columns
from .run_facts import Predictions, RunFacts
from .scores import calibration_bins, scores
from .slices import slices


def report_schema() -> dict[str, Any]:
    """Return the JSON schema of ``report.json`` (draft 2020-12), with a description of each key.

    Examples
    --------
    >>> report_schema()["properties"]["version"]["const"]
    1
    """
    text = files(__package__).joinpath("report.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def report_document(facts: RunFacts) -> ReportDocument:
    """Return the facts of a run as plain data.

    Parameters
    ----------
    facts : RunFacts
    """
    models = facts.models if len(facts.y) else []
    scored = {
        model.name: scores(facts.y, model.prediction, model.P, facts.classes or None) for model in models
    }
    ours = models[0] if models else None
    folds, decisions = facts.cross_validation, facts.decisions
    return ReportDocument(
        format="ellayer report",
        version=VERSION,
        name=facts.name,
        task=facts.task,
        target=facts.target,
        classes=[str(label) for label in facts.classes],
        has_rows=not facts.no_rows,
        result=sentences.result(facts, scored),
        verdict=sentences.verdict(facts, scored),
        held_out=_held_out(facts),
        scores={
            model: {name: score.to_json() for name, score in by_name.items()}
            for model, by_name in scored.items()
        },
        confusion_matrix=_confusion(facts, ours),
        calibration=[] if ours is None else calibration(facts.y, ours, facts.classes),
        decisions=None if decisions is None else decisions.to_json(),
        slices=_slices(facts, ours),
        cross_validation=None if folds is None else folds.to_json(),
        importance=_importance(facts),
        dependence=_dependence(facts),
        data=_data(facts),
        network=_network(facts),
        training=_training(facts),
        diagnosis=_diagnosis(facts),
        largest_errors=_errors(facts, ours),
        checks=[check.to_json() for check in facts.checks],
        reproduction=ReproductionFacts(
            created=facts.created,
            command=facts.command,
            config=facts.config,
            seconds=dict(facts.seconds),
            versions=dict(facts.versions),
        ),
    )


def calibration(y: np.ndarray, model: Predictions, classes: Sequence[Any]) -> list[CalibrationFacts]:
    """Return predicted and observed frequency in bins of equal numbers of rows; empty without probabilities.

    Parameters
    ----------
    y : array, shape (m,)
    model : Predictions
    classes : sequence of labels
    """
    if not classes or model.P is None or not np.isfinite(model.P).all():
        return []
    bins = calibration_bins(model.P, y, classes)
    return [
        CalibrationFacts(rows=b.rows, predicted=b.predicted, observed=b.observed, low=b.low, high=b.high)
        for b in bins
    ]


def _held_out(facts: RunFacts) -> HeldOutFacts:
    """Return the rows that the models are scored on; of their classes the most frequent first."""
    labels, counts = np.unique([str(label) for label in facts.y], return_counts=True)
    order = np.argsort(-counts, kind="stable") if facts.classes else ()
    return HeldOutFacts(
        name=sentences.held_out_noun(facts),
        example=sentences.example_noun(facts),
        rows=len(facts.y),
        classes={str(labels[i]): int(counts[i]) for i in order},
    )


def _confusion(facts: RunFacts, model: Predictions | None) -> list[list[int]] | None:
    if model is None or not facts.classes:
        return None
    counts: list[list[int]] = count_pairs(facts.y, model.prediction, facts.classes).tolist()
    return counts


def _slices(facts: RunFacts, model: Predictions | None) -> SlicesFacts | None:
    if facts.table is None or model is None:
        return None
    return slices(facts.table, facts.y, model, facts.classes)


def _diagnosis(facts: RunFacts) -> list[FindingFacts] | None:
    if facts.diagnosis is None:
        return None
    return [
        FindingFacts(severity=it.severity, title=it.title, figure=it.figure, advice=it.advice)
        for it in facts.diagnosis.findings
    ]


def _importance(facts: RunFacts) -> ImportanceFacts | None:
    if not facts.importance:
        return None
    rows = sorted(facts.importance, key=lambda row: -row[1])
    features = [
        FeatureFacts(name=name, mean=finite(float(mean)), sd=finite(float(sd))) for name, mean, sd in rows
    ]
    return ImportanceFacts(
        metric=facts.importance_of or "score", note=facts.importance_note, features=features
    )


def _dependence(facts: RunFacts) -> list[DependenceFacts]:
    outputs = [str(label) for label in facts.classes] or [facts.target]
    return [
        DependenceFacts(
            column=it.name,
            values=[value if isinstance(value, (int, float)) else str(value) for value in it.grid.tolist()]
            if it.grid.dtype.kind != "M"
            else np.datetime_as_string(it.grid, unit="s").tolist(),
            mean={name: [finite(float(p)) for p in it.average[:, k]] for k, name in enumerate(outputs)},
        )
        for it in facts.dependence
    ]


def _data(facts: RunFacts) -> DataFacts:
    return DataFacts(
        source=facts.source,
        split=facts.split,
        rows=dict(facts.rows),
        columns=[
            ColumnFacts(
                name=str(column["name"]),
                kind=column.get("kind") or "",
                note=column.get("note") or "",
                missing=column.get("missing"),
                distinct=column.get("distinct"),
                shown=column.get("shown") or "",
            )
            for column in facts.columns
        ],
        warnings=list(facts.findings),
        preprocessing=list(facts.notes),
    )


def _network(facts: RunFacts) -> NetworkFacts | None:
    from ..inspection import summary

    network = facts.network
    if network is None:
        return None
    table = summary(network)
    layers = [
        LayerFacts(
            layer=row["layer"], units=row["A"][0], activation=row["activation"], parameters=row["parameters"]
        )
        for row in table.rows
    ]
    return NetworkFacts(
        inputs=network.layer_dims[0],
        features=network.widths[0],
        loss=network.loss,
        members=facts.members,
        parameters=table.parameter_count,
        layers=layers,
    )


def _training(facts: RunFacts) -> TrainingFacts | None:
    history = facts.history
    if not history or not len(history):
        return None
    unit = "epoch" if history.get("epoch") else "iteration"
    steps = history.get(unit) or range(1, len(history["loss"]) + 1)
    return TrainingFacts(unit=unit, last=int(steps[-1]), best=facts.best_epoch)


def _errors(facts: RunFacts, network: Predictions | None) -> ErrorsFacts:
    mistakes = [] if network is None else largest_mistakes(facts, network)
    return ErrorsFacts(
        columns=shown_columns(facts) if mistakes and facts.images is None else [],
        rows=[
            ErrorFacts(
                name=row.name,
                truth=row.truth,
                prediction=row.prediction,
                error=row.error,
                cells=list(row.cells),
                contributions=facts.reasons.get(row.place, ""),
            )
            for row in mistakes
        ],
    )
