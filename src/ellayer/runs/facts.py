"""How good a fitted model is: on rows it has not seen, beside simple models, and what it rests on."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.metrics import METRICS, class_numbers
from ..inspection import diagnose
from ..report.run_facts import Predictions, RunFacts
from .config import config_text
from .table_trainer import FileRun, told_by_fit
from .versions import versions

if TYPE_CHECKING:
    from ..data import Examples

MOST_ROWS = 20_000  # of simple models and of what is looked at; more say the same
IMPORTANCE_ROWS, IMPORTANCE_COLUMNS, REPEATS = 1000, 60, 5
PICTURES = 16


def judge(run: FileRun) -> RunFacts:
    """Return everything that is told of a run.

    Parameters
    ----------
    run : FileRun

    Returns
    -------
    RunFacts
    """
    begin = time.perf_counter()
    job, model = run.job, run.model
    classes = list(model.classes_) if job.survey.task == "classes" else []
    if job.test is not None:
        held, on = job.test, "test rows"
        models = [_on_test(run, held), *_simple_models(run, held)]
    else:
        held, on, models = _seen_while_training(run)
    network, parameters = model.network_, model.members_[0] if model.members_ else None
    importance, importance_of = _importance(run, held) if len(held.y) else ([], "")  # type: ignore[arg-type]
    facts = RunFacts(
        name=job.name,
        task=str(job.survey.task),
        target=str(job.train.target),
        classes=classes,
        network=network,
        parameters=parameters,
        members=len(model.members_),
        history=model.history_,
        best_epoch=model.best_epochs_[0] if model.best_epochs_ else None,
        y=np.asarray(held.y),
        models=models,
        held_out_on=on,
        source=str(job.settings["source"]),
        command="ellayer train --config config.toml",
        config=config_text(run.settings),
        created=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        rows=_counts(run),
        columns=[asdict(column) for column in job.survey.columns],
        findings=list(job.survey.findings),
        notes=run.notes,
        shown_rows=_shown_rows(held),
        images=_images(held),
        ids=None if held.ids is None else [str(name) for name in held.ids],
        importance=importance,
        importance_of=importance_of,
        weight_pictures=_weight_pictures(run),
        diagnosis=_diagnosis(run),
        seconds=run.seconds,
        versions=versions(),
    )
    run.seconds["judging"] = time.perf_counter() - begin
    return facts


def judged(name: str, model: Any, X: Any) -> Predictions:
    """Return what a model says of rows.

    Parameters
    ----------
    name : str
    model : fitted estimator
    X : frame or array, rows
    """
    P = model.predict_proba(X) if hasattr(model, "predict_proba") else None
    return Predictions(name, model.predict(X), P)


def _on_test(run: FileRun, held: Examples) -> Predictions:
    """What the network says of the test rows; what is odd in them is noted."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        said = judged("the network", run.model, held.X)
    run.notes += [f"in the test rows: {note}" for note in told_by_fit(caught)]
    return said


def _counts(run: FileRun) -> dict[str, int]:
    job, m = run.job, run.job.count
    judged_rows = len(_held_rows(run.model))
    inside = judged_rows if len(run.model.members_) == 1 else 0
    counts = {"train": m - inside, "validation": judged_rows}
    return counts if job.test is None else {**counts, "test": len(job.test.y)}  # type: ignore[arg-type]


# Simple models to compare with


def _simple_models(run: FileRun, held: Examples) -> list[Predictions]:
    """A linear model on the same prepared columns, and the answer that needs no columns."""
    from sklearn.dummy import DummyClassifier, DummyRegressor
    from sklearn.linear_model import LogisticRegression, Ridge

    from ..estimators import TablePreparation

    train, y = run.job.train, np.asarray(run.job.train.y)
    rows = np.arange(len(y))
    if len(y) > MOST_ROWS:
        rows = np.sort(np.random.RandomState(run.job.settings["seed"]).permutation(len(y))[:MOST_ROWS])
    small, y = train.take(rows), y[rows]
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # what is odd in the columns was told by the network's own preparation
        preparation = TablePreparation(run.job.settings.get("kinds")).fit(small.X)
        X, X_held = preparation.transform(small.X), preparation.transform(held.X)
        solver = (
            "newton-cg" if X.shape[1] > len(X) else "lbfgs"
        )  # ten times faster on images, to the same end
        if run.job.survey.task == "classes":
            named: list[tuple[str, Any]] = [("logistic regression", LogisticRegression(solver=solver, max_iter=1000)),
                                            ("the most frequent class", DummyClassifier(strategy="prior"))]  # fmt: skip
        else:
            named = [("linear regression", Ridge(1e-3)), ("the mean", DummyRegressor())]
        for name, model in named:
            if X.shape[1] or name.startswith("the "):
                found.append(_in_order(judged(name, model.fit(X, y), X_held), model, run.model))
    return found


