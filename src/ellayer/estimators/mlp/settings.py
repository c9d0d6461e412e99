"""From an estimator's parameters to a ``Network`` and the arguments of ``engine.train``."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import numpy as np

from ...core.activations import ACTIVATIONS, Activation
from ...core.initializers import INITIALIZERS, initialize_parameters
from ...core.losses import LOSSES
from ...core.network import Network
from ...core.parameter_names import kind_of, layer_of
from ...core.schedules import Schedule
from ...errors import EllayerError
from ..parameters import hidden_sizes
from .custom_activation import find_activation, is_traceable

SKLEARN_NAMES = {"sigmoid": "logistic"}


def make_network(estimator: Any, n_features: int, n_outputs: int, loss: str) -> Network:
    """Return the network of an estimator's parameters, for a loss row's name."""
    sizes = hidden_sizes(estimator)
    hidden = _hidden_activations(estimator.activation, len(sizes))
    output: Any = LOSSES[loss].output
    if estimator.output_activation is not None:
        output = find_activation(estimator.output_activation, "output_activation")
        if output == "softmax" and n_outputs == 1:
            raise EllayerError(
                "output_activation: expected one that makes sense for a single output unit, such as 'sigmoid'; "
                "received 'softmax', which is 1 there"
            )
    return Network([n_features, *sizes, n_outputs], _told_apart([*hidden, output]), loss)


def _hidden_activations(activation: Any, count: int) -> list[str | Activation]:
    pair = isinstance(activation, tuple) and len(activation) == 2 and all(map(callable, activation))
    if pair or isinstance(activation, str) or callable(activation):
        return [find_activation(activation)] * count
    rows = [find_activation(spec) for spec in activation]
    if len(rows) != count:
        raise EllayerError(
            f"activation: expected one per hidden layer, {count} for this hidden_layer_sizes; received {len(rows)}"
        )
    return rows


def _told_apart(rows: list[str | Activation]) -> list[str | Activation]:
    """Give different functions of the same name (two lambdas) different names."""
    seen: dict[str, Activation] = {}
    for l, row in enumerate(rows):
        if isinstance(row, Activation) and seen.setdefault(row.name, row) != row:
            rows[l] = _renamed(row, f"{row.name}_{l + 1}")
    return rows


@lru_cache(maxsize=256)
def _renamed(row: Activation, name: str) -> Activation:
    return replace(row, name=name)


def sklearn_name(activation: str) -> str:
    """Return scikit-learn's word for an activation."""
    return SKLEARN_NAMES.get(activation, activation)


def choose_engine(estimator: Any, network: Network) -> tuple[str, list | None]:
    """Return the engine's name and devices, from ``engine``, ``device`` and a user's functions."""
    engine, devices = estimator.engine, _devices(estimator.device)
    if devices is not None and devices[0].platform != "cpu" and "jax" not in engine:
        if "numpy" in engine:
            raise EllayerError(
                f"device: expected None or 'cpu' with engine 'numpy', received {estimator.device!r}"
            )
        engine = "jax" if engine == "auto" else f"jax+{engine}"
    for row in network.custom:
        if isinstance(row, Activation) and isinstance(row.backward, partial):
            pair = row.backward.func.__name__ == "_pair_backward"
            if pair and engine == "auto":
                engine = "numpy"
            elif pair and "numpy" not in engine and not is_traceable(row):
                raise EllayerError(
                    f"activation {row.name!r}: expected functions written with operators and jax.numpy for the "
                    "compiled loop; take engine='numpy' for functions written with NumPy"
                )
    return engine, devices


def _devices(device: Any) -> list | None:
    """Return jax's devices of a name like "cpu", "gpu" or "gpu:1", of a device or of a list of them."""
    if device is None:
        return None
    if not isinstance(device, str):
        return list(device) if isinstance(device, (list, tuple)) else [device]
    import jax

    kind, _, number = device.partition(":")
    try:
        found = jax.devices(kind)
        return found if not number else [found[int(number)]]
    except (RuntimeError, IndexError, ValueError):
        here = ", ".join(sorted({d.platform for d in jax.devices()}))
        raise EllayerError(
            f"device: expected one of the devices of this machine ({here}, optionally with a number like 'gpu:0'), "
            f"received {device!r}"
        ) from None


