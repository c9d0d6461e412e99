"""The report of a run: one self-contained HTML file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypedDict

import numpy as np

from ..core.metrics import METRICS, class_numbers
from ..core.network import Network
from . import plots_dependence, plots_quality, sentences, titles
from .mistakes import largest_mistakes, shown_columns
from .plots_quality import Curve
from .run_facts import Predictions, RunFacts, Score
from .scores import scores
from .svg import Pictures, png, weight_picture

_MOST_COLUMNS = 80
_MOST_CLASSES = 8  # lines that can be distinguished in one picture
_MOST_MODELS = 3


class Picture(TypedDict):
    """A figure of the page."""

    title: str
    svg: str
    wide: bool


def write_report(facts: RunFacts, path: str | os.PathLike[str]) -> Path:
    """Write the report of a run as one HTML file, self-contained and without scripts, for light and dark mode and print.

    Parameters
    ----------
    facts : RunFacts
        Sections whose facts are None or empty are omitted.
    path : path

    Returns
    -------
    Path

    Raises
    ------
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import numpy as np, tempfile, pathlib, ellayer
    >>> from ellayer.report import Predictions, RunFacts
    >>> facts = RunFacts(
    ...     name="pets", task="classes", target="kind", classes=["cat", "dog"], network=ellayer.Network([2, 3, 1]),
    ...     y=np.array(["cat", "dog", "dog"]), models=[Predictions("the network", np.array(["cat", "dog", "cat"]))],
    ... )
    >>> page = write_report(facts, pathlib.Path(tempfile.mkdtemp(), "report.html"))
    >>> "right in 66.7\N{NO-BREAK SPACE}% of 3 test rows" in page.read_text(encoding="utf-8")
    True
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("ellayer.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.globals.update(
        seconds=sentences.format_seconds,
        pluralize=sentences.pluralize,
        number=sentences.format_number,
        per_cent=sentences.per_cent,
    )
    environment.filters["keep_percents"] = sentences.keep_percents
    text = environment.get_template("report.html").render(content(facts))
    path = Path(path)
    path.write_text(text, encoding="utf-8", errors="replace")
    return path


def content(facts: RunFacts) -> dict[str, object]:
    """Return the values of the template's variables.

    Parameters
    ----------
    facts : RunFacts
    """
    pictures, m = Pictures(), len(facts.y)
    models = facts.models if m else []
    scored = {
        model.name: scores(facts.y, model.prediction, model.P, facts.classes or None) for model in models
    }
    return {
        "facts": facts,
        "example": sentences.example_noun(facts),
        "held_out": sentences.held_out_noun(facts),
        "conclusion": sentences.conclusion(facts, scored),
        "columns": facts.columns[:_MOST_COLUMNS],
        "more_columns": max(0, len(facts.columns) - _MOST_COLUMNS),
        "shares": sentences.class_shares(facts) if facts.classes and m else "",
        "network": _network(facts, pictures),
        "curves": _curves(facts, pictures),
        "scores": _score_table(scored),
        "quality": _quality_pictures(facts, models, scored, pictures) if models else [],
        **_cross_validation(facts, pictures),
        **_mistakes(facts, models),
        "importance": _importance(facts, pictures),
        "dependence": _dependence(facts, pictures),
        "individual_lines": any(plots_dependence.has_individual(it) for it in facts.dependence),
        "weights": _weights(facts),
        "faults": [] if facts.diagnosis is None else facts.diagnosis.findings,
    }


