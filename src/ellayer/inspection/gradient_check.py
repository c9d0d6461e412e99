"""Gradient check: the gradients written by hand against central differences of the cost.

    d theta_i  ~  (J(theta + epsilon e_i) - J(theta - epsilon e_i)) / (2 epsilon)

in float64, gradient by gradient, with the relative error ||num - ana|| / (||num|| + ||ana||).
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .._views import html_table, text_table
from ..core.network import Network
from ..errors import EllayerError
from .cost_function import CostFunction, Parameters, as_float64

_ALL_ENTRIES = 5e9  # every entry is checked while parameters^2 * m stays below (some seconds of work)
_DIRECTIONS = 20
_COLUMNS = ("gradient", "shape", "|numeric|", "|analytic|", "error", "worst", "numeric / analytic there",
            "checked", "kinks", "skipped", "verdict")  # fmt: skip
_BESIDE = 10.0  # steps of epsilon between a ramp's threshold at an example and the point where it is checked


@dataclass(frozen=True)
class GradientRow:
    """One gradient's check.

    Parameters
    ----------
    name : str
        "dW1", "db1", ...
    shape : tuple of int
    numeric, analytic : float
        Norms of the checked values: the entries, or the derivatives along random directions.
    relative_error : float
        ||num - ana|| / (||num|| + ||ana||); the denominator is at least the error that rounding of J
        causes in a gradient of 0.
    worst : tuple of int, optional
        The entry with the largest error (None if directions were checked).
    worst_numeric, worst_analytic : float
        The two numbers there.
    checked : int
        Number of entries or directions compared.
    kinks : int
        Number of steps that would have crossed a kink of an activation, the loss or |W|.
    skipped : int
        Number of those that cross it even with a hundredth of the step, and were skipped.
    verdict : str
        "ok", "wrong" or, if every entry was skipped, "not checked".
    """

    name: str
    shape: tuple[int, ...]
    numeric: float = math.nan
    analytic: float = math.nan
    relative_error: float = 0.0
    worst: tuple[int, ...] | None = None
    worst_numeric: float = math.nan
    worst_analytic: float = math.nan
    checked: int = 0
    kinks: int = 0
    skipped: int = 0
    verdict: str = "not checked"


@dataclass(frozen=True, repr=False)
class GradientCheck:
    """The outcome of ``check_gradients``: one row per gradient, printed as a table.

    Parameters
    ----------
    rows : tuple of GradientRow
    cost : float
        J at the checked parameters.
    epsilon, threshold : float
    directions : int, optional
        Random directions per gradient; None if every entry was checked.
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
        """The row with the largest error, or one that could not be checked."""
        return max(self.rows, key=lambda row: (row.verdict == "not checked", row.relative_error))

    def __repr__(self) -> str:
        verdict = "passed" if self.passed else f"{self.worst.name} {self.worst.verdict}"
        return f"GradientCheck({len(self.rows)} gradients, largest error {self.worst.relative_error:.1e}: {verdict})"

    def __str__(self) -> str:
        return "\n".join([self._head(), text_table([_COLUMNS, *map(_cells, self.rows)]), self._conclusion()])

    def _repr_html_(self) -> str:
        below = f"<p>{html.escape(self._conclusion())}</p>"
        return html_table(_COLUMNS, map(_cells, self.rows), self._head(), below)

    def _head(self) -> str:
        extent = "every entry" if self.directions is None else f"{self.directions} random directions each"
        return (
            f"Gradient check at J = {self.cost:.6g}: central differences in float64, {extent}, "
            f"epsilon {self.epsilon:g}, threshold {self.threshold:g}"
        )

    def _conclusion(self) -> str:
        wrong = [row.name for row in self.rows if row.verdict == "wrong"]
        unchecked = [row.name for row in self.rows if row.verdict == "not checked"]
        if wrong:
            return f"FAILED: {', '.join(wrong)} differ from the finite differences."
        if unchecked:
            return (
                f"NOT CHECKED: for {', '.join(unchecked)} every step crosses a kink (z of a unit is exactly at it, as "
                f"with zero weights). Change the parameters or X slightly and check again."
            )
        return "PASSED: every gradient agrees with the finite differences."


def _cells(row: GradientRow) -> tuple[str, ...]:
    shape = "x".join(map(str, row.shape))
    counts = (str(row.checked), str(row.kinks), str(row.skipped))
    if not row.checked:
        return (row.name, shape, "-", "-", "-", "-", "-", *counts, row.verdict)
    worst = "-" if row.worst is None else ",".join(map(str, row.worst))
    errors = (f"{row.numeric:.6e}", f"{row.analytic:.6e}", f"{row.relative_error:.1e}", worst)
    worst_entry = f"{row.worst_numeric:.9g} / {row.worst_analytic:.9g}"
    return (row.name, shape, *errors, worst_entry, *counts, row.verdict)


