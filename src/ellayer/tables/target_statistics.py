"""Target statistics by level: the mean target of each level of a category, shrunk towards the mean of all rows.

In the fit, the statistic of a row uses only the targets of rows before it in a given order (Prokhorenkova et al.,
CatBoost, 2018), and so not its own target. The mean of n targets with the sum S is (S + a mu) / (n + a), where
a is the ratio of the variance within levels to that between them. This is the posterior mean for normal levels, whose
relation to the target is the same for few and for many rows.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MOST_LEVELS = 1_000_000  # with more, levels are replaced by their hashes
BUCKETS = 1 << 20
MOST_TARGETS = 10  # maximum number of classes with a statistic, the most frequent ones
FEWEST = 2  # minimum number of rows of a level with a separate mean; rarer and new levels share one
DIFFER = 1.0  # levels differ if F exceeds 1 by this number of its standard deviations under equal levels
_MISSING = ""  # the level of missing values: no text is empty


@dataclass(frozen=True)
class RowTargets:
    """The targets of rows, and the order in which statistics may use them.

    Attributes
    ----------
    Y : ndarray, shape (m, n)
        Numbers to average: 0 and 1 for a class.
    names : sequence of str
        Names of the n targets: "target", or with the class.
    weights : ndarray, shape (m,)
        Weights divided by their mean; 0 for rows whose targets must not be used, such as validation rows.
    order : ndarray of int64, shape (m,)
        A row uses the targets of rows with a smaller number: never its own, nor those of its group or time.
    """

    Y: np.ndarray
    names: Sequence[str]
    weights: np.ndarray
    order: np.ndarray

    def take(self, rows: np.ndarray) -> RowTargets:
        """Return the targets of some rows."""
        return RowTargets(self.Y[rows], self.names, self.weights[rows], self.order[rows])


@dataclass(frozen=True)
class LevelStatistics:
    """The mean targets of the levels of one column.

    Attributes
    ----------
    levels : list of str
        The levels with a separate mean; "" is the level of missing values.
    buckets : int
        The number of hashes that replace the levels if there are too many; otherwise 0.
    names : list of str
        The names of the averaged targets.
    means : ndarray, shape ((len(levels) or buckets) + 1, names)
        The last row is for all other levels.
    """

    levels: list[str]
    buckets: int
    names: list[str]
    means: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        """The shape of ``means``."""
        return (self.buckets or len(self.levels)) + 1, len(self.names)

    def codes(self, texts: Sequence[str | None]) -> np.ndarray:
        """Return the row of ``means`` for each text."""
        other = self.shape[0] - 1
        if self.buckets:
            return np.array([bucket_of(text, self.buckets) for text in texts], np.int64)
        known = {level: i for i, level in enumerate(self.levels)}
        return np.array([known.get(text or _MISSING, other) for text in texts], np.int64)

    def means_in_fit(self, texts: Sequence[str | None], targets: RowTargets) -> np.ndarray:
        """Return the means for the rows of the fit, from the targets of earlier rows, shape (m, names)."""
        codes = self.codes(texts)
        Y = targets.Y[:, [list(targets.names).index(name) for name in self.names]]
        sums = LevelSums.of(codes, Y, targets.weights, self.shape[0])
        n, S = sums_before(codes, targets.order, targets.weights, Y)
        prior, strength = sums.prior(), sums.strength()
        return (S + strength * prior) / (n[:, None] + strength)


def bucket_of(text: str | None, buckets: int) -> int:
    """Return the number of a level by its hash, which is the same on every machine.

    Examples
    --------
    >>> bucket_of("Oslo", 1000), bucket_of(None, 1000)
    (436, 0)
    """
    return zlib.crc32((text or _MISSING).encode("utf-8", "surrogatepass")) % buckets


def learn_statistics(texts: Sequence[str | None], targets: RowTargets) -> LevelStatistics | None:
    """Return the statistics of the targets that differ significantly between levels; None if none does.

    Parameters
    ----------
    texts : sequence of str or None
        The levels of the rows; None is missing.
    targets : RowTargets
    """
    present = np.flatnonzero(targets.weights > 0).tolist()
    counts = Counter(texts[i] or _MISSING for i in present)
    levels = [level for level, count in counts.items() if count >= FEWEST]
    buckets = BUCKETS if len(levels) > MOST_LEVELS else 0
    levels = [] if buckets else sorted(levels, key=lambda level: (-counts[level], level))
    draft = LevelStatistics(levels, buckets, [], np.array([]))
    codes = draft.codes(texts)
    sums = LevelSums.of(codes, targets.Y, targets.weights, draft.shape[0])
    columns = sums.differ()
    columns = np.sort(
        columns[np.argsort(-np.abs(sums.S[:, columns].sum(axis=0)), kind="stable")[:MOST_TARGETS]]
    )
    if not len(columns):
        return None
    return LevelStatistics(levels, buckets, [targets.names[j] for j in columns], sums.means()[:, columns])


@dataclass(frozen=True)
class LevelSums:
    """Sums of weights and targets by level; the sums of two sets of rows can be added.

    Attributes
    ----------
    n : ndarray, shape (levels,)
        Sums of the weights.
    S : ndarray, shape (levels, targets)
        Sums of weight times target.
    Q : ndarray, shape (targets,)
        Sums of weight times squared target over all levels.
    """

    n: np.ndarray
    S: np.ndarray
    Q: np.ndarray

    @classmethod
    def of(cls, codes: np.ndarray, Y: np.ndarray, weights: np.ndarray, levels: int) -> LevelSums:
        """Return the sums of rows.

        Examples
        --------
        >>> sums = LevelSums.of(np.array([0, 1, 0]), np.array([[1.0], [3.0], [5.0]]), np.ones(3), 2)
        >>> sums.n.tolist(), sums.S.tolist(), sums.Q.tolist()
        ([2.0, 1.0], [[6.0], [3.0]], [35.0])
        """
        n = np.bincount(codes, weights, levels)
        S = [np.bincount(codes, weights * y, levels) for y in Y.T]
        return cls(n, np.stack(S, axis=1), weights @ Y**2)

    def __add__(self, other: LevelSums) -> LevelSums:
        """Return the sums of both sets of rows."""
        return LevelSums(self.n + other.n, self.S + other.S, self.Q + other.Q)

    def prior(self) -> np.ndarray:
        """Return the mean of each target over all rows."""
        mean: np.ndarray = self.S.sum(axis=0) / self.n.sum()
        return mean

    def variances(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the variance of each target within levels, and between them (an unbiased estimate, at least 0)."""
        some = self.n > 0
        n, S, total = self.n[some], self.S[some], self.n.sum()
        inside = np.clip(self.Q - (S**2 / n[:, None]).sum(axis=0), 0.0, None) / max(total - len(n), 1.0)
        spread = (n[:, None] * (S / n[:, None] - self.prior()) ** 2).sum(axis=0)
        size = total - (n**2).sum() / total
        between = (spread - (len(n) - 1) * inside) / max(size, 1e-12)
        return inside, np.clip(between, 0.0, None)

    def strength(self) -> np.ndarray:
        """Return the weight of the mean of all rows, as a number of rows, for each target."""
        inside, between = self.variances()
        return np.clip(inside / np.maximum(between, 1e-12), 1e-3, 1e6)

    def differ(self) -> np.ndarray:
        """Return the indices of the targets for which the levels differ significantly (an F test)."""
        levels, total = int((self.n > 0).sum()), float(self.n.sum())
        if levels < 2 or total <= levels:
            return np.arange(0)
        some = self.n > 0
        spread = (self.n[some, None] * (self.S[some] / self.n[some, None] - self.prior()) ** 2).sum(axis=0)
        deviation = np.sqrt(2.0 / (levels - 1) + 2.0 / (total - levels))
        limit = (1.0 + DIFFER * deviation) * self.variances()[0]
        return np.flatnonzero(spread / (levels - 1) > limit)

    def means(self) -> np.ndarray:
        """Return the mean of each level, shrunk towards the mean of all rows, shape (levels, targets)."""
        strength = self.strength()
        shrunk: np.ndarray = (self.S + strength * self.prior()) / (self.n[:, None] + strength)
        return shrunk


