"""A run on a table of the user as an estimator, which prepares the columns of the table itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ..core.inference import fold_scaling
from .run import Run
from .tables import GivenFile, Source

if TYPE_CHECKING:
    from ..estimators import TabularClassifier, TabularRegressor


def estimator_of_run(run: Run) -> TabularClassifier | TabularRegressor | None:
    """Return the estimator; None if the examples are no table, or the outputs are not those of an estimator.

    Parameters
    ----------
    run : Run
    """
    from ..estimators.tabular.of_network import classifier_of_network, regressor_of_network  # scikit-learn
    from ..tables.preparation import TablePreparation

    problem = run.problem
    table, prepare = problem.rows.table, problem.encoders
    if table is None or table.y is None or not isinstance(prepare, TablePreparation):
        return None
    parameters = fold_scaling(run.parameters, problem.center[:, 0], problem.spread[:, 0])
    result = replace(run.result(), parameters=parameters)
    X = problem.X * problem.spread + problem.center
    if problem.classes:
        return classifier_of_network(prepare, result, X, table.y)
    return regressor_of_network(prepare, result, X, len(table.y), problem.scale)


def provenance_of_table(run: Run, file: Source) -> Mapping[str, object]:
    """Return where the rows of a run come from, and how to read others like them.

    Parameters
    ----------
    run : Run
    file : GivenFile
    """
    table = run.problem.rows.table
    assert table is not None
    assert isinstance(file, GivenFile)  # the only source with a table
    return {
        "source": file.written,
        "reading": table.reading,
        "target": table.target,
        "task": run.problem.task,
    }
