"""One training step, composed of functions of ``core``; both loops run it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..core.arrays import Array, Scalar, array_namespace
from ..core.network import Network
from ..core.objective import Objective, dropout_masks, objective
from ..core.optimizers import Optimizer, clip_gradients, decay_weights, global_norm
from ..core.propagation import L_model_forward


@dataclass(frozen=True)
class StepConfig:
    """The settings of a step that are fixed for a run and determine the compiled program; hashable.

    ``dropout`` lists the layers (0 is the input) that have dropout; l1, l2, clipping and decay are only
    switched on here, their values are in ``StepValues``. ``shards`` counts the devices that each have their own
    examples; 0 for one device that has all. ``fixed`` lists the parameters with the learning rate 0.
    """

    network: Network
    optimizer: Optimizer
    dropout: tuple[int, ...] = ()
    l2: bool = False
    l1: bool = False
    clip: bool = False
    decay: bool = False
    factors: bool = False
    wide: bool = False
    every_cost: bool = False
    shards: int = 0
    fixed: tuple[str, ...] = ()

    @cached_property
    def names(self) -> list[str]:
        """Names of the parameters."""
        return list(self.network.shapes)

    def widths(self, m: int) -> tuple[int, ...]:
        """Return the rows of A^[0], ..., A^[L] in a run on m examples: in their span A^[0] has m + n_1."""
        widths = self.network.widths
        return (m + widths[1], *widths[1:]) if self.wide else widths


class StepValues(NamedTuple):
    """The numbers of a step that are arguments of the compiled program."""

    l2: Array = 0.0
    l1: Array = 0.0
    clip_norm: Array = 0.0
    weight_decay: Array = 0.0
    seed: Array = 0
    dropout: tuple[Array, ...] = ()  # one rate per layer of StepConfig.dropout
    factors: dict[str, Array] | None = None  # learning-rate factor by parameter
    before: Array | None = None  # updates done on other examples, which count for the optimizer


class Batch(NamedTuple):
    """The examples of one update: X (n_x, m), Y (n_L, m), weights (1, m) or None, and wide's Gram matrix."""

    X: Array
    Y: Array
    weights: Array | None = None
    gram: Array | None = None


def as_float64(batch: Batch) -> Batch:
    """Return the examples in float64."""
    X = batch.X.astype(np.float64, copy=False)  # an array, or sparse
    return Batch(X, *(None if a is None else np.asarray(a, np.float64) for a in batch[1:]))


class Evaluation(NamedTuple):
    """The outcome of forward and backward on one batch."""

    AL: Array
    ZL: Array
    grads: dict[str, Array]
    objective: Objective


def evaluate(
    config: StepConfig, values: StepValues, parameters: dict[str, Array], batch: Batch, step: Array,
    places: Array | None = None,
) -> Evaluation:  # fmt: skip
    """Run forward and backward on one batch, with dropout, weights, L1 and L2.

    ``places`` are those of the examples in the update, if the batch has some of them only.
    """
    X, Y = batch.X, batch.Y
    penalties = values.l2 if config.l2 else None, values.l1 if config.l1 else None
    J = objective(config.network, X.shape[1], batch.weights, *penalties)
    masks = None
    if config.dropout:
        rates = dict(zip(config.dropout, values.dropout, strict=True))
        masks = dropout_masks(config.network, rates, X, values.seed, step, places)
    AL, caches = L_model_forward(X, parameters, config.network, masks)
    project = span_gradient if config.wide else None
    grads = J.gradients(AL, caches, Y, parameters, fixed=config.fixed, project=project)
    return Evaluation(AL, caches[-1].Z, grads, J)


def cost(config: StepConfig, parameters: dict[str, Array], batch: Batch, at: Evaluation) -> Array:
    """Return the cost J of an evaluation, L1 and L2 included."""
    if config.l2 and config.wide:
        parameters = parameters | {"W1": root_of_squares(parameters["W1"], batch.gram)}
    return at.objective.cost(at.AL, at.ZL, batch.Y, parameters)


def gradient_norm(config: StepConfig, batch: Batch, at: Evaluation) -> Array:
    """Return the Euclidean norm of all gradients together."""
    grads = at.grads
    if config.wide:
        grads = grads | {"dW1": root_of_squares(grads["dW1"], batch.gram)}
    return global_norm(grads, config.names)


def update(
    config: StepConfig,
    values: StepValues,
    parameters: dict[str, Array],
    optimizer_state: object,
    grads: dict[str, Array],
    rate: Array,
    t: Array,
) -> tuple[dict[str, Array], object]:
    """Return the new parameters and optimizer state; ``t`` counts updates from 1."""
    if values.before is not None:
        t = t + values.before
    if config.clip:
        grads = clip_gradients(grads, config.names, values.clip_norm)
    if values.factors is not None:
        rates: dict[str, Scalar] = {name: rate * values.factors[name] for name in parameters}
    else:
        rates = dict.fromkeys(parameters, rate)
    new, optimizer_state = config.optimizer.update(grads, optimizer_state, parameters, rates, t)
    if config.decay:
        new = decay_weights(new, parameters, rates, values.weight_decay)
    return new, optimizer_state


def span_gradient(grads: dict[str, Array], parameters: dict[str, Array]) -> dict[str, Array]:
    """Return the gradients in the coordinates: dTheta = [1/m dZ^[1], 0]."""
    dZ = grads["dZ1"]
    xp = array_namespace(dZ)
    n_1, columns = parameters["W1"].shape
    m = dZ.shape[1]
    dTheta = xp.concat([dZ * (1.0 / m), xp.zeros((n_1, columns - m), dtype=dZ.dtype)], axis=1)
    return grads | {"dW1": dTheta}


def root_of_squares(Theta: Array, gram: Array | None) -> Array:
    """Return a (1, 1) array whose square is the sum of squares of Theta M, for norms and the L2 cost."""
    xp = array_namespace(Theta)
    squares = xp.sum((Theta @ gram) * Theta)
    return xp.reshape(xp.sqrt(xp.maximum(squares, 0.0 * squares)), (1, 1))
