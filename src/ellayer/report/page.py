"""The report of a run: one HTML file that needs nothing else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from ..core.metrics import METRICS, class_numbers
from . import plots_quality as judged_plots
from . import sentences as words
from . import titles
from .mistakes import Mistake, largest_mistakes, shown_columns
from .run_facts import Predictions, RunFacts
from .scores import Score, scores
from .svg import Pictures, png, weight_picture

_MOST_COLUMNS = 80
_MOST_CLASSES = 8  # as many lines can be told apart
_MOST_MODELS = 3


def write_report(facts: RunFacts, path: str | os.PathLike[str]) -> Path:
    """Write the report of a run as one HTML file: no network, no script, light and dark, to read and to print.

    Parameters
    ----------
    facts : RunFacts
        What is None or empty is left out of the page.
    path : path

    Returns
    -------
    Path

    Raises
    ------
    OSError
        Where the file cannot be written.

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

    shelf = Environment(
        loader=PackageLoader("ellayer.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    shelf.globals.update(number=words.number, seconds=words.seconds, many=words.many)
    shelf.filters["unbroken"] = words.unbroken
    text = shelf.get_template("report.html").render(content(facts))
    path = Path(path)
    path.write_text(text, encoding="utf-8", errors="replace")
    return path


def content(facts: RunFacts) -> dict[str, Any]:
    """Return what the page is filled with.

    Parameters
    ----------
    facts : RunFacts
    """
    pictures, m = Pictures(), len(facts.y)
    models = facts.models if m else []
    scored = {said.name: scores(facts.y, said.prediction, said.P, facts.classes or None) for said in models}
    return {
        "facts": facts,
        "thing": words.thing(facts),
        "held_out": words.held_out(facts),
        "verdict": words.verdict(facts, scored),
        "columns": facts.columns[:_MOST_COLUMNS],
        "more_columns": max(0, len(facts.columns) - _MOST_COLUMNS),
        "shares": words.class_shares(facts) if facts.classes and m else "",
        "network": _network(facts, pictures),
        "curves": _curves(facts, pictures),
        "scores": _score_table(scored),
        "judged": _judged_pictures(facts, models, scored, pictures) if m else [],
        **_mistakes(facts, models),
        "importance": _importance(facts, pictures),
        "weights": _weights(facts),
        "findings": [] if facts.diagnosis is None else facts.diagnosis.findings,
    }


def _network(facts: RunFacts, pictures: Pictures) -> dict[str, Any] | None:
    if facts.network is None:
        return None
    from ..inspection import summary

    seen = summary(facts.network if facts.parameters is None else (facts.network, facts.parameters))
    network = facts.network
    together = f", the mean of {facts.members} such networks" if facts.members > 1 else ""
    return {
        "title": f"{words.many(network.L, 'layer')}, {words.many(seen.parameter_count, 'parameter')}{together}",
        "svg": pictures.drawing(seen.to_svg(), f"The network drawn: {network!r}"),
        "rows": [
            {"layer": row["layer"], "units": row["A"][0], "activation": row["activation"], "parameters": row["parameters"]}
            for row in seen.rows
        ],
        "inputs": _inputs(network),
        "loss": network.loss.replace("_", " "),
    }  # fmt: skip


def _inputs(network: Any) -> str:
    """How many inputs there are, and as how many numbers layer 1 sees them."""
    inputs, size = network.layer_dims[0], network.widths[0]
    seen = f", which layer 1 sees as {size:,} numbers" if size != inputs else ""
    return f"{words.many(inputs, 'input')} after preparation{seen}"


def _picture(title: str, svg: str, wide: bool = False) -> dict[str, Any]:
    return {"title": title, "svg": svg, "wide": wide}


def _curves(facts: RunFacts, pictures: Pictures) -> dict[str, Any] | None:
    history = facts.history
    if not history or len(history) < 2:
        return None
    title = titles.of_curves(facts)
    svg = pictures.figure(judged_plots.learning_curves(history, facts.best_epoch), title)
    return _picture(title, svg)


def _score_table(scored: dict[str, dict[str, Score]]) -> dict[str, Any] | None:
    if not scored:
        return None
    names = list(dict.fromkeys(name for found in scored.values() for name in found))
    rows = []
    for name in names:
        metric = METRICS[name]
        values = {model: found[name].value for model, found in scored.items() if name in found}
        known = [value for value in values.values() if np.isfinite(value)]
        best = (max if metric.maximize else min)(known) if len(known) > 1 else None
        cells = [
            {
                "value": words.shown(name, found[name].value) if name in found else "–",
                "interval": words.interval(name, found[name]) if name in found else "–",
                "best": best is not None and name in found and found[name].value == best,
            }
            for found in scored.values()
        ]
        rows.append({"metric": metric, "cells": cells})
    return {"models": list(scored), "rows": rows}


def _judged_pictures(
    facts: RunFacts, models: list[Predictions], scored: dict[str, dict[str, Score]], pictures: Pictures
) -> list[dict[str, Any]]:
    if not models:
        return []
    if facts.task == "numbers":
        return _number_pictures(facts, models[0], pictures)
    ours = scored[models[0].name]
    return [_confusion(facts, models[0], pictures), *_probability_pictures(facts, models, ours, pictures)]


def _number_pictures(facts: RunFacts, ours: Predictions, pictures: Pictures) -> list[dict[str, Any]]:
    y, said = np.asarray(facts.y, dtype=float), np.asarray(ours.prediction, dtype=float).ravel()
    if not (np.isfinite(y) & np.isfinite(said)).any():
        return []
    over = float(np.nanmean(said - y))
    lean = f"{words.number(abs(over))} too {'high' if over > 0 else 'low'}"
    first = titles.of_errors(y, said)
    second = f"On average the predictions are {lean}"
    return [
        _picture(
            first, pictures.figure(judged_plots.predicted_against_true(y, said, target=facts.target), first)
        ),
        _picture(second, pictures.figure(judged_plots.residual_plot(y, said, target=facts.target), second)),
    ]


def _confusion(facts: RunFacts, ours: Predictions, pictures: Pictures) -> dict[str, Any]:
    title = titles.of_confusion(facts, ours)
    figure = judged_plots.confusion_matrix(facts.y, ours.prediction, facts.classes)
    return _picture(
        title,
        pictures.figure(figure, f"{title}. Rows are true classes, columns predicted ones."),
        len(facts.classes) > 9,
    )


def _probability_pictures(
    facts: RunFacts, models: list[Predictions], ours: dict[str, Score], pictures: Pictures
) -> list[dict[str, Any]]:
    able = {said.name: np.asarray(said.P, dtype=float) for said in models if said.P is not None}
    able = {name: P for name, P in able.items() if np.isfinite(P).all()}
    if models[0].name not in able or len(facts.classes) < 2:
        return []
    truth = class_numbers(facts.y, facts.classes)
    far = words.shown("calibration_error", ours["calibration_error"].value)
    title = f"Promised probabilities are off by {far} on average"
    # Ours whatever it says; of the others those that say more than one thing, for that is but a point.
    compared = {name: P for name, P in able.items() if name == models[0].name or np.ptp(P, axis=0).any()}
    chosen = dict(list(compared.items())[:2])
    found = [
        _picture(
            title, pictures.figure(judged_plots.calibration_curve(chosen, facts.y, facts.classes), title)
        )
    ]
    curves = _ranked(facts.classes, truth, compared, models[0].name)
    if not curves:
        return found
    area = words.number(ours["roc_auc"].value)
    if len(facts.classes) == 2:
        first = f"A row of {titles.short(facts.classes[1])} is ranked above one of {titles.short(facts.classes[0])} in {100 * ours['roc_auc'].value:.1f} % of pairs"
    else:
        first = f"Each class against the rest: the area under the curves is {area} on average"
    second = f"How many alarms are right, as more rows of {titles.short(facts.classes[1])} are found" if len(facts.classes) == 2 else (
        "How many alarms are right, as more rows of each class are found")  # fmt: skip
    return [
        *found,
        _picture(first, pictures.figure(judged_plots.roc_curves(curves), first)),
        _picture(second, pictures.figure(judged_plots.precision_recall_curves(curves), second)),
    ]


def _ranked(classes: list, truth: np.ndarray, able: dict[str, np.ndarray], ours: str) -> dict[str, Any]:
    """Scores and what is to be found: of two classes one line per model, of several one per class."""
    if len(classes) == 2:
        if len(np.unique(truth[truth >= 0])) < 2:
            return {}
        return {name: (P[:, 1], truth == 1) for name, P in list(able.items())[:_MOST_MODELS]}
    present = [k for k in range(len(classes)) if 0 < np.sum(truth == k) < len(truth)]
    frequent = sorted(present, key=lambda k: -int(np.sum(truth == k)))[:_MOST_CLASSES]
    return {str(classes[k]): (able[ours][:, k], truth == k) for k in sorted(frequent)} if ours in able else {}


def _mistakes(facts: RunFacts, models: list[Predictions]) -> dict[str, Any]:
    found: list[Mistake] = largest_mistakes(facts, models[0]) if models else []
    names = shown_columns(facts) if found and facts.images is None else []
    return {
        "mistakes": found,
        "mistake_columns": names,
        "mistake_images": [] if facts.images is None else [png(facts.images[row.place]) for row in found],
    }


def _importance(facts: RunFacts, pictures: Pictures) -> dict[str, Any] | None:
    if not facts.importance:
        return None
    title = titles.of_importance(facts)
    figure = judged_plots.importance_bars(facts.importance, facts.importance_of or "the score")
    return _picture(title, pictures.figure(figure, title), wide=True)


def _weights(facts: RunFacts) -> list[str]:
    if facts.weight_pictures is None:
        return []
    return [png(weight_picture(np.asarray(W, dtype=float)), side=96) for W in facts.weight_pictures[:36]]
