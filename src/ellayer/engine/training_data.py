"""The examples of a run: dense, sparse or on disk, with their mini-batches and validation sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from ..core.arrays import Array, SparseMatrix, has_few_nonzeros, is_sparse
from ..core.network import Network
from ..errors import EllayerError
from . import validation as checks
from .batch_reader import BatchReader
from .batches import Batches, BlockBatches
from .disk_rows import DiskReader, DiskRows
from .group import Group, current_group, shared_settings
from .sparse import check_columns, dense_batch
from .step import Batch, as_float64
from .train_settings import TrainSettings
from .wide import ExampleSpan

Examples = ArrayLike | SparseMatrix | DiskRows


@dataclass(frozen=True)
class TrainingData:
    """The examples of a run of K networks.

    Parameters
    ----------
    examples : Batch or BatchReader
        All examples, whose X may be a ``csc_array``, or a reader of their mini-batches. Weights (1, m) for all networks, or (K, m).
    batch_orders : tuple of Batches
        One for all networks, or one each.
    validation : tuple of Batch or None
        One of each network.
    m : int
        Of all processes together, in a group of processes; ``examples`` are those of this one.
    dtype : str
    counts : tuple of int
        The examples of each process of a group.
    omits : bool
        Whether mini-batches on NumPy omit a network's examples of weight 0, those that it holds out.
    """

    examples: Batch | BatchReader
    batch_orders: tuple[Batches, ...]
    validation: tuple[Batch | None, ...]
    m: int
    dtype: str
    counts: tuple[int, ...] = ()
    omits: bool = False

    @property
    def batches(self) -> Batches:
        """The mini-batches, of the first network if they differ."""
        return self.batch_orders[0]

    def of_network(self, k: int) -> Batch | BatchReader:
        """Return the examples with the weights of network k."""
        if not isinstance(self.examples, Batch):
            return self.examples
        weights = self.examples.weights
        if weights is None or len(weights) == 1:
            return self.examples
        return self.examples._replace(weights=weights[k : k + 1])

    def in_span(self, span: ExampleSpan) -> TrainingData:
        """Return the examples in the coordinates of their span, in float64."""
        (validation,) = self.validation
        if validation is not None:
            validation = as_float64(validation._replace(X=span.project(validation.X)))
        examples = self.examples
        if isinstance(examples, Batch):
            examples = as_float64(examples._replace(X=span.X))._replace(gram=span.gram)
        return replace(self, examples=examples, validation=(validation,), dtype="float64")


def training_data(
    settings: TrainSettings,
    X: Examples,
    Y: ArrayLike | None,
    sample_weight: ArrayLike | None,
    validation: object,
) -> TrainingData:
    """Check the examples of ``train`` and of ``train_many``.

    Parameters
    ----------
    settings : TrainSettings
    X, Y
        As for ``train``.
    sample_weight : array, shape (m,), or (K, m) for K networks, or None
    validation : (X, Y), (X, Y, sample_weight), a list of K of them for K networks, or None
    """
    group = current_group()
    if group is None:
        return _own_data(settings, X, Y, sample_weight, validation)
    with group.together():
        check_shareable(settings, X, validation)
        if isinstance(X, DiskRows):
            _check_disk_rows(settings, X, Y, sample_weight)
            rows, targets, sample_weight = X.load()
            X, Y = rows.T, targets.T
        with checks.part_of_examples():
            own = _own_data(settings, X, Y, sample_weight, validation)
    return _shared_data(group, settings, own)


def _own_data(
    settings: TrainSettings,
    X: Examples,
    Y: ArrayLike | None,
    sample_weight: ArrayLike | None,
    validation: object,
) -> TrainingData:
    """Check the examples of this process."""
    if isinstance(X, DiskRows):
        _check_disk_rows(settings, X, Y, sample_weight)
        _check_read(settings)
        batches = _blocks(settings, X)
        sets = _validation_sets(settings, validation, str(X.dtype))
        return TrainingData(DiskReader(X, batches, settings.network), (batches,), sets, X.m, str(X.dtype))
    network = settings.network
    columns: Array = (checks.check_X if settings.several else check_columns)(network, X, settings.dtype)
    dtype, m = str(columns.dtype), columns.shape[1]
    batch_orders, weights = _batch_orders(settings, max(m, 1)), _weights(settings, sample_weight, m, dtype)
    targets = checks.check_Y(network, Y, m, dtype)
    examples = Batch(columns, targets, weights)
    if is_sparse(columns) and batch_orders[0].full and not (current_group() or has_few_nonzeros(columns)):
        examples = dense_batch(examples)
    return TrainingData(examples, batch_orders, _validation_sets(settings, validation, dtype), m, dtype)


def _batch_orders(settings: TrainSettings, m: int) -> tuple[Batches, ...]:
    seeds = settings.seeds if len(set(settings.seeds)) > 1 else settings.seeds[:1]
    return tuple(Batches(m, settings.batch_size, seed, settings.shuffle) for seed in seeds)


def _weights(
    settings: TrainSettings, sample_weight: ArrayLike | None, m: int, dtype: str
) -> np.ndarray | None:
    """Return weights as (1, m) or, for several networks, (K, m)."""
    if sample_weight is None or not settings.several:
        return checks.check_weights(sample_weight, m, dtype)
    rows = [checks.check_weights(row, m, dtype) for row in np.atleast_2d(np.asarray(sample_weight))]
    return np.concatenate([row for row in rows if row is not None])


# Rows of a group of processes


def check_shareable(settings: TrainSettings, X: Examples, validation: object) -> None:
    """Raise for settings and examples that a group of processes does not support."""
    by_numpy = settings.engine.kind == "numpy" or settings.engine.wide
    for name, wrong, expected, received, advice in (
        ("engine", by_numpy and not settings.lbfgs, "'auto' or 'jax'", "'numpy' or 'wide'",
         "omit it, for only compiled updates add up gradients over processes"),
        ("device", settings.devices, "None", "devices", "omit it, for a group uses all devices of its processes"),
        ("validation", isinstance(validation, list), "one (X, Y) for all networks", "a list",
         "pass the rows of this process, which are joined with those of the others"),
    ):  # fmt: skip
        if wrong:
            raise EllayerError(
                f"{name}: expected {expected} in a group of processes, received {received}; {advice}"
            )


def _shared_data(group: Group, settings: TrainSettings, own: TrainingData) -> TrainingData:
    """Return the examples of this process, the orders of those of all, and the validation sets of all as one."""
    examples = own.examples
    assert isinstance(examples, Batch)
    facts = [
        ("network", repr(settings.network)), ("optimizer", settings.config.optimizer.name), ("dtype", own.dtype),
        ("batch_size", settings.batch_size), ("num_iterations", settings.num_iterations),
        ("record_every", settings.record_every), ("seeds", settings.seeds),
        ("learning_rate", settings.learning_rates), ("sample_weight", examples.weights is not None),
        ("validation", None if own.validation[0] is None else own.validation[0].weights is not None),
        ("stopping", replace(settings.stopping, time_limit=None)), ("metrics", [*settings.metrics]),
        ("L-BFGS", settings.lbfgs), ("sparse X", is_sparse(examples.X)),
    ]  # fmt: skip
    group.check_equal(shared_settings(facts), "call train with the same arguments in every process")
    weight = own.m if examples.weights is None else float(examples.weights.sum())
    counts, weights = zip(*group.exchange((own.m, weight)), strict=True)
    if not sum(weights) > 0:
        raise EllayerError(
            "X: expected an example of a weight above 0 in some process of the group, received none; pass the rows of each process"
        )
    validation = own.validation[0]
    if validation is not None:
        parts = (None if a is None else group.gather(np.ascontiguousarray(a.T)).T for a in validation)
        validation = Batch(*parts)
        if not validation.X.size:
            raise EllayerError(
                "validation: expected an example in some process of the group, received none; omit it, or pass those of each process"
            )
    m = sum(counts)
    batch_orders = _batch_orders(settings, m)
    if batch_orders[0].full:  # which depends on the examples of all processes
        examples = dense_batch(examples)
    return replace(
        own,
        examples=examples,
        m=m,
        counts=counts,
        batch_orders=batch_orders,
        validation=(validation,) * len(own.validation),
    )


# Rows on disk


def _blocks(settings: TrainSettings, rows: DiskRows) -> BlockBatches:
    size, seed = settings.batch_size or rows.m, settings.seeds[0]
    return BlockBatches(rows.m, size, seed, settings.shuffle, block=rows.block, window=rows.window)


def _check_disk_rows(settings: TrainSettings, rows: DiskRows, Y: object, sample_weight: object) -> None:
    """Raise for settings that rows on disk do not support."""
    n_x, n_L = settings.network.layer_dims[0], settings.network.layer_dims[-1]
    if (rows.n_x, rows.n_y) != (n_x, n_L):
        raise EllayerError(
            f"X: expected rows of {n_x} inputs and {n_L} targets, as the network has; received rows of {rows.n_x} and "
            f"{rows.n_y}"
        )
    if Y is not None or sample_weight is not None:
        raise EllayerError(
            "Y, sample_weight: expected None with rows on disk, which hold their targets and weights; write them into "
            "the rows, DiskRows(file, n_x, n_y, weighted=True)"
        )
    if settings.dtype is not None and settings.dtype != str(rows.dtype):
        raise EllayerError(
            f"dtype: expected that of the rows on disk, {rows.dtype}, or None; received {settings.dtype!r}"
        )


def _check_read(settings: TrainSettings) -> None:
    """Raise for settings that need all examples in memory."""
    if settings.batch_size is None:
        raise EllayerError(
            "batch_size: expected a number of examples per update, as rows on disk are never in memory together (no full "
            "batch, no lbfgs, not 'wide'); received None; try batch_size=256"
        )
    if settings.metrics:
        raise EllayerError(
            "metrics: expected none with rows on disk, which need all examples together; pass score=f(AL, Y, "
            "weights) and validation=(X, Y)"
        )


# Validation sets


def _validation_sets(settings: TrainSettings, validation: object, dtype: str) -> tuple[Batch | None, ...]:
    """Return the validation set of each network."""
    K = len(settings.values)
    if not (settings.several and isinstance(validation, list)):
        return (_validation_set(settings.network, validation, dtype),) * K
    return tuple(_validation_set(settings.network, one, dtype) for one in validation)


def _validation_set(network: Network, validation: object, dtype: str) -> Batch | None:
    if validation is None:
        return None
    if not isinstance(validation, Sequence) or len(validation) not in (2, 3):
        raise EllayerError(
            f"validation: expected (X, Y) or (X, Y, sample_weight), received {type(validation).__name__}"
        )
    check = check_columns if current_group() is None else checks.check_X  # a group gathers arrays
    X = check(network, validation[0], dtype, "validation X")
    Y = checks.check_Y(network, validation[1], X.shape[1], dtype, "validation Y")
    weights = validation[2] if len(validation) == 3 else None
    return Batch(X, Y, checks.check_weights(weights, X.shape[1], dtype, "validation weights"))
