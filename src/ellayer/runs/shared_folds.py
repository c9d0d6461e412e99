"""Cross-validation of a table whose rows are spread over a group of processes: each fold is a fit of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._progress_bars import StartProgress
from ..estimators.tabular.fit_group import row_keys
from .cross_validation import FoldPredictions, collect_folds, predict_with_others
from .large_table import ROWS_APART
from .messages import no_warnings

if TYPE_CHECKING:
    from ..report.run_facts import CrossValidation
    from .shared_table import SharedTable
    from .table_model import TableEstimator


class SharedFold(NamedTuple):
    """The rows of this process to train on and to test on, as masks."""

    train: np.ndarray
    test: np.ndarray


class TestedRows(NamedTuple):
    """The test rows of a fold: their numbers in the table, true values, and the predictions for them in process 0."""

    rows: np.ndarray
    y: np.ndarray
    predictions: FoldPredictions | None


def cross_validate_shared(
    make: Callable[[], TableEstimator],
    table: SharedTable,
    settings: Mapping[str, Any],
    task: str,
    start: StartProgress,
) -> CrossValidation | None:
    """Fit the estimator in all processes on all folds but one, for each of them, and score its test rows in process 0.

    Of each fold at most ``ROWS_APART`` rows are tested. Simple models are fitted to a sample of its training rows.

    Parameters
    ----------
    make : callable
        Returns the estimator, not fitted.
    table : SharedTable
        All rows, of which none are held out.
    settings : mapping
        Of the run: "cv", "seed", "kinds".
    task : "classes" or "numbers"
    start : callable
        Begins to show the progress of a fit.

    Returns
    -------
    CrossValidation or None
        None in all processes but the first.

    Raises
    ------
    KeyboardInterrupt
        If a fit was interrupted.
    """
    classes = table.labels() if task == "classes" else []
    progress = start("cross-validation", 0)
    tested = [
        _test_fold(make(), table.with_rows(*fold), settings, classes, progress)
        for fold in shared_folds(table, settings["cv"], settings["seed"])
    ]
    if table.group.rank:
        return None
    rows = np.concatenate([one.rows for one in tested])
    order = np.argsort(rows)
    y = np.concatenate([one.y for one in tested])[order]
    results = [
        replace(one.predictions, rows=np.searchsorted(rows[order], one.rows))
        for one in tested
        if one.predictions is not None
    ]
    return replace(collect_folds(results, y, classes, settings, 1), rows=rows[order])


def shared_folds(table: SharedTable, count: int, seed: int) -> Iterator[SharedFold]:
    """Yield the folds: by time or group those of a single process, else random ones by the places of the rows in the table."""
    group, splitter, m = table.group, table.splitter, table.rows.count
    if splitter.keys is None:
        fold = (count * row_keys([seed, 2], group.offset(m)).random(m)).astype(np.int64)
        folds = [(fold != k, fold == k) for k in range(count)]
    else:
        folds = splitter.folds(table.total, count, np.random.RandomState(seed))
    for train, test in folds:
        if all(np.sum(group.exchange((int(train.sum()), int(test.sum()))), axis=0)):
            yield SharedFold(train, test)


def _test_fold(
    model: TableEstimator,
    table: SharedTable,
    settings: Mapping[str, Any],
    classes: list[Any],
    progress: Callable[[Any], object] | None,
) -> TestedRows:
    """Fit the model in all processes and predict the test rows in the first."""
    with no_warnings():  # the fit of all rows has warned about the same columns
        model.fit(table, None, **table.fit_arguments(), progress=progress)
    if model.stopped_by_ == "interrupted":
        raise KeyboardInterrupt
    count = table.total - table.count
    range_of_test = 0.0, table.share * min(1.0, ROWS_APART / count)
    test, rows = table.apart(*range_of_test), table.numbers(*range_of_test)
    train, predictions = table.apart(*table.sample), None
    with table.group.together():
        if table.group.rank == 0:
            models = predict_with_others(model, train, test, settings, classes)
            predictions = FoldPredictions(rows, count / table.count, models)
    return TestedRows(rows, np.asarray(test.y), predictions)
