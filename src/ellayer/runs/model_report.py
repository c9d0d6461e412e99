"""The report of any fitted model on rows with known targets: the page, the document and the model card of a run."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from .._samples import even_sample
from ..engine.model import unpack_model
from ..errors import EllayerError
from ..inspection.any_model import AnyModel, is_ours, predict_any, rows_of, true_values
from ..inspection.calls import takes_columns
from ..report.decisions import positive_last
from ..report.document import report_document
from ..report.page import write_report
from ..report.privacy import without_rows
from ..report.rendering import model_card
from ..report.run_facts import Predictions, RunFacts
from ..tables.columns import read_table
from ..tables.survey import Survey, survey
from .checks import leak_checks
from .insight import MOST_ROWS, find_dependence, find_reasons, importance_facts, measure_importance
from .positive_class import decisions_of
from .versions import versions

IMPORTANCE_SECONDS = 5.0
SUFFIXES = (".html", ".htm", ".json", ".md")


def report_model(
    model: AnyModel,
    X: object,
    y: ArrayLike,
    path: str | os.PathLike[str],
    *,
    name: str | None = None,
    target: str | None = None,
    seconds: float = IMPORTANCE_SECONDS,
    rows: bool = True,
) -> Path:
    """Write the report of a fitted model on rows that it was not fitted on.

    It is the report of a run: scores with confidence intervals, decisions, pictures, importance, partial dependence, the
    columns, the network and its training if there is one, and the largest errors. Parts that require the training rows, such
    as the comparison with simple models, are only in the report of ``ellayer train``.

    Parameters
    ----------
    model : fitted estimator of any library, TrainingResult, or (Network, parameters)
    X, y : table or array
        In the form of the model: rows and labels or numbers for an estimator, columns for a network.
    path : path
        The file to write: a page (.html), the facts as data (.json, see ``report_schema``) or a model card (.md).
    name : str, optional
        Name of the model; by default that of its class.
    target : str, optional
        Name of the target; by default that of y.
    seconds : float
        Time limit of the importance of columns; 0 leaves it out.
    rows : bool
        Whether the report may quote values of rows.

    Returns
    -------
    Path

    Raises
    ------
    EllayerError
        For several targets, rows and targets that do not fit, or another kind of file.

    Examples
    --------
    >>> import tempfile, ellayer
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LogisticRegression(max_iter=500).fit(X[::2], y[::2])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ellayer.report(model, X[1::2], y[1::2], Path(folder, "iris.html"), seconds=0.2).name
    'iris.html'
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise EllayerError(
            f"path: expected a file that ends in .html, .json or .md, received {str(path)!r}; try 'report.html'"
        )
    facts = facts_of_model(model, X, y, name=name, target=target, seconds=seconds)
    facts = facts if rows else without_rows(facts)
    document = report_document(facts)
    if path.suffix.lower() == ".json":
        path.write_text(json.dumps(document, indent=1), encoding="utf-8")
    elif path.suffix.lower() == ".md":
        path.write_text(model_card(document), encoding="utf-8", errors="replace")
    else:
        write_report(facts, path, document)
    return path


def facts_of_model(
    model: AnyModel,
    X: object,
    y: ArrayLike,
    *,
    name: str | None = None,
    target: str | None = None,
    seconds: float = IMPORTANCE_SECONDS,
) -> RunFacts:
    """Return the facts of a report; arguments as for ``report_model``."""
    begin = time.perf_counter()
    prediction = predict_any(model, X)
    truth = true_values(model, y, prediction)
    title, goal = name or _name(model), target or str(getattr(y, "name", None) or "target")
    classes, models = positive_last(
        prediction.classes,
        [Predictions(title, prediction.values, prediction.P)],
        getattr(model, "positive_", None),
    )
    take, table = _row_selector(model, X), _frame(np.asarray(X).T if takes_columns(model) else X)
    importance, some = None, even_sample(len(truth), MOST_ROWS)
    if seconds > 0 and table.width and not _is_constant(model):
        importance = measure_importance(model, take(some), truth[some], None, seconds)
    about = _survey(table, truth, goal, bool(classes))
    facts = RunFacts(
        name=title,
        task="classes" if classes else "numbers",
        target=goal,
        classes=classes,
        **_of_network(model),
        y=truth,
        models=models,
        created=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        rows={"test": len(truth)},
        columns=[asdict(column) for column in about.columns],
        findings=list(about.findings),
        table=table,
        ids=_row_names(X, len(truth)),
        **importance_facts(importance),
        dependence=find_dependence(model, take(some), importance),
        decisions=decisions_of(model, truth, models[0], classes, getattr(model, "cost", None)),
        checks=list(leak_checks(about)),
        versions=versions(),
    )
    if is_ours(model) and facts.network is not None:
        facts = replace(facts, reasons=find_reasons(model, lambda places: take(np.array(places)), facts))
    return replace(facts, seconds={"evaluating": time.perf_counter() - begin})


def _name(model: object) -> str:
    """Return the name of a model: its class, or that of the last step of a pipeline."""
    steps = getattr(model, "steps", None)
    return "the network" if takes_columns(model) else type(steps[-1][1] if steps else model).__name__


def _is_constant(model: AnyModel) -> bool:
    """Return whether one of our models has learned a constant, without a network or trees."""
    parts = unpack_model(model) if is_ours(model) else None
    return parts is not None and parts.network is None and parts.outputs is None


def _of_network(model: AnyModel) -> dict[str, Any]:
    """Return the facts about the network of one of our models and its training."""
    if not is_ours(model):
        return {"network": None}
    parts, best = unpack_model(model), getattr(model, "best_epochs_", None)
    return {
        "network": parts.network,
        "parameters": parts.member_parameters[0] if parts.network is not None else None,
        "members": len(parts.member_parameters),
        "history": parts.history,
        "best_epoch": int(best[0]) if best else None,
    }


def _row_selector(model: AnyModel, X: object) -> Callable[[np.ndarray], Any]:
    """Return a function that takes some of the examples, in the form of the model."""
    if takes_columns(model):
        columns = np.asarray(X)
        return lambda places: columns[:, places]
    rows = rows_of(X)
    return lambda places: rows.take(places, None, None)


def _frame(X: object) -> pl.DataFrame:
    """Return a table of any kind as a polars frame; the columns of an array are x0, x1, ..."""
    return pl.DataFrame(
        [
            pl.Series(c.name, c.values.tolist() if c.values.dtype.kind == "O" else c.values, strict=False)
            for c in read_table(X)
        ]
    )


def _survey(table: pl.DataFrame, y: np.ndarray, target: str, has_classes: bool) -> Survey:
    """Return the survey of the rows, without the warning about few rows, which is for training rows."""
    about = survey(table, y, target, task="classes" if has_classes else "numbers")
    return replace(about, findings=[text for text in about.findings if not text.startswith("only ")])


def _row_names(X: object, m: int) -> list[str] | None:
    """Return the names of the rows of a pandas frame; None for others, whose rows are counted."""
    index = getattr(X, "index", None)
    return (
        None if index is None or callable(index) or len(index) != m else [f"row {label}" for label in index]
    )