def check_network(
    network: Network,
    parameters: Mapping[str, ArrayLike],
    X: ArrayLike,
    Y: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    l2: float = 0.0,
    l1: float = 0.0,
    masks: Mapping[int, ArrayLike] | None = None,
    epsilon: float = 1e-5,
    threshold: float = 1e-7,
    directions: int | None = None,
) -> GradientCheck:
    """Compare each gradient of the cost with central differences in float64.

    A step that would cross a kink (of an activation, the loss or L1) is repeated with a tenth and a
    hundredth of it, then skipped; both are counted. A gradient that fails is checked again with the
    four-point formula, whose own error is far below the threshold. The thresholds of ramps, which are
    at values of the examples, are shifted slightly first.

    Parameters
    ----------
    network : Network
    parameters : dict
        "W1" (n_1, n_x), "b1" (n_1, 1), ...: the point at which the gradients are checked.
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
        Number of random directions to compare derivatives along, instead of every entry. None checks every
        entry, or 20 directions if the network is too large for that.

    Returns
    -------
    GradientCheck

    Raises
    ------
    ValueError
        For wrong shapes, or numbers that are not finite.

    Examples
    --------
    >>> from ellayer.core import Network, initialize_parameters
    >>> network = Network([2, 3, 1], "tanh")
    >>> X, Y = np.array([[0.5, -1.0, 2.0], [1.5, 0.3, -0.7]]), np.array([[1, 0, 1]])
    >>> check = check_network(network, initialize_parameters(network, seed=1), X, Y, l2=0.1)
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
    function = CostFunction.of(network, X, Y, weights, l2, l1, masks)
    theta = {
        name: as_float64(f'parameters["{name}"]', parameters.get(name), shape)
        for name, shape in network.shapes.items()
    }
    if directions is None and network.parameter_count**2 * function.X.shape[1] > _ALL_ENTRIES:
        directions = _DIRECTIONS
    with np.errstate(all="ignore"):
        J, _ = function.cost(theta)
    if not np.isfinite(J):
        raise EllayerError(f"expected a finite cost, received J = {J}; there is no gradient to check")
    grads = function.gradients(theta)
    checker = _Checker(function, epsilon, threshold, function.rounding(theta, J))
    random = np.random.default_rng(0)
    rows = []
    for name in theta:
        point, lines = theta, list(_lines(grads[f"d{name}"], directions, random))
        row = checker.row(point, name, lines, points=2)
        if row.verdict == "not checked" and name == "t0":  # thresholds are at examples: shift them slightly
            point = theta | {name: theta[name] - _BESIDE * epsilon}
            lines = list(_lines(function.gradients(point)[f"d{name}"], directions, random))
            row = checker.row(point, name, lines, points=2)
        if row.verdict == "wrong":
            row = checker.row(point, name, lines, points=4)
        rows.append(row)
    return GradientCheck(tuple(rows), float(J), epsilon, threshold, directions)


class _Line(NamedTuple):
    """A direction along which a gradient is checked: an axis (with its entry) or a random one."""

    entry: tuple[int, ...] | None
    direction: np.ndarray
    slope: float  # the analytic derivative along it


@dataclass(frozen=True)
class _Checker:
    """Settings of a gradient check, and its cost function."""

    function: CostFunction
    epsilon: float
    threshold: float
    rounding: float

    def row(self, theta: Parameters, name: str, lines: list[_Line], points: int) -> GradientRow:
        """Check one gradient along some lines, by differences of 2 or 4 points."""
        usable, slopes, noise, kinks = [], [], [], 0
        for line in lines:
            for step in (self.epsilon, self.epsilon / 10.0, self.epsilon / 100.0):
                slope = self.function.slope(theta, name, line.direction, step, points)
                if slope is not None:
                    usable.append(line)
                    slopes.append(slope)
                    noise.append(self.rounding / step)  # the error that rounding of J causes
                    break
            kinks += slope is None or step < self.epsilon
        shape, skipped = theta[name].shape, len(lines) - len(usable)
        if not usable:
            return GradientRow(f"d{name}", shape, kinks=kinks, skipped=skipped)
        numeric, analytic = np.array(slopes), np.array([line.slope for line in usable])
        size = float(np.linalg.norm(numeric) + np.linalg.norm(analytic))
        floor = max(float(np.linalg.norm(noise)) / self.threshold, 1e-300)
        error = float(np.linalg.norm(numeric - analytic)) / max(size, floor)
        worst = int(np.argmax(np.abs(numeric - analytic)))
        return GradientRow(
            name=f"d{name}",
            shape=shape,
            numeric=float(np.linalg.norm(numeric)),
            analytic=float(np.linalg.norm(analytic)),
            relative_error=error,
            worst=usable[worst].entry,
            worst_numeric=float(numeric[worst]),
            worst_analytic=usable[worst].slope,
            checked=len(usable),
            kinks=kinks,
            skipped=skipped,
            verdict="ok" if error < self.threshold else "wrong",
        )


def _lines(gradient: np.ndarray, directions: int | None, random: np.random.Generator) -> Iterator[_Line]:
    """Yield the lines to check a gradient along: the axes, or random directions.

    A random direction is the sum of the gradient's direction, so that the derivative is large compared with
    rounding for any number of entries, and a random one, so that a missing part of the gradient is detected.
    """
    if directions is None:
        for entry in np.ndindex(gradient.shape):
            v = np.zeros_like(gradient)
            v[entry] = 1.0
            yield _Line(entry, v, float(gradient[entry]))
        return
    norm = np.linalg.norm(gradient)
    along = gradient / norm if norm > 0 else gradient
    for _ in range(directions):
        v = random.standard_normal(gradient.shape)
        v = v / np.linalg.norm(v)
        v = along + v if np.sum(along * v) >= 0 else along - v
        yield _Line(None, v, float(np.sum(gradient * v)))
