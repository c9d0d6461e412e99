"""Arguments of ``train`` as in Keras: epochs, a validation split, names of metrics."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..core.inference import class_index
from ..core.metrics import METRICS
from ..core.metrics import Metric as MetricRow
from ..core.network import Network
from ..errors import EllayerError
from . import validation as checks
from .disk_rows import DiskRows
from .events import Metric

MetricsLike = Mapping[str, Metric] | Sequence[str | Metric]
ITERATIONS, RECORD_EVERY = 1000, 100  # the defaults without epochs


def native_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of ``train`` or ``train_many`` without epochs, validation split and names of metrics.

    Parameters
    ----------
    arguments : mapping
        All arguments by name.

    Raises
    ------
    EllayerError
        For two arguments that exclude each other, and for metrics that do not suit the network.
    """
    own = dict(arguments)
    checks.check_network(own["network"])
    epochs, split = own.pop("epochs"), own.pop("validation_split")
    own |= _metrics(own)
    if split is not None:
        own |= _split(own, split)
    own |= _iterations(own, epochs)
    return own


# Epochs


def _iterations(arguments: Mapping[str, Any], epochs: int | None) -> dict[str, int]:
    """Return the numbers of updates of the run and between two records."""
    iterations, every = arguments["num_iterations"], arguments["record_every"]
    if epochs is None:
        return {
            "num_iterations": ITERATIONS if iterations is None else iterations,
            "record_every": RECORD_EVERY if every is None else every,
        }
    if iterations is not None:
        raise EllayerError(
            f"epochs, num_iterations: expected at most one of them, received epochs={epochs!r} and num_iterations={iterations!r}"
        )
    m, size = _example_count(arguments["X"]), arguments["batch_size"]
    steps = 1 if size is None else -(-m // checks.check_count(size, "batch_size"))
    return {
        "num_iterations": checks.check_count(epochs, "epochs", low=0) * steps,
        "record_every": steps if every is None else every,
    }


def _example_count(X: object) -> int:
    """Return m of columns, or of rows on disk."""
    if isinstance(X, DiskRows):
        return X.m
    shape: tuple[int, ...] = getattr(X, "shape", None) or np.asarray(X).shape
    return max(1, shape[1]) if len(shape) == 2 else 1  # the shape is checked later


# Validation


def _split(arguments: Mapping[str, Any], share: object) -> dict[str, Any]:
    """Return the training part of the examples, and the validation set."""
    if arguments["validation"] is not None:
        raise EllayerError("validation_split, validation: expected at most one of them, received both")
    share = checks.check_number(share, "validation_split", strict=True, below=1.0)
    X, Y, weights = arguments["X"], arguments["Y"], arguments["sample_weight"]
    if isinstance(X, DiskRows):
        raise EllayerError(
            "validation_split: expected examples in memory, received rows on disk; pass validation=(X, Y)"
        )
    network, dtype = arguments["network"], arguments["dtype"]
    X = X.tocsc() if hasattr(X, "tocsc") else checks.check_X(network, X, dtype)
    m = X.shape[1]
    Y = checks.check_Y(network, Y, m, "float64")
    held_out = round(share * m)
    if not 0 < held_out < m:
        raise EllayerError(
            f"validation_split: expected a fraction that leaves examples on both sides, received {share:g} of {m}"
        )
    order = np.random.RandomState(_first_seed(arguments)).permutation(m)
    out, inside = np.sort(order[:held_out]), np.sort(order[held_out:])
    validation = [X[:, out], Y[:, out]]
    if weights is not None:
        weights = np.asarray(weights)
        if weights.shape[-1] != m:
            raise EllayerError(
                f"sample_weight: expected one weight per example, {m}; received shape {weights.shape}"
            )
        if weights.ndim == 1:
            validation.append(weights[out])
        weights = weights[..., inside]
    return {"X": X[:, inside], "Y": Y[:, inside], "sample_weight": weights, "validation": tuple(validation)}


def _first_seed(arguments: Mapping[str, Any]) -> int:
    state, seed = arguments.get("state"), arguments["seed"]
    if state is None and arguments.get("states"):
        state = arguments["states"][0]
    first = np.ravel(seed)[:1].tolist() or [0]
    return checks.check_seed(first[0] if state is None else state.seed)


# Metrics


def _metrics(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return functions for names of metrics, and the direction of the monitored one."""
    metrics, network = arguments["metrics"], arguments["network"]
    if isinstance(metrics, str):
        raise EllayerError(f"metrics: expected a list of names, received a string; try metrics=[{metrics!r}]")
    if not isinstance(metrics, (list, tuple)):
        return {}
    functions: dict[str, Callable[..., float]] = {}
    maximize = arguments["maximize"]
    for metric in metrics:
        if callable(metric):
            functions[getattr(metric, "__name__", type(metric).__name__)] = metric
        else:
            row = _row_for(network, metric)
            functions[row.name] = _Named(row, network)
            if maximize is None and arguments["monitor"] in (row.name, f"validation_{row.name}"):
                maximize = row.maximize
    return {"metrics": functions, "maximize": maximize}


def _row_for(network: Network, name: object) -> MetricRow:
    """Return the row of a metric, or raise an error if it is not one of the network's outputs."""
    if not isinstance(name, str):
        raise EllayerError(f"metrics: expected names or functions of (AL, Y), received {type(name).__name__}")
    row, n_L = METRICS[name], network.layer_dims[-1]
    kind = network.loss_row.targets
    several = n_L > 1 and kind != "one_hot"
    task = "classes" if kind in ("binary", "one_hot") else "numbers"
    if row.task == task and not several:
        return row
    fitting = [other for other in METRICS if METRICS[other].task == task]
    if several:
        raise EllayerError(
            f"metrics: expected functions of (AL, Y) for a network with {n_L} separate outputs, received {name!r}"
        )
    raise EllayerError(
        f"metrics: expected names among {', '.join(fitting)} for the loss {network.loss}, received {name!r}"
    )


class _Named:
    """A row of ``METRICS`` as a function of AL and Y; a class, so that a run can be pickled."""

    def __init__(self, row: MetricRow, network: Network):
        self.name, self.K = row.name, max(2, network.layer_dims[-1])

    def __call__(self, AL: np.ndarray, Y: np.ndarray) -> float:
        row = METRICS[self.name]
        if row.takes == "numbers":
            return row.value(Y[0], AL[0])
        if row.takes == "labels":
            return row.value(class_index(Y), class_index(AL), K=self.K)
        P = np.concatenate([1.0 - AL, AL]) if len(AL) == 1 else AL
        with np.errstate(all="ignore"):
            score = row.value(class_index(Y), P.T, K=self.K)
        return score if math.isfinite(score) else math.nan
