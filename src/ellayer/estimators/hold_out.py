"""Rows held out for validation: one random share, or folds for several ensemble members."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import train_test_split

FEWEST_ROWS = 10  # below, a table holds nothing out
FOLDS = (5, 10)  # at least and at most; one member holds out a fifth of the rows, with many rows a tenth
MANY_ROWS = 5_000
MOST_HELD_OUT = 50_000  # rows held out by a single member: more add nothing


@dataclass(frozen=True)
class Split:
    """Row numbers to learn from and row numbers held out."""

    train: np.ndarray
    validation: np.ndarray


def hold_out(
    m: int,
    random: np.random.RandomState,
    strata: np.ndarray | None = None,
    *,
    share: float | None = None,
    folds: int = 0,
    members: int = 1,
    most: int | None = None,
) -> list[Split]:
    """Return a split of m rows for each ensemble member.

    Parameters
    ----------
    m : int
    random : RandomState
    strata : ndarray of int, shape (m,), or None
        Class numbers to stratify by. Folds never hold out the only row of a class.
    share : float or None
        Hold out this share, drawn as scikit-learn's ``train_test_split`` draws it.
    folds : int
        Without ``share``: deal the rows into so many folds and hold out one per member, dealing again if there
        are more members than folds.
    members : int
    most : int or None
        Rows that a single member holds out at most.

    Returns
    -------
    list of Split

    Examples
    --------
    >>> splits = hold_out(20, np.random.RandomState(0), folds=5, members=5)
    >>> [len(split.validation) for split in splits], len({*np.concatenate([s.validation for s in splits]).tolist()})
    ([4, 4, 4, 4, 4], 20)
    >>> hold_out(10, np.random.RandomState(0), share=0.2)[0].validation.tolist()
    [2, 8]
    """
    rows = np.arange(m)
    if share is not None:
        return [Split(*train_test_split(rows, random_state=random, test_size=share, stratify=strata))]
    masks: list[np.ndarray] = []
    while len(masks) < members:
        fold = _deal(m, random, strata, folds)
        masks += [fold == k for k in range(folds)]
    masks = masks[:members]
    if members == 1 and most is not None and (out := np.flatnonzero(masks[0])).size > most:
        masks[0][random.permutation(out)[most:]] = False
    return [Split(rows[~mask], rows[mask]) for mask in masks]


def _deal(m: int, random: np.random.RandomState, strata: np.ndarray | None, folds: int) -> np.ndarray:
    """Return the fold of each row; -1 for the only row of a class."""
    fold = np.empty(m, np.int64)
    order = random.permutation(m)
    if strata is not None:
        order = order[np.argsort(strata[order], kind="stable")]
    fold[order] = np.arange(m) % folds
    if strata is not None:
        fold[np.bincount(strata)[strata] == 1] = -1
    return fold


def member_folds(
    strata: np.ndarray | None, m: int, members: int, random: np.random.RandomState
) -> list[np.ndarray] | None:
    """Return the numbers of the rows that each member of a table estimator holds out; None if m is too small."""
    if m < FEWEST_ROWS:
        return None
    folds = FOLDS[m >= MANY_ROWS] if members < FOLDS[0] else min(members, FOLDS[1])
    splits = hold_out(m, random, strata, folds=folds, members=members, most=MOST_HELD_OUT)
    return [split.validation for split in splits] if all(len(split.validation) for split in splits) else None
