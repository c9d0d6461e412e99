"""The report of a run: one self-contained HTML file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypedDict

import numpy as np

from ..core.metrics import class_numbers
from . import plots_dependence, plots_quality, titles
from .document import report_document
from .document_types import ReportDocument, ScoreFacts, Scores
from .mistakes import largest_mistakes
from .plots_quality import Curve
from .rendering import environment, score_rows
from .run_facts import Predictions, RunFacts
from .svg import Pictures, png, weight_picture

_MOST_COLUMNS = 80
_MOST_MODELS = 3


class Picture(TypedDict):
    """A figure of the page."""

    title: str
    svg: str
    wide: bool


def write_report(
    facts: RunFacts, path: str | os.PathLike[str], document: ReportDocument | None = None
) -> Path:
    """Write the report of a run as one HTML file, self-contained and without scripts, for light and dark mode and print.

    Parameters
    ----------
    facts : RunFacts
        Sections whose facts are None or empty are omitted.
    path : path
    document : ReportDocument, optional
        That of the facts, if it has been made.

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
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = write_report(facts, pathlib.Path(folder, "report.html"))
    ...     "right in 66.7\N{NO-BREAK SPACE}% of 3 test rows" in page.read_text(encoding="utf-8")
    True
    """
    document = report_document(facts) if document is None else document
    text = environment(autoescape=True).get_template("report.html").render(content(facts, document))
    path = Path(path)
    path.write_text(text, encoding="utf-8", errors="replace")
    return path


def content(facts: RunFacts, document: ReportDocument) -> dict[str, object]:
    """Return the values of the template's variables.

    Parameters
    ----------
    facts : RunFacts
        For the pictures.
    document : ReportDocument
        For everything else.
    """
    pictures = Pictures()
    models = facts.models if len(facts.y) else []
    columns = document["data"]["columns"]
    return {
        "report": document,
        "columns": columns[:_MOST_COLUMNS],
        "more_columns": max(0, len(columns) - _MOST_COLUMNS),
        "drawing": _drawing(facts, pictures),
        "curves": _curves(facts, pictures),
        "scores": score_rows(document["scores"]),
        "quality": _quality_pictures(facts, models, document["scores"], pictures) if models else [],
        **_cross_validation(facts, document, pictures),
        "mistake_images": _mistake_images(facts, models),
        "importance": _importance(facts, pictures),
        "dependence": _dependence(facts, pictures),
        "individual_lines": any(plots_dependence.has_individual(it) for it in facts.dependence),
        "weights": _weights(facts),
    }


def _drawing(facts: RunFacts, pictures: Pictures) -> str:
    if facts.network is None:
        return ""
    from ..inspection import summary

    table = summary(facts.network if facts.parameters is None else (facts.network, facts.parameters))
    return pictures.drawing(table.to_svg(), f"Drawing of the network: {facts.network!r}")


def _curves(facts: RunFacts, pictures: Pictures) -> Picture | None:
    history = facts.history
    if not history or len(history) < 2:
        return None
    title = titles.of_curves(facts)
    figure = plots_quality.learning_curves(history, facts.best_epoch)
    return Picture(title=title, svg=pictures.figure(figure, title), wide=False)


def _cross_validation(facts: RunFacts, document: ReportDocument, pictures: Pictures) -> Mapping[str, object]:
    """Return the scores over the folds, and the pictures of the predictions out of fold."""
    validation, folds = facts.cross_validation, document["cross_validation"]
    if validation is None or folds is None:
        return {"fold_scores": None}
    of_folds = replace(facts, y=validation.y, models=validation.models, held_out_on="rows out of fold")
    return {
        "fold_scores": score_rows(folds["scores"]),
        "fold_pictures": _quality_pictures(of_folds, validation.models, folds["scores"], pictures),
    }


def _quality_pictures(
    facts: RunFacts, models: list[Predictions], scores: Scores, pictures: Pictures
) -> list[Picture]:
    if facts.task == "numbers":
        return [] if facts.no_rows else _number_pictures(facts, models[0], pictures)
    ours = scores[models[0].name]
    return [_confusion(facts, models[0], pictures), *_probability_pictures(facts, models, ours, pictures)]


def _number_pictures(facts: RunFacts, model: Predictions, pictures: Pictures) -> list[Picture]:
    y, prediction = np.asarray(facts.y, dtype=float), np.asarray(model.prediction, dtype=float).ravel()
    if not (np.isfinite(y) & np.isfinite(prediction)).any():
        return []
    plots = [
        (titles.of_errors(y, prediction), plots_quality.predicted_against_true),
        (titles.of_residuals(y, prediction), plots_quality.residual_plot),
    ]
    return [
        Picture(title=title, svg=pictures.figure(draw(y, prediction, target=facts.target), title), wide=False)
        for title, draw in plots
    ]


def _confusion(facts: RunFacts, model: Predictions, pictures: Pictures) -> Picture:
    title = titles.of_confusion(facts, model)
    figure = plots_quality.confusion_matrix(facts.y, model.prediction, facts.classes)
    description = f"{title}. Rows are true classes, columns predicted ones."
    return Picture(title=title, svg=pictures.figure(figure, description), wide=len(facts.classes) > 9)


def _probability_pictures(
    facts: RunFacts, models: list[Predictions], ours: dict[str, ScoreFacts], pictures: Pictures
) -> list[Picture]:
    """Plot calibration, ROC and precision–recall of the models with probabilities."""
    compared = _probabilities(models)
    if models[0].name not in compared or len(facts.classes) < 2:
        return []
    first_two = dict(list(compared.items())[:2])
    plots = [
        (
            titles.of_calibration(ours["calibration_error"]["value"]),
            plots_quality.calibration_curve(first_two, facts.y, facts.classes),
        )
    ]
    truth = class_numbers(facts.y, facts.classes)
    if curves := _ranking_curves(facts.classes, truth, compared, models[0].name):
        roc = plots_quality.roc_curves(curves, classes=facts.classes)
        precision = plots_quality.precision_recall_curves(curves, classes=facts.classes)
        plots.append((titles.of_roc(facts.classes, ours["roc_auc"]["value"]), roc))
        plots.append((titles.of_precision_recall(facts.classes), precision))
    return [Picture(title=title, svg=pictures.figure(figure, title), wide=False) for title, figure in plots]


def _probabilities(models: list[Predictions]) -> dict[str, np.ndarray]:
    """Return the finite probabilities by model; those of a constant model only if it is the network."""
    finite = {model.name: np.asarray(model.P, dtype=float) for model in models if model.P is not None}
    finite = {name: P for name, P in finite.items() if np.isfinite(P).all()}
    return {name: P for name, P in finite.items() if name == models[0].name or np.ptp(P, axis=0).any()}


def _ranking_curves(
    classes: list[object], truth: np.ndarray, probabilities: dict[str, np.ndarray], ours: str
) -> dict[str, Curve]:
    """Return scores and positive rows: one curve per model for two classes, one per class for several."""
    if len(classes) == 2:
        if len(np.unique(truth[truth >= 0])) < 2:
            return {}
        return {name: (P[:, 1], truth == 1) for name, P in list(probabilities.items())[:_MOST_MODELS]}
    present = [k for k in range(len(classes)) if 0 < np.sum(truth == k) < len(truth)]
    frequent = sorted(present, key=lambda k: -int(np.sum(truth == k)))[: titles.MOST_CLASSES]
    return {str(classes[k]): (probabilities[ours][:, k], truth == k) for k in sorted(frequent)}


def _mistake_images(facts: RunFacts, models: list[Predictions]) -> list[str]:
    if facts.images is None or not models:
        return []
    return [png(facts.images[mistake.place]) for mistake in largest_mistakes(facts, models[0])]


def _importance(facts: RunFacts, pictures: Pictures) -> Picture | None:
    if not facts.importance:
        return None
    title = titles.of_importance(facts)
    figure = plots_quality.importance_bars(facts.importance, facts.importance_of or "score")
    return Picture(title=title, svg=pictures.figure(figure, title), wide=True)


def _dependence(facts: RunFacts, pictures: Pictures) -> list[Picture]:
    plots = [(titles.of_dependence(facts, it), it) for it in facts.dependence if len(it.grid) > 1]
    return [
        Picture(
            title=title,
            svg=pictures.figure(plots_dependence.dependence_plot(it, facts.target, facts.classes), title),
            wide=False,
        )
        for title, it in plots
    ]


def _weights(facts: RunFacts) -> list[str]:
    if facts.weight_pictures is None:
        return []
    return [png(weight_picture(np.asarray(W, dtype=float)), side=96) for W in facts.weight_pictures[:36]]
