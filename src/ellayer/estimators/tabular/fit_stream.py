"""The prepared examples of a table larger than memory: two passes over its rows into a scratch file.

The first pass counts the rows and draws a random sample, on which the preparation is fitted. The
second writes the prepared rows to a scratch file without a name, which disappears however the fit ends, and
holds out a part. Only blocks, the sample and the held-out rows are in memory.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import IO, TYPE_CHECKING, Any, TypeGuard

import numpy as np
from sklearn.base import BaseEstimator

from ..._warn import IrregularValuesWarning, warn_user
from ...core.inference import class_index
from ...engine.disk_rows import DiskRows
from ...engine.group import current_group
from ...errors import EllayerError
from ...tables.columns import Column, read_table, take_rows
from ...tables.preparation import remember_features
from ..examples import Examples, RowStream
from ..group_rows import join_examples
from ..hold_out import FEWEST_ROWS
from .fit_group import KeyedRows, OwnRows, join_frames, join_keyed, join_targets
from .presets import Size, plan_of
from .recipes import Recipe
from .split_group import RowKeys, shared_splitter
from .targets import row_targets
from .training import ConstantTarget, FitRequest, TableData

if TYPE_CHECKING:
    import polars as pl


SAMPLE_ROWS = 100_000
START_ROWS = 10_000  # rows of the sample for initialising the network
SAMPLE_NUMBERS = 1 << 23  # numbers in the sample: fewer rows of a wide table


def is_stream(X: object) -> TypeGuard[RowStream]:
    """Return whether X is a stream of blocks of rows and targets."""
    return callable(getattr(X, "blocks", None))


def shared_request(request: FitRequest) -> FitRequest:
    """Return a fit in a group of processes with its own rows as a stream; any other fit as it is.

    Raises
    ------
    EllayerError
        For rows that are no frame, and for weights.
    """
    if current_group() is None or is_stream(request.X):
        return request
    import polars as pl

    if request.sample_weight is not None:
        raise EllayerError(
            "sample_weight: expected None in a group of processes, received weights; try class_weight, or MLPClassifier or "
            "MLPRegressor, which take them in a group"
        )

    X = request.X
    if type(X).__module__.partition(".")[0] == "pandas":
        X = pl.from_pandas(X)
    if not isinstance(X, pl.DataFrame) or request.y is None:
        raise EllayerError(
            "X: expected a polars or pandas frame with y, the rows of this process, in a group of processes; received "
            f"{type(request.X).__name__}"
        )
    return replace(request, X=OwnRows(X, np.asarray(request.y)), y=None)


@dataclass
class Sample:
    """The result of the first pass.

    Attributes
    ----------
    count : int
        The rows of the stream.
    share, bound : float
        Fraction of held-out rows, which have this key or a larger one.
    X, y : polars frame, ndarray
        A sample of the training rows, in the order of the stream.
    last : float
        The largest key of these rows: the sample is all rows up to it.
    targets : Counter
        For classification the count of each label; for regression the minimum and the maximum.
    """

    count: int
    share: float
    bound: float
    X: Any
    y: np.ndarray
    last: float
    targets: Counter[Any]


@dataclass(frozen=True)
class FittedRows:
    """The prepared rows of the sample, whose mean targets are computed differently from those of the other rows."""

    X: np.ndarray
    n_y: int
    last: float


def stream_data(
    estimator: BaseEstimator, request: FitRequest, recipe: Recipe, seed: int, scratch: IO[bytes]
) -> TableData | ConstantTarget:
    """Return the prepared rows of a stream, in a scratch file.

    Parameters
    ----------
    estimator : TabularClassifier or TabularRegressor
        Its targets and its preparation are fitted.
    request : FitRequest
    recipe : Recipe
    seed : int
    scratch : file
        Receives the prepared rows.

    Raises
    ------
    EllayerError
        For arguments that a stream does not support, too few rows, or too little disk space.
    """
    stream, group = _checked_stream(request), current_group()
    is_ordered = request.time is not None or request.groups is not None
    m = sum(len(y) for _, y in stream.blocks()) if is_ordered or group is not None else 0
    keys = _row_keys(request, m, seed, first=0 if group is None else group.offset(m))
    keyed = partial(keys.blocks, stream)
    sample = _first_pass(estimator, keyed, keys if request.eval_set is None else None)
    table = read_table(sample.X)
    remember_features(estimator, sample.X, len(table))
    Y, counts = _learn_targets(estimator, sample)
    if estimator._is_constant(Y):
        return ConstantTarget(table, 0)
    by_class = estimator._class_weights(Y, counts)
    sample_rows = _prepare_sample(estimator, table, sample, recipe, by_class, keys)
    start = sample_rows.X[:START_ROWS].copy()  # not a view of all
    count, share, bound = sample.count, sample.share, sample.bound
    del sample, table  # before the second pass needs the memory
    width = start.shape[1] + Y.shape[1] + (by_class is not None)
    _check_space(count * width * np.dtype(estimator.dtype).itemsize)
    held_out, raw_held_out = _second_pass(estimator, keyed, bound, by_class, scratch, sample_rows)
    if request.eval_set is not None:
        held_out = estimator._eval_rows(request.eval_set)
    for message in getattr(stream, "odd", []):
        warn_user(message, IrregularValuesWarning)
    assert held_out is not None
    plan = plan_of(estimator, recipe, Size(count - round(share * count), len(start.T), Y.shape[1]))
    rows = DiskRows(scratch, start.shape[1], Y.shape[1], estimator.dtype, by_class is not None)
    weights = counts if counts is None or by_class is None else counts * by_class
    row_counts = [] if group is None else group.exchange(rows.m)
    own = Examples(*rows.load(max(row_counts))) if row_counts else rows
    return TableData(
        own, [held_out] * plan.members, None, start, Y, weights, np.arange(0), 0, plan, raw_held_out,
        shared=sum(row_counts),
    )  # fmt: skip


def _checked_stream(request: FitRequest) -> RowStream:
    assert is_stream(request.X)
    if request.y is not None or request.sample_weight is not None:
        raise EllayerError(
            "y, sample_weight: expected None with a stream, which includes the targets; received "
            f"{'y' if request.y is not None else 'sample_weight'}"
        )
    return request.X


Keyed = Callable[[], Iterator[KeyedRows]]


def _row_keys(request: FitRequest, m: int, seed: int, first: int) -> RowKeys:
    """Return the keys of the m rows of a stream, the first of which is row ``first`` of all."""
    if request.time is None and request.groups is None:
        return RowKeys(seed, first)
    splitter = shared_splitter(m, time=request.time, groups=request.groups)
    if not splitter.rows:  # which is refused later
        return RowKeys(seed, first)
    return RowKeys.by(seed, first, splitter, holds_out=request.eval_set is None)


def _first_pass(estimator: BaseEstimator, keyed: Keyed, held_out: RowKeys | None) -> Sample:
    """Count the rows, keep those with the smallest keys as a sample, and summarise the targets."""
    import polars as pl

    frames: list[Any] = []
    count, bound, targets, classes = 0, 1.0, Counter[Any](), estimator._task == "classes"
    for X, y, keys in keyed():
        y = estimator._checked_targets(X, y)
        count += len(y)
        if not len(y):  # of a process without rows
            pass
        elif classes:
            labels, label_counts = np.unique(y, return_counts=True)
            targets.update(dict(zip(labels.tolist(), label_counts.tolist(), strict=True)))
        else:
            ends = [y.min(), y.max(), *targets]
            targets = Counter(dict.fromkeys((min(ends), max(ends)), 1))
        near = keys < bound
        frames.append((X.filter(near), y[near], keys[near]))
        if sum(len(part[1]) for part in frames) > 2 * _sample_size(X):
            frames = [_smallest(frames, _sample_size(X))]
            bound = float(frames[0][2].max())
    if (group := current_group()) is not None:
        size = _sample_size(frames[0][0])
        frames = [join_keyed(group, _smallest(frames, size), size)]
        count, targets = sum(group.exchange(count)), join_targets(group, targets, classes)
    if count < FEWEST_ROWS:
        raise EllayerError(
            f"X: expected a stream of at least {FEWEST_ROWS} rows, received {count}; read this small table into memory"
        )
    share, bound = (0.0, math.inf) if held_out is None else (held_out.share_of(count), held_out.bound(count))
    X, y, keys = _smallest(frames, _sample_size(frames[0][0]))
    inside = keys < bound
    assert isinstance(X, pl.DataFrame)
    return Sample(count, share, bound, X.filter(inside), y[inside], float(keys[inside].max()), targets)


def _sample_size(X: pl.DataFrame) -> int:
    return min(SAMPLE_ROWS, max(1000, SAMPLE_NUMBERS // len(X.columns)))


def _smallest(frames: list[Any], size: int) -> tuple[Any, np.ndarray, np.ndarray]:
    """Return the rows with the ``size`` smallest keys, in their order."""
    import polars as pl

    parts, *columns = zip(*frames, strict=True)
    X, y, keys = pl.concat(parts, how="vertical_relaxed"), *map(np.concatenate, columns)
    if len(keys) <= size:
        return X, y, keys
    near = np.zeros(len(keys), bool)
    near[np.argpartition(keys, size)[:size]] = True
    return X.filter(near), y[near], keys[near]


def _learn_targets(estimator: BaseEstimator, sample: Sample) -> tuple[np.ndarray, np.ndarray | None]:
    """Fit classes on all labels, or the scale on the sample and the range; return Y, one row per label or number.

    For classification also return the count of each label.
    """
    if estimator._task != "classes":
        return estimator._learn_targets(np.concatenate([sample.y, np.array(list(sample.targets))])), None
    labels = sorted(sample.targets)
    Y = estimator._learn_targets(np.array(labels, dtype=object if isinstance(labels[0], str) else None))
    return Y, np.array([sample.targets[label] for label in labels], float)


def _prepare_sample(
    estimator: BaseEstimator,
    table: list[Column],
    sample: Sample,
    recipe: Recipe,
    by_class: np.ndarray | None,
    keys: RowKeys,
) -> FittedRows:
    """Fit the preparation on the sample, and return its rows, none of which sees its own target."""
    Y = estimator._targets(sample.y)
    weights = None if by_class is None else by_class[class_index(Y.T)]
    splitter = keys.splitter_up_to(sample.last)
    targets = row_targets(Y, estimator._target_names(), weights, splitter, keys.seed)
    estimator._prepare(table, recipe, targets)
    encoders = estimator.preparation_.columns_
    if all(getattr(encoder, "statistics", None) is None for encoder in encoders):  # as any other row
        return FittedRows(
            estimator._matrix(take_rows(table, slice(START_ROWS)), new=False, warn=False), Y.shape[1], -1.0
        )
    return FittedRows(
        estimator._matrix(table, new=False, warn=False, targets=targets), Y.shape[1], sample.last
    )


def _second_pass(
    estimator: BaseEstimator,
    keyed: Keyed,
    bound: float,
    by_class: np.ndarray | None,
    scratch: IO[bytes],
    sample_rows: FittedRows,
) -> tuple[Examples | None, tuple[pl.DataFrame, np.ndarray] | None]:
    """Write the prepared training rows to the scratch file.

    Return the held-out rows, prepared and raw; None if no fraction is held out.
    """
    import polars as pl

    held_out: list[Examples] = []
    raw: list[tuple[pl.DataFrame, np.ndarray]] = []
    group = current_group()
    begin = 0
    if group is not None:
        begin = group.offset(sum(int((keys <= sample_rows.last).sum()) for _, _, keys in keyed()))
    for X, y, keys in keyed():
        if not len(y):  # of a process without rows
            none = np.zeros((0, sample_rows.X.shape[1] + sample_rows.n_y), estimator.dtype)
            weights = None if by_class is None else none[:, 0]
            held_out.append(Examples(none[:, : -sample_rows.n_y], none[:, -sample_rows.n_y :], weights))
            raw.append((X, y))
            continue
        Y = estimator._targets(estimator._checked_targets(X, y)).astype(estimator.dtype)
        weights = None if by_class is None else by_class[class_index(Y.T)]
        rows = Examples(estimator._matrix(estimator._read(X), new=False, warn=False), Y, weights)
        in_sample = keys <= sample_rows.last
        end = begin + int(in_sample.sum())
        rows.X[in_sample] = sample_rows.X[begin:end]
        begin = end
        inside = keys < bound
        parts = [rows.X[inside], Y[inside], *([] if weights is None else [weights[inside].reshape(-1, 1)])]
        scratch.write(np.concatenate(parts, axis=1, dtype=estimator.dtype).data)
        held_out.append(rows.take(~inside))
        raw.append((X.filter(~inside), y[~inside]))
    if bound == math.inf:
        return None, None
    raw_held_out = pl.concat([X for X, _ in raw], how="vertical_relaxed"), np.concatenate([y for _, y in raw])
    X, Y = (np.concatenate([getattr(rows, name) for rows in held_out]) for name in "XY")
    weights = None if by_class is None else np.concatenate([rows.weights for rows in held_out])
    examples = Examples(X, Y, weights)
    if group is None:
        return examples, raw_held_out
    return join_examples(examples), join_frames(group, *raw_held_out)


def _check_space(need: int) -> None:
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if need > free:
        raise EllayerError(
            f"scratch file: expected {need / 1e9:.3g} GB free in {folder} for the prepared rows, received {free / 1e9:.3g}; "
            "free some space, or set another folder by the environment variable TMPDIR"
        )
