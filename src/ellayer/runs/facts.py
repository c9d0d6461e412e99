"""Evaluate a trained run: its predictions of held-out rows, important columns, images, and a diagnosis."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.metrics import METRICS, class_numbers
from ..errors import EllayerError
from ..inspection import Diagnosis, diagnose
from ..inspection.importance import permutation_importance
from ..report.run_facts import RunFacts
from .config import config_text
from .messages import no_warnings
from .trained_run import TrainedRun
from .versions import versions

if TYPE_CHECKING:
    from ..data import Examples

IMPORTANCE_ROWS, IMPORTANCE_COLUMNS = 1000, 60
DIAGNOSIS_ROWS = 2000
MOST_PICTURES = 16


def evaluate(run: TrainedRun) -> RunFacts:
    """Collect the facts that the report, the model file and the terminal show.

    Parameters
    ----------
    run : TrainedRun
    """
    begin = time.perf_counter()
    held_out, parts = run.held_out(), run.parts
    rows = held_out.examples
    importance, importance_of = _importance(run, rows)
    facts = RunFacts(
        name=run.name,
        task=str(run.survey.task),
        target=str(run.survey.target),
        classes=run.classes,
        network=parts.network,
        parameters=parts.member_parameters[0] if parts.member_parameters else None,
        members=len(parts.member_parameters),
        history=parts.history,
        best_epoch=run.best_epochs[0] if run.best_epochs else None,
        y=np.asarray(rows.y),
        models=held_out.predictions,
        held_out_on=held_out.description,
        source=run.source,
        command="ellayer train --config config.toml",
        config=config_text(run.settings),
        created=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        rows=run.rows,
        columns=[asdict(column) for column in run.survey.columns],
        findings=list(run.survey.findings),
        notes=run.messages,
        shown_rows=None if isinstance(rows.X, np.ndarray) else rows.X.to_dicts(),
        images=None if rows.image_shape is None else np.asarray(rows.X).reshape(-1, *rows.image_shape),
        ids=None if rows.ids is None else [str(name) for name in rows.ids],
        importance=importance,
        importance_of=importance_of,
        weight_pictures=_weight_pictures(run),
        diagnosis=_diagnosis(run),
        seconds=run.seconds,
        versions=versions(),
    )
    run.seconds["evaluating"] = time.perf_counter() - begin
    return facts


def _importance(run: TrainedRun, rows: Examples) -> tuple[list[tuple[str, float, float]], str]:
    """Return the importance of each column of a table, and the score that it is measured by."""
    if run.parts.network is None or isinstance(rows.X, np.ndarray) or not rows.m:
        return [], ""
    if not 0 < rows.X.width <= IMPORTANCE_COLUMNS:
        return [], ""
    X, y = rows.X[:IMPORTANCE_ROWS], np.asarray(rows.y)[:IMPORTANCE_ROWS]
    score, name = _error(run)
    with no_warnings():  # the same rows have been predicted before
        return permutation_importance(score, X, y), name


def _error(run: TrainedRun) -> tuple[Callable[[Any, np.ndarray], float], str]:
    """Return a function of rows and targets to their log loss or RMSE, and its name in words."""
    model: Any = run.model
    if run.survey.task == "numbers":
        rmse = METRICS["rmse"]
        return lambda X, y: rmse.value(y, model.predict(X)), rmse.title
    log_loss, classes = METRICS["log_loss"], model.classes_
    return (
        lambda X, y: log_loss.value(class_numbers(y, classes), model.predict_proba(X), K=len(classes)),
        log_loss.title,
    )


def _diagnosis(run: TrainedRun) -> Diagnosis | None:
    """Diagnose the training by the first member and the first training rows."""
    if run.parts.network is None:
        return None
    examples = run.model_examples()
    with no_warnings():  # the same rows have been prepared before
        try:
            return diagnose(examples.model, *examples.first(DIAGNOSIS_ROWS))
        except EllayerError:
            return None


def _weight_pictures(run: TrainedRun) -> np.ndarray | None:
    """Return the rows of W^[1], the learned scaling included, as images: those of the largest norm, if inputs are pixels."""
    shape, network = run.train.image_shape, run.parts.network
    if shape is None or network is None or (network.inputs is not None and network.inputs.numbers):
        return None
    parameters, pixels = run.parts.member_parameters[0], _pixels(run)
    if pixels is None:
        return None
    W = parameters["W1"] * parameters["s0"].ravel() if "s0" in parameters else parameters["W1"]
    units = np.argsort(-np.linalg.norm(W, axis=1), kind="stable")[:MOST_PICTURES]
    pictures = np.zeros((len(units), int(np.prod(shape))))
    pictures[:, pixels] = W[units]
    return pictures.reshape(len(units), *shape)


def _pixels(run: TrainedRun) -> list[int] | None:
    """Return the pixel of each input of the network; None if some input is none."""
    preparation = getattr(run.model, "preparation_", None)
    if preparation is None:
        return list(range(run.parts.member_parameters[0]["W1"].shape[1]))
    names = preparation.get_feature_names_out()
    pixels = [int(name[1:]) for name in names if name[1:].isdecimal()]
    return pixels if len(pixels) == len(names) else None
