"""Optimizers: one row each, a pure, optax-shaped pair of init and update.

``init(parameters)`` returns the rule's state, a dict of dicts of arrays. ``update(grads, state,
parameters, rates, t)`` returns the new parameters and the new state; ``rates[name]`` is the learning
rate of a parameter and ``t`` counts the updates from 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from .arrays import Array, Parameters, Scalar, array_namespace
from .parameter_names import weight_matrices
from .registry import Registry

State = dict[str, Parameters]
Rates = Mapping[str, Scalar]  # the learning rate of each parameter
Step = tuple[Parameters, State]


@dataclass(frozen=True)
class Optimizer:
    """One update rule.

    Parameters
    ----------
    name : str
    init : callable
        ``state = init(parameters)``.
    update : callable
        ``parameters, state = update(grads, state, parameters, rates, t)``.
    learning_rate : float
        The default.
    linear : bool
        Whether the update is linear in the gradients (required by the wide loop).
    compiled_only : bool
        True for optax's rules, which run on the compiled loop.
    weight_decay : float
        The default decoupled decay (AdamW).
    latex : str
    elementwise : bool
        Whether each number is updated by itself, so that arrays of any shape may be updated as vectors.
    """

    name: str
    init: Callable[[Parameters], State]
    update: Callable[..., Step]
    learning_rate: float
    linear: bool = False
    compiled_only: bool = False
    weight_decay: float = 0.0
    latex: str = ""
    elementwise: bool = False


def init_slots(parameters: Parameters, slots: str) -> State:
    """Return the state of a rule that keeps some arrays of each parameter's shape, 0 at first: v = 0, s = 0."""
    return {slot: {k: array_namespace(p).zeros_like(p) for k, p in parameters.items()} for slot in slots}


def gd_update(grads: Parameters, state: State, parameters: Parameters, rates: Rates, t: Scalar) -> Step:
    """theta = theta - alpha dtheta."""
    return {k: theta - rates[k] * grads[f"d{k}"] for k, theta in parameters.items()}, state


def momentum_update(
    grads: Parameters, state: State, parameters: Parameters, rates: Rates, t: Scalar, beta: float
) -> Step:
    """v = beta v + dtheta; theta = theta - alpha v (Polyak 1964)."""
    v = {k: beta * state["v"][k] + grads[f"d{k}"] for k in parameters}
    return {k: theta - rates[k] * v[k] for k, theta in parameters.items()}, {"v": v}


def nesterov_update(
    grads: Parameters, state: State, parameters: Parameters, rates: Rates, t: Scalar, beta: float
) -> Step:
    """v = beta v + dtheta; theta = theta - alpha (dtheta + beta v) (Nesterov 1983)."""
    v = {k: beta * state["v"][k] + grads[f"d{k}"] for k in parameters}
    return {k: theta - rates[k] * (grads[f"d{k}"] + beta * v[k]) for k, theta in parameters.items()}, {"v": v}


def velocity_update(
    grads: Parameters,
    state: State,
    parameters: Parameters,
    rates: Rates,
    t: Scalar,
    beta: float,
    nesterov: float,
) -> Step:
    """v = beta v - alpha dtheta; theta = theta + v, or with Nesterov + beta v - alpha dtheta.

    The velocity includes the rate, as in scikit-learn and Sutskever et al. (2013): equal to momentum while
    the rate is constant.
    """
    step = {k: rates[k] * grads[f"d{k}"] for k in parameters}
    v = {k: beta * state["v"][k] - step[k] for k in parameters}
    if nesterov:
        return {k: theta + (beta * v[k] - step[k]) for k, theta in parameters.items()}, {"v": v}
    return {k: theta + v[k] for k, theta in parameters.items()}, {"v": v}


def rmsprop_update(
    grads: Parameters,
    state: State,
    parameters: Parameters,
    rates: Rates,
    t: Scalar,
    beta: float,
    epsilon: float,
) -> Step:
    """s = beta s + (1 - beta) dtheta^2; theta = theta - alpha dtheta / sqrt(s + epsilon) (Hinton 2012)."""
    s = {k: beta * state["s"][k] + (1.0 - beta) * grads[f"d{k}"] ** 2 for k in parameters}
    new = {}
    for k, theta in parameters.items():
        xp = array_namespace(theta)
        new[k] = theta - rates[k] * (grads[f"d{k}"] / xp.sqrt(s[k] + epsilon))
    return new, {"s": s}


