"""One training step, composed of ``core``'s functions: the text both loops run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ..core.arrays import Array
from ..core.network import Network
from ..core.objective import Objective, dropout_masks, objective
from ..core.optimizers import Optimizer, clip_gradients, decay_weights, global_norm
from ..core.propagation import L_model_forward
from . import wide


@dataclass(frozen=True)
class Plan:
    """What is fixed for a run and decides the shape of the compiled program; hashable.

    ``dropout`` names the layers (0 the input) that have any; l1, l2, clipping and decay are only
    switched on here, their values are ``Knobs``.
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

    @property
    def names(self) -> list[str]:
        """Names of the parameters."""
        return list(self.network.shapes)


class Knobs(NamedTuple):
    """The numbers of a run that a compiled program takes as arguments."""

    l2: Any = 0.0
    l1: Any = 0.0
    clip_norm: Any = 0.0
    weight_decay: Any = 0.0
    seed: Any = 0
    dropout: Any = ()  # one rate per layer of Plan.dropout
    factors: Any = None  # learning-rate factor by parameter
    before: Any = None  # updates done on other examples, which the optimizer counts too


class Batch(NamedTuple):
    """The examples of one update: X (n_x, m), Y (n_L, m), weights (1, m) or None, and wide's Gram matrix."""

    X: Array
    Y: Array
    weights: Array | None = None
    gram: Array | None = None


class Evaluation(NamedTuple):
    """The outcome of forward and backward on one batch."""

    AL: Array
    ZL: Array
    grads: dict[str, Array]
    objective: Objective


def evaluate(plan: Plan, knobs: Knobs, parameters: dict[str, Array], batch: Batch, step: Any) -> Evaluation:
    """Forward and backward on one batch, with dropout, weights, L1 and L2."""
    X, Y = batch.X, batch.Y
    J = objective(
        plan.network,
        X.shape[1],
        batch.weights,
        l2=knobs.l2 if plan.l2 else None,
        l1=knobs.l1 if plan.l1 else None,
    )
    masks = None
    if plan.dropout:
        rates = dict(zip(plan.dropout, knobs.dropout, strict=True))
        masks = dropout_masks(plan.network, rates, X, knobs.seed, step)
    AL, caches = L_model_forward(X, parameters, plan.network, masks)
    grads = J.gradients(AL, caches, Y, parameters, project=wide.span_gradient if plan.wide else None)
    return Evaluation(AL, caches[-1].Z, grads, J)


def cost(plan: Plan, knobs: Knobs, parameters: dict[str, Array], batch: Batch, at: Evaluation) -> Array:
    """The cost J of an evaluation, L1 and L2 included."""
    if plan.l2 and plan.wide:
        parameters = parameters | {"W1": wide.root_of_squares(parameters["W1"], batch.gram)}
    return at.objective.cost(at.AL, at.ZL, batch.Y, parameters)


def gradient_norm(plan: Plan, batch: Batch, at: Evaluation) -> Array:
    """The Euclidean norm of all gradients together."""
    grads = at.grads
    if plan.wide:
        grads = grads | {"dW1": wide.root_of_squares(grads["dW1"], batch.gram)}
    return global_norm(grads, plan.names)


def update(
    plan: Plan,
    knobs: Knobs,
    parameters: dict[str, Array],
    optimizer_state: Any,
    grads: Any,
    rate: Any,
    t: Any,
) -> tuple[dict[str, Array], Any]:
    """The new parameters and optimizer state; ``t`` counts updates from 1."""
    if knobs.before is not None:
        t = t + knobs.before
    if plan.clip:
        grads = clip_gradients(grads, plan.names, knobs.clip_norm)
    if plan.factors:
        rates = {name: rate * knobs.factors[name] for name in parameters}
    else:
        rates = dict.fromkeys(parameters, rate)
    new, optimizer_state = plan.optimizer.update(grads, optimizer_state, parameters, rates, t)
    if plan.decay:
        new = decay_weights(new, parameters, rates, knobs.weight_decay)
    return new, optimizer_state
