"""The parameters of the MLP estimators: their constraints, and scikit-learn's error if one is violated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np

from .._sklearn_compat import HasMethods, Interval, InvalidParameter, Options, StrOptions
from ..core.schedules import Schedule
from ..errors import EllayerError

Value = TypeVar("Value")

_from_zero = Interval(Real, 0, None, closed="left")
_above_zero = Interval(Real, 0, None, closed="neither")
_share = Interval(Real, 0, 1, closed="left")
_count = Interval(Integral, 1, None, closed="left")

CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", _count],
    "activation": [str, callable, list, tuple],
    "solver": [StrOptions({"lbfgs", "sgd", "adam"})],
    "alpha": [_from_zero],
    "batch_size": [StrOptions({"auto"}), _count],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "learning_rate_init": [_above_zero],
    "power_t": [_from_zero],
    "max_iter": [_count],
    "loss": [str],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [_from_zero],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [_share],
    "beta_1": [_share],
    "beta_2": [_share],
    "epsilon": [_above_zero],
    "n_iter_no_change": [_count, Options(Real, {np.inf}), None],
    "max_fun": [_count],
    "dropout": [_share, list, tuple],
    "output_activation": [str, callable, tuple, None],
    "optimizer": [str, tuple, None],
    "learning_rate_schedule": [str, callable, Schedule, None],
    "l1": [_from_zero],
    "weight_decay": [_from_zero, None],
    "clip_norm": [_above_zero, None],
    "initializer": [str, None],
    "init_params": [dict, list, tuple, None],
    "validation_data": [list, tuple, None],
    "monitor": [str, None],
    "restore_best": ["boolean", None],
    "callbacks": [list, tuple, None],
    "time_limit": [_above_zero, None],
    "dtype": [StrOptions({"float32", "float64"}), type, None],
    "device": [str, list, tuple, HasMethods("memory_stats"), None],
    "engine": [str],
}


def name_parameter(estimator: object, parameter: str, get: Callable[[], Value]) -> Value:
    """Return ``get()``; its ValueError becomes ``InvalidParameter``, which names it."""
    try:
        return get()
    except InvalidParameter:
        raise
    except ValueError as error:
        message = f"The {parameter!r} parameter of {type(estimator).__name__} does not fit: {error}"
        value = getattr(estimator, parameter, None)
        raise InvalidParameter(message, parameter, str(error), value) from None


def hidden_sizes(hidden_layer_sizes: int | Sequence[int]) -> list[int]:
    """Return the parameter ``hidden_layer_sizes`` as a list."""
    sizes = list(hidden_layer_sizes) if isinstance(hidden_layer_sizes, Iterable) else [hidden_layer_sizes]
    if np.any(np.array(sizes) <= 0):
        raise EllayerError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    return sizes
