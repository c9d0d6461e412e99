"""Findings about the run: learning rate, over- and underfitting."""

from __future__ import annotations

import numpy as np

from ..core.propagation import compute_cost
from .diagnosis_findings import Finding
from .diagnosis_input import Curve, DiagnosisInput

_POINTS = 30  # the curve of a noisy run is smoothed to this many means
RISES = 0.35  # share of the cost's fall that it rose again
SLOW_FALL = 0.5  # share of the first cost
STILL_FALLING = 0.3  # share of the whole fall, in the second half
GAP = 1.5  # validation cost against its best, or against the training cost
NO_BETTER = 0.9  # share of the cost of the best constant output


def check(case: DiagnosisInput, known: set[str]) -> list[Finding]:
    """Return the findings about the run; some of the ``known`` ones explain a slow fall better than the rate."""
    high = _too_high(case.curve)
    stuck = known & {"symmetric_initialisation", "vanishing_gradients", "dead_units", "saturated_units"}
    low = [] if high or stuck else _too_low(case.curve)
    return high + low + _overfitting(case) + _underfitting(case)


def _too_high(curve: Curve) -> list[Finding]:
    advice = "Take a learning rate 3 to 10 times smaller, scale the inputs, or let it fall over the run (schedule='cosine')"
    if curve.diverged:
        return [
            Finding(
                "learning_rate_too_high", "serious", "the cost stopped being a finite number", advice, np.inf
            )
        ]
    costs = _means(curve.costs)
    if len(costs) < 4:
        return []
    moves = np.diff(costs)
    up, down = float(moves[moves > 0].sum()), float(-moves[moves < 0].sum())
    if costs[-1] > 1.05 * costs[0]:
        figure = f"the cost rose from {costs[0]:.4g} to {costs[-1]:.4g}"
        return [Finding("learning_rate_too_high", "serious", figure, advice, costs[-1] / costs[0])]
    if up > RISES * down and up > 0.1 * abs(costs[0]):
        figure = f"the cost went up again by {100 * up / down:.0f} % of all it fell, in {int((moves > 0).sum())} of {len(moves)} intervals"
        return [Finding("learning_rate_too_high", "warning", figure, advice, up / down)]
    return []


def _too_low(curve: Curve) -> list[Finding]:
    costs = _means(curve.costs)
    if len(costs) < 4 or not curve.ran_out or costs[0] <= 0:
        return []
    fall, late = costs[0] - costs[-1], costs[len(costs) // 2] - costs[-1]
    if not (
        0 < fall < SLOW_FALL * costs[0]
        and late > STILL_FALLING * fall
        and (np.diff(costs) <= 1e-4 * costs[0]).all()
    ):
        return []
    than = f" than {curve.rate:g}" if np.isfinite(curve.rate) else ""
    return [
        Finding(
            "learning_rate_too_low", "warning",
            f"the cost fell by only {100 * fall / costs[0]:.2g} % (from {costs[0]:.4g} to {costs[-1]:.4g}), {100 * late / fall:.0f} % "
            f"of it in the second half: it was still falling steadily",
            f"Take a learning rate 3 to 10 times larger{than}, or more iterations; optimizer='adam' finds its own scale",
            fall / costs[0],
        )
    ]  # fmt: skip


def _means(costs: list[float]) -> np.ndarray:
    """Return the curve in at most ``_POINTS`` points, each the mean of an interval."""
    values = np.asarray(costs, dtype=float)
    values = values[np.isfinite(values)]
    if len(values) <= _POINTS:
        return values
    return np.array([part.mean() for part in np.array_split(values, _POINTS)])


def _overfitting(case: DiagnosisInput) -> list[Finding]:
    advice = "Stop early (patience=...), add l2, dropout or examples, or take a smaller network"
    curve = case.curve
    validation = [c for c in curve.validation if np.isfinite(c)]
    if (
        len(validation) > 2
        and validation[-1] > GAP * min(validation)
        and curve.costs
        and curve.costs[-1] < curve.costs[0]
    ):
        best = int(np.argmin(validation))
        figure = (
            f"the validation cost rose from {validation[best]:.4g} at record {best} to {validation[-1]:.4g} at the last "
            f"one, {len(validation) - 1}"
        )
        return [Finding("overfitting", "warning", figure, advice, validation[-1] / min(validation))]
    if case.held_out is not None and case.labels is not None:
        outside, inside = case.cost_of(*case.held_out), case.labels.J
        base = _constant_cost(case, case.held_out[1])
    elif validation and curve.costs:
        inside = curve.costs[min(len(validation), len(curve.costs)) - 1]
        outside, base = validation[-1], curve.costs[0]
    else:
        return []
    if outside > GAP * inside and outside - inside > 0.2 * base:
        figure = f"the cost is {inside:.4g} on the training examples and {outside:.4g} on held-out ones"
        return [Finding("overfitting", "warning", figure, advice, outside / max(inside, 1e-300))]
    return []


def _underfitting(case: DiagnosisInput) -> list[Finding]:
    labels = case.labels
    if labels is None or labels.Y.shape[1] < 2:
        return []
    base = _constant_cost(case, labels.Y)
    if not base > 0 or NO_BETTER * base >= labels.J:
        return []
    return [
        Finding(
            "underfitting", "warning",
            f"the cost on the training examples is {labels.J:.4g}, {100 * labels.J / base:.3g} % of the {base:.4g} that the "
            f"best constant output has",
            "Take more units or layers, more iterations or another learning rate, less l2 and dropout; or the inputs say "
            "little about Y",
            labels.J / base,
        )
    ]  # fmt: skip


def _constant_cost(case: DiagnosisInput, Y: np.ndarray) -> float:
    """Return the cost of the best output that does not depend on X: the mean or the median of Y."""
    costs = []
    for centre in (Y.mean(axis=1, keepdims=True), np.median(Y, axis=1, keepdims=True)):
        with np.errstate(all="ignore"):
            costs.append(float(compute_cost(np.broadcast_to(centre, Y.shape), Y, case.network)))
    return min((c for c in costs if np.isfinite(c)), default=float("nan"))
