"""Facts of a trained run: predictions of held-out rows, importance, images, diagnosis."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from .._progress_bars import StageInfo, StartProgress, begin_stage, no_progress
from ..errors import EllayerError
from ..inspection import Diagnosis, diagnose
from ..inspection.importance import Importance
from ..report.decisions import positive_last
from ..report.privacy import without_rows
from ..report.run_facts import Check, RunFacts
from .config import config_text
from .insight import MOST_ROWS, find_dependence, find_reasons, importance_facts, measure_importance
from .messages import no_warnings
from .positive_class import decisions_of
from .trained_run import HeldOut, TrainedRun
from .versions import versions

if TYPE_CHECKING:
    from ..data import Examples

IMPORTANCE_SHARE = 1 / 8  # of the time of the fit, within limits in seconds
IMPORTANCE_SECONDS = (0.5, 10.0)
DIAGNOSIS_ROWS = 2000
MOST_PICTURES = 16


def evaluate(run: TrainedRun, start: StartProgress = no_progress) -> RunFacts:
    """Collect the facts that the report, the model file and the terminal show.

    Parameters
    ----------
    run : TrainedRun
    start : callable, optional
        Starts showing the progress of a stage.
    """
    begin = time.perf_counter()
    advance = begin_stage(start, "testing", 3, "steps")
    held_out = run.held_out()
    advance()
    rows = held_out.examples
    importance = _importance(run, rows, start)
    important = [] if importance is None else [name for row in importance.rows for name in row.columns]
    checks = [] if run.interrupted else run.checks(held_out, important)
    advance()
    facts = _collect(run, held_out, importance, checks)
    if run.settings.get("no_rows"):
        facts = without_rows(facts)
    else:
        facts = replace(facts, reasons=_reasons(run, rows, facts))
    advance()
    run.seconds["evaluating"] = time.perf_counter() - begin
    return facts


def _collect(
    run: TrainedRun, held_out: HeldOut, importance: Importance | None, checks: list[Check]
) -> RunFacts:
    """Return the facts of a run, without the explanations of its largest errors."""
    rows, parts, y = held_out.examples, run.parts, np.asarray(held_out.examples.y)
    classes, models = positive_last(run.classes, held_out.predictions, getattr(run.model, "positive_", None))
    dependence, decisions = [], None
    if importance is not None:
        dependence = find_dependence(run.model, rows.take_evenly(MOST_ROWS).X, importance)
    if (
        models and rows.m and not run.interrupted
    ):  # an interrupted run must not wait for imports of scikit-learn
        decisions = decisions_of(run.model, y, models[0], classes, run.settings.get("cost"))
    return RunFacts(
        name=run.name,
        task=str(run.survey.task),
        target=str(run.survey.target),
        classes=classes,
        network=parts.network,
        parameters=parts.member_parameters[0] if parts.member_parameters else None,
        members=len(parts.member_parameters),
        history=parts.history,
        best_epoch=run.best_epochs[0] if run.best_epochs else None,
        y=y,
        models=models,
        held_out_on=held_out.description,
        source=run.source,
        command="ellayer train --config config.toml",
        config=config_text(run.settings),
        created=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        rows=run.rows,
        split=run.split,
        columns=[asdict(column) for column in run.survey.columns],
        findings=list(run.survey.findings),
        notes=run.messages,
        table=None if run.interrupted or isinstance(rows.X, np.ndarray) else rows.X,
        images=None if rows.image_shape is None else np.asarray(rows.X).reshape(-1, *rows.image_shape),
        ids=rows.row_names(),
        **importance_facts(importance),
        dependence=dependence,
        weight_pictures=_weight_pictures(run),
        decisions=decisions,
        diagnosis=_diagnosis(run, checks),
        cross_validation=run.cross_validation,
        checks=checks,
        seconds=run.seconds,
        versions=versions(),
    )


def _reasons(run: TrainedRun, rows: Examples, facts: RunFacts) -> dict[int, str]:
    """Return the columns that contribute most to the predictions with the largest errors."""
    if (
        run.interrupted
        or run.parts.network is None
        or isinstance(rows.X, np.ndarray)
        or not facts.models
        or not rows.m
    ):
        return {}
    table = rows.X
    return find_reasons(run.model, lambda places: table[places], facts)


def _importance(run: TrainedRun, rows: Examples, start: StartProgress) -> Importance | None:
    """Return the importance of the columns of a table."""
    parts = run.parts
    is_constant = parts.network is None and parts.outputs is None
    if run.interrupted or is_constant or isinstance(rows.X, np.ndarray) or not rows.m:
        return None
    metric = "rmse" if run.survey.task == "numbers" else "log_loss"
    seconds = float(np.clip(run.seconds.get("fitting", 0.0) * IMPORTANCE_SHARE, *IMPORTANCE_SECONDS))
    report = start("importance", 0)

    def progress(done: int, total: int) -> None:
        if report is not None:
            report(StageInfo(done, total, "shuffles"))

    some = rows.take_evenly(MOST_ROWS)
    return measure_importance(run.model, some.X, np.asarray(some.y), metric, seconds, progress)


def _diagnosis(run: TrainedRun, checks: list[Check]) -> Diagnosis | None:
    """Diagnose the training by the first member and the first training rows."""
    if run.interrupted or run.title != "the network":
        return None
    from .checks import SIMPLE_MODELS  # imports scikit-learn too

    examples = run.model_examples()
    beaten_by = [check.figure for check in checks if check.title == SIMPLE_MODELS and check.grade != "PASS"]
    simple = ("; ".join(beaten_by), float(len(beaten_by)))
    with no_warnings():  # the same rows have been prepared before
        try:
            rows = examples.first(DIAGNOSIS_ROWS)
            return diagnose(examples.model, *rows, simple=simple, options=run.options)
        except EllayerError:
            return None


def _weight_pictures(run: TrainedRun) -> np.ndarray | None:
    """Return the rows of W^[1], including the learned scaling, as images, if inputs are pixels: those of the largest norm."""
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
    """Return the pixel of each input of the network; None if an input is not a pixel."""
    preparation = getattr(run.model, "preparation_", None)
    if preparation is None:
        return list(range(run.parts.member_parameters[0]["W1"].shape[1]))
    names = preparation.get_feature_names_out()
    pixels = [int(name[1:]) for name in names if name[1:].isdecimal()]
    return pixels if len(pixels) == len(names) else None
