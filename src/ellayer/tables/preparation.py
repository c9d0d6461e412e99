"""Preparation of a table as a matrix of scaled numbers, by encoders fitted only on the training rows."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import estimator_html_repr
from sklearn.utils.validation import check_is_fitted

from .._sklearn_compat import Interval, NotebookDisplay, check_input_names, validate_parameters
from .._views import html_table, shorten_rows
from .._warn import ColumnWarning, IrregularValuesWarning, warn_user
from .bins import add_bins
from .column_encoder import EncoderSettings, PresenceEncoder, UnusedEncoder
from .column_selection import drop_unrelated
from .columns import Column, TableLike, column_names, read_table, take_values
from .fitted_encoders import FittedEncoders
from .kinds import check_column_kinds, learn_encoder
from .target_statistics import RowTargets
from .text_gain import keep_helpful


class TablePreparation(NotebookDisplay, TransformerMixin, BaseEstimator, FittedEncoders):
    """Preparation of a table of mixed columns as a matrix of scaled numbers, fitted on the training rows.

    Numbers and parts of dates: x = (x - median) / (q75 - q25), then x / sqrt(1 + (x/3)^2); a missing
    one is the median, with an indicator column. Two values: -1 and +1, missing 0. Categories: one
    column per level, all 0 for missing and unknown ones; beyond ``max_levels`` rare levels share one.
    Identifiers and free text: only whether they are missing. (RealMLP, Holzmüller et al. 2024.) The table
    estimators, which know the target, also use the mean target of each level of a category of more than 20,
    and n-grams of texts and identifiers and bins of numbers where these help, and leave out columns without a relation to
    the target from tables of 100 to 3,000 columns where that helps; a preparation on its own does not.

    Parameters
    ----------
    column_kinds : dict or None, default=None
        The kind of a column by name, to override detection: "numeric", "categorical", "boolean",
        "date", "text", "identifier" or "ignore".
    max_levels : int, default=100
        Maximum number of levels of a category with their own column.
    max_one_hot : int or None, default=None
        Categories with more levels become one column of codes (-1 for unknown), for an embedding; these
        are the last columns. None disables this.

    Attributes
    ----------
    columns_ : list of ColumnEncoder
        The fitted encoder of each column; ``describe()`` returns them as plain data.
    n_numbers_ : int
        Number of leading columns of the output that are scaled numbers of more than two values.
    code_levels_ : tuple of int
        Levels of each of the last columns, the codes.
    n_features_in_, feature_names_in_

    Examples
    --------
    >>> X = [[1.0, "red", True], [2.0, "blue", False], [3.0, "red", True], [4.0, "green", False]]
    >>> TablePreparation().fit_transform(X).round(1).tolist()
    [[-0.9, 1.0, 0.0, 0.0, 1.0], [-0.3, 0.0, 1.0, 0.0, -1.0], [0.3, 1.0, 0.0, 0.0, 1.0], [0.9, 0.0, 0.0, 1.0, -1.0]]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "column_kinds": [dict, None],
        "max_levels": [Interval(Integral, 1, None, closed="left")],
        "max_one_hot": [Interval(Integral, 0, None, closed="left"), None],
    }

    # Fit

    def fit(self, X: TableLike, y: object = None) -> TablePreparation:
        """Learn kinds, levels and scales from the training rows.

        Parameters
        ----------
        X : frame or array-like of shape (m, n)
        y : ignored

        Returns
        -------
        self
        """
        table = read_table(X)
        remember_features(self, X, len(table))
        return self.fit_columns(table)

    def fit_columns(
        self, table: list[Column], targets: RowTargets | None = None, rows: np.ndarray | None = None
    ) -> TablePreparation:
        """Fit on columns that are already read.

        Parameters
        ----------
        table : list of Column
        targets : RowTargets, optional
            Targets of the rows; without them no column has target statistics.
        rows : ndarray of int, optional
            The rows to fit on, by default all of them; they are copied one column after another.

        Returns
        -------
        self
        """
        validate_parameters(self)
        kinds = check_column_kinds(self.column_kinds, [column.name for column in table])
        of_rows = targets if targets is None or rows is None else targets.take(rows)
        settings = EncoderSettings(self.max_levels, self.max_one_hot, of_rows)
        encoders = [learn_encoder(take_values(c, rows), kinds.get(c.name), settings) for c in table]
        encoders = keep_helpful(encoders, table, of_rows, rows)
        encoders = drop_unrelated(encoders, table, of_rows, rows, fixed=kinds)
        if of_rows is not None and self.max_one_hot is not None:  # bins need an embedding
            encoders = add_bins(encoders, table, of_rows, rows)
        if not any(any(encoder.names()) for encoder in encoders):
            encoders = [e.unless_alone(take_values(c, rows)) for e, c in zip(encoders, table, strict=True)]
        self._set_encoders(encoders)
        for encoder in encoders:
            if message := encoder.fit_message():
                unused = isinstance(encoder, PresenceEncoder | UnusedEncoder)
                warn_user(message, ColumnWarning if unused else IrregularValuesWarning)
        return self

    # Transform

    def transform(self, X: TableLike) -> np.ndarray:
        """Return the matrix of a table with the columns of the training rows, in any order.

        Parameters
        ----------
        X : frame or array-like of shape (m, n)

        Returns
        -------
        ndarray of shape (m, n_out), float64

        Raises
        ------
        ValueError
            If columns are missing, or no value of a column has the type of the fit.
        """
        return self.transform_columns(self.match(X))

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> np.ndarray:
        """Return the names of the output's columns.

        Parameters
        ----------
        input_features : sequence of str, optional
            Names of the table's columns, for a fit on an array; those of a frame must be the same.

        Returns
        -------
        ndarray of str
        """
        if input_features is None:
            return super().get_feature_names_out()
        self._check_fitted()
        renamed, names = copy(self), check_input_names(self, input_features)
        renamed.columns_ = [
            replace(encoder, name=str(name)) for encoder, name in zip(self.columns_, names, strict=True)
        ]
        return FittedEncoders.get_feature_names_out(renamed)

    def _check_fitted(self) -> None:
        check_is_fitted(self)

    def _html(self) -> str:
        if not hasattr(self, "columns_"):
            return str(estimator_html_repr(self))
        names = [[name for block in c.names() for name in block] for c in self.columns_]
        rows = [
            (
                c.name,
                c.kind,
                str(len(of_column)),
                ", ".join(of_column[:6]) + (", ..." if len(of_column) > 6 else ""),
            )
            for c, of_column in zip(self.columns_, names, strict=True)
        ]
        head = f"TablePreparation: {len(self.columns_)} columns become {sum(map(len, names))}"
        return html_table(("column", "kind", "outputs", "names"), shorten_rows(rows, 40), head)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def remember_features(estimator: BaseEstimator, X: TableLike, count: int) -> None:
    """Set ``n_features_in_`` and, if all names are text, ``feature_names_in_``."""
    estimator.n_features_in_ = count
    names = column_names(X) or []
    texts = [name for name in names if isinstance(name, str)]
    if texts and len(texts) < len(names):
        raise TypeError(
            "X: Feature names are only supported if all input features have string names, but your input has "
            f"{sorted({type(name).__name__ for name in names})} as feature name / column name types; convert them all to text"
        )
    if texts:
        estimator.feature_names_in_ = np.array(texts, dtype=object)
    elif hasattr(estimator, "feature_names_in_"):
        del estimator.feature_names_in_
