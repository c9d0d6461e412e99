"""Checks of arguments: shapes, numbers, labels, settings."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, SupportsIndex

import numpy as np

from .._progress import check_progress
from ..core.network import Network
from ..core.parameter_names import kind_of
from ..errors import EllayerError, refuse_masked
from .events import Observers
from .history import RESERVED
from .state import is_finite

if TYPE_CHECKING:
    pass

LARGEST_SEED = 2**32 - 1  # limit of numpy.random.RandomState


def check_network(network: object) -> None:
    """Raise unless it is a ``Network``."""
    if not isinstance(network, Network):
        raise EllayerError(f"network: expected an ellayer.Network, received {type(network).__name__}")


def check_X(network: Network, X: object, dtype: str | None, name: str = "X") -> np.ndarray:
    """Return X as a float array (n_x, m), sparse X converted to dense; raise for a wrong shape or number."""
    refuse_masked(X, name)
    X = X.toarray() if hasattr(X, "toarray") else np.asarray(X)
    check_shape_of_X(network, X.shape, X.dtype, name)
    with np.errstate(over="ignore"):  # an overflow is detected below
        X = X.astype(float_type(X.dtype, dtype), copy=False)
    check_finite(X, name)
    return X


def float_type(dtype: np.dtype, argument: str | None) -> str:
    """Return the dtype of the computation: the argument ``dtype``, else that of X if it is one of the two."""
    return argument or ("float32" if dtype == np.float32 else "float64")


def check_shape_of_X(network: Network, shape: tuple[int, ...], dtype: np.dtype, name: str) -> None:
    """Raise for a wrong type or shape of X, an array or a sparse matrix."""
    n_x = network.layer_dims[0]
    check_numeric(dtype, name, "encode text and categories first")
    if len(shape) != 2:
        raise EllayerError(
            f"{name}: expected shape (n_x, m) = ({n_x}, m) with examples as columns, received shape {shape}; "
            "flatten images with X.reshape(m, -1).T; a single example is a column, x.reshape(-1, 1)"
        )
    if 0 in (shape[:1] if _is_part.get() else shape):
        raise EllayerError(f"{name}: expected at least one example and one feature, received shape {shape}")
    if shape[0] != n_x:
        hint = (
            f"; {name}.T has the right shape: are the examples rows? Transpose?"
            if shape[1] == n_x
            else f"; make layer_dims[0] = {shape[0]}, or pass the {n_x} features of the network"
        )
        raise EllayerError(f"{name}: expected ({n_x}, m), examples as columns; received {shape}{hint}")


def check_numeric(dtype: np.dtype, name: str, advice: str) -> None:
    """Raise for an array of anything but numbers and truth values."""
    if dtype.kind not in "fiub":
        raise EllayerError(f"{name}: expected numbers, received dtype {dtype}; {advice}")


_is_part: ContextVar[bool] = ContextVar("is_part", default=False)


@contextmanager
def part_of_examples() -> Iterator[None]:
    """Return a context for the examples of one of several processes, which may have none, or none that counts."""
    token = _is_part.set(True)
    try:
        yield
    finally:
        _is_part.reset(token)


_finite: ContextVar[np.ndarray | None] = ContextVar("finite", default=None)


@contextmanager
def finite_numbers(X: np.ndarray) -> Iterator[None]:
    """Return a context for calls with X, or its transpose, after all its numbers have been seen to be finite."""
    token = _finite.set(X)
    try:
        yield
    finally:
        _finite.reset(token)


def check_finite(X: np.ndarray, name: str) -> None:
    """Raise for nan or infinity, with the position of the first."""
    known = _finite.get()
    if known is not None and (X.ctypes.data, X.nbytes) == (known.ctypes.data, known.nbytes):
        return
    if is_finite(X):
        return
    bad = np.argwhere(~np.isfinite(X))
    i, j = bad[0]
    raise EllayerError(
        f"{name}: expected finite numbers, received {X[i, j]} at feature {i} of example {j} "
        f"({len(bad)} nan or infinite in total); fill or drop missing values first, and scale values that overflow"
    )


def check_Y(network: Network, targets: object, m: int, dtype: str | np.dtype, name: str = "Y") -> np.ndarray:
    """Return Y as a float array (n_L, m); raise for a wrong shape or number."""
    if targets is None:
        raise EllayerError(
            f"{name}: expected targets, received None; only rows on disk (engine.DiskRows) include their targets"
        )
    refuse_masked(targets, name)
    Y = np.asarray(targets)
    n_L = network.layer_dims[-1]
    kind = network.loss_row.targets
    check_numeric(Y.dtype, name, "encode labels as 0, 1, ... first")
    if Y.shape == (m,) and (kind == "one_hot" or n_L == 1):
        Y = _class_columns(Y, n_L, name) if kind == "one_hot" else Y.reshape(1, m)
    if Y.shape != (n_L, m):
        hint = _hint_for_Y(Y.shape, n_L, m, name, kind)
        raise EllayerError(f"{name}: expected shape ({n_L}, {m}), received {Y.shape}; {hint}")
    with np.errstate(over="ignore"):
        Y = Y.astype(dtype, copy=False)
    check_finite(Y, name)
    if kind == "binary" and not ((Y == 0) | (Y == 1)).all():
        strange = sorted(set(np.unique(Y)) - {0.0, 1.0})[:5]
        raise EllayerError(
            f"{name}: the loss {network.loss!r} expects labels 0 and 1, received "
            f"{', '.join(f'{v:g}' for v in strange)}; recode the labels, or choose a loss for numbers such as "
            "'squared_error'"
        )
    if kind == "one_hot" and not (np.allclose(Y.sum(axis=0), 1.0, atol=1e-6) and (Y >= 0).all()):
        raise EllayerError(
            f"{name}: the loss {network.loss!r} expects one-hot columns (or class indices 0..{n_L - 1} of shape "
            f"({m},)); received columns that sum to {Y.sum(axis=0).min():g}..{Y.sum(axis=0).max():g}"
        )
    if kind == "count" and (Y < 0).any():
        raise EllayerError(f"{name}: the loss {network.loss!r} expects numbers >= 0, received {Y.min():g}")
    return Y


def _hint_for_Y(shape: tuple[int, ...], n_L: int, m: int, name: str, kind: str) -> str:
    """Return a hint how to fix targets of the wrong shape."""
    if shape == (m, n_L):
        return f"{name}.T has the right shape: transpose?"
    if (len(shape) == 1 and shape[0] != m) or (len(shape) == 2 and shape[0] == n_L):
        return f"X has {m} examples and {name} {shape[-1]}"
    if math.prod(shape) == n_L * m:
        return f"try {name}.reshape({n_L}, {m})"
    if kind == "one_hot" and math.prod(shape) == m:
        return f"class indices are flat: try {name}.ravel()"
    return f"try one row per output unit, and one column per example ({n_L} and {m} here)"


def _class_columns(y: np.ndarray, n_L: int, name: str) -> np.ndarray:
    if not ((y == np.floor(y)) & (y >= 0) & (y < n_L)).all():
        raise EllayerError(
            f"{name}: expected class indices 0..{n_L - 1} (the network has {n_L} outputs), received "
            f"{y.min():g}..{y.max():g}"
        )
    return np.asarray(np.arange(n_L).reshape(-1, 1) == y, float)


def check_weights(
    weights: object, m: int, dtype: str | np.dtype, name: str = "sample_weight"
) -> np.ndarray | None:
    """Return weights as (1, m), or None."""
    if weights is None:
        return None
    refuse_masked(weights, name)
    w = np.asarray(weights)
    check_numeric(w.dtype, name, "give one number per example")
    w = w.astype(dtype, copy=False)
    if w.size != m or w.ndim > 2:
        raise EllayerError(f"{name}: expected one weight per example, shape ({m},); received shape {w.shape}")
    w = w.reshape(1, m)
    if not np.isfinite(w).all() or (w < 0).any() or not (_is_part.get() or w.sum() > 0):
        raise EllayerError(
            f"{name}: expected finite weights >= 0, not all 0; received values in {w.min():g}..{w.max():g}"
        )
    return w


def check_parameters(
    network: Network, parameters: object, dtype: str, where: str = "parameters"
) -> dict[str, np.ndarray]:
    """Return a copy of the parameters in the right dtype; raise for a wrong shape."""
    if not isinstance(parameters, dict) or set(parameters) != set(network.shapes):
        received = sorted(parameters) if isinstance(parameters, dict) else type(parameters).__name__
        raise EllayerError(f"{where}: expected a dict with {', '.join(network.shapes)}; received {received}")
    copy = {}
    for name, shape in network.shapes.items():
        theta = np.array(parameters[name], dtype=dtype)
        if theta.shape != shape:
            raise EllayerError(f"{where}[{name!r}]: expected shape {shape}, received {theta.shape}")
        check_finite(theta, f"{where}[{name!r}]")
        copy[name] = theta
    return copy


def check_dtype(dtype: object) -> str | None:
    """Return "float32", "float64" or None."""
    if dtype is None:
        return None
    try:
        name = str(np.dtype(dtype))  # type: ignore[call-overload]
    except TypeError:
        name = ""
    if name not in ("float32", "float64"):
        raise EllayerError(f"dtype: expected 'float32' or 'float64', received {dtype!r}")
    return name


def check_number(
    value: object, name: str, *, low: float = 0.0, strict: bool = False, below: float = math.inf
) -> float:
    """Return a number of [low, below), or (low, below) when strict."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise EllayerError(f"{name}: expected a number, received {value!r}") from None
    if not (number > low if strict else number >= low) or not number < below:
        bound = f"{'> ' if strict else '>= '}{low:g}" + (f" and < {below:g}" if below < math.inf else "")
        raise EllayerError(f"{name}: expected a finite number {bound}, received {value!r}")
    return number


