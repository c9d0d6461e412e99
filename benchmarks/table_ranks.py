"""Summaries of scores over many tables: ranks, wins, and Elo ratings with bootstrap intervals. Lower scores are better."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

Scores = dict[str, dict[str, float]]  # by table, by contender

MEAN_ELO = 1000.0
ELO_SCALE = 400.0 / np.log(10.0)  # a difference of 400: ten wins to one loss
PRIOR = 0.5  # of a drawn game of each pair is added, so that a contender that never loses has a finite rating
ITERATIONS = 500


class Elo(NamedTuple):
    """A rating, and the ends of its interval of 95 %."""

    rating: float
    low: float
    high: float


def ranks(scores: Scores, names: list[str]) -> dict[str, float]:
    """Return the mean rank of each of some contenders over the tables; 1 is best, ties share."""
    S = _matrix(scores, names)
    less = (S[:, :, None] > S[:, None, :]).sum(axis=2)
    equal = (S[:, :, None] == S[:, None, :]).sum(axis=2)
    return dict(zip(names, (less + (equal + 1) / 2).mean(axis=0).tolist(), strict=True))


def wins(scores: Scores, name: str, other: str) -> int:
    """Return the number of tables on which a contender is better than another."""
    return sum(row[name] < row[other] for row in scores.values())


def elo(scores: Scores, names: list[str], samples: int = 200, seed: int = 0) -> dict[str, Elo]:
    """Return Elo ratings with the mean 1000, and intervals from bootstrap samples of the tables.

    Each table is a game of each pair, and a tie half a win. The ratings are the most likely ones
    in the model of Bradley and Terry, in which i beats j with the probability p_i / (p_i + p_j).
    """
    S = _matrix(scores, names)
    won = (S[:, :, None] < S[:, None, :]) + 0.5 * (S[:, :, None] == S[:, None, :])
    random = np.random.RandomState(seed)
    drawn = random.randint(len(S), size=(samples, len(S)))
    (rating,) = _ratings(won.sum(axis=0)[None])
    low, high = np.percentile(_ratings(won[drawn].sum(axis=1)), [2.5, 97.5], axis=0)
    rows = zip(rating.tolist(), low.tolist(), high.tolist(), strict=True)
    return {name: Elo(*row) for name, row in zip(names, rows, strict=True)}


def _ratings(won: np.ndarray) -> np.ndarray:
    """Return the ratings (samples, n) from tables of wins (samples, n, n) of i over j, by the algorithm of Zermelo."""
    won = won + 0.5 * PRIOR
    n = won.shape[1]
    won[:, range(n), range(n)] = 0.0
    games, total = won + won.swapaxes(1, 2), won.sum(axis=2)
    p = np.ones(total.shape)
    for _ in range(ITERATIONS if n > 1 else 0):
        p = total / (games / (p[:, :, None] + p[:, None, :])).sum(axis=2)
        p /= np.exp(np.log(p).mean(axis=1, keepdims=True))
    return MEAN_ELO + ELO_SCALE * np.log(p)


def _matrix(scores: Scores, names: list[str]) -> np.ndarray:
    return np.array([[row[name] for name in names] for row in scores.values()])
