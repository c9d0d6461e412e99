"""Fitting to a table larger than memory: two passes over its rows, then mini-batches from a scratch file.

The first pass counts the rows and keeps a random sample; the preparation is learned from the sample. The
second writes the prepared rows into a scratch file without a name, which is gone however the fit ends, and
keeps a part that is held out. Memory holds blocks, the sample and what is held out, whatever the rows are.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, Protocol

import numpy as np
from sklearn.utils import check_random_state

from ..._warn import warn_user
from ...core.inference import class_index
from ...engine.disk_rows import DiskRows
from ...errors import EllayerError
from ...tables.columns import read_table
from ...tables.preparation import match_columns, remember_features, take_rows
from ..parameters import hidden_sizes
from .ensemble import (
    FEWEST_ROWS,
    FOLDS,
    MOST_HELD,
    Asides,
    Orders,
    Rows,
    best_epoch,
    epochs_for,
    make_network,
    train_on_disk,
)
from .recipes import find_recipe
from .start_weights import start_of

SAMPLE_ROWS = 100_000
SHOWN_ROWS = 10_000  # of the sample, to start the network from
SAMPLE_NUMBERS = 1 << 23  # in the sample, fewer rows of a wide table


class RowStream(Protocol):
    """What a fit takes in place of X and y, as ``data.TableStream`` is: the same blocks at each call."""

    def blocks(self) -> Iterator[tuple[Any, np.ndarray]]:
        """Return (polars frame, targets) of each block of rows."""
        ...


def is_stream(X: Any) -> bool:
    """Tell whether X gives its rows and targets in blocks."""
    return callable(getattr(X, "blocks", None))


@dataclass
class Learned:
    """What the first pass leaves for the second: the sample itself is let go."""

    count: int
    share: float
    X: np.ndarray  # some prepared rows of the sample
    Y: np.ndarray  # one row per class
    by_class: np.ndarray | None  # what a row of each class weighs
    weights: np.ndarray | None  # what all rows of each class weigh together


@dataclass
class Seen:
    """What the first pass saw: the rows' number, a sample of those to learn from, and all targets in short."""

    count: int
    share: float  # of the rows that is held out: those with the largest keys
    X: Any
    y: np.ndarray
    targets: Counter  # classes: rows of each label; numbers: the smallest and the largest


def fit_stream(
    estimator: Any,
    stream: RowStream,
    y: Any,
    sample_weight: Any,
    asides: Asides,
) -> Any:
    """Fit a table estimator to a stream of blocks.

    Parameters
    ----------
    estimator : TabularClassifier or TabularRegressor
    stream : RowStream
    y, sample_weight : None
        The stream holds the targets.
    asides : Asides

    Returns
    -------
    estimator

    Raises
    ------
    ValueError
        For what a stream cannot go with, too few rows, and a disk without space.
    """
    begin = time.perf_counter()
    _check(estimator, y, sample_weight)
    hidden = None if estimator.hidden_layer_sizes is None else hidden_sizes(estimator.hidden_layer_sizes)
    recipe = find_recipe(estimator.recipe, estimator._task, estimator.learning_rate)
    estimator._metric = estimator._find_metric()
    seed = int(check_random_state(estimator.random_state).randint(2**31 - 1))
    learned = _learn(estimator, stream, seed, recipe, held=asides.eval_set is None)
    if learned is None:
        return estimator
    X, Y, weighted = learned.X, learned.Y, learned.by_class is not None
    with tempfile.TemporaryFile(prefix="ellayer-") as scratch:
        _check_space(
            learned.count * (X.shape[1] + Y.shape[1] + weighted) * np.dtype(estimator.dtype).itemsize
        )
        held = _second_pass(estimator, stream, seed, learned, scratch)
        eval_rows = estimator._eval_rows(asides.eval_set) if held is None else held
        rows = DiskRows(scratch, X.shape[1], Y.shape[1], estimator.dtype, weighted)
        network = estimator.network_ = make_network(
            recipe, hidden, rows.n_x, rows.n_y, estimator._loss(recipe), estimator.preparation_.n_numbers_,
            estimator.preparation_.code_levels_, rows.m,
        )  # fmt: skip
        orders = Orders(
            epochs_for(estimator.epochs, recipe, rows.m, estimator.batch_size), estimator.batch_size, seed,
            estimator.time_limit, begin, estimator._score_of_epoch, estimator._metric.maximize,
            tuple(asides.callbacks or ()), asides.progress, estimator, asides.states,
        )  # fmt: skip
        start = start_of(network, recipe, X, np.random.RandomState(seed))
        result = train_on_disk(network, recipe, rows, eval_rows, start, orders)
    estimator.members_, estimator.history_ = [result.parameters], result.history.epochs()
    estimator.best_epochs_ = [best_epoch(result.history, orders.maximize)]
    estimator.stopped_by_, estimator.engine_ = result.stopped_by, result.engine
    estimator._judge(Rows(X[:0], Y, learned.weights), None, eval_rows, np.arange(0), 0)
    for note in getattr(stream, "odd", []):
        warn_user(note)
    return estimator


def _check(estimator: Any, y: Any, sample_weight: Any) -> None:
    if y is not None or sample_weight is not None:
        raise EllayerError(
            "y, sample_weight: expected None with a stream, which gives the targets with its rows; received "
            f"{'y' if y is not None else 'sample_weight'}"
        )
    if estimator.n_members != 1:
        raise EllayerError(
            f"n_members: expected 1 with a stream, received {estimator.n_members}; members are trained at once, from memory: "
            "fit several models with different random_state and average them"
        )


