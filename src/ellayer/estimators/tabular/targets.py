"""The arguments of a fit of a table estimator: one target, and validation rows with one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator, is_classifier

from ...engine.devices import find_devices
from ...errors import EllayerError, refuse_masked
from ...tables.target_statistics import RowTargets
from ..hold_out import Splitter
from .training import FitRequest

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def check_request(estimator: BaseEstimator, request: FitRequest) -> None:
    """Refuse arguments of the wrong form before any work.

    Several targets are refused: the scale, the best epoch, the thresholds and the intervals are those of one.
    """
    find_devices(estimator.device)
    eval_set = request.eval_set
    if eval_set is not None and (not isinstance(eval_set, (tuple, list)) or len(eval_set) not in (2, 3)):
        raise EllayerError(
            f"eval_set: expected (X, y) or (X, y, sample_weight), received {type(eval_set).__name__}"
        )
    for y in (request.y, *([] if eval_set is None else eval_set[1:2])):
        if received := _several_targets(y):
            kind = "Classifier" if is_classifier(estimator) else "Regressor"
            raise EllayerError(
                f"y: expected one target as an array of shape (n_samples,), received {received}; try sklearn.multioutput."
                f"MultiOutput{kind}({type(estimator).__name__}(...)), which fits one model to each column of a dense array"
            )


def _several_targets(y: object) -> str:
    """Return a description of several targets; "" for one."""
    try:
        shape = y.shape if hasattr(y, "shape") else np.asarray(y).shape
    except ValueError:
        return "rows of different lengths"
    sparse = "a sparse matrix of " if hasattr(y, "toarray") else ""
    return f"{sparse}shape {tuple(shape)}" if len(shape) > 1 and (shape[1] != 1 or sparse) else ""


def as_labels(y: ArrayLike) -> np.ndarray:
    """Return labels or numbers as an array of one type."""
    if hasattr(y, "to_numpy") and not hasattr(y, "__arrow_c_array__"):  # pyarrow arrays would not copy
        y = y.to_numpy()
    refuse_masked(y, "y")
    labels = np.asarray(y)
    kinds = set(map(type, labels.ravel().tolist())) if labels.dtype.kind == "O" else set()
    return np.array(labels.tolist()) if len(kinds) == 1 and kinds <= {bool, int, float} else labels


def row_targets(
    Y: np.ndarray,
    names: list[str],
    weights: np.ndarray | None,
    splitter: Splitter,
    seed: int,
    rows: np.ndarray | None = None,
) -> RowTargets:
    """Return the targets that statistics of levels may use: of rows in random order, in whole groups, or by time.

    Parameters
    ----------
    Y : ndarray, shape (m, n_L)
    names : list of str
        Of the last columns of Y, which are averaged.
    weights : ndarray, shape (m,), or None
    splitter : Splitter
        The rule by which rows are held out.
    seed : int
    rows : ndarray of int, optional
        The training rows; the others see all of them, and are not seen.
    """
    m, random = len(Y), np.random.RandomState(seed)
    row_weights = np.ones(m) if weights is None else weights / weights.mean()
    order = random.permutation(m) if splitter.keys is None else splitter.keys
    if splitter.kind == "group":
        order = random.permutation(order.max() + 1)[order]
    if rows is not None:
        others = np.ones(m, bool)
        others[rows] = False
        row_weights = np.where(others, 0.0, row_weights)
        order = np.where(others, order.max() + 1, order)
    return RowTargets(Y[:, -len(names) :].astype(np.float64), names, row_weights, order)
