"""The fitted state of an estimator as named arrays and JSON-able facts, in the form of a model file."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from ..engine.history import History

Arrays: TypeAlias = dict[str, np.ndarray]
Facts: TypeAlias = dict[str, Any]


def under(arrays: Arrays, prefix: str) -> Arrays:
    """Return the arrays whose name begins with a prefix, without it."""
    return {name[len(prefix) :]: array for name, array in arrays.items() if name.startswith(prefix)}


def history_arrays(history: History) -> Arrays:
    """Return the columns of a history, one array each; ``list(history)`` are their names."""
    return {f"history/{name}": np.asarray(column, float) for name, column in history.items()}


def read_history(arrays: Arrays, names: list[str]) -> History:
    """Return the history from the result of ``history_arrays``."""
    history = History({name: arrays[f"history/{name}"].tolist() for name in names})
    if "epoch" in history:
        history["epoch"] = [int(epoch) for epoch in history["epoch"]]
    return history
