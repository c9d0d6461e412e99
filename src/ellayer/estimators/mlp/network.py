"""The ``Network`` and the initial parameters for the parameters of an estimator."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator

from ...core.activations import ACTIVATIONS, Activation
from ...core.initializers import INITIALIZERS, initialize_parameters
from ...core.losses import LOSSES
from ...core.network import Network
from ...core.parameter_names import kind_of, layer_of
from ...engine.state import Parameters
from ...errors import EllayerError
from ..parameters import hidden_sizes
from .custom_activation import ActivationSpec, find_activation

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike

SKLEARN_NAMES = {"sigmoid": "logistic"}


def make_network(estimator: BaseEstimator, n_features: int, n_outputs: int, loss: str) -> Network:
    """Return the network of an estimator's parameters, for a loss row's name."""
    sizes = hidden_sizes(estimator.hidden_layer_sizes)
    hidden = _hidden_activations(estimator.activation, len(sizes))
    output: Any = LOSSES[loss].output
    if estimator.output_activation is not None:
        output = find_activation(estimator.output_activation, "output_activation")
        if output == "softmax" and n_outputs == 1:
            raise EllayerError(
                "output_activation: expected one that makes sense for a single output unit, such as 'sigmoid'; "
                "received 'softmax', which is 1 there"
            )
    return Network([n_features, *sizes, n_outputs], _with_distinct_names([*hidden, output]), loss)


def _hidden_activations(
    activation: ActivationSpec | Sequence[ActivationSpec], count: int
) -> list[str | Activation]:
    pair = isinstance(activation, tuple) and len(activation) == 2 and all(map(callable, activation))
    if pair or isinstance(activation, (str, Activation)) or callable(activation):
        return [find_activation(activation)] * count
    rows = [find_activation(spec) for spec in activation]
    if len(rows) != count:
        raise EllayerError(
            f"activation: expected one per hidden layer, {count} for this hidden_layer_sizes; received {len(rows)}"
        )
    return rows


def _with_distinct_names(rows: list[str | Activation]) -> list[str | Activation]:
    """Rename different functions of the same name (two lambdas) to distinct names."""
    by_name: dict[str, Activation] = {}
    for l, row in enumerate(rows):
        if isinstance(row, Activation) and by_name.setdefault(row.name, row) != row:
            rows[l] = _rename(row, f"{row.name}_{l + 1}")
    return rows


@lru_cache(maxsize=256)
def _rename(row: Activation, name: str) -> Activation:
    return replace(row, name=name)


def sklearn_name(activation: str) -> str:
    """Return scikit-learn's name of an activation."""
    return SKLEARN_NAMES.get(activation, activation)


def starting_parameters(
    estimator: BaseEstimator, network: Network, random: np.random.RandomState, dtype: DTypeLike
) -> Parameters:
    """Return the initial parameters: ``init_params``, a row of ``INITIALIZERS``, or those of scikit-learn."""
    if estimator.init_params is not None:
        if estimator.initializer is not None:
            raise EllayerError("init_params and initializer: expected at most one of the two, received both")
        return read_parameters(estimator.init_params, network, dtype)
    if estimator.initializer is not None:
        INITIALIZERS[estimator.initializer]
        return initialize_parameters(
            network, estimator.initializer, random.randint(2**31 - 1), str(np.dtype(dtype))
        )
    parameters = {}
    dims, activations = network.layer_dims, network.activations
    for l in range(1, network.L + 1):
        # Glorot and Bengio 2010; in scikit-learn the hidden activation determines the output layer too.
        rule = activations[l - 1] if l < network.L else activations[max(l - 2, 0)]
        if network.L == 1:
            name = estimator.activation
            rule = ACTIVATIONS.canonical(name) if isinstance(name, str) else ""
        bound = math.sqrt((2.0 if rule == "sigmoid" else 6.0) / (dims[l - 1] + dims[l]))
        W = random.uniform(-bound, bound, (dims[l - 1], dims[l]))
        b = random.uniform(-bound, bound, dims[l])
        parameters[f"W{l}"] = np.ascontiguousarray(W.T, dtype=dtype)
        parameters[f"b{l}"] = b.reshape(-1, 1).astype(dtype)
    return parameters


def read_parameters(
    init_params: Mapping[str, ArrayLike] | Sequence[Sequence[ArrayLike]], network: Network, dtype: DTypeLike
) -> Parameters:
    """Return checked parameters from a dict {"W1": ...} or a pair (coefs, intercepts)."""
    if isinstance(init_params, dict):
        arrays = dict(init_params)
    else:
        try:
            coefs, intercepts = init_params
            arrays = {f"W{l}": np.asarray(W).T for l, W in enumerate(coefs, start=1)}
            arrays |= {f"b{l}": np.asarray(b).reshape(-1, 1) for l, b in enumerate(intercepts, start=1)}
        except (TypeError, ValueError):
            raise EllayerError(
                "init_params: expected a dict {'W1': (n_1, n_x), 'b1': (n_1, 1), ...} or a pair (coefs, intercepts) of "
                f"lists; received {type(init_params).__name__}"
            ) from None
    if set(arrays) != set(network.shapes):
        raise EllayerError(
            f"init_params: expected {', '.join(network.shapes)}; received {', '.join(sorted(arrays))}"
        )
    checked = {}
    for name, shape in network.shapes.items():
        theta = np.array(arrays[name], dtype=dtype)
        if kind_of(name) == "b" and theta.shape == shape[:1]:
            theta = theta.reshape(shape)
        if theta.shape != shape or not np.isfinite(theta).all():
            rows = f" (coefs[{layer_of(name) - 1}] of shape {shape[::-1]})" if kind_of(name) == "W" else ""
            raise EllayerError(
                f"init_params: expected finite {name} of shape {shape}{rows}, received shape {theta.shape}"
                + ("" if np.isfinite(theta).all() else " with nan or infinite values")
            )
        checked[name] = theta
    return checked