def _network(facts: RunFacts, pictures: Pictures) -> dict[str, object] | None:
    network = facts.network
    if network is None:
        return None
    from ..inspection import summary

    table = summary(network if facts.parameters is None else (network, facts.parameters))
    size = f"{sentences.pluralize(network.L, 'layer')}, {sentences.pluralize(table.parameter_count, 'parameter')}"
    return {
        "title": size + (f", the mean of {facts.members} such networks" if facts.members > 1 else ""),
        "svg": pictures.drawing(table.to_svg(), f"Drawing of the network: {network!r}"),
        "rows": [
            {"layer": row["layer"], "units": row["A"][0], "activation": row["activation"], "parameters": row["parameters"]}
            for row in table.rows
        ],
        "inputs": _inputs(network),
        "loss": network.loss.replace("_", " "),
    }  # fmt: skip


def _inputs(network: Network) -> str:
    """Return the number of inputs, and the number of features of layer 1."""
    inputs, size = network.layer_dims[0], network.widths[0]
    expanded = f", expanded to {size:,} features for layer 1" if size != inputs else ""
    return f"{sentences.pluralize(inputs, 'input')} after preprocessing{expanded}"


def _curves(facts: RunFacts, pictures: Pictures) -> Picture | None:
    history = facts.history
    if not history or len(history) < 2:
        return None
    title = titles.of_curves(facts)
    figure = plots_quality.learning_curves(history, facts.best_epoch)
    return Picture(title=title, svg=pictures.figure(figure, title), wide=False)


def _cross_validation(facts: RunFacts, pictures: Pictures) -> Mapping[str, object]:
    """Return the scores over the folds, and the pictures of the predictions out of fold."""
    validation = facts.cross_validation
    if validation is None:
        return {"folds": None}
    of_folds = replace(facts, y=validation.y, models=validation.models, held_out_on="rows out of fold")
    return {
        "folds": sentences.describe_folds(validation.to_json()),
        "fold_scores": _score_table(validation.scores),
        "fold_pictures": _quality_pictures(of_folds, validation.models, validation.scores, pictures),
    }


def _score_table(scored: dict[str, dict[str, Score]]) -> dict[str, object] | None:
    if not scored:
        return None
    names = list(dict.fromkeys(name for of_model in scored.values() for name in of_model))
    rows = [{"metric": METRICS[name], "cells": _score_cells(name, scored)} for name in names]
    return {"models": list(scored), "rows": rows}


def _score_cells(name: str, scored: dict[str, dict[str, Score]]) -> list[dict[str, object]]:
    """Return one metric of each model as text; the best is marked if there are several models."""
    column = [of_model.get(name) for of_model in scored.values()]
    values = [score.value for score in column if score is not None and np.isfinite(score.value)]
    best = (max if METRICS[name].maximize else min)(values) if len(values) > 1 else None
    return [
        {"value": "–", "interval": "–", "best": False}
        if score is None
        else {
            "value": sentences.format_score(name, score.value),
            "interval": sentences.format_interval(name, score),
            "best": best is not None and score.value == best,
        }
        for score in column
    ]


def _quality_pictures(
    facts: RunFacts, models: list[Predictions], scored: dict[str, dict[str, Score]], pictures: Pictures
) -> list[Picture]:
    if facts.task == "numbers":
        return _number_pictures(facts, models[0], pictures)
    ours = scored[models[0].name]
    return [_confusion(facts, models[0], pictures), *_probability_pictures(facts, models, ours, pictures)]


def _number_pictures(facts: RunFacts, model: Predictions, pictures: Pictures) -> list[Picture]:
    y, prediction = np.asarray(facts.y, dtype=float), np.asarray(model.prediction, dtype=float).ravel()
    if not (np.isfinite(y) & np.isfinite(prediction)).any():
        return []
    drawn = [
        (titles.of_errors(y, prediction), plots_quality.predicted_against_true),
        (titles.of_residuals(y, prediction), plots_quality.residual_plot),
    ]
    return [
        Picture(title=title, svg=pictures.figure(draw(y, prediction, target=facts.target), title), wide=False)
        for title, draw in drawn
    ]


