"""Cost and gradients of all examples, which may be spread over a group of processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..core.arrays import Array
from ..core.regularizers import l1_backward, l1_forward, l2_backward, l2_forward
from .group import Group, current_group
from .state import Parameters
from .step import Batch, StepConfig, StepValues, cost, evaluate


def evaluate_all(
    config: StepConfig, values: StepValues, parameters: Parameters, batch: Batch, step: int
) -> tuple[float, dict[str, Array]]:
    """Return the cost of all examples and its gradients.

    Parameters
    ----------
    config, values, parameters, step
        As for ``step.evaluate``.
    batch : Batch
        The examples of this process.
    """
    group = current_group()
    if group is not None:
        return _evaluate_together(group, config, values, parameters, batch, step)
    at = evaluate(config, values, parameters, batch, step)
    return float(cost(config, parameters, batch, at)), at.grads


def _evaluate_together(
    group: Group, config: StepConfig, values: StepValues, parameters: Parameters, batch: Batch, step: int
) -> tuple[float, dict[str, Array]]:
    """Add up the sums over the examples of each device, in the order of the devices."""
    alone, place, sums = replace(config, l2=False, l1=False), group.offset(batch.X.shape[1]), []
    size = sum(parameters[name].size for name in config.names)
    for X, Y, weights in zip(
        *(_split_columns(a, group.local_shards) for a in (batch.X, batch.Y, batch.weights)), strict=True
    ):
        assert X is not None
        numbers = np.zeros(size + 2)
        weight = X.shape[1] if weights is None else float(weights.sum())
        if weight:  # a device may have no example, or none that counts, and a mean of none is not a number
            part, places = Batch(X, Y, weights), np.arange(place, place + X.shape[1], dtype=np.uint32)
            at = evaluate(alone, values, parameters, part, step, places)
            mean = float(cost(alone, parameters, part, at))
            flat = [np.ravel(at.grads[f"d{name}"]) for name in config.names]
            numbers = weight * np.concatenate([*flat, [mean, 1.0]], dtype=np.float64)
        sums.append(numbers)
        place += X.shape[1]
    total = sum(group.gather(np.stack(sums)))
    assert isinstance(total, np.ndarray)
    weight, at_end, grads = float(total[-1]), 0, {}
    for name in config.names:
        theta = parameters[name]
        numbers = total[at_end : at_end + theta.size] / weight
        grads[f"d{name}"] = numbers.reshape(theta.shape).astype(theta.dtype)
        at_end += theta.size
    J = float(total[-2]) / weight
    if config.l2:
        J += float(l2_forward(parameters, values.l2, weight))
        grads = l2_backward(grads, parameters, values.l2, weight)
    if config.l1:
        J += float(l1_forward(parameters, values.l1, weight))
        grads = l1_backward(grads, parameters, values.l1, weight)
    return J, grads


def _split_columns(columns: np.ndarray | None, count: int) -> Sequence[np.ndarray | None]:
    """Return the columns in ``count`` parts of nearly equal size; None for each if there are none."""
    return [None] * count if columns is None else np.array_split(columns, count, axis=1)