def _in_order(said: Predictions, model: Any, ours: Any) -> Predictions:
    """Probabilities in the order of our classes; one that a smaller sample lacks has none."""
    if said.P is None or len(model.classes_) == len(ours.classes_):
        return said
    P = np.zeros((len(said.P), len(ours.classes_)))
    P[:, np.searchsorted(ours.classes_, model.classes_)] = said.P
    return Predictions(said.name, said.prediction, P)


def _held_rows(model: Any) -> np.ndarray:
    """Which rows a member held out while training."""
    missing = np.isnan(model.oof_prediction_)
    return np.flatnonzero(~(missing if missing.ndim == 1 else missing.any(axis=1)))


def _seen_while_training(run: FileRun) -> tuple[Examples, str, list[Predictions]]:
    """Without a test: the rows that the members held out while training; nobody else saw them so."""
    model, train = run.model, run.job.train
    if run.job.stream is not None:
        X, y = model.held_out_
        held = replace(train, X=X, y=y)
        return held, "rows held out while training", [judged("the network", model, X)]
    known = _held_rows(model)
    held, P = train.take(known), model.oof_prediction_[known]
    if run.job.survey.task == "numbers":
        return held, "rows held out while training", [Predictions("the network", P)] if len(known) else []
    labels = model.classes_[(P / model.decision_).argmax(axis=1)] if len(known) else model.classes_[:0]
    return held, "rows held out while training", [Predictions("the network", labels, P)] if len(known) else []


# What the answer rests on


def _importance(run: FileRun, held: Examples) -> tuple[list[tuple[str, float, float]], str]:
    """How much worse the answers get when a column is shuffled: mean and spread over some shuffles."""
    model = run.model
    if held.image_shape is not None or model.network_ is None or not hasattr(held.X, "columns"):
        return [], ""
    columns = list(held.X.columns)
    if len(columns) > IMPORTANCE_COLUMNS:
        return [], ""
    some: Any = held.take(np.arange(min(len(held.y), IMPORTANCE_ROWS)))  # type: ignore[arg-type]
    score, name = _score(run)
    random = np.random.RandomState(0)
    y = np.asarray(some.y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        begin = score(some.X, y)
        found = []
        for column in columns:
            worse = []
            for _ in range(REPEATS):
                mixed = some.X[column][random.permutation(len(y))]
                worse.append(score(some.X.with_columns(mixed.alias(column)), y) - begin)
            found.append((column, float(np.mean(worse)), float(np.std(worse))))
    return sorted(found, key=lambda row: -row[1]), name


def _score(run: FileRun) -> tuple[Callable[[Any, np.ndarray], float], str]:
    """Return a function of rows and targets to log loss or RMSE, and its name in words."""
    model = run.model
    if run.job.survey.task == "numbers":
        metric = METRICS["rmse"]
        return lambda X, y: metric.value(y, model.predict(X)), metric.title
    metric, classes = METRICS["log_loss"], model.classes_

    def log_loss(X: Any, y: np.ndarray) -> float:
        return metric.value(class_numbers(y, classes), model.predict_proba(X), K=len(classes))

    return log_loss, metric.title


def _diagnosis(run: FileRun) -> Any:
    """What is wrong with the training, by the first member and the rows it learned from."""
    model = run.model
    if model.network_ is None:
        return None
    rows = run.job.train.take(np.arange(min(len(run.job.train.y), 2000)))  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of rows held out while training: told when they were prepared
        try:
            return diagnose(model, rows.X, np.asarray(rows.y))
        except ValueError:
            return None


# Images


def _images(held: Examples) -> np.ndarray | None:
    if held.image_shape is None:
        return None
    return np.asarray(held.X).reshape(-1, *held.image_shape)


def _weight_pictures(run: FileRun) -> np.ndarray | None:
    """Rows of W^[1], the learned scaling included, as images: those of the largest norm, if inputs are pixels."""
    model, shape = run.model, run.job.train.image_shape
    if shape is None or model.network_ is None or model.network_.inputs.numbers:
        return None
    parameters, names = model.members_[0], model.preparation_.get_feature_names_out()
    places = [int(name[1:]) for name in names if name[1:].isdecimal()]
    if len(places) != len(names):
        return None
    W = parameters["W1"] * parameters["s0"].ravel() if "s0" in parameters else parameters["W1"]
    rows = np.argsort(-np.linalg.norm(W, axis=1), kind="stable")[:PICTURES]
    pictures = np.zeros((len(rows), int(np.prod(shape))))
    pictures[:, places] = W[rows]
    return pictures.reshape(len(rows), *shape)


def _shown_rows(held: Examples) -> list[dict[str, Any]] | None:
    return held.X.to_dicts() if hasattr(held.X, "to_dicts") else None
