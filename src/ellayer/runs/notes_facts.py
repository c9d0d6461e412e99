"""A run on a named data set as a report and a model file tell it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from ..core.inference import class_index, class_probabilities
from ..inspection import diagnose
from ..report.run_facts import Predictions, RunFacts
from .config import config_text
from .notes_models import Model
from .notes_trainer import Training
from .versions import versions


def settings_of(training: Training) -> dict[str, Any]:
    """Return the settings of a run as the options name them: what a config repeats it by.

    Parameters
    ----------
    training : Training
    """
    job = training.job
    told = {**job.settings, "iterations": job.settings["num_iterations"]}
    del told["num_iterations"]
    activations = job.activations if isinstance(job.activations, str) else ",".join(job.activations)
    data = None if job.data is None else str(job.data)
    return {"source": job.name, "data": data, "layers": job.layers, "activation": activations, **told}


def facts_of(training: Training) -> RunFacts:
    """Return what the report tells: the network and the one without a hidden layer, on the same examples.

    Parameters
    ----------
    training : Training
    """
    dataset, result = training.dataset, training.network.result
    tested = dataset.X_test is not None
    X, Y = (dataset.X_test, dataset.Y_test) if tested else (dataset.X, dataset.Y)
    assert X is not None
    assert Y is not None
    shape, m = dataset.image_shape, dataset.X.shape[1]
    return RunFacts(
        name=dataset.name,
        task="classes",
        target="the class",
        classes=list(dataset.classes),
        network=result.network,
        parameters=result.parameters,
        history=result.history,
        y=np.asarray(dataset.classes)[class_index(Y)],
        models=[_judged("the network", training.network, X, dataset.classes)]
        + ([_judged(training.baseline.name, training.baseline, X, dataset.classes)] if training.baseline else []),
        held_out_on="test examples" if tested else "training examples",
        source=dataset.source,
        command="ellayer train --config config.toml",
        config=config_text(settings_of(training)),
        created=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        rows={"train": m, **({"test": X.shape[1]} if tested else {})},
        notes=list(training.notes),
        images=None if shape is None else X.T.reshape(-1, *shape),
        weight_pictures=None if shape is None else result.parameters["W1"][:16].reshape(-1, *shape),
        diagnosis=diagnose(result, dataset.X, dataset.Y),
        seconds={"fitting": result.seconds},
        versions=versions(),
    )  # fmt: skip


def provenance_of(training: Training, facts: RunFacts) -> dict[str, Any]:
    """Return what the model file keeps beside the network: how to feed it and what its outputs are called.

    Parameters
    ----------
    training : Training
    facts : RunFacts
    """
    shape = training.dataset.image_shape
    told: dict[str, Any] = {
        "source": training.dataset.name,
        "task": facts.task,
        "classes": list(training.dataset.classes),
        "image_shape": None if shape is None else list(shape),
        "created": facts.created,
        "command": facts.command,
        "rows": facts.rows,
        "config": facts.config,
    }
    if shape is not None:
        told["reading"] = {"kind": "images", "size": list(shape[:2]), "grey": len(shape) == 2}
    return told


def _judged(name: str, model: Model, X: np.ndarray, classes: tuple[str, ...]) -> Predictions:
    AL = model.result.predict_proba(X)
    return Predictions(name, np.asarray(classes)[class_index(AL)], class_probabilities(AL).T)
