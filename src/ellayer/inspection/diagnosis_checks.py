"""Checks of a diagnosis: layers, data and the course of the run."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..core.inference import MOST_DEAD, class_index
from ..core.propagation import compute_cost
from .diagnosis_findings import Finding, finding
from .diagnosis_input import ALWAYS, FLAT, Curve, DiagnosisInput, LayerFigures

FEW_DEAD = 0.1  # of a layer's units
SATURATED_SHARE = 0.3
VANISHED, EXPLODED = 1e-3, 1e3  # |dZ^[1]| against |dZ^[L]|
LARGE, SMALL = 20.0, 0.01  # root mean square of an input; networks learn best around 1
UNEVEN = 100.0  # largest input against the median
RARE = 0.2  # a class's share times the number of classes; 1 if all are equally frequent
RISES = 0.35  # share of the cost's fall that it rose again
SLOW_FALL = 0.5  # share of the first cost
STILL_FALLING = 0.3  # share of the whole fall, in the second half
GAP = 1.5  # validation cost against its best, or against the training cost
RISEN, RISING_RECORDS = 1.2, 3  # the last validation costs against the best
NO_BETTER = 0.9  # share of the cost of the best constant output
_POINTS = 30  # the curve of a noisy run is smoothed to this many means
_SLOWING = {"symmetric_initialisation", "vanishing_gradients", "dead_units", "saturated_units"}


def check_all(case: DiagnosisInput) -> list[Finding]:
    """Return the findings of all checks, except those explained by another finding."""
    symmetric = [*_symmetry(case)]
    findings = symmetric + [f for layer in case.layers for f in _units(case, layer)]
    if not symmetric and not any(layer.dead == 1.0 for layer in case.layers):
        findings += _gradients(case)
    rates = [*_too_high(case.curve)]
    if not rates and not _SLOWING & {f.name for f in findings}:
        rates = [*_too_low(case.curve)]
    return [
        *findings,
        *_scale(case),
        *_balance(case),
        *rates,
        *_overfitting(case),
        *_underfitting(case),
        *_rising(case.curve),
        *_simple_model(case),
    ]


def _symmetry(case: DiagnosisInput) -> Iterator[Finding]:
    for l in range(1, case.network.L):
        W, b, W_next = (case.parameters[name] for name in (f"W{l}", f"b{l}", f"W{l + 1}"))
        units, distinct = len(W), _distinct(W, b, W_next.T)
        if units > 1 and 2 * distinct <= units:
            figure = (
                f"{distinct} different unit{'s' if distinct > 1 else ''} among {units}: the others are copies, with the "
                f"same weights and the same gradient"
            )
            yield finding("symmetric_initialisation", "serious", figure, distinct, l)


def _distinct(*columns: np.ndarray) -> int:
    """Count the distinct units, by one random projection of their weights."""
    random = np.random.default_rng(0)
    marks, size = np.zeros(len(columns[0])), 0.0
    for part in columns:
        marks = marks + part @ random.standard_normal(part.shape[1])
        size += float(np.linalg.norm(part))
    return 1 + int((np.diff(np.sort(marks)) > 1e-9 * size).sum())


def _units(case: DiagnosisInput, layer: LayerFigures) -> Iterator[Finding]:
    n, m = case.network.layer_dims[layer.layer], 0 if case.sample is None else case.sample.X.shape[1]
    if layer.dead >= FEW_DEAD:
        severity = "serious" if layer.dead >= MOST_DEAD else "warning" if layer.dead >= 0.3 else "note"
        figure = f"{round(layer.dead * n)} of {n} ReLU units are 0 for all {m} examples looked at and get no gradient"
        yield finding("dead_units", severity, figure, layer.dead, layer.layer)
    if layer.saturated >= SATURATED_SHARE:
        severity = "serious" if layer.saturated >= 0.9 else "warning"
        figure = (
            f"{round(layer.saturated * n)} of {n} units are where g' is below {100 * FLAT:.0f} % of its largest value, for "
            f"at least {100 * ALWAYS:.0f} % of the examples"
        )
        yield finding("saturated_units", severity, figure, layer.saturated, layer.layer)


def _gradients(case: DiagnosisInput) -> Iterator[Finding]:
    if case.labels is None:
        return
    first, last = case.layers[0], case.layers[-1]
    if not np.isfinite([layer.gradient for layer in case.layers]).all():
        yield finding("exploding_gradients", "serious", "the gradients are no longer finite", np.inf)
        return
    ratio = first.gradient / last.gradient if case.network.L > 1 and last.gradient else 1.0
    across = f"|dZ1| = {first.gradient:.2g} against |dZ{case.network.L}| = {last.gradient:.2g}, a ratio of {ratio:.1e}"
    updates = ", ".join(f"{layer.update:.1e}" for layer in case.layers if np.isfinite(layer.update))
    across += f"; updates relative to the weights, by layer: {updates}" if updates else ""
    if ratio < VANISHED:
        yield finding("vanishing_gradients", "serious", across, ratio)
    elif ratio > EXPLODED:
        yield finding("exploding_gradients", "serious", across, ratio, 1)


def _scale(case: DiagnosisInput) -> Iterator[Finding]:
    if case.sample is None:
        return
    inputs, X = case.network.inputs, case.sample.X
    if inputs is not None:
        X = X[: len(X) - len(inputs.categories)]
    sizes = np.sqrt(np.einsum("ij,ij->i", X, X) / X.shape[1])
    if not sizes.any():
        return
    largest, middle = float(sizes.max()), float(np.median(sizes[sizes > 0]))
    name, value = case.input_name(int(np.argmax(sizes))), largest
    if largest > LARGE:
        figure = f"{name} has a root mean square of {largest:.3g} (the median of all inputs {middle:.3g})"
    elif largest < SMALL:
        figure = f"the largest root mean square of all inputs is {largest:.3g}"
    elif largest / middle > UNEVEN:
        value = largest / middle
        figure = f"{name} is {value:.3g} times as large as the median"
    else:
        return
    yield finding(
        "unscaled_inputs", "warning", f"{figure}, but networks learn best from inputs around 1", value
    )


def _balance(case: DiagnosisInput) -> Iterator[Finding]:
    targets = case.network.loss_row.targets
    if case.sample is None or case.labels is None or targets not in ("binary", "one_hot"):
        return
    Y = case.labels.all_Y
    if Y.shape[1] < 2 or (targets == "binary" and len(Y) > 1):
        return  # several labels at once: rare ones are common
    shares = np.array([1 - Y.mean(), Y.mean()]) if len(Y) == 1 else Y.mean(axis=1)
    k, K = int(np.argmin(shares)), len(shares)
    if shares[k] * K >= RARE:
        return
    of_class = class_index(case.labels.Y) == k
    recall = float((class_index(case.sample.AL)[of_class] == k).mean()) if of_class.any() else float("nan")
    recognised = "" if np.isnan(recall) else f"; {100 * recall:.0f} % of its examples are recognised"
    figure = f"class {k} has {100 * shares[k]:.2g} % of the examples ({K} classes){recognised}"
    yield finding("class_imbalance", "note" if recall >= 0.8 else "warning", figure, shares[k])


def _too_high(curve: Curve) -> Iterator[Finding]:
    if curve.diverged:
        yield finding("learning_rate_too_high", "serious", "the cost stopped being a finite number", np.inf)
        return
    costs = _means(curve.costs)
    if len(costs) < 4:
        return
    moves = np.diff(costs)
    up, down = float(moves[moves > 0].sum()), float(-moves[moves < 0].sum())
    if costs[-1] > 1.05 * costs[0]:
        figure = f"the cost rose from {costs[0]:.4g} to {costs[-1]:.4g}"
        yield finding("learning_rate_too_high", "serious", figure, costs[-1] / costs[0])
    elif up > RISES * down and up > 0.1 * abs(costs[0]):
        figure = (
            f"the cost rose again by {100 * up / down:.0f} % of all it fell, in {int((moves > 0).sum())} of "
            f"{len(moves)} intervals"
        )
        yield finding("learning_rate_too_high", "warning", figure, up / down)


def _too_low(curve: Curve) -> Iterator[Finding]:
    costs = _means(curve.costs)
    if len(costs) < 4 or not curve.ran_out or costs[0] <= 0:
        return
    fall, late = costs[0] - costs[-1], costs[len(costs) // 2] - costs[-1]
    steady = late > STILL_FALLING * fall and (np.diff(costs) <= 1e-4 * costs[0]).all()
    if 0 < fall < SLOW_FALL * costs[0] and steady:
        rate = f" at a learning rate of {curve.rate:g}" if np.isfinite(curve.rate) else ""
        figure = (
            f"the cost fell by only {100 * fall / costs[0]:.2g} %{rate} (from {costs[0]:.4g} to {costs[-1]:.4g}), "
            f"{100 * late / fall:.0f} % of it in the second half: it was still falling steadily"
        )
        yield finding("learning_rate_too_low", "warning", figure, fall / costs[0])


def _means(costs: list[float]) -> np.ndarray:
    """Return the curve in at most ``_POINTS`` points, each the mean of an interval."""
    values = np.asarray(costs, dtype=float)
    values = values[np.isfinite(values)]
    if len(values) <= _POINTS:
        return values
    return np.array([part.mean() for part in np.array_split(values, _POINTS)])


def _overfitting(case: DiagnosisInput) -> Iterator[Finding]:
    costs, validation = case.curve.costs, [c for c in case.curve.validation if np.isfinite(c)]
    if len(validation) > 2 and validation[-1] > GAP * min(validation) and costs and costs[-1] < costs[0]:
        best = int(np.argmin(validation))
        figure = (
            f"the validation cost rose from {validation[best]:.4g} at record {best} to {validation[-1]:.4g} at the last "
            f"one, {len(validation) - 1}"
        )
        yield finding("overfitting", "warning", figure, validation[-1] / min(validation))
        return
    if case.held_out is not None and case.labels is not None:
        outside, inside = case.cost_of(*case.held_out), case.labels.J
        base = _constant_cost(case, case.held_out[1])
    elif validation and costs:
        outside, inside, base = validation[-1], costs[min(len(validation), len(costs)) - 1], costs[0]
    else:
        return
    if outside > GAP * inside and outside - inside > 0.2 * base:
        figure = f"the cost is {inside:.4g} on the training examples and {outside:.4g} on held-out ones"
        yield finding("overfitting", "warning", figure, outside / max(inside, 1e-300))


def _rising(curve: Curve) -> Iterator[Finding]:
    """Find a validation loss that climbs after the epoch that was kept."""
    later = [cost for cost in curve.later if np.isfinite(cost)]
    best = min((cost for cost in curve.validation if np.isfinite(cost)), default=0.0)
    if best > 0 and len(later) >= RISING_RECORDS and min(later[-RISING_RECORDS:]) > RISEN * best:
        epoch = len(curve.validation)
        figure = f"the validation loss rose from {best:.4g} after {epoch - 1} epochs to {later[-1]:.4g} after {epoch + len(later) - 1}"
        yield finding("rising_validation_loss", "note", figure, later[-1] / best)


def _simple_model(case: DiagnosisInput) -> Iterator[Finding]:
    if case.simple is not None and case.simple[1] > 0:
        yield finding("simple_model_better", "warning", *case.simple)


def _underfitting(case: DiagnosisInput) -> Iterator[Finding]:
    labels = case.labels
    if labels is None or labels.Y.shape[1] < 2:
        return
    base = _constant_cost(case, labels.Y)
    if base > 0 and NO_BETTER * base < labels.J:
        figure = (
            f"the cost on the training examples is {labels.J:.4g}, {100 * labels.J / base:.3g} % of the {base:.4g} that the "
            f"best constant output has"
        )
        yield finding("underfitting", "warning", figure, labels.J / base)


def _constant_cost(case: DiagnosisInput, Y: np.ndarray) -> float:
    """Return the cost of the best output that does not depend on X: the mean or the median of Y."""
    costs = []
    for centre in (Y.mean(axis=1, keepdims=True), np.median(Y, axis=1, keepdims=True)):
        with np.errstate(all="ignore"):
            costs.append(float(compute_cost(np.broadcast_to(centre, Y.shape), Y, case.network)))
    return min((c for c in costs if np.isfinite(c)), default=float("nan"))
