"""The limit: what no dense training by the equations can go below.

The matrix products of the equations alone, through NumPy's BLAS, without gathering examples,
activations, biases, costs and updates; for the small tanh network, where products are nothing, the
bare equations in one compiled loop without any of an engine's services.
"""

from __future__ import annotations

import time
from functools import cache

import numpy as np

from workloads import Outcome, Work


def full_batch(work: Work) -> Outcome:
    """The products of all iterations, or the bare loop."""
    if work.spec.hidden == "tanh":
        return _bare_loop(work)
    return _products(work, work.spec.m)


def mini_batch(work: Work) -> Outcome:
    """The products of all batches."""
    return _products(work, work.spec.batch_size)


def _products(work: Work, m: int) -> Outcome:
    dims, dtype = work.spec.layer_dims, work.spec.dtype
    A = [np.asfortranarray(work.X[:, :m]), *(np.ones((n, m), dtype, order="F") for n in dims[1:])]
    Z = [np.ones((n, m), dtype, order="F") for n in dims]
    W = [work.parameters[f"W{layer}"] for layer in work.layers()]
    dW, dA = [np.empty_like(w) for w in W], [np.empty_like(a) for a in A]
    for _ in range(work.spec.steps):
        for layer, w in enumerate(W):
            np.matmul(w, A[layer], out=Z[layer + 1])
        for layer in reversed(range(len(W))):
            np.matmul(Z[layer + 1], A[layer].T, out=dW[layer])
            if layer:
                np.matmul(W[layer].T, Z[layer + 1], out=dA[layer])
    return Outcome(None)


@cache
def _bare_program():
    import jax
    import jax.numpy as jnp

    def step(_, theta):
        W1, b1, W2, b2, X, Y, rate = theta
        A1 = jnp.tanh(W1 @ X + b1)
        dZ2 = (jax.nn.sigmoid(W2 @ A1 + b2) - Y) / X.shape[1]
        dZ1 = W2.T @ dZ2 * (1 - A1 * A1)
        W1, b1 = W1 - rate * dZ1 @ X.T, b1 - rate * dZ1.sum(axis=1, keepdims=True)
        W2, b2 = W2 - rate * dZ2 @ A1.T, b2 - rate * dZ2.sum(axis=1, keepdims=True)
        return W1, b1, W2, b2, X, Y, rate

    return jax.jit(lambda theta, steps: jax.lax.fori_loop(0, steps, step, theta))


def _bare_loop(work: Work) -> Outcome:
    import jax
    import jax.numpy as jnp

    names = ("W1", "b1", "W2", "b2")
    with jax.enable_x64(work.spec.dtype == "float64"):
        start = [*(work.parameters[name] for name in names), work.X, work.Y, work.spec.learning_rate]
        theta = tuple(jnp.asarray(a) for a in start)
        begin = time.perf_counter()
        jax.block_until_ready(_bare_program()(theta, 0))
        compiling = time.perf_counter() - begin
        result = _bare_program()(theta, work.spec.steps)
        return Outcome(dict(zip(names, map(np.asarray, result), strict=False)), None, compiling)
