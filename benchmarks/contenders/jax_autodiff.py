"""Plain JAX: the cost written once, ``jax.value_and_grad`` of it, a jitted step, a Python loop."""

from __future__ import annotations

import time
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import optax

from workloads import Outcome, Work


def full_batch(work: Work) -> Outcome:
    """``optax.sgd`` on all examples."""
    return _run(work, "sgd")


def mini_batch(work: Work) -> Outcome:
    """``optax.adam`` on batches taken by index inside the step; a smaller last batch is a second program."""
    return _run(work, "adam")


@cache
def _step(optimizer: str, learning_rate: float, L: int, hidden: str, output: str):
    """The optimizer's init, and the jitted step: made once, so that a second call compiles nothing."""
    rule = getattr(optax, optimizer)(learning_rate)

    @jax.jit
    def step(parameters, state, X, Y, batch=None):
        x, y = (X, Y) if batch is None else (X[batch], Y[batch])
        J, grads = jax.value_and_grad(_cost)(parameters, x, y, L, hidden, output)
        updates, state = rule.update(grads, state, parameters)
        return optax.apply_updates(parameters, updates), state, J

    return rule.init, step


def _run(work: Work, optimizer: str) -> Outcome:
    spec = work.spec
    init, step = _step(optimizer, spec.learning_rate, spec.L, spec.hidden, spec.output)
    with jax.enable_x64(spec.dtype == "float64"):
        X, Y = jnp.asarray(work.X.T), jnp.asarray(work.Y.T)
        parameters = jax.tree.map(jnp.asarray, work.parameters)
        state = init(parameters)
        batches = [()] * spec.iterations or [
            (order[i : i + spec.batch_size],)
            for order in work.orders
            for i in range(0, spec.m, spec.batch_size)
        ]
        begin = time.perf_counter()
        for batch in {len(b[0]) if b else 0: b for b in batches}.values():
            jax.block_until_ready(step(parameters, state, X, Y, *batch))
        compiling = time.perf_counter() - begin
        costs = []
        for i, batch in enumerate(batches):
            parameters, state, J = step(parameters, state, X, Y, *batch)
            if spec.iterations and i % spec.record_every == 0:
                costs.append(J)
        parameters = {name: np.asarray(theta) for name, theta in parameters.items()}
        return Outcome(parameters, [float(J) for J in costs] or None, compiling)


def _cost(parameters, X, Y, L, hidden, output):
    A = X
    for layer in range(1, L + 1):
        Z = A @ parameters[f"W{layer}"].T + parameters[f"b{layer}"][:, 0]
        A = jnp.tanh(Z) if hidden == "tanh" else jax.nn.relu(Z)
    if output == "softmax":
        return jnp.mean(jax.nn.logsumexp(Z, axis=1) - jnp.sum(Y * Z, axis=1))
    return jnp.mean(jnp.sum(jnp.logaddexp(0.0, Z) - Y * Z, axis=1))
