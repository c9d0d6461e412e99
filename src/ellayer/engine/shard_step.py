"""One update of which each device computes a part: the sums over its examples, added up as one flat vector."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, cast

import jax
import jax.numpy as jnp

from ..core.arrays import Array
from ..core.objective import Objective, dropout_masks
from ..core.propagation import L_model_backward, L_model_forward, compute_cost
from ..core.regularizers import l1_backward, l1_forward, l2_backward, l2_forward
from .shards import NUMBERS_AT_ONCE
from .step import Batch, Evaluation, StepConfig, StepValues

AXIS = "m"  # the devices, along the axis of the examples


class ShardEvaluation(NamedTuple):
    """The evaluation of a whole update: its gradients and cost, and the sum of the weights of its examples."""

    at: Evaluation
    cost: Array
    weight: Array


def evaluate_shard(
    config: StepConfig, values: StepValues, parameters: dict[str, Array], batch: Batch, places: Array, step: Array
) -> ShardEvaluation:  # fmt: skip
    """Run forward and backward on the examples of one device, and add up the gradients of all.

    Parameters
    ----------
    config, values, parameters, step
        As for ``step.evaluate``.
    batch : Batch
        The examples of this device, with weights of any scale; those of padding are 0.
    places : array, shape (m,)
        Their places in the update, for dropout.
    """
    network, X, Y, weights = config.network, batch.X, batch.Y, batch.weights
    masks = None
    if config.dropout:
        rates = dict(zip(config.dropout, values.dropout, strict=True))
        masks = dropout_masks(network, rates, X, values.seed, step, places)
    AL, caches = L_model_forward(X, parameters, network, masks)
    ZL = caches[-1].Z
    grads = L_model_backward(AL, Y, caches, network, weights, False, config.fixed)
    J = compute_cost(AL, Y, network, weights, ZL)
    parts = [grads[f"d{name}"] for name in config.names]
    flat = [part.ravel() for part in (*parts, J, jnp.sum(cast(Array, weights)))]
    total = add_up(jnp.concatenate([part.astype(AL.dtype) for part in flat]), config.shards)
    weight = total[-1]
    # the sums have been divided by the number of columns, as in a mean over all of them
    scale = jnp.where(weight > 0, X.shape[1] / weight, 0.0).astype(AL.dtype)
    grads, at = {}, 0
    for name, part in zip(config.names, parts, strict=True):
        grads[f"d{name}"] = scale * total[at : at + part.size].reshape(part.shape)
        at += part.size
    J = scale * total[-2]
    divisor = jnp.where(weight > 0, weight, jnp.inf)
    if config.l2:
        J = J + l2_forward(parameters, values.l2, divisor)
        grads = l2_backward(grads, parameters, values.l2, divisor)
    if config.l1:
        J = J + l1_forward(parameters, values.l1, divisor)
        grads = l1_backward(grads, parameters, values.l1, divisor)
    whole = Objective(network, None, divisor, values.l2, values.l1)
    return ShardEvaluation(Evaluation(AL, ZL, grads, whole), J, weight)


def add_up(vector: Array, shards: int) -> Array:
    """Return the sum of a vector over the devices, in their order, so that it does not depend on their places in the group.

    ``psum`` over the network adds in another order than within a process.

    Parameters
    ----------
    vector : array, shape (n,)
    shards : int
    """
    if shards * vector.size <= NUMBERS_AT_ONCE or shards == 2:
        return _sum_in_order(jax.lax.all_gather(vector, AXIS), shards)
    size = -(-vector.size // shards)
    parts = jnp.pad(vector, (0, shards * size - vector.size)).reshape(shards, size)
    to_all = cast(Callable[..., Array], jax.lax.all_to_all)  # jax has no types for it
    own = _sum_in_order(to_all(parts, AXIS, 0, 0), shards)
    return jax.lax.all_gather(own, AXIS).reshape(-1)[: vector.size]


def _sum_in_order(rows: Array, count: int) -> Array:
    return jax.lax.fori_loop(1, count, lambda k, total: total + rows[k], rows[0])
