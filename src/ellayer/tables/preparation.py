"""A table made ready for a network: every column to numbers around 1, by what the training rows hold."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from .._warn import warn_user
from ..errors import EllayerError
from .columns import (
    KINDS,
    Column,
    Verdict,
    as_days,
    as_numbers,
    as_texts,
    as_truths,
    judge_column,
    read_table,
    shown,
)

SPREAD = 3.0  # the scaled value beyond which numbers are pressed together
RARE = 10_000  # of so many rows a level has at least one, where there are too many levels
WEEK, YEAR, DAY = 7.0, 365.2425, 1.0


@dataclass
class Prepared:
    """What the training rows said about one column; plain data.

    Attributes
    ----------
    name, kind, note : str
    levels : list of str
        Of a category, the most frequent first; of two-valued ones two.
    other : bool
        Whether rare and new levels share a column of their own.
    indicator : bool
        Whether a column says that the value is missing.
    parts : list of str
        The numbers that are formed from it.
    date_format : str
    """

    name: str
    kind: str
    note: str
    levels: list[str]
    other: bool
    indicator: bool
    parts: list[str]
    date_format: str


class TablePreparation(TransformerMixin, BaseEstimator):
    """A table of mixed columns as a matrix of numbers around 1, fitted on the training rows alone.

    Numbers and parts of dates: x = (x - median) / (q75 - q25), then x / sqrt(1 + (x/3)^2); a missing
    one is the median, with a column that says so. Two values: -1 and +1, missing 0. Categories: one
    column per level, all 0 for missing and unknown ones; beyond ``max_levels`` the rare share one.
    Identifiers and free text: only whether they are there. (RealMLP, Holzmüller et al. 2024.)

    Parameters
    ----------
    column_kinds : dict or None, default=None
        The kind of a column by name, where it should not be guessed: "numeric", "categorical", "boolean",
        "date", "text", "identifier" or "ignore".
    max_levels : int, default=100
        Levels of a category that have a column of their own.
    max_one_hot : int or None, default=None
        Categories with more levels become one column of codes (-1 for unknown), for an embedding; these
        stand last. None makes none.

    Attributes
    ----------
    columns_ : list of Prepared
    n_numbers_ : int
        How many first columns of the output are scaled numbers.
    code_levels_ : tuple of int
        Levels of each of the last columns, the codes.
    n_features_in_, feature_names_in_

    Examples
    --------
    >>> X = [[1.0, "red", True], [2.0, "blue", False], [3.0, "red", True], [4.0, "green", False]]
    >>> TablePreparation().fit_transform(X).round(1).tolist()
    [[-0.9, 1.0, 0.0, 0.0, 1.0], [-0.3, 0.0, 1.0, 0.0, -1.0], [0.3, 1.0, 0.0, 0.0, 1.0], [0.9, 0.0, 0.0, 1.0, -1.0]]
    """

    def __init__(self, column_kinds=None, *, max_levels=100, max_one_hot=None):
        self.column_kinds = column_kinds
        self.max_levels = max_levels
        self.max_one_hot = max_one_hot

    # Fit

    def fit(self, X: Any, y: Any = None) -> TablePreparation:
        """Learn kinds, levels and scales from the training rows.

        Parameters
        ----------
        X : pandas or polars frame, or array-like of shape (m, n)
        y : ignored

        Returns
        -------
        self
        """
        table = read_table(X)
        remember_features(self, X, len(table))
        return self.fit_columns(table)

    def fit_columns(self, table: list[Column]) -> TablePreparation:
        """Learn from columns already read.

        Parameters
        ----------
        table : list of Column

        Returns
        -------
        self
        """
        kinds = self._given_kinds([column.name for column in table])
        verdicts = [_as_told(column, kinds.get(column.name)) for column in table]
        self.columns_ = [self._learn(c, v) for c, v in zip(table, verdicts, strict=True)]
        self._keep_something(table)
        for column, verdict in zip(self.columns_, verdicts, strict=True):
            _warn_of_fit(column, verdict)
        self._lay_out()
        raw = self._numbers(table, warn=False)
        finite = np.where(np.isfinite(raw), raw, np.nan)
        self.center_, self.scale_ = _center_and_scale(finite)
        return self

    def _given_kinds(self, names: list[str]) -> dict[str, str]:
        kinds = {str(name): kind for name, kind in dict(self.column_kinds or {}).items()}
        for name, kind in kinds.items():
            if name not in names:
                near = difflib.get_close_matches(name, names, 1)
                raise EllayerError(
                    f"column_kinds: expected names of columns, received {name!r}"
                    + (f"; did you mean {near[0]!r}?" if near else f"; there are {shown(names, 10)}")
                )
            if kind not in KINDS:
                raise EllayerError(
                    f"column_kinds[{name!r}]: expected one of {', '.join(KINDS)}; received {kind!r}"
                )
        return kinds

    def _learn(self, column: Column, verdict: Verdict) -> Prepared:
        values = column.values
        made = Prepared(column.name, verdict.kind, verdict.note, [], False, False, [], verdict.date_format)
        if verdict.kind == "numeric":
            made.parts = ["value"]
            made.indicator = bool(np.isnan(as_numbers(values)[0]).any())
        elif verdict.kind == "date":
            days, _ = as_days(values, verdict.date_format)
            made.indicator = bool(np.isnan(days).any())
            made.parts = _parts_that_vary(days)
        elif verdict.kind == "boolean":
            made.levels = ["False", "True"]
        elif verdict.kind == "categorical":
            self._learn_levels(made, as_texts(values))
        elif verdict.kind in ("text", "identifier"):
            there = np.array([text is not None for text in as_texts(values).tolist()])
            made.indicator = bool(there.any() and not there.all())
        return made

    def _learn_levels(self, made: Prepared, texts: np.ndarray) -> None:
        counts = Counter(text for text in texts.tolist() if text is not None)
        ranked = sorted(counts, key=lambda level: (-counts[level], level))
        if len(ranked) > self.max_levels:
            enough = max(2.0, len(texts) / RARE)
            made.levels = [level for level in ranked[: self.max_levels] if counts[level] >= enough]
            made.other = bool(made.levels)
            made.note = (
                f"of {len(ranked)} levels the {len(made.levels)} most frequent are kept, the others are one"
            )
            if not made.levels:
                made.kind, made.note = "identifier", f"{len(ranked)} levels, none of them often"
            return
        made.levels = ranked

    def _keep_something(self, table: list[Column]) -> None:
        """A table of nothing but identifiers is one of categories."""
        if any(c.parts or c.levels or c.indicator for c in self.columns_):
            return
        for made, column in zip(self.columns_, table, strict=True):
            if made.kind == "identifier" and column.values.dtype.kind == "f":
                made.kind, made.parts, made.note = "numeric", ["value"], ""

    def _lay_out(self) -> None:
        """Numbers first, then what is 0 or 1, then codes."""
        codes = [c for c in self.columns_ if self._is_code(c)]
        self.n_numbers_ = sum(len(c.parts) for c in self.columns_)
        self.code_levels_ = tuple(len(c.levels) + c.other for c in codes)

    def _is_code(self, column: Prepared) -> bool:
        levels = len(column.levels) + column.other
        return self.max_one_hot is not None and column.kind == "categorical" and levels > self.max_one_hot

    # Transform

    def transform(self, X: Any) -> np.ndarray:
        """Return the matrix of a table with the columns of the training rows, in any order.

        Parameters
        ----------
        X : pandas or polars frame, or array-like of shape (m, n)

        Returns
        -------
        ndarray of shape (m, n_out), float64

        Raises
        ------
        ValueError
            Where columns are missing, or nothing in a column is of the type it was fitted on.
        """
        check_is_fitted(self)
        return self.transform_columns(self.match(X))

    def match(self, X: Any) -> list[Column]:
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
            table, X, getattr(self, "feature_names_in_", None), self.n_features_in_, type(self)
        )

    def transform_columns(
        self, table: list[Column], warn: bool = True, warn_of_levels: bool = True, dtype: Any = np.float64
    ) -> np.ndarray:
        """Return the matrix of columns already read and in order.

        Parameters
        ----------
        table : list of Column
        warn : bool
            Whether to tell of strange types and infinite values.
        warn_of_levels : bool
            Whether to tell of levels unknown from training.
        dtype : dtype

        Returns
        -------
        ndarray of shape (m, n_out)
        """
        m = len(table[0].values)
        with np.errstate(over="ignore"):  # what overflows is very large, as it should be
            numbers = squash((self._numbers(table, warn) - self.center_) / self.scale_)
        rest, codes = [], []
        for made, column in zip(self.columns_, table, strict=True):
            if made.indicator:
                rest.append(_is_missing(made, column))
            if made.kind == "boolean":
                truths, wrong = as_truths(column.values)
                if warn:
                    _warn_of_type(made, column, wrong, "true or false")
                rest.append(np.nan_to_num(2.0 * truths - 1.0, nan=0.0).astype(np.int8))
            elif made.levels:
                code = self._codes(made, column, warn_of_levels)
                if self._is_code(made):
                    codes.append(code)
                else:
                    rest += _one_hot(code, len(made.levels) + made.other)
        parts = [numbers, *(np.reshape(c, (m, 1)) for c in [*rest, *codes])]
        return np.concatenate(parts, axis=1, dtype=dtype, casting="unsafe")

    def _numbers(self, table: list[Column], warn: bool) -> np.ndarray:
        """All that is scaled, missing as nan, infinite as it is."""
        m = len(table[0].values)
        blocks = [np.zeros((m, 0))]
        for made, column in zip(self.columns_, table, strict=True):
            if not made.parts:
                continue
            if made.kind == "date":
                days, wrong = as_days(column.values, made.date_format)
                blocks.append(np.stack([_date_part(days, part) for part in made.parts], axis=1))
            else:
                values, wrong = as_numbers(column.values)
                blocks.append(values.reshape(-1, 1))
                if warn and (infinite := int(np.isinf(values).sum())):
                    warn_user(f"column {made.name!r}: {infinite} infinite values, taken as very large ones")
            if warn:
                _warn_of_type(made, column, wrong, "dates" if made.kind == "date" else "numbers")
        return np.concatenate(blocks, axis=1)

    def _codes(self, made: Prepared, column: Column, warn: bool) -> np.ndarray:
        """The number of each level; -1 for missing and unknown ones."""
        texts = as_texts(column.values)
        known: dict[str | None, int] = {level: i for i, level in enumerate(made.levels)}
        if made.other:
            rare = len(made.levels)
            return np.array([-1 if t is None else known.get(t, rare) for t in texts.tolist()], np.int64)
        codes = np.array([known.get(t, -1) for t in texts.tolist()], np.int64)
        if warn and (new := sorted(set(texts.tolist()) - set(known) - {None})):
            warn_user(
                f"column {made.name!r}: levels unknown from training, taken as none of the known: {shown(new)}",
            )
        return codes

    # Names, description, storage

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the output's columns.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of str
        """
        check_is_fitted(self)
        numbers, rest, codes = [], [], []
        for c in self.columns_:
            numbers += [c.name if part == "value" else f"{c.name}: {part}" for part in c.parts]
            rest += [f"{c.name}: missing"] if c.indicator else []
            if c.kind == "boolean":
                rest.append(c.name)
            elif self._is_code(c):
                codes.append(c.name)
            elif c.levels:
                levels = [f"{c.name}: {level}" for level in [*c.levels, *(["other"] if c.other else [])]]
                rest += levels[-1:] if len(levels) == 2 else levels
        return np.array([*numbers, *rest, *codes], dtype=object)

    def describe(self) -> list[dict[str, Any]]:
        """Return what each column was taken for: one dict per column, plain data.

        Returns
        -------
        list of dict
        """
        check_is_fitted(self)
        return [asdict(column) for column in self.columns_]

    def get_state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Return the fitted state as arrays and JSON-able facts.

        Returns
        -------
        arrays : dict of ndarray
        facts : dict
        """
        check_is_fitted(self)
        names = getattr(self, "feature_names_in_", None)
        facts = {
            "columns": self.describe(),
            "settings": {"max_levels": int(self.max_levels), "max_one_hot": self.max_one_hot},
            "n_features_in": int(self.n_features_in_),
            "feature_names": None if names is None else [str(name) for name in names],
        }
        return {"center": self.center_, "scale": self.scale_}, facts

    @classmethod
    def from_state(cls, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> TablePreparation:
        """Return the fitted preparation that ``get_state`` described.

        Parameters
        ----------
        arrays : dict of ndarray
        facts : dict

        Returns
        -------
        TablePreparation
        """
        columns = [Prepared(**column) for column in facts["columns"]]
        made = cls({c.name: c.kind for c in columns}, **facts["settings"])
        made.columns_ = columns
        made.center_, made.scale_ = np.array(arrays["center"]), np.array(arrays["scale"])
        made.n_features_in_ = facts["n_features_in"]
        if facts["feature_names"] is not None:
            made.feature_names_in_ = np.array(facts["feature_names"], dtype=object)
        made._lay_out()
        return made

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = []
        return tags


# Columns in order


def remember_features(estimator: Any, X: Any, count: int) -> None:
    """Set ``n_features_in_`` and, where all names are text, ``feature_names_in_``."""
    validate_data(estimator, X, skip_check_array=True, reset=True)
    estimator.n_features_in_ = count


def match_columns(table: list[Column], X: Any, names: Any, count: int, kind: type) -> list[Column]:
    """Return the columns in the order of the fit: by name where fit and X have names, else by place."""
    if names is None or not hasattr(X, "columns"):
        if len(table) != count:
            raise EllayerError(
                f"X has {len(table)} features, but {kind.__name__} is expecting {count} features as input"
            )
        if names is None:
            return table
        warn_user(
            "X does not have valid feature names, but it was fitted with feature names; taken by place",
            UserWarning,
        )
        return [Column(str(name), c.values, c.declared) for name, c in zip(names, table, strict=True)]
    found = {column.name: column for column in table}
    missing = [str(name) for name in names if str(name) not in found]
    if missing:
        near = {name: difflib.get_close_matches(name, list(found), 1) for name in missing}
        hints = [f"{name!r} may be {match[0]!r}" for name, match in near.items() if match]
        raise EllayerError(
            f"X: The feature names should match those that were passed during fit. Missing: {shown(missing, 10)}"
            + (f"; {', '.join(hints)}" if hints else "")
        )
    extra = [name for name in found if name not in set(map(str, names))]
    if extra:
        warn_user(f"X: columns that the fit did not have are left aside: {shown(extra, 10)}")
    return [found[str(name)] for name in names]


def take_rows(table: list[Column], rows: np.ndarray | slice) -> list[Column]:
    """Return the columns of some of the rows."""
    return [Column(c.name, c.values[rows], c.declared) for c in table]


# One column


def _as_told(column: Column, kind: str | None) -> Verdict:
    """The verdict, or the kind that was given."""
    verdict = judge_column(column)
    if kind is None or kind == verdict.kind:
        return verdict
    if kind == "date":
        return Verdict("date", date_format=verdict.date_format or "iso")
    return Verdict(kind)


def _warn_of_fit(made: Prepared, verdict: Verdict) -> None:
    if made.kind == "constant":
        warn_user(f"column {made.name!r} is left out: {made.note}")
    elif made.kind in ("text", "identifier"):
        what = "free text" if made.kind == "text" else "an identifier"
        rest = "only whether it is there is used" if made.indicator else "it is left out"
        warn_user(
            f"column {made.name!r} is taken for {what}{': ' + made.note if made.note else ''}; {rest}. "
            f"column_kinds={{{made.name!r}: 'categorical'}} makes it a category",
        )
    elif made.note:
        warn_user(f"column {made.name!r} ({made.kind}): {made.note}")


def _warn_of_type(made: Prepared, column: Column, wrong: np.ndarray, expected: str) -> None:
    """Tell of present values of another type; refuse a column of nothing else."""
    if not wrong.any() or made.note.startswith("some values are no"):
        return
    strange = shown(sorted({str(v) for v in column.values[wrong].tolist()}))
    present = sum(text is not None for text in as_texts(column.values).tolist())
    if wrong.sum() == present:
        raise EllayerError(
            f"column {made.name!r}: expected {expected} as in training, received {strange}; are the columns in their "
            "places?"
        )
    warn_user(
        f"column {made.name!r}: {int(wrong.sum())} values are not {expected}, taken as missing: {strange}"
    )


def _is_missing(made: Prepared, column: Column) -> np.ndarray:
    if made.kind == "numeric":
        return np.isnan(as_numbers(column.values)[0]).astype(np.int8)
    if made.kind == "date":
        return np.isnan(as_days(column.values, made.date_format)[0]).astype(np.int8)
    return np.array([text is None for text in as_texts(column.values).tolist()], np.int8)


def _one_hot(codes: np.ndarray, levels: int) -> list[np.ndarray]:
    """One column per level; of two levels one column, -1 and +1."""
    if levels == 2:
        return [np.where(codes < 0, 0, 2 * codes - 1).astype(np.int8)]
    return list((codes == np.arange(levels).reshape(-1, 1)).astype(np.int8))


def _parts_that_vary(days: np.ndarray) -> list[str]:
    known = days[~np.isnan(days)]
    names = ["days", "year (sin)", "year (cos)", "week (sin)", "week (cos)", "day (sin)", "day (cos)"]
    return [part for part in names if np.ptp(_date_part(known, part)) > 1e-9] if len(known) else []


def _date_part(days: np.ndarray, part: str) -> np.ndarray:
    if part == "days":
        return days
    period, wave = {"year": YEAR, "week": WEEK, "day": DAY}[part.split()[0]], part[-4:-1]
    if part.startswith("week"):
        days = np.floor(days)
    angle = 2.0 * np.pi * np.mod(days, period) / period
    return np.sin(angle) if wave == "sin" else np.cos(angle)


# Numbers


def _center_and_scale(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median and q75 - q25 of each column; where that is 0 the median distance of the values that differ.

    Of a column that is mostly one value (RealMLP takes half the range there, which one huge value
    can stretch until the others are all but 0).
    """
    center, scale = np.zeros(X.shape[1]), np.ones(X.shape[1])
    for j, column in enumerate(X.T):
        known = column[~np.isnan(column)]
        if not len(known):
            continue
        q25, center[j], q75 = np.quantile(known, [0.25, 0.5, 0.75])
        half = q75 / 2 - q25 / 2  # a whole difference may overflow
        if not half > 0:
            away = np.abs(known / 2 - center[j] / 2)
            half = np.median(away[away > 0]) if (away > 0).any() else 0.5
        scale[j] = np.clip(2.0 * half, None, np.finfo(float).max)
    return center, scale


def squash(X: np.ndarray) -> np.ndarray:
    """x / sqrt(1 + (x/3)^2), from -3 to 3; a missing x is 0.

    Parameters
    ----------
    X : ndarray

    Returns
    -------
    ndarray

    Examples
    --------
    >>> squash(np.array([0.0, 3.0, np.inf, np.nan])).round(2).tolist()
    [0.0, 2.12, 3.0, 0.0]
    """
    with np.errstate(invalid="ignore"):
        pressed = X / np.hypot(1.0, X / SPREAD)
    return np.where(np.isinf(X), SPREAD * np.sign(X), np.nan_to_num(pressed, nan=0.0))
