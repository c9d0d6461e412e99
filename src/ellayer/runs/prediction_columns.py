"""Columns next to predictions: the ends of prediction intervals, and the columns that contribute most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import UsageError

if TYPE_CHECKING:
    from ..data import Examples
    from .saved_model import SavedModel

CONTRIBUTIONS = 3


def interval_columns(saved: SavedModel, examples: Examples, coverage: float) -> dict[str, np.ndarray]:
    """Return the lower and the upper end of each prediction interval.

    Parameters
    ----------
    saved : SavedModel
    examples : Examples
    coverage : float
        Fraction of new rows whose true value is inside.

    Raises
    ------
    UsageError
        If the model is not a table regressor.
    """
    predict_interval = getattr(saved.model, "predict_interval", None)
    if predict_interval is None:
        raise UsageError(
            f"--interval: expected a model that predicts numbers from a table, received {saved.path}, which does not; "
            "omit the option"
        )
    lower, upper = predict_interval(examples.X, coverage).T
    return {"lower": lower, "upper": upper}


def contribution_columns(saved: SavedModel, examples: Examples) -> dict[str, np.ndarray | list[Any]]:
    """Return for each row the columns with the largest contributions to its prediction.

    They are "explained class" (for classification: the class whose log odds are explained), "base", then "column 1" and
    "contribution 1", and so on, "other columns" and "output": base and contributions add up to the output.

    Parameters
    ----------
    saved : SavedModel
    examples : Examples

    Raises
    ------
    UsageError
        If the model is not a table model.
    """
    from ..inspection import explain

    if not saved.prepares_tables:
        raise UsageError(
            f"--explain: expected a model of a table, received {saved.path}, which is not; in Python, "
            "ellayer.explain supports any model"
        )
    explanation = explain(saved.model, examples.X)
    values, names = explanation.values, np.array(explanation.names, dtype=object)
    order = np.argsort(-np.abs(values), axis=1, kind="stable")[:, :CONTRIBUTIONS]
    columns: dict[str, np.ndarray | list[Any]] = {}
    if explanation.labels is not None:
        columns["explained class"] = [str(label) for label in explanation.labels]
    columns["base"] = explanation.base
    largest = np.take_along_axis(values, order, axis=1)
    for k in range(order.shape[1]):
        columns |= {f"column {k + 1}": names[order[:, k]], f"contribution {k + 1}": largest[:, k]}
    columns["other columns"] = explanation.output - explanation.base - largest.sum(axis=1)
    return {**columns, "output": explanation.output}