def adam_update(
    grads: Parameters,
    state: State,
    parameters: Parameters,
    rates: Rates,
    t: Scalar,
    beta1: float,
    beta2: float,
    epsilon: float,
    epsilon_hat: float = 0.0,
) -> Step:
    """Adam (Kingma and Ba 2015).

    v = beta1 v + (1 - beta1) dtheta;  s = beta2 s + (1 - beta2) dtheta^2;
    theta = theta - alpha v^ / (sqrt(s^) + epsilon), v^ = v / (1 - beta1^t), s^ = s / (1 - beta2^t).

    With ``epsilon_hat`` = 1 epsilon is added to sqrt(s) before bias correction (the paper's faster
    order, as in scikit-learn).
    """
    c1, c2 = 1.0 - beta1**t, 1.0 - beta2**t
    root = c2**0.5
    small = epsilon if epsilon_hat else epsilon * root
    new, v, s = {}, {}, {}
    for k, theta in parameters.items():
        g, rate = grads[f"d{k}"], rates[k] * root / c1
        before = theta, state["v"][k], state["s"][k]
        if all(type(a) is np.ndarray and a.dtype == theta.dtype for a in (g, *before)):
            new[k], v[k], s[k] = _adam_on_numpy(g, *before, rate, beta1, beta2, small)
            continue
        v[k] = beta1 * before[1] + (1.0 - beta1) * g
        s[k] = beta2 * before[2] + (1.0 - beta2) * (g * g)
        new[k] = theta - rate * (v[k] / (array_namespace(theta).sqrt(s[k]) + small))
    return new, {"v": v, "s": s}


def _adam_on_numpy(
    g: np.ndarray, theta: np.ndarray, v: np.ndarray, s: np.ndarray, rate: Scalar, beta1: float, beta2: float,
    small: Scalar,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Return the new theta, v and s, with the bits of ``adam_update`` and a third of its temporary arrays."""
    v, s = beta1 * v, beta2 * s
    step = (1.0 - beta1) * g
    v += step
    np.multiply(g, g, out=step)
    step *= 1.0 - beta2
    s += step
    np.sqrt(s, out=step)
    step += small
    np.divide(v, step, out=step)
    step *= rate
    return np.subtract(theta, step, out=step), v, s


OPTIMIZERS: Registry[Optimizer] = Registry(
    "optimizer", aliases={"gradient_descent": "gd", "sgd": "gd", "heavy_ball": "momentum"}
)


def _row(
    name: str, slots: str, update: Callable[..., Step], numbers: dict[str, float] | None = None, *,
    learning_rate: float, latex: str, linear: bool = False, weight_decay: float = 0.0,
) -> None:  # fmt: skip
    def make(name: str, **values: float) -> Optimizer:
        bound = partial(update, **values) if values else update
        init = partial(init_slots, slots=slots)
        return Optimizer(
            name, init, bound, learning_rate, linear, False, weight_decay, latex, elementwise=True
        )

    OPTIMIZERS.add(name, make, **(numbers or {}))


_ADAM = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "epsilon_hat": 0.0}
_row("gd", "", gd_update, learning_rate=0.1, linear=True, latex=r"\theta-\alpha\,d\theta")
_row("momentum", "v", momentum_update, {"beta": 0.9}, learning_rate=0.01, linear=True,
     latex=r"v=\beta v+d\theta,\ \theta-\alpha v")  # fmt: skip
_row("nesterov", "v", nesterov_update, {"beta": 0.9}, learning_rate=0.01, linear=True,
     latex=r"v=\beta v+d\theta,\ \theta-\alpha(d\theta+\beta v)")  # fmt: skip
_row("velocity", "v", velocity_update, {"beta": 0.9, "nesterov": 0.0}, learning_rate=0.01,
     linear=True, latex=r"v=\beta v-\alpha d\theta,\ \theta+v")  # fmt: skip
_row("rmsprop", "s", rmsprop_update, {"beta": 0.9, "epsilon": 1e-8}, learning_rate=0.001,
     latex=r"s=\beta s+(1-\beta)d\theta^2,\ \theta-\alpha\,d\theta/\sqrt{s+\epsilon}")  # fmt: skip
_row("adam", "vs", adam_update, _ADAM, learning_rate=0.001,
     latex=r"\theta-\alpha\,\hat v/(\sqrt{\hat s}+\epsilon)")  # fmt: skip
_row("adamw", "vs", adam_update, _ADAM, learning_rate=0.001, weight_decay=0.01,
     latex=r"\theta-\alpha(\hat v/(\sqrt{\hat s}+\epsilon)+\lambda\theta)")  # fmt: skip


def decay_weights(parameters: Parameters, old: Parameters, rates: Rates, weight_decay: Scalar) -> Parameters:
    """Decoupled weight decay: W = W - alpha lambda W_old, after the update; biases are unchanged."""
    weights = weight_matrices(parameters)
    return parameters | {k: W - rates[k] * weight_decay * old[k] for k, W in weights.items()}


def global_norm(grads: Parameters, names: list[str]) -> Array:
    """Return sqrt of the sum of squares over the gradients of ``names``."""
    xp = array_namespace(grads[f"d{names[0]}"])
    return xp.sqrt(sum(xp.sum(grads[f"d{k}"] * grads[f"d{k}"]) for k in names))


def clip_gradients(grads: Parameters, names: list[str], clip_norm: Scalar) -> Parameters:
    """Scale all gradients down together if their norm exceeds ``clip_norm``."""
    xp = array_namespace(grads[f"d{names[0]}"])
    norm = global_norm(grads, names)
    scale = clip_norm / xp.maximum(norm, clip_norm)
    return grads | {f"d{k}": grads[f"d{k}"] * scale for k in names}