def _keyed(stream: RowStream, seed: int) -> Iterator[tuple[Any, np.ndarray, np.ndarray]]:
    """Return the blocks with a random number for each row, the same at each pass."""
    random = np.random.Generator(np.random.Philox(seed))
    for X, y in stream.blocks():
        yield X, y, random.random(len(y))


# The first pass


def _learn(estimator: Any, stream: RowStream, seed: int, recipe: Any, held: bool) -> Learned | None:
    """Learn targets and preparation; None where there is nothing to learn, which settles the fit."""
    seen = _first_pass(estimator, stream, seed, held)
    table = read_table(seen.X)
    remember_features(estimator, seen.X, len(table))
    Y, counts = _learn_targets(estimator, seen)
    if estimator._is_constant(Y):
        estimator._settle_constant(table, 0)
        return None
    by_class = estimator._class_weights(Y, counts)
    estimator.preparation_ = estimator._prepare(table, recipe, None)
    X = estimator._matrix(take_rows(table, slice(SHOWN_ROWS)), new=False, warn=False)
    return Learned(seen.count, seen.share, X, Y, by_class, counts if by_class is None else counts * by_class)


def _first_pass(estimator: Any, stream: RowStream, seed: int, held: bool) -> Seen:
    """Count, take the rows with the smallest keys for a sample, and gather the targets in short."""
    import polars as pl

    frames: list[Any] = []
    count, bound, targets, classes = 0, 1.0, Counter[Any](), estimator._task == "classes"
    for X, y, keys in _keyed(stream, seed):
        y = estimator._checked_targets(X, y)
        count += len(y)
        if classes:
            labels, each = np.unique(y, return_counts=True)
            targets.update(dict(zip(labels.tolist(), each.tolist(), strict=True)))
        else:
            ends = [y.min(), y.max(), *targets]
            targets = Counter(dict.fromkeys((min(ends), max(ends)), 1))
        near = keys < bound
        frames.append((X.filter(near), y[near], keys[near]))
        if sum(len(part[1]) for part in frames) > 2 * _sample_size(X):
            frames = [_smallest(frames, _sample_size(X))]
            bound = float(frames[0][2].max())
    if count < FEWEST_ROWS:
        raise EllayerError(
            f"X: expected a stream of at least {FEWEST_ROWS} rows, received {count}; read so small a table into memory"
        )
    share = min(1.0 / FOLDS[0], MOST_HELD / count) if held else 0.0
    X, y, keys = _smallest(frames, _sample_size(frames[0][0]))
    inside = keys < 1.0 - share
    assert isinstance(X, pl.DataFrame)
    return Seen(count, share, X.filter(inside), y[inside], targets)


def _sample_size(X: Any) -> int:
    return min(SAMPLE_ROWS, max(1000, SAMPLE_NUMBERS // len(X.columns)))


def _smallest(frames: list[Any], size: int) -> tuple[Any, np.ndarray, np.ndarray]:
    """Return the rows with the ``size`` smallest keys, in their order."""
    import polars as pl

    X, y, keys = (
        pl.concat([part[0] for part in frames]),
        np.concatenate([part[1] for part in frames]),
        np.concatenate([part[2] for part in frames]),
    )
    if len(keys) <= size:
        return X, y, keys
    near = np.zeros(len(keys), bool)
    near[np.argpartition(keys, size)[:size]] = True
    return X.filter(near), y[near], keys[near]


def _learn_targets(estimator: Any, seen: Seen) -> tuple[np.ndarray, np.ndarray | None]:
    """Learn classes from all labels, or the scale from the sample and both ends; return Y, one row per label or number.

    With it, for classes, how many rows each label has.
    """
    if estimator._task != "classes":
        return estimator._learn_targets(np.concatenate([seen.y, np.array(list(seen.targets))])), None
    labels = sorted(seen.targets)
    Y = estimator._learn_targets(np.array(labels, dtype=object if isinstance(labels[0], str) else None))
    return Y, np.array([seen.targets[label] for label in labels], float)


# The second pass


def _second_pass(
    estimator: Any, stream: RowStream, seed: int, learned: Learned, scratch: IO[bytes]
) -> Rows | None:
    """Write the prepared rows to learn from into the scratch file; return those held out, None for no share."""
    import polars as pl

    held: list[Rows] = []
    raw: list[tuple[Any, np.ndarray]] = []
    by_class, share = learned.by_class, learned.share
    names = getattr(estimator, "feature_names_in_", None)
    for X, y, keys in _keyed(stream, seed):
        table = match_columns(read_table(X), X, names, estimator.n_features_in_, type(estimator))
        Y = estimator._targets(estimator._checked_targets(X, y)).astype(estimator.dtype)
        weights = None if by_class is None else by_class[class_index(Y.T)]
        rows = Rows(estimator._matrix(table, new=False, warn=False), Y, weights)
        inside = keys < 1.0 - share
        parts = [rows.X[inside], Y[inside], *([] if weights is None else [weights[inside].reshape(-1, 1)])]
        scratch.write(np.concatenate(parts, axis=1, dtype=estimator.dtype).data)
        if share:
            held.append(rows.take(~inside))
            raw.append((X.filter(~inside), y[~inside]))
    if not held:
        return None
    estimator.held_out_ = pl.concat([part[0] for part in raw]), np.concatenate([part[1] for part in raw])
    weights = None if by_class is None else np.concatenate([rows.weights for rows in held])  # type: ignore[misc]
    return Rows(np.concatenate([rows.X for rows in held]), np.concatenate([rows.Y for rows in held]), weights)


def _check_space(need: int) -> None:
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if need > free:
        raise EllayerError(
            f"scratch file: expected {need / 1e9:.3g} GB free in {folder} for the prepared rows, received {free / 1e9:.3g}; "
            "make room, or name another folder in the environment variable TMPDIR"
        )
