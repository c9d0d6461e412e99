"""Rows for the fit of an MLP: memory order, dtype and validation split."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.model_selection import train_test_split

from ...engine.state import is_finite
from ...errors import EllayerError
from ..examples import Examples
from ..group_rows import count_rows, shared_group, take_examples

if TYPE_CHECKING:
    from numpy.typing import DTypeLike
    from sklearn.base import BaseEstimator

    from ..examples import Rows

_FLOATS = (np.dtype(np.float64), np.dtype(np.float32))
DENSE_BYTES = 2**28  # a sparse X whose dense form is larger stays sparse


def is_plain(X: object, estimator: BaseEstimator) -> bool:
    """Return whether X is an array of finite floats with the number of columns of a fitted estimator.

    scikit-learn's validation would return it unchanged, but takes longer than the prediction of a few rows.
    """
    if type(X) is not np.ndarray or hasattr(estimator, "feature_names_in_"):
        return False
    n_features = getattr(estimator, "n_features_in_", None)  # some subclasses lack it
    right = X.dtype in _FLOATS and X.ndim == 2 and len(X) > 0 and X.shape[1] == n_features
    return right and is_finite(X)


def ordered_rows(X: Rows, dtype: DTypeLike, may_stay_sparse: bool = True) -> Rows:
    """Return rows in memory order, in the dtype of the fit; a large sparse X stays sparse."""
    if isinstance(X, np.ndarray):
        return np.ascontiguousarray(X, dtype=dtype)
    X = X.tocsr().astype(dtype, copy=False)
    large = X.shape[0] * X.shape[1] * np.dtype(dtype).itemsize > DENSE_BYTES
    if large and shared_group() is not None:
        raise EllayerError(
            f"X: expected an array, or sparse rows that take less than {DENSE_BYTES >> 20} MB as one, in a group of processes; "
            f"received sparse rows of shape {X.shape}; try more processes, each with fewer rows"
        )
    return X if may_stay_sparse and large else np.ascontiguousarray(X.toarray())


def split_off_validation(
    examples: Examples, share: float, random: np.random.RandomState, strata: np.ndarray | None
) -> tuple[Examples, Examples]:
    """Return the training and the held-out examples, split as in scikit-learn; all processes of a group get those held out."""
    rows = np.arange(count_rows(len(examples)))
    inside, outside = train_test_split(rows, random_state=random, test_size=share, stratify=strata)
    if len(outside) < 2:
        raise EllayerError(
            "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
        )
    return take_examples(examples, inside, spread=True), take_examples(examples, outside, spread=False)