def optimizer_of(estimator: Any) -> Any:
    """Return the optimizer for ``train``: the solver in scikit-learn's form, or the one asked for."""
    if estimator.optimizer is not None and estimator.optimizer != "lbfgs":
        return estimator.optimizer
    if estimator.solver == "lbfgs" or estimator.optimizer == "lbfgs":
        return f"lbfgs(gtol={float(estimator.tol)!r}, max_evaluations={int(estimator.max_fun)})"
    if estimator.solver == "sgd":
        return f"velocity(beta={float(estimator.momentum)!r}, nesterov={int(estimator.nesterovs_momentum)})"
    return (
        f"adam(beta1={float(estimator.beta_1)!r}, beta2={float(estimator.beta_2)!r}, "
        f"epsilon={float(estimator.epsilon)!r}, epsilon_hat=1)"
    )


def is_lbfgs(estimator: Any) -> bool:
    """Tell whether the fit is one minimisation over all examples."""
    return estimator.optimizer == "lbfgs" or (estimator.optimizer is None and estimator.solver == "lbfgs")


def rate_rule(estimator: Any) -> str:
    """Return the learning-rate rule in force; scikit-learn's three belong to sgd."""
    if estimator.learning_rate_schedule is not None:
        return "schedule"
    sgd = estimator.solver == "sgd" and estimator.optimizer is None
    return estimator.learning_rate if sgd or estimator.optimizer is not None else "constant"


def base_rate(estimator: Any) -> float | None:
    """Return the learning rate; a transformation of optax carries its own."""
    if estimator.optimizer is None or isinstance(estimator.optimizer, str):
        return estimator.learning_rate_init
    return None


def inverse_scaling(power: float, seen: int, m: int, steps_per_epoch: int) -> Schedule:
    """Return 1 / (t + 1)^power, t the examples seen at the beginning of the epoch."""

    def factor(step, total):
        t = seen + (np.asarray(step) // steps_per_epoch) * m
        return 1.0 / (t + 1.0) ** power

    return Schedule("inverse scaling by examples", factor)


def starting_parameters(
    estimator: Any, network: Network, random: np.random.RandomState, dtype: Any
) -> dict[str, np.ndarray]:
    """Return the start: ``init_params``, a row of ``INITIALIZERS``, or scikit-learn's own draw."""
    if estimator.init_params is not None:
        if estimator.initializer is not None:
            raise EllayerError("init_params and initializer: expected at most one of the two, received both")
        return given_parameters(estimator.init_params, network, dtype)
    if estimator.initializer is not None:
        INITIALIZERS[estimator.initializer]
        return initialize_parameters(
            network, estimator.initializer, random.randint(2**31 - 1), str(np.dtype(dtype))
        )
    parameters = {}
    dims, activations = network.layer_dims, network.activations
    for l in range(1, network.L + 1):
        # Glorot and Bengio 2010; in scikit-learn the hidden activation decides for the output layer too.
        rule = activations[l - 1] if l < network.L else activations[max(l - 2, 0)]
        if network.L == 1:
            rule = _only_name(estimator.activation)
        bound = math.sqrt((2.0 if rule == "sigmoid" else 6.0) / (dims[l - 1] + dims[l]))
        W = random.uniform(-bound, bound, (dims[l - 1], dims[l]))
        b = random.uniform(-bound, bound, dims[l])
        parameters[f"W{l}"] = np.ascontiguousarray(W.T, dtype=dtype)
        parameters[f"b{l}"] = b.reshape(-1, 1).astype(dtype)
    return parameters


def _only_name(activation: Any) -> str:
    return ACTIVATIONS.canonical(activation) if isinstance(activation, str) else ""


def given_parameters(given: Any, network: Network, dtype: Any) -> dict[str, np.ndarray]:
    """Return starting parameters given as {"W1": ...} or as (coefs, intercepts), checked."""
    if isinstance(given, dict):
        arrays = dict(given)
    else:
        try:
            coefs, intercepts = given
            arrays = {f"W{l}": np.asarray(W).T for l, W in enumerate(coefs, start=1)}
            arrays |= {f"b{l}": np.asarray(b).reshape(-1, 1) for l, b in enumerate(intercepts, start=1)}
        except (TypeError, ValueError):
            raise EllayerError(
                "init_params: expected a dict {'W1': (n_1, n_x), 'b1': (n_1, 1), ...} or a pair (coefs, intercepts) of "
                f"lists; received {type(given).__name__}"
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
