"""What a run folder holds: the model, history, a summary and pictures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..core.inference import class_index, class_probabilities, fold_scaling
from ..report.page import write_report
from ..report.plots_data import cost_curves, data_points, decision_boundaries, image_grid
from ..report.style import save_picture
from ..storage.model_file import save
from .notes_facts import facts_of, provenance_of
from .notes_models import Model, per_cent
from .notes_prepare import Standardised
from .notes_trainer import Training
from .versions import versions


def write_run(folder: Path, training: Training) -> dict[str, Any]:
    """Write everything of a training into a folder.

    Parameters
    ----------
    folder : Path
        Exists and is empty.
    training : Training

    Returns
    -------
    dict
        The summary, as in ``run.json`` and with the costs.
    """
    facts = facts_of(training)
    provenance = provenance_of(training, facts)
    _write_model(folder, training.network, training.standardised, provenance)
    if training.baseline:
        (folder / "baseline").mkdir()
        _write_model(folder / "baseline", training.baseline, training.standardised, provenance)
    (folder / "config.toml").write_text(facts.config, encoding="utf-8")
    write_report(facts, folder / "report.html")
    summary = _summary(training)
    _write_summary(folder / "run.json", summary)
    _draw_data(folder, training)
    _draw_costs(folder, training)
    if len(training.dataset.X) == 2:
        _draw_boundaries(folder, training)
    if training.dataset.image_shape:
        draw_mislabelled(folder / "mislabelled.png", training.dataset, training.network)
    return summary


def _write_model(
    folder: Path, model: Model, scaling: Standardised | None, provenance: dict[str, Any]
) -> None:
    """Write the model, whose first layer does the standardisation, and its history."""
    result = model.result
    if scaling is not None:
        result = replace(result, parameters=fold_scaling(result.parameters, scaling.mean, scaling.scale))
    save(result, folder / "model.ellayer", provenance=provenance)
    (folder / "history.csv").write_text(model.result.history.to_csv())


def _summary(training: Training) -> dict[str, Any]:
    dataset, job = training.dataset, training.job
    return {
        "data": {"name": dataset.name, "source": dataset.source, "examples": dataset.X.shape[1],
                 "features": len(dataset.X), "classes": list(dataset.classes),
                 "test_examples": 0 if dataset.X_test is None else dataset.X_test.shape[1]},
        "settings": job.settings,
        "models": [model.summary() for model in training.models],
        "notes": training.notes,
        "versions": versions(),
    }  # fmt: skip


def _write_summary(path: Path, summary: dict[str, Any]) -> None:
    """Write the summary without the costs: history.csv has them."""
    models = [{k: v for k, v in m.items() if k not in ("iterations", "costs")} for m in summary["models"]]
    path.write_text(json.dumps({**summary, "models": models}, indent=1))


def _draw_data(folder: Path, training: Training) -> None:
    dataset = training.dataset
    labels = class_index(dataset.Y)
    n, m = dataset.X.shape
    if dataset.image_shape:
        shown = range(min(15, m))
        images = [dataset.X[:, i].reshape(dataset.image_shape) for i in shown]
        captions = [dataset.classes[labels[i]] for i in shown]
        figure = image_grid(
            images, captions, f"{dataset.name}: the first {len(images)} of {m} training images"
        )
    else:
        counts = ", ".join(f"{np.sum(labels == k)} {c}" for k, c in enumerate(dataset.classes))
        title = f"{dataset.name}: {counts}" if len(dataset.classes) < 4 else f"{dataset.name}: {m} examples"
        title += "" if n <= 2 else ",\nseen along the two directions they vary in most"
        figure = data_points(dataset.X, dataset.Y, title, dataset.classes, dataset.feature_names or ())
    save_picture(figure, folder / "data.png")


def _draw_costs(folder: Path, training: Training) -> None:
    first, last = training.network.curve[1][0], training.network.curve[1][-1]
    title = f"{training.dataset.name}: the network's cost goes from {first:.3f} to {last:.3f}"
    curves = {f"{model.name} {model.sizes}": model.curve for model in training.models}
    save_picture(cost_curves(curves, title), folder / "cost.png")


def _draw_boundaries(folder: Path, training: Training) -> None:
    dataset = training.dataset
    models = {
        f"{model.name} {model.sizes}: {per_cent(model.accuracy, 2)} right": model.result.predict_proba
        for model in training.models
    }
    title = f"{dataset.name}: what each model says of every point"
    figure = decision_boundaries(
        models, dataset.X, dataset.Y, title, dataset.classes, dataset.feature_names or ()
    )
    save_picture(figure, folder / "boundary.png")


def draw_mislabelled(path: Path, dataset: Any, model: Model, limit: int = 30) -> tuple[int, int]:
    """Draw the test images (the training images where there are none) a model gets wrong.

    Parameters
    ----------
    path : Path
    dataset : Dataset
    model : Model
    limit : int
        The most images drawn; the surest mistakes first.

    Returns
    -------
    wrong, looked_at : int
    """
    kind, X, Y = "test", dataset.X_test, dataset.Y_test
    if X is None:
        kind, X, Y = "training", dataset.X, dataset.Y
    P = class_probabilities(model.result.predict_proba(X))
    said, truth = P.argmax(axis=0), class_index(Y)
    sureness = P.max(axis=0)
    wrong = np.flatnonzero(said != truth)
    shown = wrong[np.argsort(-sureness[wrong], kind="stable")][:limit]
    title = f"{len(wrong)} of {X.shape[1]} {kind} images are called wrong by {model.name} {model.sizes}"
    if len(shown) < len(wrong):
        title += f"\n(the {len(shown)} surest)"
    captions = [
        f"{dataset.classes[truth[i]]}\ncalled {dataset.classes[said[i]]} ({per_cent(sureness[i])})"
        for i in shown
    ]
    images = [X[:, i].reshape(dataset.image_shape) for i in shown]
    save_picture(image_grid(images, captions, title), path)
    return len(wrong), X.shape[1]
