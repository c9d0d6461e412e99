"""A table of the user as inputs of a network."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from .._warn import collect_warnings
from ..data.examples import Examples
from ..errors import EllayerError
from ..tables.columns import Column, take_rows
from ..tables.fitted_encoders import FittedEncoders
from .errors import StateError


class EncodedTable(NamedTuple):
    """Rows as inputs of a network.

    Attributes
    ----------
    encoders : FittedEncoders or None
        None for numbers that need none.
    columns : list of Column
        Of all rows, in the order of the encoders.
    X, X_test : array, shape (n_x, m)
    messages : sequence of str
        About the columns.
    """

    encoders: FittedEncoders | None
    columns: list[Column]
    X: np.ndarray
    X_test: np.ndarray
    messages: Sequence[str] = ()


@lru_cache(maxsize=1)
def encode_table(table: Examples, train: bytes, test: bytes) -> EncodedTable:
    """Encode a table by encoders fitted on its training rows; the last result serves every session."""
    from ..tables.preparation import TablePreparation  # which imports scikit-learn

    rows, others = np.frombuffer(train, np.int64), np.frombuffer(test, np.int64)
    try:
        with collect_warnings() as messages:
            prepare = TablePreparation().fit(table.X[rows])
            columns = prepare.match(table.X)
            X = prepare.transform_columns(take_rows(columns, rows)).T
            X_test = prepare.transform_columns(take_rows(columns, others)).T if len(others) else X[:, :0]
    except EllayerError as error:
        raise StateError("data.source", str(error)) from None
    return EncodedTable(prepare, columns, X, X_test, messages)
