"""trace: one step of training, every quantity with its equation, its shape and its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..core.activations import blend_forward
from ..core.network import Network
from ..core.objective import dropout_masks, objective
from ..core.propagation import Cache, L_model_forward
from ..engine.batches import Batches
from ..engine.lbfgs import LBFGS
from ..engine.optax_rules import find_optimizer
from ..engine.state import TrainState
from ..engine.train import TrainingResult, train
from ..engine.validation import check_count, check_dropout, check_number, check_weights
from ..errors import EllayerError
from .equations import Equation, Terms, equations, symbol
from .model_parts import Parameters, take_apart
from .trace_cell import Cell, cell

# Of train's settings: what one update depends on. The others matter only on the way to it.
_OF_A_STEP = (
    "optimizer", "learning_rate", "schedule", "schedule_length", "batch_size", "shuffle", "l2", "l1", "weight_decay",
    "dropout", "clip_norm", "learning_rate_factors", "sample_weight", "seed",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Step:
    """One quantity of a step.

    Parameters
    ----------
    name : str
        "Z1", "A1", "J", "dW1", ..., and "new W1" for a parameter after the update.
    phase : str
        "given", "forward", "cost", "backward" or "update".
    plain, latex : str
        Its equation.
    value : array
        A scalar for J.
    """

    name: str
    phase: str
    plain: str
    latex: str
    value: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of ``value``."""
        return self.value.shape

    def statistics(self) -> dict[str, float]:
        """Return mean, spread, range, norm, and the share that is 0 or not finite."""
        v = self.value
        good = v[np.isfinite(v)]
        if not good.size:
            return {"not_finite": 1.0}
        return {
            "mean": float(good.mean()),
            "sd": float(good.std()),
            "min": float(good.min()),
            "max": float(good.max()),
            "norm": float(np.linalg.norm(good)),
            "zero": float((good == 0).mean()),
            "not_finite": 1.0 - good.size / v.size,
        }


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """One step of training, taken apart: ``print`` it, show it in Jupyter, or ask ``to_json``.

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
    """

    network: Network
    steps: tuple[Step, ...]
    iteration: int
    example: int | None
    m: int
    optimizer: str
    learning_rate: float
    caches: list[Cache] = field(default_factory=list)
    penalties: tuple[float, float, float] = (
        0.0,
        0.0,
        1.0,
    )  # l2, l1 and the sum of weights they are divided by

    def __getitem__(self, name: str) -> np.ndarray:
        """Return a quantity's numbers by its name, e.g. ``trace["dW1"]``."""
        return self.step(name).value

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def step(self, name: str) -> Step:
        """Return the quantity of a name, with its equation."""
        for step in self.steps:
            if step.name == name or (name == "X" and step.plain == "A0 = X"):
                return step
        labels = (
            "" if self.labelled else "; the trace was made without labels: give Y for the cost and gradients"
        )
        raise KeyError(f"expected one of {', '.join(s.name for s in self.steps)}; received {name!r}{labels}")

    def cell(self, name: str, *index: int) -> Cell:
        """Return one number with its equation written out in numbers.

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

    @property
    def labelled(self) -> bool:
        """Whether there are labels, hence a cost and gradients."""
        return any(step.name == "J" for step in self.steps)

    def to_json(self, numbers: int | None = None) -> str:
        """Return the trace as JSON text.

        Parameters
        ----------
        numbers : int, optional
            Write the values of quantities with at most so many numbers, statistics of all; by default
            100 000 for one example and 1 000 for a batch.
        """
        from .trace_render import to_json

        return to_json(self, numbers)

    def __str__(self) -> str:
        from .trace_render import to_text

        return to_text(self)

    def __repr__(self) -> str:
        about = f"example {self.example}" if self.example is not None else f"{self.m} examples"
        return f"Trace({self.network!r}, {about}, iteration {self.iteration}, {len(self.steps)} quantities)"

    def __rich__(self) -> Any:
        from .trace_render import to_rich

        return to_rich(self)

    def _repr_html_(self) -> str:
        from .trace_render import to_html

        return to_html(self)


def trace(
    model: Any,
    X: Any,
    Y: Any = None,
    parameters: Any = None,
    *,
    example: int | None = None,
    iteration: int = 0,
    state: TrainState | None = None,
    **settings: Any,
) -> Trace:
    """Walk one step of training and record every quantity: Z, A, J, dA, dZ, dW, db and the updates.

    All in float64, by the functions that ``train`` runs.

    Parameters
    ----------
    model : TrainingResult, (Network, parameters), Network, or a fitted estimator
    X : array, shape (n_x, m)
        Examples are columns; rows for an estimator, with its labels as Y. Of an estimator of tables the
        first member is looked at, or another by ``parameters=model.members_[k]``.
    Y : array, shape (n_L, m), optional
        Without labels only the forward half is traced.
    parameters : dict, optional
        Taken instead of the model's; a bare Network draws them as ``train`` does.
    example : int, optional
        Trace the step of this one example, all numbers in full.
    iteration : int
        Do so many updates on all of X first, and trace the next one.
    state : TrainState, optional
        Trace the next update of a run: ``state=result.state``.
    **settings
        As ``train`` takes them: learning_rate, optimizer, l2, dropout, batch_size, seed, ... The
        learning rate of a TrainingResult is its last one where none is given.

    Returns
    -------
    Trace

    Raises
    ------
    ValueError
        For shapes that do not fit, or settings of a gradient without labels.

    Examples
    --------
    >>> X, Y = np.array([[0.5, -1.0, 2.0], [1.5, 0.3, -0.7]]), np.array([1, 0, 1])
    >>> t = trace(Network([2, 3, 1], "tanh"), X, Y, learning_rate=0.5, seed=1)
    >>> t["dW1"].shape, t.step("dW1").plain
    ((3, 2), 'dW1 = 1/m dZ1 A0^T')
    >>> bool(np.allclose(t["new W1"], t["W1"] - 0.5 * t["dW1"]))
    True
    """
    subject = take_apart(model, parameters)
    network = subject.network
    X = subject.inputs(X)
    iteration = check_count(iteration, "iteration", low=0)
    _check_example(example, X.shape[1])
    if Y is None:
        return _forward_only(network, _start(subject, X, settings, iteration), X, example)
    Y = subject.targets(Y, X.shape[1], "a trace of the gradients")
    if isinstance(settings.get("optimizer"), str) and settings["optimizer"] in LBFGS:
        raise EllayerError(
            "optimizer: expected one that does a step at a time, received 'lbfgs'; try 'gd' or 'adam'"
        )
    rates = model.history.get("learning_rate") if isinstance(model, TrainingResult) else None
    if rates and settings.get("learning_rate") is None:
        settings["learning_rate"] = rates[-1]
    if iteration or subject.parameters is None:
        run_up = train(
            network, X, Y, parameters=subject.parameters, state=state, num_iterations=iteration, dtype="float64",
            record_every=max(1, iteration), **({"engine": "numpy"} if iteration < 50 else {}) | settings,
        )  # fmt: skip
        state = run_up.state
    now = state or TrainState(subject.start, None, seed=settings.get("seed", 0))  # type: ignore[arg-type]
    own = {key: value for key, value in settings.items() if key in _OF_A_STEP}
    if example is not None:
        X, Y, now = X[:, [example]], Y[:, [example]], _alone(now)
        own = {
            key: value for key, value in own.items() if key not in ("batch_size", "shuffle", "sample_weight")
        }
    return _walk(network, X, Y, now, own, example)


def _start(subject: Any, X: np.ndarray, settings: dict, iteration: int) -> Parameters:
    if settings or iteration:
        unused = ["iteration"] * bool(iteration) + list(settings)
        subject.targets(None, X.shape[1], f"{unused[0]} belongs to a gradient step, which")
    return subject.start


def _check_example(example: int | None, m: int) -> None:
    if example is not None and not 0 <= check_count(example, "example", low=0) < m:
        raise EllayerError(
            f"example: expected a number from 0 to {m - 1} (X has {m} examples), received {example}"
        )


def _alone(state: TrainState) -> TrainState:
    """The state without coordinates, which mean something only with all the examples."""
    if state.coordinates is None:
        return state
    return replace(state, coordinates=None, optimizer_state=None)


def _forward_only(network: Network, parameters: Parameters, X: np.ndarray, example: int | None) -> Trace:
    X = X if example is None else X[:, [example]]
    _, caches = L_model_forward(X, parameters, network)
    rule = find_optimizer("gd")
    table = equations(network, Terms(), rule, 0.0)
    steps = [*_given(network, parameters, X, None), *_forward_steps(network, caches, {}, table)]
    return Trace(network, tuple(steps), 0, example, X.shape[1], "", float("nan"), caches)


def _walk(
    network: Network, X: np.ndarray, Y: np.ndarray, state: TrainState, settings: dict, example: int | None
) -> Trace:
    """Record one step from a state on."""
    parameters = {name: np.asarray(theta, np.float64) for name, theta in state.parameters.items()}
    after, rate = _update(network, X, Y, parameters, state, settings)
    chosen, w = _batch(X.shape[1], state, settings)
    X, Y = X[:, chosen], Y[:, chosen]
    m = X.shape[1]
    l2, l1 = check_number(settings.get("l2", 0.0), "l2"), check_number(settings.get("l1", 0.0), "l1")
    goal = objective(network, m, w, l2 or None, l1 or None)
    weights = goal.weights
    masks = dropout_masks(
        network, check_dropout(network, settings.get("dropout", 0.0)), X, state.seed, state.step
    )
    AL, caches = L_model_forward(X, parameters, network, masks)
    J = goal.cost(AL, caches[-1].Z, Y, parameters)
    grads = goal.gradients(AL, caches, Y, parameters, input_gradient=True)
    dAL = network.loss_row.backward(AL, Y)
    grads.setdefault(f"dA{network.L}", dAL if weights is None else weights * dAL)
    rule = find_optimizer(settings.get("optimizer", "gd"))
    table = equations(network, Terms(weights is not None, l2 > 0, l1 > 0, tuple(masks)), rule, rate)
    steps = _given(network, parameters, X, Y)
    if weights is not None:
        steps.append(Step("w", "given", "w = weights of mean 1", "w", weights))
    steps += _forward_steps(network, caches, masks, table)
    steps.append(_step("J", "cost", table, np.asarray(J)))
    steps += [
        _step(name, "backward", table, grads[name]) for name in table if name[0] == "d" and name in grads
    ]
    steps += [_step(f"new {name}", "update", _told(table, settings), after[name]) for name in network.shapes]
    return Trace(
        network, tuple(steps), state.step, example, m, rule.name, rate, caches, (l2, l1, float(goal.total))
    )  # fmt: skip


def _update(
    network: Network, X: np.ndarray, Y: np.ndarray, parameters: Parameters, state: TrainState, settings: dict
) -> tuple[Parameters, float]:
    """The parameters after the update, and its learning rate: the engine's own step."""
    compiled = find_optimizer(settings.get("optimizer", "gd")).compiled_only
    engine = ("auto" if compiled else "numpy") + ("" if state.coordinates else "+direct")
    after = train(
        network, X, Y, state=replace(state, history={}, interval=(0.0, 0.0), parameters=parameters), num_iterations=1, record_every=1,
        dtype="float64", engine=engine, **settings,
    )  # fmt: skip
    return after.state.parameters, float(after.history.get("learning_rate", [float("nan")])[-1])


def _batch(m: int, state: TrainState, settings: dict) -> tuple[Any, np.ndarray | None]:
    """The examples of the step and their weights."""
    batches = Batches(m, settings.get("batch_size"), state.seed, settings.get("shuffle", True))
    chosen = slice(None) if batches.full else batches.indices(state.step)
    weights = check_weights(settings.get("sample_weight"), m, "float64")
    return chosen, None if weights is None else weights[:, chosen]


def _given(network: Network, parameters: Parameters, X: np.ndarray, Y: np.ndarray | None) -> list[Step]:
    first = "X" if network.inputs is not None else "A0"
    plain, latex = ("X", "X") if network.inputs is not None else ("A0 = X", "A^{[0]} = X")
    steps = [Step(first, "given", plain, latex, X)]
    if Y is not None:
        steps.append(Step("Y", "given", "Y", "Y", Y))
    return steps + [Step(name, "given", name, symbol(name), parameters[name]) for name in network.shapes]


def _forward_steps(
    network: Network, caches: list[Cache], masks: dict[int, np.ndarray], table: dict[str, Equation]
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


def _told(table: dict[str, Equation], settings: dict) -> dict[str, Equation]:
    """The updates' equations with what is done to gradients and weights besides."""
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
