"""trace: one step of training, every quantity with its equation, its shape and its numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import ArrayLike

from .._wording import pluralize
from ..core.activations import blend_forward
from ..core.network import Network
from ..core.objective import dropout_masks, objective
from ..core.propagation import Cache, L_model_forward
from ..engine.batches import Batches
from ..engine.optax_rules import LBFGS, find_optimizer
from ..engine.result import TrainingResult
from ..engine.state import TrainState
from ..engine.train import train
from ..engine.validation import check_count, check_dropout, check_number, check_weights
from ..errors import EllayerError
from . import trace_render
from .calls import either_form
from .equations import Equation, Terms, equations, symbol
from .model_parts import (
    InspectedModel,
    Parameters,
    ParametersLike,
    SupportedModel,
    check_example,
    unpack_for_inspection,
)
from .trace_cell import Cell, cell
from .trace_record import Step, TraceRecord

if TYPE_CHECKING:
    from rich.table import Table

Settings = dict[str, Any]  # keyword arguments of ``train``

# The settings that affect a single update; the others affect a whole run.
_STEP_SETTINGS = {
    "optimizer", "learning_rate", "schedule", "schedule_length", "batch_size", "shuffle", "l2", "l1", "weight_decay",
    "dropout", "clip_norm", "learning_rate_factors", "sample_weight", "seed",
}  # fmt: skip
_BATCH_SETTINGS = {"batch_size", "shuffle", "sample_weight"}  # not meaningful for a single example


@dataclass(frozen=True, eq=False, repr=False)
class Trace(TraceRecord):
    """The quantities of one training step: ``print`` it, display it in Jupyter, or use ``to_json``.

    Attributes
    ----------
    network : Network
    steps : tuple of Step
        In the order of the computation.
    iteration : int
        Updates done before this one.
    example : int or None
        The one example it is about; None for a batch.
    m : int
        Examples in the step.
    optimizer : str
    learning_rate : float
    input_names : tuple of str
        Names of the columns of the inputs; empty if they have none.
    """

    def cell(self, name: str, *index: int) -> Cell:
        """Return one number with its equation, with all numbers inserted.

        Parameters
        ----------
        name : str
        *index : int
            Row and column; none for J.

        Examples
        --------
        >>> t = trace(Network([2, 3, 1]), [[1.0], [2.0]], [1], seed=1)
        >>> print(t.cell("Z1", 0, 0))  # doctest: +ELLIPSIS
        Z1[0,0] = ...
        """
        return cell(self, name, index)

    def to_json(self, numbers: int | None = None) -> str:
        """Return the trace as JSON text.

        Parameters
        ----------
        numbers : int, optional
            Write the values of quantities with at most this many numbers, statistics of all; by default
            100 000 for one example and 1 000 for a batch.
        """
        return trace_render.to_json(self, numbers)

    def __str__(self) -> str:
        return trace_render.to_text(self)

    def __repr__(self) -> str:
        about = f"example {self.example}" if self.example is not None else pluralize(self.m, "example")
        return f"Trace({self.network!r}, {about}, iteration {self.iteration}, {len(self.steps)} quantities)"

    def __rich__(self) -> Table:
        return trace_render.to_rich(self)

    def _repr_html_(self) -> str:
        return trace_render.to_html(self)


@overload
def trace(
    model: SupportedModel,
    X: object,
    Y: ArrayLike | None = None,
    parameters: ParametersLike | None = None,
    *,
    y: ArrayLike | None = None,
    example: int | None = None,
    iteration: int = 0,
    state: TrainState | None = None,
    **settings: object,
) -> Trace: ...


@overload
def trace(
    network: Network,
    parameters: ParametersLike,
    X: ArrayLike,
    Y: ArrayLike | None = None,
    *,
    example: int | None = None,
    iteration: int = 0,
    state: TrainState | None = None,
    **settings: object,
) -> Trace: ...


@either_form
def trace(
    model: SupportedModel,
    X: ArrayLike,
    Y: ArrayLike | None = None,
    parameters: ParametersLike | None = None,
    *,
    example: int | None = None,
    iteration: int = 0,
    state: TrainState | None = None,
    **settings: Any,
) -> Trace:
    """Run one training step and record every quantity: Z, A, J, dA, dZ, dW, db and the updates.

    ``trace(model, X, y)``, or ``trace(network, parameters, X, Y)``. Everything is in float64, computed by the
    functions that ``train`` runs.

    Parameters
    ----------
    model : TrainingResult, (Network, parameters), Network, or a fitted estimator
    X : array, shape (n_x, m)
        Examples are columns; rows for an estimator, with its labels as Y. One example alone may be a flat array, a
        Series or a dict. For an estimator of tables the first ensemble member is traced, or another with
        ``parameters=model.members_[k]``.
    Y : array, shape (n_L, m), optional
        Without labels only the forward pass is traced.
    parameters : dict, optional
        Used instead of the model's; for a ``Network`` they are initialised as in ``train``.
    example : int, optional
        Trace the step of a single example, with all numbers.
    iteration : int
        Number of updates on all of X before the traced one.
    state : TrainState, optional
        Trace the next update of a run: ``state=result.state``.
    **settings
        Keyword arguments of ``train``: learning_rate, optimizer, l2, dropout, batch_size, seed, ... The
        default learning rate for a TrainingResult is its last one.

    Returns
    -------
    Trace

    Raises
    ------
    ValueError
        For wrong shapes, or settings of the gradient without labels.

    Examples
    --------
    >>> X, Y = np.array([[0.5, -1.0, 2.0], [1.5, 0.3, -0.7]]), np.array([1, 0, 1])
    >>> t = trace(Network([2, 3, 1], "tanh"), X, Y, learning_rate=0.5, seed=1)
    >>> t["dW1"].shape, t.step("dW1").plain
    ((3, 2), 'dW1 = 1/m dZ1 A0^T')
    >>> bool(np.allclose(t["new W1"], t["W1"] - 0.5 * t["dW1"]))
    True
    """
    inspected = unpack_for_inspection(model, parameters)
    X = inspected.inputs(X)
    iteration = check_count(iteration, "iteration", low=0)
    example = None if example is None else check_example(example, X.shape[1])
    if Y is None:
        _check_forward_only(inspected, X, settings, iteration)
        traced = _forward_only(inspected.network, inspected.require_parameters(), X, example)
        return replace(traced, input_names=tuple(inspected.input_names))
    Y = inspected.targets(Y, X.shape[1], "a trace of the gradients")
    if isinstance(settings.get("optimizer"), str) and settings["optimizer"] in LBFGS:
        raise EllayerError("optimizer: expected one with single steps, received 'lbfgs'; try 'gd' or 'adam'")
    if settings.get("learning_rate") is None and isinstance(model, TrainingResult):
        rates = model.history.get("learning_rate")
        settings |= {"learning_rate": rates[-1]} if rates else {}
    if iteration or inspected.parameters is None:
        state = _run_up(inspected, X, Y, state, settings, iteration)
    state = state or TrainState(inspected.require_parameters(), None, seed=settings.get("seed", 0))
    settings = {key: value for key, value in settings.items() if key in _STEP_SETTINGS}
    if example is not None:
        X, Y = X[:, [example]], Y[:, [example]]
        if state.coordinates is not None:  # they are meaningful only with all examples
            state = replace(state, coordinates=None, optimizer_state=None)
        settings = {key: value for key, value in settings.items() if key not in _BATCH_SETTINGS}
    traced = _walk(inspected.network, X, Y, state, settings, example)
    return replace(traced, input_names=tuple(inspected.input_names))


def _check_forward_only(inspected: InspectedModel, X: np.ndarray, settings: Settings, iteration: int) -> None:
    """Raise for settings of a gradient step if there are no labels."""
    if settings or iteration:
        unused = ["iteration"] * bool(iteration) + list(settings)
        inspected.targets(None, X.shape[1], f"{unused[0]} belongs to a gradient step, which")


def _run_up(
    inspected: InspectedModel,
    X: np.ndarray,
    Y: np.ndarray,
    state: TrainState | None,
    settings: Settings,
    iteration: int,
) -> TrainState:
    """Return the state before the traced step, after ``iteration`` updates."""
    engine: Settings = {"engine": "numpy"} if iteration < 50 else {}
    return train(
        inspected.network, X, Y, parameters=inspected.parameters, state=state, num_iterations=iteration, dtype="float64",
        record_every=max(1, iteration), **(engine | settings),
    ).state  # fmt: skip


def _forward_only(network: Network, parameters: Parameters, X: np.ndarray, example: int | None) -> Trace:
    X = X if example is None else X[:, [example]]
    _, caches = L_model_forward(X, parameters, network)
    table = equations(network, Terms(), find_optimizer("gd"), 0.0)
    steps = [*_inputs(network, parameters, X, None), *_forward_steps(caches, {}, table)]
    return Trace(network, tuple(steps), 0, example, X.shape[1], "", float("nan"), caches)


def _walk(
    network: Network, X: np.ndarray, Y: np.ndarray, state: TrainState, settings: Settings, example: int | None
) -> Trace:
    """Record one step from a state."""
    parameters = {name: np.asarray(theta, np.float64) for name, theta in state.parameters.items()}
    after, rate = _update(network, X, Y, parameters, state, settings)
    chosen, w = _batch(X.shape[1], state, settings)
    X, Y = X[:, chosen], Y[:, chosen]
    m = X.shape[1]
    l2, l1 = check_number(settings.get("l2", 0.0), "l2"), check_number(settings.get("l1", 0.0), "l1")
    goal = objective(network, m, w, l2 or None, l1 or None)
    weights = goal.weights
    rates = check_dropout(network, settings.get("dropout", 0.0))
    masks = dropout_masks(network, rates, X, state.seed, state.step)
    AL, caches = L_model_forward(X, parameters, network, masks)
    J = goal.cost(AL, caches[-1].Z, Y, parameters)
    grads = goal.gradients(AL, caches, Y, parameters, input_gradient=True)
    dAL = network.loss_row.backward(AL, Y)
    grads.setdefault(f"dA{network.L}", dAL if weights is None else weights * dAL)
    rule = find_optimizer(settings.get("optimizer", "gd"))
    table = equations(network, Terms(weights is not None, l2 > 0, l1 > 0, tuple(masks)), rule, rate)
    steps = _inputs(network, parameters, X, Y)
    if weights is not None:
        steps.append(Step("w", "given", "w = weights of mean 1", "w", weights))
    steps += _forward_steps(caches, masks, table)
    steps.append(_step("J", "cost", table, np.asarray(J)))
    steps += [
        _step(name, "backward", table, grads[name]) for name in table if name[0] == "d" and name in grads
    ]
    table = _update_equations(table, settings)
    steps += [_step(f"new {name}", "update", table, after[name]) for name in network.shapes]
    return Trace(
        network, tuple(steps), state.step, example, m, rule.name, rate, caches, (l2, l1, float(goal.total))
    )  # fmt: skip


def _update(
    network: Network,
    X: np.ndarray,
    Y: np.ndarray,
    parameters: Parameters,
    state: TrainState,
    settings: Settings,
) -> tuple[Parameters, float]:
    """Return the parameters after the update, and its learning rate, computed by the engine."""
    compiled = find_optimizer(settings.get("optimizer", "gd")).compiled_only
    engine = ("auto" if compiled else "numpy") + ("" if state.coordinates else "+direct")
    after = train(
        network, X, Y, state=replace(state, history={}, interval=(0.0, 0.0), parameters=parameters), num_iterations=1, record_every=1,
        dtype="float64", engine=engine, **settings,
    )  # fmt: skip
    return after.state.parameters, float(after.history.get("learning_rate", [float("nan")])[-1])


def _batch(m: int, state: TrainState, settings: Settings) -> tuple[slice | np.ndarray, np.ndarray | None]:
    """Return the examples of the step and their weights."""
    batches = Batches(m, settings.get("batch_size"), state.seed, settings.get("shuffle", True))
    chosen = slice(None) if batches.full else batches.indices(state.step)
    weights = check_weights(settings.get("sample_weight"), m, "float64")
    return chosen, None if weights is None else weights[:, chosen]


def _inputs(network: Network, parameters: Parameters, X: np.ndarray, Y: np.ndarray | None) -> list[Step]:
    first = "X" if network.inputs is not None else "A0"
    plain, latex = ("X", "X") if network.inputs is not None else ("A0 = X", "A^{[0]} = X")
    steps = [Step(first, "given", plain, latex, X)]
    if Y is not None:
        steps.append(Step("Y", "given", "Y", "Y", Y))
    return steps + [Step(name, "given", name, symbol(name), parameters[name]) for name in network.shapes]


def _forward_steps(
    caches: list[Cache], masks: dict[int, np.ndarray], table: dict[str, Equation]
) -> list[Step]:
    steps = []
    before = caches[0].inputs
    if before is not None:
        A0 = before.unscaled if before.s is None else before.s * before.unscaled
        steps.append(_step("A0", "forward", table, A0))
    for l, cache in enumerate(caches, start=1):
        if l - 1 in masks:
            steps.append(_step(f"D{l - 1}", "forward", table, masks[l - 1]))
        A = cache.A if cache.alpha is None else blend_forward(cache.Z, cache.A, cache.alpha)
        steps += [_step(f"Z{l}", "forward", table, cache.Z), _step(f"A{l}", "forward", table, A)]
    return steps


def _update_equations(table: dict[str, Equation], settings: Settings) -> dict[str, Equation]:
    """Return the equations of the updates, with clipping and decay."""
    extra, latex = "", ""
    if settings.get("clip_norm"):
        extra += f", gradients scaled to a norm of at most {settings['clip_norm']:g}"
        latex += rf",\ \|d\theta\| \le {settings['clip_norm']:g}"
    if settings.get("weight_decay"):
        extra += f", then W := W - alpha {settings['weight_decay']:g} W"
        latex += rf",\ W := W - \alpha \cdot {settings['weight_decay']:g}\, W"
    return {
        name: Equation(e.plain + extra, e.latex + latex) for name, e in table.items() if name[:4] == "new "
    }


def _step(name: str, phase: str, table: dict[str, Equation], value: np.ndarray) -> Step:
    return Step(name, phase, table[name].plain, table[name].latex, value)