def check_count(value: object, name: str, low: int = 1) -> int:
    """Return an integer of at least ``low``."""
    if isinstance(value, bool) or not isinstance(value, SupportsIndex) or value.__index__() < low:
        raise EllayerError(f"{name}: expected an integer >= {low}, received {value!r}")
    return value.__index__()


def check_jobs(value: object) -> int | None:
    """Return a number of tasks at once: None, or an integer that is not 0."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, SupportsIndex) or value.__index__() == 0:
        raise EllayerError(
            f"n_jobs: expected None, an integer >= 1, or -1 for all cores, received {value!r}; try n_jobs=-1"
        )
    return value.__index__()


def check_seed(seed: object) -> int:
    """Return a seed for NumPy's generator."""
    number = check_count(seed, "seed", low=0)
    if number > LARGEST_SEED:
        raise EllayerError(f"seed: expected an integer from 0 to {LARGEST_SEED}, received {number}")
    return number


def check_observers(callbacks: object, progress: object) -> Observers:
    """Return callbacks and progress; raise unless they are a list of functions, and True, False or a function."""
    if callable(callbacks):
        raise EllayerError(
            "callbacks: expected a list of functions, received a function; write callbacks=[function]"
        )
    if not isinstance(callbacks, Iterable):
        raise EllayerError(f"callbacks: expected a list of functions, received {type(callbacks).__name__}")
    for callback in callbacks:
        if not callable(callback):
            raise EllayerError(f"callbacks: expected functions, received {type(callback).__name__}")
    return Observers(tuple(callbacks), check_progress(progress))


