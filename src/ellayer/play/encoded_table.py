"""A table of the user as inputs of a network."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from .._warn import collect_warnings
from ..data.examples import Examples
from ..errors import EllayerError
from ..tables.fitted_encoders import FittedEncoders
from .errors import StateError


class EncodedTable(NamedTuple):
    """Encoders if there are any, both sets as inputs of a network, (n_x, m), and messages about the columns."""

    encoders: FittedEncoders | None
    X: np.ndarray
    X_test: np.ndarray
    messages: Sequence[str]


@lru_cache(maxsize=1)
def encode_table(table: Examples, train: bytes, test: bytes) -> EncodedTable:
    """Encode a table by encoders fitted on its training rows; the last result serves every session."""
    from ..tables.preparation import TablePreparation  # which imports scikit-learn

    rows, others = np.frombuffer(train, np.int64), np.frombuffer(test, np.int64)
    try:
        with collect_warnings() as messages:
            prepare = TablePreparation().fit(table.X[rows])
            X = prepare.transform(table.X[rows]).T.astype(float)
            X_test = prepare.transform(table.X[others]).T.astype(float) if len(others) else X[:, :0]
    except EllayerError as error:
        raise StateError("data.source", str(error)) from None
    return EncodedTable(prepare, X, X_test, messages)
