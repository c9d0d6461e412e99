"""Rows held out for tests and validation: at random, by time or by group."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, TypedDict

import numpy as np
from sklearn.model_selection import GroupKFold

from ..errors import EllayerError
from ..tables.columns import Column, read_table
from ..tables.row_order import as_times

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FEWEST_ROWS = 10  # with fewer rows none are held out
FOLDS = (5, 10)  # limits; one member holds out a fifth of the rows, with many rows a tenth
MANY_ROWS = 5_000
KeyKind = Literal["time", "group"]
_ARGUMENTS = {"time": "time", "group": "groups"}
MOST_HELD_OUT = 50_000  # maximum number of rows held out by a single member


class FitArguments(TypedDict, total=False):
    """Arguments of ``fit`` for the rule by which rows are held out; none for random rows."""

    time: np.ndarray
    groups: np.ndarray


@dataclass(frozen=True, eq=False)
class Splitter:
    """The rule for splitting rows: used for the test set, folds and validation rows.

    Parameters
    ----------
    kind : "random", "time" or "group"
        "time" holds out the latest rows, "group" whole groups; rows of one time, or of one group, are always
        on the same side.
    keys : ndarray of int64, shape (m,), or None
        The rank of each row's time, or the index of its group; None for "random".
    sizes : ndarray of int, or None
        The number of rows of each time or group where others have rows too; None if these are all.
    """

    kind: KeyKind | Literal["random"] = "random"
    keys: np.ndarray | None = None
    sizes: np.ndarray | None = None

    @classmethod
    def by(cls, m: int, *, time: ArrayLike | None = None, groups: ArrayLike | None = None) -> Splitter:
        """Return the splitter of m rows by times or groups, or at random.

        A missing time is treated as the earliest, and missing groups as one group.

        Raises
        ------
        EllayerError
            If both are given, for a wrong number of rows, fewer than two distinct values, or times that are neither
            dates nor numbers.

        Examples
        --------
        >>> Splitter.by(4, time=["2024-02-01", "2024-01-01", "2024-03-01", "2024-01-01"]).keys.tolist()
        [1, 0, 2, 0]
        """
        if time is None and groups is None:
            return cls()
        kind, column = read_keys(m, time, groups)
        splitter = cls(kind, rank_keys(kind, column))
        splitter.check_count(m)
        return splitter

    def check_count(self, m: int) -> None:
        """Raise if all m rows have the same time or group."""
        if m and self.count < 2:
            raise EllayerError(
                f"{_ARGUMENTS[self.kind]}: expected at least two different values, received the same one in all {m} rows"
            )

    @property
    def count(self) -> int:
        """The number of different times or groups."""
        return 0 if self.keys is None else len(self._sizes)

    @property
    def rows(self) -> int:
        """The number of rows with a time or group, of all processes."""
        return int(self._sizes.sum())

    @property
    def _sizes(self) -> np.ndarray:
        """The number of rows of each time or group."""
        assert self.keys is not None
        return np.bincount(self.keys) if self.sizes is None else self.sizes

    def take(self, rows: np.ndarray) -> Splitter:
        """Return the splitter of some of the rows."""
        return self if self.keys is None else replace(self, keys=number_values(self.keys[rows]), sizes=None)

    def fit_arguments(self) -> FitArguments:
        """Return the arguments of ``fit`` that make an estimator hold rows out by the same rule."""
        if self.keys is None:
            return {}
        return {"time": self.keys} if self.kind == "time" else {"groups": self.keys}

    def hold_out(
        self, m: int, share: float, random: np.random.RandomState, strata: np.ndarray | None = None
    ) -> np.ndarray:
        """Return a mask of the rows to hold out: a fraction of them, never all.

        At random it is a share of each class, but never its only row. By time it is the last share, by group random
        groups, cut where the number of rows is nearest to the share.

        Parameters
        ----------
        m : int
        share : float
        random : RandomState
        strata : ndarray of int, shape (m,), or None
            Class indices to stratify a random split by.

        Examples
        --------
        >>> Splitter().hold_out(6, 0.5, np.random.RandomState(0), np.array([0, 0, 0, 0, 1, 2])).tolist()
        [False, True, True, False, False, False]
        >>> Splitter("time", np.array([2, 0, 1, 2, 1])).hold_out(5, 0.4, np.random.RandomState(0)).tolist()
        [True, False, False, True, False]
        """
        if self.keys is None:
            return _random_share(m, share, random, strata)
        if not share:
            return np.zeros(m, bool)
        sizes = self._sizes
        order = np.arange(len(sizes))[::-1] if self.kind == "time" else random.permutation(len(sizes))
        ends = np.cumsum(sizes[order])[:-1]
        count = int(np.abs(ends - share * m).argmin()) + 1 if len(ends) else 0
        return np.isin(self.keys, order[:count])

    def folds(
        self, m: int, count: int, random: np.random.RandomState, strata: np.ndarray | None = None
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the training and test rows of each fold, as masks.

        Random folds never hold out the only row of a class. By time each fold is tested on the rows that follow its
        training rows, so the earliest rows are never tested. There are fewer folds if there are fewer groups or times.

        Parameters
        ----------
        m, count : int
        random : RandomState
        strata : ndarray of int, shape (m,), or None
            Class indices to stratify random folds by.

        Examples
        --------
        >>> folds = Splitter("time", np.array([0, 1, 1, 2])).folds(4, 2, np.random.RandomState(0))
        >>> [(train.astype(int).tolist(), test.astype(int).tolist()) for train, test in folds]
        [([1, 0, 0, 0], [0, 1, 1, 0]), ([1, 1, 1, 0], [0, 0, 0, 1])]
        """
        if self.keys is None:
            fold = _deal(m, random, strata, count)
            return [(fold != k, fold == k) for k in range(count)]
        if self.kind == "group":
            count = min(count, self.count)
            if count < 2:
                return []
            groups = np.arange(self.count)
            folds = GroupKFold(count, shuffle=True, random_state=random).split(groups, groups=groups)
            masks = [np.isin(self.keys, test) for _, test in folds]
            return [(~mask, mask) for mask in masks]
        ends = np.cumsum(self._sizes)
        cuts = [int(np.abs(ends - m * k / (count + 1)).argmin()) + 1 for k in range(1, count + 1)]
        cuts = [*sorted({min(cut, len(ends) - 1) for cut in cuts} - {0}), len(ends)]
        return [(self.keys < low, (self.keys >= low) & (self.keys < high)) for low, high in pairwise(cuts)]