def sums_before(
    codes: np.ndarray, order: np.ndarray, weights: np.ndarray, Y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return for each row the sums of weights and weighted targets of the earlier rows of its level.

    Parameters
    ----------
    codes, order : ndarray of int, shape (m,)
        The level of each row, and its position; rows with the same position do not use each other's targets.
    weights : ndarray, shape (m,)
    Y : ndarray, shape (m, n)

    Returns
    -------
    n : ndarray, shape (m,)
    S : ndarray, shape (m, n)

    Examples
    --------
    >>> n, S = sums_before(np.array([0, 0, 1, 0]), np.array([0, 2, 1, 2]), np.ones(4), np.array([[1.0], [2.0], [4.0], [8.0]]))
    >>> n.tolist(), S[:, 0].tolist()
    ([0.0, 1.0, 0.0, 1.0], [0.0, 1.0, 0.0, 1.0])
    """
    by = np.lexsort((order, codes))
    level, place = codes[by], order[by]
    new_level = np.diff(level, prepend=-1) != 0
    new_place = new_level | (np.diff(place, prepend=-1) != 0)
    at = np.arange(len(by))
    start, first = (np.maximum.accumulate(np.where(new, at, 0)) for new in (new_level, new_place))
    values = weights[by, None] * np.column_stack([np.ones(len(by)), Y[by]])
    before = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    sums = np.empty_like(values)
    sums[by] = before[first] - before[start]
    return np.clip(sums[:, 0], 0.0, None), sums[:, 1:]
