"""The fitted state of an estimator as named arrays and JSON-able facts, in the form of a model file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, TypedDict

import numpy as np

from ..engine.history import History
from ..errors import EllayerError

Arrays: TypeAlias = dict[str, np.ndarray]
Facts: TypeAlias = dict[str, Any]
MOST_TEXT = 2**26  # bytes of stored labels, each of which takes as much as the longest


def under(arrays: Arrays, prefix: str) -> Arrays:
    """Return the arrays whose name begins with a prefix, without it."""
    return {name[len(prefix) :]: array for name, array in arrays.items() if name.startswith(prefix)}


def history_arrays(history: History) -> Arrays:
    """Return the columns of a history, one array each; ``list(history)`` are their names."""
    return {f"history/{name}": np.asarray(column, float) for name, column in history.items()}


def read_history(arrays: Arrays, names: list[str]) -> History:
    """Return the history from the result of ``history_arrays``."""
    columns = {name: read_column(arrays, f"history/{name}") for name in names}
    if len({len(column) for column in columns.values()}) > 1:
        raise EllayerError("history: expected columns of one length")
    if "epoch" in columns and not np.isfinite(columns["epoch"]).all():
        raise EllayerError("history/epoch: expected integers")
    history = History(columns)
    if "epoch" in history:
        history["epoch"] = [int(epoch) for epoch in history["epoch"]]
    return history


def read_column(arrays: Arrays, name: str) -> list[float]:
    """Return a stored list of numbers."""
    return read_array(arrays, name, (None,), "f").tolist()


def read_array(arrays: Arrays, name: str, shape: Sequence[int | None], kinds: str) -> np.ndarray:
    """Return an array of a file after checking its shape (None for any length) and the kind of its dtype.

    Raises
    ------
    EllayerError
    """
    array = arrays.get(name)
    expected = tuple("any" if n is None else n for n in shape)
    if array is None:
        raise EllayerError(f"{name}: expected an array of shape {expected}, received none")
    fits = len(array.shape) == len(shape) and all(
        n in (None, k) for n, k in zip(shape, array.shape, strict=True)
    )
    if not fits or array.dtype.kind not in kinds:
        raise EllayerError(
            f"{name}: expected shape {expected} and a dtype of kind {kinds}, received {array.shape} of {array.dtype}"
        )
    return array


class LabelFacts(TypedDict):
    """Fitted labels in a file."""

    dtype: str
    values: list[str | int | float | bool]
    type: Literal["binary", "multiclass", "multilabel-indicator"]
    sparse: bool


def read_labels(stored: LabelFacts) -> np.ndarray:
    """Return the classes of stored labels, which must be different and of the stored dtype.

    Raises
    ------
    EllayerError
    """
    values, spec = stored["values"], stored["dtype"]
    if not re.fullmatch(r"O|[<|>=]?[?biufUSO]\d*", spec) or np.dtype(spec).itemsize * len(values) > MOST_TEXT:
        raise EllayerError(f"labels: expected a dtype for {len(values)} labels, received {spec[:80]!r}")
    try:
        classes = np.array(values, dtype=spec)
        same = classes.tolist() == values and len(set(values)) == len(values) > 0
    except (ValueError, OverflowError, TypeError):
        same = False
    if not same:
        raise EllayerError(f"labels: expected different labels of dtype {spec}, received {str(values)[:200]}")
    return classes