def read_keys(m: int, time: ArrayLike | None, groups: ArrayLike | None) -> tuple[KeyKind, Column]:
    """Return the rule, and the times or groups of m rows as a column.

    Raises
    ------
    EllayerError
        If both are given, or for a wrong number of rows.
    """
    if time is not None and groups is not None:
        raise EllayerError("groups, time: expected one of them, received both; use only one")
    kind: KeyKind = "time" if groups is None else "group"
    values = np.asarray(time if groups is None else groups)
    if values.shape != (m,):
        raise EllayerError(
            f"{_ARGUMENTS[kind]}: expected one value for each of {m} rows, received shape {values.shape}"
        )
    return kind, read_table(values.reshape(-1, 1))[0] if m else Column(kind, np.zeros(0))


def rank_keys(kind: KeyKind, column: Column) -> np.ndarray:
    """Return the rank of each time or group of a column.

    Raises
    ------
    EllayerError
        For times that are neither dates nor numbers.
    """
    values = as_times(column) if kind == "time" else column.values
    if values is None:
        raise EllayerError("time: expected dates or numbers, received text; convert it to dates first")
    return number_values(values)


def number_values(values: np.ndarray) -> np.ndarray:
    """Return the rank of each value among the sorted distinct ones; missing values are first."""
    missing = np.array([v is None or v != v for v in values.tolist()], bool)
    keys = np.zeros(len(values), np.int64)
    keys[~missing] = np.unique(values[~missing], return_inverse=True)[1] + missing.any()
    return keys


def _random_share(
    m: int, share: float, random: np.random.RandomState, strata: np.ndarray | None
) -> np.ndarray:
    order, rows = random.permutation(m), np.zeros(m, bool)
    if strata is None:
        rows[order[: round(share * m)]] = True
        return rows
    for k in range(strata.max() + 1):
        members = order[strata[order] == k]
        rows[members[: min(round(share * len(members)), len(members) - 1)]] = True
    return rows


def _deal(m: int, random: np.random.RandomState, strata: np.ndarray | None, folds: int) -> np.ndarray:
    """Return the random fold of each row; -1 for the only row of a class."""
    fold = np.empty(m, np.int64)
    order = random.permutation(m)
    if strata is not None:
        order = order[np.argsort(strata[order], kind="stable")]
    fold[order] = np.arange(m) % folds
    if strata is not None:
        fold[np.bincount(strata)[strata] == 1] = -1
    return fold


def member_folds(
    strata: np.ndarray | None,
    m: int,
    members: int,
    random: np.random.RandomState,
    splitter: Splitter = Splitter(),
) -> list[np.ndarray] | None:
    """Return the indices of the rows that each member of a table estimator holds out; None if m is too small.

    Each member holds out one fold; for more than ten members there are several repeats, with equally many folds. By time all members
    hold out the same latest rows.

    Parameters
    ----------
    strata : ndarray of int, shape (m,), or None
        Class indices to stratify random folds by.
    m, members : int
    random : RandomState
    splitter : Splitter
    """
    if m < FEWEST_ROWS:
        return None
    repeats = -(-members // FOLDS[1])
    count = FOLDS[m >= MANY_ROWS] if members < FOLDS[0] else -(-members // repeats)
    if splitter.kind == "time":
        share = min(1.0 / FOLDS[m >= MANY_ROWS], MOST_HELD_OUT / m)
        mask = splitter.hold_out(m, share, random)
        return [np.flatnonzero(mask)] * members if mask.any() else None
    if splitter.kind == "group" and members == 1:
        count = max(count, -(-m // MOST_HELD_OUT))
    masks: list[np.ndarray] = []
    while len(masks) < members:
        folds = [test for _, test in splitter.folds(m, count, random, strata)]
        if not folds:
            return None
        masks += folds
    rows = [np.flatnonzero(mask) for mask in masks[:members]]
    if splitter.kind == "random" and members == 1 and len(rows[0]) > MOST_HELD_OUT:
        rows[0] = np.sort(random.permutation(rows[0])[:MOST_HELD_OUT])
    return rows if all(map(len, rows)) else None
