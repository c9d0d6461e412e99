"""Findings about the run: learning rate, over- and underfitting."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.propagation import compute_cost
from ..engine.train import TrainingResult
from .diagnosis_findings import Finding, Look

_POINTS = 30  # a curve of a noisy run is looked at in so many means
RISES = 0.35  # of what the cost fell, so much up again
SLOW_FALL = 0.5  # of the first cost
STILL_FALLING = 0.3  # of its whole fall, in the second half
GAP = 1.5  # validation cost against its best, or against the training cost
NO_BETTER = 0.9  # of the cost of the best constant output


@dataclass(frozen=True)
class Curve:
    """What is known of the run: costs, rates, why it ended, and the optimizer's arrays."""

    costs: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    rate: float = float("nan")
    diverged: bool = False
    ended: bool = False  # by its number of iterations, not by itself
    optimizer_state: dict[str, Any] = field(default_factory=dict)
    updates: int = 0

    @classmethod
    def of(cls, model: Any) -> Curve:
        """Return the curve of a model; an empty one where nothing was stored."""
        if isinstance(model, TrainingResult):
            history = model.history
            column = history.losses or model.costs
            costs = [float(c) for c in column if np.isfinite(c)] or [float(c) for c in model.costs]
            validation = [float(c) for c in history.get("validation_loss", [])]
            if "validation_loss" in history.final:
                validation.append(float(history.final["validation_loss"]))
            rates = history.get("learning_rate") or [float("nan")]
            state = model.state.optimizer_state
            return cls(
                costs, validation, float(rates[-1]), model.stopped_by == "divergence",
                model.stopped_by == "iterations", state if isinstance(state, dict) else {}, model.state.step,
            )  # fmt: skip
        return cls._of_estimator(model)

    @classmethod
    def _of_estimator(cls, model: Any) -> Curve:
        """Return the epochs of an estimator; of one that gave its best back, the validation up to there."""
        history = getattr(model, "history_", None) or {}
        costs = [float(c) for c in history.get("loss") or getattr(model, "loss_curve_", None) or []]
        validation = [float(c) for c in history.get("validation_loss") or []]
        if validation and (hasattr(model, "members_") or getattr(model, "_restored", False)):
            validation = validation[: int(np.argmin(validation)) + 1]
        stopped_by = getattr(model, "stopped_by_", None)
        diverged = stopped_by == "divergence" or not np.isfinite(costs).all()
        return cls(costs, validation, diverged=diverged, ended=stopped_by == "iterations")

    def step_of(self, name: str, gradient: np.ndarray) -> float:
        """Return the norm of the next update of a parameter, as far as the optimizer's arrays tell."""
        v, s = (self.optimizer_state.get(key, {}).get(name) for key in ("v", "s"))
        if s is not None and np.shape(s) == gradient.shape:
            moved = gradient if v is None else v
            unbiased = np.sqrt(1.0 - 0.999**self.updates) if v is not None and self.updates else 1.0
            return self.rate * float(unbiased * np.linalg.norm(moved / (np.sqrt(s) + 1e-8)))
        if v is not None and np.shape(v) == gradient.shape:
            return self.rate * float(np.linalg.norm(v))
        return self.rate * float(np.linalg.norm(gradient))


def find(look: Look, known: set[str]) -> list[Finding]:
    """Return the findings about the run; ``known`` ones explain a slow fall better than the rate."""
    high = _too_high(look.curve)
    stuck = known & {"symmetric_initialisation", "vanishing_gradients", "dead_units", "saturated_units"}
    low = [] if high or stuck else _too_low(look.curve)
    return high + low + _overfitting(look) + _underfitting(look)


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
    if len(costs) < 4 or not curve.ended or costs[0] <= 0:
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
    """The curve in at most so many points, each the mean of an interval."""
    values = np.asarray(costs, dtype=float)
    values = values[np.isfinite(values)]
    if len(values) <= _POINTS:
        return values
    return np.array([part.mean() for part in np.array_split(values, _POINTS)])


def _overfitting(look: Look) -> list[Finding]:
    advice = "Stop early (patience=...), add l2, dropout or examples, or take a smaller network"
    curve = look.curve
    held = [c for c in curve.validation if np.isfinite(c)]
    if len(held) > 2 and held[-1] > GAP * min(held) and curve.costs and curve.costs[-1] < curve.costs[0]:
        best = int(np.argmin(held))
        figure = (
            f"the validation cost rose from {held[best]:.4g} at record {best} to {held[-1]:.4g} at the last one, "
            f"{len(held) - 1}"
        )
        return [Finding("overfitting", "warning", figure, advice, held[-1] / min(held))]
    if look.held_out is not None and look.J is not None:
        outside, inside, base = look.cost_of(*look.held_out), look.J, _constant_cost(look, look.held_out[1])
    elif held and curve.costs:
        inside = curve.costs[min(len(held), len(curve.costs)) - 1]
        outside, base = held[-1], curve.costs[0]
    else:
        return []
    if outside > GAP * inside and outside - inside > 0.2 * base:
        figure = f"the cost is {inside:.4g} on the training examples and {outside:.4g} on held-out ones"
        return [Finding("overfitting", "warning", figure, advice, outside / max(inside, 1e-300))]
    return []


def _underfitting(look: Look) -> list[Finding]:
    if look.Y is None or look.J is None or look.Y.shape[1] < 2:
        return []
    base = _constant_cost(look, look.Y)
    if not base > 0 or NO_BETTER * base >= look.J:
        return []
    return [
        Finding(
            "underfitting", "warning",
            f"the cost on the training examples is {look.J:.4g}, {100 * look.J / base:.3g} % of the {base:.4g} that the best "
            f"constant output has",
            "Take more units or layers, more iterations or another learning rate, less l2 and dropout; or the inputs say "
            "little about Y",
            look.J / base,
        )
    ]  # fmt: skip


def _constant_cost(look: Look, Y: np.ndarray) -> float:
    """The cost of the best output that does not look at X: the mean or the median of Y."""
    costs = []
    for centre in (Y.mean(axis=1, keepdims=True), np.median(Y, axis=1, keepdims=True)):
        with np.errstate(all="ignore"):
            costs.append(float(compute_cost(np.broadcast_to(centre, Y.shape), Y, look.network)))
    return min((c for c in costs if np.isfinite(c)), default=float("nan"))
