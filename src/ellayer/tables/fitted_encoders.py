"""The fitted encoders of a table: what turns its columns into a matrix, without scikit-learn.

``TablePreparation`` adds the fit and scikit-learn's interface. A saved model is restored from this part alone where it
only predicts, so that a prediction does not wait for scikit-learn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self, TypedDict

import numpy as np
from numpy.typing import DTypeLike

from .._forms import Count, Positive, conform
from .._warn import NewValuesWarning, warn_user
from .._wording import quoted_list
from ..errors import EllayerError, near_names
from .column_encoder import Blocks, ColumnEncoder, EncoderSettings, WarnAbout
from .columns import Column, TableLike, column_names, read_table
from .encoders import restore_encoder
from .export_plan import ColumnPlan
from .scaling import squash
from .target_statistics import RowTargets

AT_ONCE = 64  # columns encoded together, fewer of many rows: copies of the whole table would need more memory than the result
NUMBERS_AT_ONCE = 1 << 17


class SettingsFacts(TypedDict):
    """``EncoderSettings`` in a file."""

    max_levels: Positive
    max_one_hot: Count | None


class PreparationFacts(TypedDict):
    """Fitted encoders in a file, without their arrays."""

    columns: list[dict[str, object]]
    settings: SettingsFacts
    n_features_in: Count
    feature_names: list[str] | None


class FittedEncoders:
    """The encoders of the columns of a table, in the order of the fit; the attributes are of ``TablePreparation``."""

    center_: np.ndarray
    scale_: np.ndarray

    columns_: list[ColumnEncoder]
    n_features_in_: int
    feature_names_in_: np.ndarray

    def __init__(
        self,
        column_kinds: dict[str, str] | None = None,
        *,
        max_levels: int = 100,
        max_one_hot: int | None = None,
    ):
        self.column_kinds = column_kinds
        self.max_levels = max_levels
        self.max_one_hot = max_one_hot

    def _check_fitted(self) -> None:
        """Raise an error before the fit; restored encoders are fitted."""

    def _set_encoders(self, encoders: list[ColumnEncoder]) -> None:
        self.columns_ = encoders
        scaled = in_order_of_numbers(encoders)
        self.center_: np.ndarray = np.concatenate([np.zeros(0), *(encoder.center for encoder in scaled)])
        self.scale_: np.ndarray = np.concatenate([np.zeros(0), *(encoder.scale for encoder in scaled)])
        self.n_numbers_: int = sum(len(encoder.names().numbers) for encoder in encoders)
        levels = (encoder.code_levels for encoder in encoders)
        self.code_levels_: tuple[int, ...] = tuple(filter(None, levels))

    def of_column(self, place: int) -> FittedEncoders:
        """Return the encoder of one column alone, by its position."""
        alone = FittedEncoders()
        alone._set_encoders([self.columns_[place]])
        return alone

    def match(self, X: TableLike) -> list[Column]:
        """Return the columns of X in the order of the fit, by name where both have names.

        Parameters
        ----------
        X : frame or array-like

        Returns
        -------
        list of Column
        """
        table = read_table(X)
        return match_columns(
            table, X, getattr(self, "feature_names_in_", None), self.columns_, type(self).__name__
        )

    def transform_columns(
        self,
        table: list[Column],
        warn: bool = True,
        warn_of_levels: bool = True,
        dtype: DTypeLike = np.float64,
        targets: RowTargets | None = None,
    ) -> np.ndarray:
        """Return the matrix of columns already read and in order.

        Parameters
        ----------
        table : list of Column
        warn : bool
            Whether to warn about values of another type and infinite ones.
        warn_of_levels : bool
            Whether to warn about categories not seen in training.
        dtype : dtype
        targets : RowTargets, optional
            Targets, if the rows are those of the fit: the statistics of a training row exclude its own target.

        Returns
        -------
        ndarray of shape (m, n_out)
        """
        about = WarnAbout(types=warn, levels=warn_of_levels)
        m, names = len(table[0].values), [encoder.names() for encoder in self.columns_]
        widths = [sum(len(block[k]) for block in names) for k in range(len(Blocks._fields))]
        ends = np.cumsum([0, *widths])  # of the columns that are written already, by the parts of the matrix
        matrix = np.empty((m, ends[-1]), dtype)
        at_once = max(1, min(AT_ONCE, NUMBERS_AT_ONCE // max(m, 1)))
        for begin in range(0, len(table), at_once):
            some = slice(begin, begin + at_once)
            columns = zip(self.columns_[some], table[some], strict=True)
            blocks = [
                encoder.encode(column, about)
                if targets is None
                else encoder.encode_fitted(column, targets, about)
                for encoder, column in columns
            ]
            for k in range(len(Blocks._fields)):
                if parts := [x.reshape(m, 1) for block in blocks for x in block[k]]:
                    where = slice(ends[k], ends[k] + len(parts))
                    X, ends[k] = np.concatenate(parts, axis=1), where.stop
                    matrix[:, where] = X if where.start >= len(self.center_) else self._scale(X, where)
        return matrix

    def _scale(self, X: np.ndarray, where: slice) -> np.ndarray:
        """Return some columns of the matrix scaled."""
        with np.errstate(over="ignore"):  # values that overflow stay very large
            return squash((X - self.center_[where]) / self.scale_[where])

    def get_feature_names_out(self) -> np.ndarray:
        """Return the names of the output's columns."""
        self._check_fitted()
        blocks = [encoder.names() for encoder in self.columns_]
        names = [name for k in range(len(Blocks._fields)) for block in blocks for name in block[k]]
        return np.array(names, dtype=object)

    def describe(self) -> list[dict[str, Any]]:
        """Return what was learned of each column: one dict per column, plain data.

        Returns
        -------
        list of dict
        """
        self._check_fitted()
        return [encoder.to_facts() for encoder in self.columns_]

    def export_plan(self) -> list[ColumnPlan]:
        """Return how each used column is encoded, for a program without Ellayer; in the order of the table.

        The matrix has the scaled parts and tables of all columns first, column by column, then the parts that are
        "plain", then what is missing and the maps that are not "last", then those that are and the bins.

        Returns
        -------
        list of ColumnPlan

        Examples
        --------
        >>> from ellayer import TablePreparation
        >>> plan = TablePreparation().fit([[1.0, "a"], [3.0, "b"], [None, "c"]]).export_plan()
        >>> plan[0]["reads"], plan[0]["parts"][0]["center"], plan[0]["missing"]
        ('number', 2.0, True)
        >>> plan[1]["maps"][0]["values"]["b"], plan[1]["maps"][0]["one_hot"]
        (1.0, 3)
        """
        plans = [encoder.export_plan(place) for place, encoder in enumerate(self.columns_)]
        return [plan for plan in plans if plan is not None]

    def export_values(self, X: TableLike) -> dict[str, np.ndarray]:
        """Return the used columns of a table as the plan reads them, each of shape (m, 1).

        Parameters
        ----------
        X : frame or array-like of shape (m, n)

        Returns
        -------
        dict of ndarray
            Numbers and days as float64, nan where missing; text as objects, "" where missing.
        """
        table = self.match(X)
        return {
            plan["name"]: self.columns_[plan["place"]].export_values(table[plan["place"]]).reshape(-1, 1)
            for plan in self.export_plan()
        }

    def get_state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Return the fitted state as arrays and JSON-able facts.

        Returns
        -------
        arrays : dict of ndarray
        facts : dict
        """
        self._check_fitted()
        names = getattr(self, "feature_names_in_", None)
        facts = {
            "columns": self.describe(),
            "settings": {"max_levels": int(self.max_levels), "max_one_hot": self.max_one_hot},
            "n_features_in": int(self.n_features_in_),
            "feature_names": None if names is None else [str(name) for name in names],
        }
        arrays = {"center": self.center_, "scale": self.scale_}
        for place, encoder in enumerate(self.columns_):
            arrays |= {f"{place}/{name}": array for name, array in encoder.arrays().items()}
        return arrays, facts

    @classmethod
    def from_state(cls, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> Self:
        """Return the fitted encoders that ``get_state`` described.

        Parameters
        ----------
        arrays : dict of ndarray
        facts : dict

        Returns
        -------
        FittedEncoders or TablePreparation
        """
        stored = conform(facts, PreparationFacts, "preparation")
        names, count = stored["feature_names"], stored["n_features_in"]
        rules = EncoderSettings(stored["settings"]["max_levels"], stored["settings"]["max_one_hot"])
        encoders = [restore_encoder(column, rules) for column in stored["columns"]]
        if len(encoders) != count or (names is not None and len(names) != count):
            raise EllayerError(
                f"preparation: expected {count} columns and as many names, received {len(encoders)}"
            )
        numbers = sum(map(count_numbers, encoders))
        center, scale = (arrays.get(key, np.zeros(0)) for key in ("center", "scale"))
        fit = center.shape == scale.shape == (numbers,) and {center.dtype.kind, scale.dtype.kind} == {"f"}
        if not fit or not (np.isfinite(center) & (scale > 0) & (scale < np.inf)).all():
            raise EllayerError(
                f"preparation: expected a finite center and a scale above 0 for each of {numbers} numbers"
            )
        scales = np.stack([center, scale]).astype(np.float64)
        for encoder in in_order_of_numbers(encoders):
            (encoder.center, encoder.scale), scales = np.split(scales, [count_numbers(encoder)], axis=1)
        for place, encoder in enumerate(encoders):
            own = f"{place}/"
            encoder.set_arrays({key.removeprefix(own): a for key, a in arrays.items() if key.startswith(own)})
        kinds = {encoder.name: encoder.kind for encoder in encoders}
        preparation = cls(kinds, max_levels=rules.max_levels, max_one_hot=rules.max_one_hot)
        preparation._set_encoders(encoders)
        preparation.n_features_in_ = count
        if names is not None:
            preparation.feature_names_in_ = np.array(names, dtype=object)
        return preparation


def count_numbers(encoder: ColumnEncoder) -> int:
    """Return the number of scaled numbers of an encoder."""
    names = encoder.names()
    return len(names.numbers) + len(names.plain)


def in_order_of_numbers(encoders: Sequence[ColumnEncoder]) -> list[ColumnEncoder]:
    """Return the encoders in the order of their numbers in the matrix: plain ones are last."""
    return sorted(encoders, key=lambda encoder: bool(encoder.names().plain))


# Columns in order


def match_columns(
    table: list[Column],
    X: TableLike,
    names: Sequence[str] | np.ndarray | None,
    encoders: Sequence[ColumnEncoder],
    kind: str,
) -> list[Column]:
    """Return the columns in the order of the fit: by name if both the fit and X have names, else by position.

    A column that the fit did not use may be absent.
    """
    if names is None or column_names(X) is None:
        if len(table) != len(encoders):
            raise EllayerError(
                f"X has {len(table)} features, but {kind} is expecting {len(encoders)} features as input"
            )
        if names is None:
            by_name = {column.name: column for column in table}
            expected = [encoder.name for encoder in encoders]
            is_named = column_names(X) is not None and set(by_name) == set(expected)
            return [by_name[name] for name in expected] if is_named else table
        warn_user(
            "X does not have valid feature names, but it was fitted with feature names; matched by position",
            UserWarning,
        )
        return [Column(str(name), c.values, c.declared) for name, c in zip(names, table, strict=True)]
    columns, in_order = {column.name: column for column in table}, dict.fromkeys(map(str, names))
    missing = [name for name in in_order if name not in columns]
    if missing:
        unused = {encoder.name for encoder in encoders if not any(encoder.names())}
        if set(missing) - unused:
            raise _missing_columns([name for name in missing if name not in unused], list(columns))
    extra = [name for name in columns if name not in in_order]
    if extra:
        warn_user(f"X: ignored, not used in training: {quoted_list(extra, 10)}", NewValuesWarning)
    nothing = np.full(len(table[0].values), None, dtype=object)
    return [columns.get(name) or Column(name, nothing) for name in in_order]


def _missing_columns(missing: list[str], columns: list[str]) -> EllayerError:
    """Return the error for columns that are missing, with the names that may be meant."""
    near = {name: near_names(name, columns) for name in missing}
    hints = "".join(f"; {name!r} may be {matches[0]!r}" for name, matches in near.items() if matches)
    return EllayerError(
        f"X: The feature names should match those that were passed during fit. Missing: {quoted_list(missing, 10)}{hints}"
    )
