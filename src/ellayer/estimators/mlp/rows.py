"""The rows of an MLP's fit: in memory order and one dtype, some of them held out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...errors import EllayerError
from ..examples import Examples
from ..hold_out import hold_out

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from ..examples import Rows

DENSE_BYTES = 2**28  # a sparse X whose dense form is larger stays sparse


def ordered_rows(X: Rows, dtype: DTypeLike, may_stay_sparse: bool = True) -> Rows:
    """Return rows in memory order, in the dtype of the fit; a large sparse X stays sparse."""
    if isinstance(X, np.ndarray):
        return np.ascontiguousarray(X, dtype=dtype)
    X = X.tocsr().astype(dtype, copy=False)
    large = X.shape[0] * X.shape[1] * np.dtype(dtype).itemsize > DENSE_BYTES
    return X if may_stay_sparse and large else np.ascontiguousarray(X.toarray())


def split_off_validation(
    examples: Examples, share: float, random: np.random.RandomState, strata: np.ndarray | None
) -> tuple[Examples, Examples]:
    """Return the examples to learn from and those held out, split as scikit-learn splits them."""
    (split,) = hold_out(len(examples), random, strata, share=share)
    if len(split.validation) < 2:
        raise EllayerError(
            "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
        )
    return examples.take(split.train), examples.take(split.validation)
