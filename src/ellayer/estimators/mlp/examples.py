"""The examples of a fit: in memory order and one dtype, weighed, and some of them held out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.model_selection import train_test_split

from ...core.inference import class_index
from ...errors import EllayerError
from .. import fit_warnings as checks
from ..labels import class_weights, decode
from ..parameters import named
from ..sklearn_compat import check_weights, label_kind
from . import settings
from .epoch_rule import HeldOut

DENSE_BYTES = 2**28  # a sparse X is kept as it is where it would be larger than that


@dataclass(frozen=True)
class Data:
    """The examples of one call: rows X (m, n_x), targets Y (m, n_L), weights (m,) or None, and what is held out."""

    X: Any  # an array, or a csr matrix where that would be too large
    Y: np.ndarray
    weights: np.ndarray | None
    held_out: HeldOut | None = None


def gather(estimator: Any, X: Any, Y: np.ndarray, sample_weight: Any) -> Data:
    """Rows in memory order, in the dtype of the fit; sparse rows made dense, or kept where they are many."""
    dtype = X.dtype if estimator.dtype is None else np.dtype(estimator.dtype)
    X = _in_order(X, dtype, keep=not settings.is_lbfgs(estimator))
    weights = check_weights(sample_weight, X, dtype)
    if is_classifier(estimator):
        by_class = named(
            estimator,
            "class_weight",
            lambda: class_weights(estimator.class_weight, Y, estimator._label_binarizer, weights),
        )
        if by_class is not None:
            weights = by_class.astype(dtype) if weights is None else (weights * by_class).astype(dtype)
    target = None if is_classifier(estimator) else Y
    checks.warn_of_data(estimator, X, target)
    if is_classifier(estimator) and len(estimator.classes_) == 1:
        checks.warn_of_one_class(estimator)
    return Data(X, np.ascontiguousarray(Y, dtype=dtype), weights)


def _in_order(X: Any, dtype: Any, keep: bool) -> Any:
    if not hasattr(X, "toarray"):
        return np.ascontiguousarray(X, dtype=dtype)
    X = X.tocsr().astype(dtype, copy=False)
    large = X.shape[0] * X.shape[1] * np.dtype(dtype).itemsize > DENSE_BYTES
    return X if keep and large else np.ascontiguousarray(X.toarray())


def hold_out(estimator: Any, data: Data, incremental: bool) -> Data:
    """Set examples aside for validation, as scikit-learn does, or take those given."""
    if estimator.validation_data is not None:
        return replace(data, held_out=_given_validation(estimator, data.X.dtype))
    if not estimator.early_stopping or settings.is_lbfgs(estimator):
        return data
    random = np.random.RandomState()
    random.set_state(estimator._split_state)
    stratify = _stratify(estimator, data.Y, incremental) if is_classifier(estimator) else None
    rows = np.arange(len(data.Y))
    inside, outside = train_test_split(
        rows, random_state=random, test_size=estimator.validation_fraction, stratify=stratify
    )
    if len(outside) < 2:
        raise EllayerError(
            "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
        )
    weights = data.weights
    Y_out = data.Y[outside]
    y_out = decode(estimator._label_binarizer, Y_out) if is_classifier(estimator) else flat(Y_out)
    held_out = HeldOut(data.X[outside], Y_out, y_out, None if weights is None else weights[outside])
    return Data(data.X[inside], data.Y[inside], None if weights is None else weights[inside], held_out)


def _stratify(estimator: Any, Y: np.ndarray, incremental: bool) -> np.ndarray | None:
    """Return what the split is stratified by: as in scikit-learn two classes, and not more."""
    if label_kind(estimator._label_binarizer) == "multilabel-indicator":
        return None
    numbers = class_index(Y.T)
    single = np.flatnonzero(np.bincount(numbers) == 1)
    if len(single) and len(Y) > 1 and not incremental:  # a part of the data need not hold every class twice
        labels = ", ".join(map(repr, estimator.classes_[single].tolist()[:10]))
        # scikit-learn's words name the encoded classes
        encoded = [str(bool(k)) if Y.shape[1] == 1 else str(k) for k in single]
        raise EllayerError(
            f"The least populated classes in y have only 1 member, which is too few: {labels}. early_stopping needs at "
            "least 2 of each class, one to learn from and one to hold out; add examples, merge or drop these classes, "
            f"or give validation_data. Classes with too few members are: {encoded}"
        )
    return numbers if Y.shape[1] == 1 and not len(single) else None


def _given_validation(estimator: Any, dtype: Any) -> HeldOut:
    given = estimator.validation_data
    if len(given) not in (2, 3):
        raise EllayerError(
            f"validation_data: expected (X, y) or (X, y, sample_weight), received {len(given)} items"
        )
    X, Y = estimator._encode(given[0], given[1], incremental=True, reset=False)
    X = _in_order(X, dtype, keep=True)
    Y = np.ascontiguousarray(Y, dtype=dtype)
    weights = check_weights(given[2] if len(given) == 3 else None, X, dtype)
    y = decode(estimator._label_binarizer, Y) if is_classifier(estimator) else flat(Y)
    return HeldOut(X, Y, y, weights)


def flat(Y: np.ndarray) -> np.ndarray:
    """Return targets as a vector where there is one output."""
    return Y.ravel() if Y.shape[1] == 1 else Y