def check_metrics(metrics: object, score: object) -> None:
    """Raise unless metrics are a dict of functions with new names, and score is a function."""
    if score is not None and not callable(score):
        raise EllayerError(f"score: expected a function, received {type(score).__name__}")
    kind = "metrics: expected a dict of functions {name: f(AL, Y)}"
    if metrics is None:
        return
    if not isinstance(metrics, Mapping):
        raise EllayerError(f"{kind}, received {type(metrics).__name__}")
    for name, function in metrics.items():
        if name in RESERVED or (name == "score" and score is not None):
            raise EllayerError(
                f"metrics: expected names other than the columns of the history, received {name!r}; try 'my_{name}'"
            )
        if not callable(function):
            raise EllayerError(f"{kind}, received {type(function).__name__} for {name!r}")


def check_joint_score(joint: object, score: object, validation: object) -> None:
    """Raise unless a joint score is a function, with validation sets and without another score."""
    if joint is None:
        return
    if not callable(joint):
        raise EllayerError(f"joint_score: expected a function, received {type(joint).__name__}")
    if score is not None or validation is None:
        problem = "no validation set" if validation is None else "a score as well; omit one of them"
        raise EllayerError(f"joint_score: expected validation sets and no score, received {problem}")


def check_dropout(network: Network, dropout: object) -> dict[int, float]:
    """Return the rates above 0 by layer; a number applies to all hidden layers, a list to layers 0..L-1."""
    if isinstance(dropout, Sequence) and not isinstance(dropout, str):
        rates = [check_number(r, "dropout", below=1.0) for r in dropout]
        if len(rates) == network.L - 1:
            rates = [0.0, *rates]
        if len(rates) != network.L:
            raise EllayerError(
                f"dropout: expected one rate, {network.L - 1} (hidden layers) or {network.L} (input and hidden "
                f"layers); received {len(rates)}"
            )
    else:
        rates = [0.0] + [check_number(dropout, "dropout", below=1.0)] * (network.L - 1)
    return {layer: rate for layer, rate in enumerate(rates) if rate > 0}


def check_factors(network: Network, factors: Mapping[str, float] | None) -> dict[str, float] | None:
    """Return a learning-rate factor for every parameter, from factors by name ("W1") or kind ("b")."""
    if factors is None or (isinstance(factors, Mapping) and not factors):
        return None
    if not isinstance(factors, Mapping):
        raise EllayerError(
            f"learning_rate_factors: expected a dict such as {{'b': 0.1}}, received {type(factors).__name__}"
        )
    names = list(network.shapes)
    known = {*names, *map(kind_of, names)}
    if unknown := set(factors) - known:
        raise EllayerError(
            f"learning_rate_factors: expected a kind or a name among {', '.join(sorted(known))}; received {sorted(unknown)}"
        )
    values = {k: check_number(v, f"learning_rate_factors[{k!r}]") for k, v in factors.items()}
    return {name: values.get(name, values.get(kind_of(name), 1.0)) for name in names}
