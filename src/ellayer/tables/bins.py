"""Bins of numbers: each is a level with a vector of its own, like the level of a category.

A network is smooth between its ramps. It does not see that a value belongs to one patient, or to one week of a random walk;
the number of a bin shows it. A column gets bins if their means reduce the held-out error that a linear model of ramps
leaves, significantly and by ``GAIN``. The held-out rows are the last ones in the order of the targets: whole groups, or the
latest ones, where that is the rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from .column_encoder import ColumnEncoder
from .columns import Column, take_rows, take_values
from .ridge import best_residuals, linear_columns, main_targets
from .scaled_encoder import ScaledEncoder
from .scaling import quantile_places
from .target_statistics import LevelSums, RowTargets

ROWS, COLUMNS = 6_000, 500  # limits of the linear model
WIDEST = 100  # maximum number of columns of a table in which bins are looked for
INSIDE = 2 / 3  # fraction of the rows that means are learned from
RAMPS, MOST_RAMPS = 32, 256  # of a number, and of all
COUNTS = (512, 256, 128, 64)  # numbers of bins that are tried
FEWEST = RAMPS  # minimum number of distinct values: of fewer the ramps can represent any function
ROWS_OF_VALUE, ROWS_OF_BIN = 3, 8  # minimum mean number of rows with one bin per value, and otherwise
GAIN = 0.01  # the minimum relative reduction of the squared error
NEARLY = 0.9  # of the best gain is enough for finer bins
DEVIATIONS = 3.0  # the minimum reduction in standard errors


class _Draft(NamedTuple):
    """Bins of the column at a place: its encoder with them, and the bin of each row of the test."""

    place: int
    encoder: ScaledEncoder
    codes: np.ndarray


def add_bins(
    encoders: Sequence[ColumnEncoder],
    table: list[Column],
    targets: RowTargets,
    fitted_on: np.ndarray | None = None,
) -> list[ColumnEncoder]:
    """Return the encoders, those of numbers and dates with bins where these help.

    Parameters
    ----------
    encoders : sequence of ColumnEncoder
    table : list of Column
    targets : RowTargets
        Of the rows of the fit.
    fitted_on : ndarray of int, optional
        The rows of the table that the encoders are fitted on; by default all of them.
    """
    chosen = list(encoders)
    rows = np.flatnonzero(targets.weights > 0)
    rows = rows[np.argsort(targets.order[rows], kind="stable")[:ROWS]]
    drafts = _drafts(encoders, table, fitted_on, rows) if len(table) <= WIDEST else []
    if not drafts:
        return chosen
    order = targets.order[rows]
    inside = order < order[int(INSIDE * len(rows))]
    if not inside.any():
        return chosen
    some = targets.take(rows)
    part = take_rows(table, rows if fitted_on is None else fitted_on[rows])
    X, Y = _linear_inputs(encoders, part, some, inside), main_targets(some)
    residuals = best_residuals(X, Y, inside)
    while drafts:
        effects = [_effects(draft, residuals, inside) for draft in drafts]
        gains = [_gain(residuals[~inside], effect[~inside]) for effect in effects]
        if max(gains) < GAIN:
            break
        best = next(i for i, gain in enumerate(gains) if gain >= NEARLY * max(gains))  # the finest of them
        place, Y = drafts[best].place, Y - effects[best]
        chosen[place] = drafts[best].encoder
        drafts = [draft for draft in drafts if draft.place != place]
        residuals = best_residuals(X, Y, inside)  # with less noise the linear model is another
    return chosen


def possible_edges(values: np.ndarray) -> list[np.ndarray]:
    """Return edges of bins to try, midway between values: of every value if it has some rows, or of many rows each.

    Parameters
    ----------
    values : ndarray, shape (m,)
        nan where missing.

    Examples
    --------
    >>> [len(edges) + 1 for edges in possible_edges(np.arange(3000) // 12)]
    [250, 128, 64]
    """
    different, counts = np.unique(values[np.isfinite(values)], return_counts=True)
    m = int(counts.sum())
    if len(different) <= FEWEST:
        return []
    middles = different[1:] / 2.0 + different[:-1] / 2.0  # the sum may overflow
    every = len(different) <= min(COUNTS[0], m / ROWS_OF_VALUE)
    parts = [n for n in COUNTS if n < len(different) and n * ROWS_OF_BIN <= m]
    tried = [middles] * every + [middles[np.unique(quantile_places(counts, n))[1:-1] - 1] for n in parts]
    return [edges for edges in tried if (edges[1:] > edges[:-1]).all()]


def _drafts(
    encoders: Sequence[ColumnEncoder], table: list[Column], fitted_on: np.ndarray | None, rows: np.ndarray
) -> list[_Draft]:
    """Return the bins to try of each number, and of the days of each date."""
    drafts = []
    for place, (encoder, column) in enumerate(zip(encoders, table, strict=True)):
        if isinstance(encoder, ScaledEncoder) and encoder.parts and not encoder.plain:
            values = encoder.read(take_values(column, fitted_on))[0]
            for edges in possible_edges(values):
                with_edges = replace(encoder, edges=edges)
                drafts.append(_Draft(place, with_edges, with_edges.bins(values[rows])))
    return drafts


def _linear_inputs(
    encoders: Sequence[ColumnEncoder], table: list[Column], targets: RowTargets, inside: np.ndarray
) -> np.ndarray:
    """Return the columns of all encoders and ramps of the numbers, shape (m, at most ``COLUMNS``)."""
    blocks = [  # float32: in float64 the fit of a small table would take twice the memory
        linear_columns(encoder, column, targets).astype(np.float32)
        for encoder, column in zip(encoders, table, strict=True)
    ]
    counts = [len(encoder.names().numbers) for encoder in encoders]
    numbers = [x for block, count in zip(blocks, counts, strict=True) for x in block.T[:count]]
    count = min(RAMPS, MOST_RAMPS // max(len(numbers), 1))
    ramps = [_ramps(x, inside, count) for x in numbers] if count > 1 else []
    return np.concatenate([*blocks, *ramps], axis=1)[:, :COLUMNS]


def _ramps(x: np.ndarray, inside: np.ndarray, count: int) -> np.ndarray:
    """Return ramps between quantiles of the rows inside, shape (m, at most count)."""
    values, counts = np.unique(x[inside], return_counts=True)
    ends = values[np.unique(quantile_places(counts, count))]
    ramps: np.ndarray = np.clip((x[:, None] - ends[:-1]) / np.diff(ends), 0.0, 1.0)
    return ramps


def _effects(draft: _Draft, residuals: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return the shrunk mean of the residuals inside in the bin of each row; missing values have their own."""
    count = draft.encoder.code_levels + 1
    codes = np.where(draft.codes < 0, count - 1, draft.codes)
    sums = LevelSums.of(codes[inside], residuals[inside], np.ones(int(inside.sum())), count)
    effects: np.ndarray = sums.means()[codes]
    return effects


def _gain(residuals: np.ndarray, effects: np.ndarray) -> float:
    """Return the relative reduction of the squared error by the effects; 0 if it may be chance."""
    before = (residuals**2).sum(axis=1)
    less = before - ((residuals - effects) ** 2).sum(axis=1)
    certain = less.mean() > DEVIATIONS * less.std() / np.sqrt(len(less))
    return float(less.sum() / before.sum()) if certain else 0.0
