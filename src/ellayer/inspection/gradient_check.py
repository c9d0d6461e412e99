"""Gradient check: the gradients written by hand against central differences of the cost.

    d theta_i  ~  (J(theta + epsilon e_i) - J(theta - epsilon e_i)) / (2 epsilon)

in float64, gradient by gradient, with the relative error ||num - ana|| / (||num|| + ||ana||).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.inputs import ramp_sides
from ..core.network import Network
from ..core.objective import Objective, objective
from ..core.propagation import L_model_forward
from ..errors import EllayerError

Parameters = dict[str, np.ndarray]

_ALL_ENTRIES = 5e9  # every entry is checked while parameters^2 * m stays below (some seconds of work)
_DIRECTIONS = 20
_BESIDE = 10.0  # steps of epsilon from an example to where a threshold is checked


@dataclass(frozen=True)
class GradientRow:
    """One gradient's check.

    Parameters
    ----------
    name : str
        "dW1", "db1", ...
    shape : tuple of int
    numeric, analytic : float
        Norms over what was checked: the entries, or the derivatives along random directions.
    relative_error : float
        ||num - ana|| / (||num|| + ||ana||); the denominator is held above what rounding of J makes
        of a gradient that is 0.
    worst : tuple of int, optional
        The entry furthest off (None where directions were checked).
    worst_numeric, worst_analytic : float
        The two numbers there.
    checked : int
        How many entries or directions were compared.
    kinks : int
        How many steps of epsilon would have crossed a kink of an activation, the loss or |W|.
    skipped : int
        How many of those cross it with a hundredth of the step, too, and were left out.
    verdict : str
        "ok", "wrong" or, where every entry was skipped, "not checked".
    """

    name: str
    shape: tuple[int, ...]
    numeric: float
    analytic: float
    relative_error: float
    worst: tuple[int, ...] | None
    worst_numeric: float
    worst_analytic: float
    checked: int
    kinks: int
    skipped: int
    verdict: str


@dataclass(frozen=True)
class GradientCheck:
    """The outcome of ``check_gradients``: one row per gradient, printed as a table.

    Parameters
    ----------
    rows : tuple of GradientRow
    cost : float
        J where the gradients were checked.
    epsilon, threshold : float
    directions : int, optional
        Random directions per gradient; None where every entry was checked.
    """

    rows: tuple[GradientRow, ...]
    cost: float
    epsilon: float
    threshold: float
    directions: int | None

    @property
    def passed(self) -> bool:
        """Whether every gradient was checked and is right."""
        return all(row.verdict == "ok" for row in self.rows)

    @property
    def worst(self) -> GradientRow:
        """The row that is furthest off; one that could not be checked where there is one."""
        return max(self.rows, key=lambda row: (row.verdict == "not checked", row.relative_error))

    def __str__(self) -> str:
        what = "every entry" if self.directions is None else f"{self.directions} random directions each"
        head = (
            f"Gradient check at J = {self.cost:.6g}: central differences in float64, {what}, "
            f"epsilon {self.epsilon:g}, threshold {self.threshold:g}"
        )
        columns = ("gradient", "shape", "|numeric|", "|analytic|", "error", "worst", "numeric / analytic there",
                   "checked", "kinks", "skipped", "verdict")  # fmt: skip
        cells = [columns, *(_cells(row) for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in cells]
        return "\n".join([head, *lines, self._conclusion()])

    def _conclusion(self) -> str:
        wrong = [row.name for row in self.rows if row.verdict == "wrong"]
        unchecked = [row.name for row in self.rows if row.verdict == "not checked"]
        if wrong:
            return f"FAILED: {', '.join(wrong)} differ from the finite differences."
        if unchecked:
            return (
                f"NOT CHECKED: for {', '.join(unchecked)} every step crosses a kink (a unit's z lies on it, as "
                f"after starting from zeros). Move the parameters or X a little and check again."
            )
        return "PASSED: every gradient agrees with the finite differences."


def _cells(row: GradientRow) -> tuple[str, ...]:
    shape = "x".join(map(str, row.shape))
    counts = (str(row.checked), str(row.kinks), str(row.skipped))
    if not row.checked:
        return (row.name, shape, "-", "-", "-", "-", "-", *counts, row.verdict)
    return (
        row.name,
        shape,
        f"{row.numeric:.6e}",
        f"{row.analytic:.6e}",
        f"{row.relative_error:.1e}",
        "-" if row.worst is None else ",".join(map(str, row.worst)),
        f"{row.worst_numeric:.9g} / {row.worst_analytic:.9g}",
        *counts,
        row.verdict,
    )


def check_gradients(
    network: Network,
    parameters: dict[str, Any],
    X: Any,
    Y: Any,
    *,
    weights: Any = None,
    l2: float = 0.0,
    l1: float = 0.0,
    masks: dict[int, Any] | None = None,
    epsilon: float = 1e-5,
    threshold: float = 1e-7,
    directions: int | None = None,
) -> GradientCheck:
    """Compare the gradients of the cost, each by name, with central differences in float64.

    A step that would cross a kink (of an activation, the loss or L1) is repeated with a tenth and a
    hundredth of it, then skipped; both are counted. A gradient that fails is judged again by the
    four-point formula, whose own error is far below the threshold. The thresholds of a table's ramps,
    which stand at its examples, are checked a little beside them.

    Parameters
    ----------
    network : Network
    parameters : dict
        "W1" (n_1, n_x), "b1" (n_1, 1), ...: where the gradients are checked.
    X : array, shape (n_x, m)
    Y : array, shape (n_L, m)
    weights : array, shape (1, m), optional
        Sample weights.
    l2, l1 : float
        Penalties of the cost.
    masks : dict, optional
        Dropout's masks by layer, 0 for the input.
    epsilon : float
        The step.
    threshold : float
        The relative error below which a gradient counts as right.
    directions : int, optional
        Compare derivatives along so many random directions instead of every entry. None takes every
        entry, and 20 directions where a network is too large for that.

    Returns
    -------
    GradientCheck

    Raises
    ------
    ValueError
        For shapes that do not fit the network, or numbers that are not finite.

    Examples
    --------
    >>> from ellayer.core import Network, initialize_parameters
    >>> network = Network([2, 3, 1], "tanh")
    >>> X, Y = np.array([[0.5, -1.0, 2.0], [1.5, 0.3, -0.7]]), np.array([[1, 0, 1]])
    >>> check = check_gradients(network, initialize_parameters(network, seed=1), X, Y, l2=0.1)
    >>> check.passed
    True
    >>> [row.name for row in check.rows]
    ['dW1', 'db1', 'dW2', 'db2']
    """
    if not (epsilon > 0 and threshold > 0):
        raise EllayerError(f"expected epsilon and threshold above 0, received {epsilon!r} and {threshold!r}")
    if directions is not None and directions < 1:
        raise EllayerError(
            f"expected directions to be at least 1, or None for every entry; received {directions!r}"
        )
    problem = Problem.of(network, X, Y, weights, l2, l1, masks)
    theta = {name: _array(f'parameters["{name}"]', parameters.get(name), shape)
             for name, shape in network.shapes.items()}  # fmt: skip
    if directions is None and network.parameter_count**2 * problem.X.shape[1] > _ALL_ENTRIES:
        directions = _DIRECTIONS
    with np.errstate(all="ignore"):
        J, _ = problem.cost(theta)
    if not np.isfinite(J):
        raise EllayerError(f"expected a finite cost, received J = {J}: here is no gradient to check")
    grads = problem.gradients(theta)
    rounding = problem.rounding(theta, J)
    random = np.random.default_rng(0)
    rows = []
    for name in theta:
        place, lines = theta, list(_directions(grads[f"d{name}"], directions, random))
        row = _row(problem, place, name, lines, epsilon, threshold, rounding, points=2)
        if row.verdict == "not checked" and name == "t0":  # thresholds stand at examples: look beside them
            place = theta | {name: theta[name] - _BESIDE * epsilon}
            lines = list(_directions(problem.gradients(place)[f"d{name}"], directions, random))
            row = _row(problem, place, name, lines, epsilon, threshold, rounding, points=2)
        if row.verdict == "wrong":
            row = _row(problem, place, name, lines, epsilon, threshold, rounding, points=4)
        rows.append(row)
    return GradientCheck(tuple(rows), float(J), epsilon, threshold, directions)


@dataclass(frozen=True)
class Problem:
    """The cost as a function of the parameters alone."""

    network: Network
    X: np.ndarray
    Y: np.ndarray
    objective: Objective
    masks: dict[int, np.ndarray]

    @classmethod
    def of(cls, network: Network, X: Any, Y: Any, weights: Any, l2: float, l1: float, masks: Any) -> Problem:
        """Return the problem of arguments as a caller gives them, checked and in float64."""
        dims = network.layer_dims
        m = np.shape(X)[-1] if np.ndim(X) == 2 else 0
        X = _array("X", X, (dims[0], m), "examples are columns; transpose?")
        if m == 0:
            raise EllayerError("X: expected at least one example, received none")
        Y = _array("Y", np.reshape(Y, (1, -1)) if np.ndim(Y) == 1 else Y, (dims[-1], m))
        if weights is not None:
            weights = _array("weights", np.reshape(weights, (1, -1)), (1, m))
            if weights.min() < 0 or weights.max() == 0:
                raise EllayerError(
                    f"weights: expected numbers of at least 0, not all 0; received {weights.min():g} to "
                    f"{weights.max():g}"
                )
        if wrong := [l for l in masks or {} if l not in range(network.L)]:
            raise EllayerError(f"masks: expected layers 0 to {network.L - 1}, received {wrong[0]!r}")
        held = {l: _array(f"masks[{l}]", D, (network.widths[l], m)) for l, D in (masks or {}).items()}
        J = objective(network, m, weights, float(l2) or None, float(l1) or None)
        return cls(network, X, Y, J, held)

    def cost(self, theta: Parameters) -> tuple[float, list[np.ndarray]]:
        """Return J and on which side of its kink everything lies that has one."""
        AL, caches = L_model_forward(self.X, theta, self.network, self.masks)
        rows = self.network.rows
        sides = [k < cache.Z for cache, row in zip(caches, rows, strict=True) for k in row.kinks]
        sides += [k < AL - self.Y for k in self.network.loss_row.kinks]
        sides += ramp_sides(caches[0].inputs)
        if self.objective.l1:
            sides += [W > 0 for name, W in theta.items() if name[0] == "W"]
        return self.objective.cost(AL, caches[-1].Z, self.Y, theta), sides

    def gradients(self, theta: Parameters) -> Parameters:
        """Return the gradients as the core computes them."""
        AL, caches = L_model_forward(self.X, theta, self.network, self.masks)
        return self.objective.gradients(AL, caches, self.Y, theta)

    def rounding(self, theta: Parameters, J: float) -> float:
        """Return by how much rounding moves J, seen as its roughness over steps far below epsilon.

        A cost computed from Z is a difference of numbers of the size of Z, however small it is itself.
        """
        random = np.random.default_rng(1)
        size = abs(J)
        if self.network.fused:
            _, caches = L_model_forward(self.X, theta, self.network, self.masks)
            size = max(size, float(np.mean(np.max(np.abs(caches[-1].Z), axis=0))))
        rough = 4.0 * float(np.finfo(np.float64).eps) * size
        for _ in range(8):
            v = {name: 1e-9 * random.choice((-1.0, 1.0), W.shape) for name, W in theta.items()}
            J_plus, plus = self.cost({name: W + v[name] for name, W in theta.items()})
            J_minus, minus = self.cost({name: W - v[name] for name, W in theta.items()})
            if _same(plus, minus):
                rough = max(rough, abs((J_plus - J) + (J_minus - J)))
        return rough

    def slope(self, theta: Parameters, name: str, v: np.ndarray, step: float, points: int) -> float | None:
        """Return the derivative along v by central differences; None where a kink lies between."""
        differences = []
        for h in (step, 2.0 * step)[: points // 2]:
            J_plus, plus = self.cost(theta | {name: theta[name] + h * v})
            J_minus, minus = self.cost(theta | {name: theta[name] - h * v})
            if not _same(plus, minus):
                return None
            differences.append((J_plus - J_minus) / (2.0 * h))
        return differences[0] if points == 2 else (4.0 * differences[0] - differences[1]) / 3.0


def _row(
    problem: Problem,
    theta: Parameters,
    name: str,
    lines: list[tuple[tuple[int, ...] | None, np.ndarray, float]],
    epsilon: float,
    threshold: float,
    rounding: float,
    points: int,
) -> GradientRow:
    """Check one gradient along ``lines`` of (entry, direction, analytic derivative)."""
    found, kinks = [], 0
    for entry, v, slope in lines:
        for step in (epsilon, epsilon / 10.0, epsilon / 100.0):
            numeric = problem.slope(theta, name, v, step, points)
            if numeric is not None:
                found.append((entry, numeric, slope, rounding / step))
                break
        kinks += numeric is None or step < epsilon
    shape, skipped = theta[name].shape, len(lines) - len(found)
    if not found:
        nan = float("nan")
        return GradientRow(f"d{name}", shape, nan, nan, 0.0, None, nan, nan, 0, kinks, skipped, "not checked")
    num, ana, noise = (np.array([f[i] for f in found]) for i in (1, 2, 3))
    size = float(np.linalg.norm(num) + np.linalg.norm(ana))
    floor = max(float(np.linalg.norm(noise)) / threshold, 1e-300)
    error = float(np.linalg.norm(num - ana)) / max(size, floor)
    worst = found[int(np.argmax(np.abs(num - ana)))]
    return GradientRow(
        name=f"d{name}",
        shape=shape,
        numeric=float(np.linalg.norm(num)),
        analytic=float(np.linalg.norm(ana)),
        relative_error=error,
        worst=worst[0],
        worst_numeric=float(worst[1]),
        worst_analytic=float(worst[2]),
        checked=len(found),
        kinks=kinks,
        skipped=skipped,
        verdict="ok" if error < threshold else "wrong",
    )


def _directions(
    gradient: np.ndarray, directions: int | None, random: np.random.Generator
) -> Iterator[tuple[tuple[int, ...] | None, np.ndarray, float]]:
    """Yield (entry, direction, derivative along it): the axes, or random directions.

    A random direction is half the gradient's own, so that its derivative stands out of the rounding
    however many entries there are, and half any, so that no missing part of the gradient stays hidden.
    """
    if directions is None:
        for entry in np.ndindex(gradient.shape):
            v = np.zeros_like(gradient)
            v[entry] = 1.0
            yield entry, v, float(gradient[entry])
        return
    norm = np.linalg.norm(gradient)
    along = gradient / norm if norm > 0 else gradient
    for _ in range(directions):
        v = random.standard_normal(gradient.shape)
        v = v / np.linalg.norm(v)
        v = along + v if np.sum(along * v) >= 0 else along - v
        yield None, v, float(np.sum(gradient * v))


def _same(sides: list[np.ndarray], others: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(sides, others, strict=True))


def _array(what: str, value: Any, shape: tuple[int, ...], hint: str = "") -> np.ndarray:
    """Return a value as a float64 array of a shape, or say what is wrong with it."""
    if value is None:
        raise EllayerError(f"{what}: expected an array of shape {shape}, received none")
    array = np.asarray(value, dtype=np.float64)
    if array.shape != shape:
        raise EllayerError(
            f"{what}: expected shape {shape}, received {array.shape}" + (f"; {hint}" if hint else "")
        )
    if not np.isfinite(array).all():
        raise EllayerError(
            f"{what}: expected finite numbers, received {int((~np.isfinite(array)).sum())} NaN or inf"
        )
    return array
