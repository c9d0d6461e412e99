"""Rows for the fit of an MLP: memory order, dtype and validation split."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.model_selection import train_test_split

from ..._sklearn_compat import check_weights
from ...core.arrays import has_few_nonzeros, is_sparse
from ...engine.state import is_finite
from ...errors import EllayerError
from ..examples import Examples
from ..group_rows import count_rows, shared_group, take_examples, together

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike
    from sklearn.base import BaseEstimator

    from ..examples import Rows

_FLOATS = (np.dtype(np.float64), np.dtype(np.float32))
DENSE_BYTES = 2**28  # a sparse X whose dense form is larger stays sparse
FEWEST_COLUMNS = 1000  # from which an X of few non-zeros does; taking rows of fewer costs more than it saves


def is_plain(X: object, estimator: BaseEstimator) -> bool:
    """Return whether X is an array of finite floats with the number of columns of a fitted estimator.

    scikit-learn's validation would return it unchanged, but takes longer than the prediction of a few rows.
    """
    if type(X) is not np.ndarray or hasattr(estimator, "feature_names_in_"):
        return False
    n_features = getattr(estimator, "n_features_in_", None)  # some subclasses lack it
    right = X.dtype in _FLOATS and X.ndim == 2 and len(X) > 0 and X.shape[1] == n_features
    return right and is_finite(X)


def prepare_rows(X: Rows, weights: ArrayLike | None, dtype: DTypeLike) -> tuple[Rows, np.ndarray | None]:
    """Return rows in memory order and checked weights, in the dtype of the fit; sparse rows may become an array."""
    sparse = _stay_sparse(X, dtype)
    with together():
        X = _order(X, dtype, sparse)
        return X, check_weights(weights, X, dtype)


def _stay_sparse(X: Rows, dtype: DTypeLike) -> bool:
    """Return whether X is sparse, and large or wide with few non-zeros.

    In a group of processes, whose updates are of dense mini-batches: whether X is sparse in all of them and large in one.
    """
    is_large = X.shape[0] * X.shape[1] * np.dtype(dtype).itemsize > DENSE_BYTES
    group = shared_group()
    if group is None:
        wide = X.shape[1] >= FEWEST_COLUMNS
        return is_sparse(X) and (is_large or (wide and has_few_nonzeros(X)))
    facts = group.exchange((is_sparse(X), is_large))
    return all(fact[0] for fact in facts) and any(fact[1] for fact in facts)


def _order(X: Rows, dtype: DTypeLike, sparse: bool) -> Rows:
    """Return rows in memory order, in the dtype of the fit; as an array, or sparse."""
    if isinstance(X, np.ndarray):
        return np.ascontiguousarray(X, dtype=dtype)
    X = X.tocsr().astype(dtype, copy=False)
    return X if sparse else np.ascontiguousarray(X.toarray())


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