def _confusion(facts: RunFacts, model: Predictions, pictures: Pictures) -> Picture:
    title = titles.of_confusion(facts, model)
    figure = plots_quality.confusion_matrix(facts.y, model.prediction, facts.classes)
    description = f"{title}. Rows are true classes, columns predicted ones."
    return Picture(title=title, svg=pictures.figure(figure, description), wide=len(facts.classes) > 9)


def _probability_pictures(
    facts: RunFacts, models: list[Predictions], ours: dict[str, Score], pictures: Pictures
) -> list[Picture]:
    """Plot calibration, ROC and precision–recall of the models with probabilities."""
    compared = _probabilities(models)
    if models[0].name not in compared or len(facts.classes) < 2:
        return []
    first_two = dict(list(compared.items())[:2])
    drawn = [
        (
            titles.of_calibration(ours["calibration_error"]),
            plots_quality.calibration_curve(first_two, facts.y, facts.classes),
        )
    ]
    truth = class_numbers(facts.y, facts.classes)
    if curves := _ranked(facts.classes, truth, compared, models[0].name):
        roc, precision = plots_quality.roc_curves(curves), plots_quality.precision_recall_curves(curves)
        drawn.append((titles.of_roc(facts.classes, ours["roc_auc"]), roc))
        drawn.append((titles.of_precision_recall(facts.classes), precision))
    return [Picture(title=title, svg=pictures.figure(figure, title), wide=False) for title, figure in drawn]


def _probabilities(models: list[Predictions]) -> dict[str, np.ndarray]:
    """Return the finite probabilities by model; those of a constant model only if it is the network."""
    finite = {model.name: np.asarray(model.P, dtype=float) for model in models if model.P is not None}
    finite = {name: P for name, P in finite.items() if np.isfinite(P).all()}
    return {name: P for name, P in finite.items() if name == models[0].name or np.ptp(P, axis=0).any()}


def _ranked(
    classes: list[object], truth: np.ndarray, probabilities: dict[str, np.ndarray], ours: str
) -> dict[str, Curve]:
    """Return scores and positive rows: one curve per model for two classes, one per class for several."""
    if len(classes) == 2:
        if len(np.unique(truth[truth >= 0])) < 2:
            return {}
        return {name: (P[:, 1], truth == 1) for name, P in list(probabilities.items())[:_MOST_MODELS]}
    present = [k for k in range(len(classes)) if 0 < np.sum(truth == k) < len(truth)]
    frequent = sorted(present, key=lambda k: -int(np.sum(truth == k)))[:_MOST_CLASSES]
    return {str(classes[k]): (probabilities[ours][:, k], truth == k) for k in sorted(frequent)}


def _mistakes(facts: RunFacts, models: list[Predictions]) -> Mapping[str, object]:
    mistakes = largest_mistakes(facts, models[0]) if models else []
    images = facts.images
    return {
        "mistakes": mistakes,
        "mistake_columns": shown_columns(facts) if mistakes and images is None else [],
        "mistake_images": [] if images is None else [png(images[mistake.place]) for mistake in mistakes],
    }


def _importance(facts: RunFacts, pictures: Pictures) -> Picture | None:
    if not facts.importance:
        return None
    title = titles.of_importance(facts)
    figure = plots_quality.importance_bars(facts.importance, facts.importance_of or "score")
    return Picture(title=title, svg=pictures.figure(figure, title), wide=True)


def _dependence(facts: RunFacts, pictures: Pictures) -> list[Picture]:
    drawn = [(titles.of_dependence(facts, it), it) for it in facts.dependence if len(it.grid) > 1]
    return [
        Picture(
            title=title,
            svg=pictures.figure(plots_dependence.dependence_plot(it, facts.target, facts.classes), title),
            wide=False,
        )
        for title, it in drawn
    ]


def _weights(facts: RunFacts) -> list[str]:
    if facts.weight_pictures is None:
        return []
    return [png(weight_picture(np.asarray(W, dtype=float)), side=96) for W in facts.weight_pictures[:36]]
