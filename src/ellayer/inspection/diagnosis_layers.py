"""Findings layer by layer: dead and saturated units, gradients that vanish or explode, symmetry."""

from __future__ import annotations

import numpy as np

from ..core.inference import MOST_DEAD, dead_share
from ..core.network import Network
from ..core.propagation import Cache, L_model_backward, L_model_forward, compute_cost
from .diagnosis_findings import Finding
from .diagnosis_input import Curve, DiagnosisInput, Labels, LayerFigures, Sample
from .model_parts import Parameters

FEW_DEAD = 0.1  # of a layer's units
SATURATED_SHARE = 0.3
ALWAYS = 0.95  # share of the examples on which a saturated unit is so
FLAT = 0.05  # of the steepest slope
VANISHED, EXPLODED = 1e-3, 1e3  # |dZ^[1]| against |dZ^[L]|


def run_sample(
    network: Network, parameters: Parameters, curve: Curve, X: np.ndarray, Y: np.ndarray | None, step: int
) -> Sample:
    """Run every ``step``-th example forward, with labels also backward, and record the figures of each layer."""
    sample = X[:, ::step]
    labels, grads = None, {}
    with np.errstate(all="ignore"):
        AL, caches = L_model_forward(sample, parameters, network)
        if Y is not None:
            targets = Y[:, ::step]
            grads = L_model_backward(AL, targets, caches, network, input_gradient=False)
            labels = Labels(targets, Y, float(compute_cost(AL, targets, network, None, caches[-1].Z)))
        layers = [_figures(network, curve, l, caches, grads) for l in range(1, network.L + 1)]
    return Sample(sample, AL, layers, labels)


def _figures(network: Network, curve: Curve, l: int, caches: list[Cache], grads: Parameters) -> LayerFigures:
    cache = caches[l - 1]
    dead, saturated = dead_share(network, caches, l), _saturated_share(network, cache, l)
    size = float(np.linalg.norm(cache.W))
    if not grads:
        return LayerFigures(l, np.nan, np.nan, np.nan, dead, saturated)
    dZ, dW = grads[f"dZ{l}"], grads[f"dW{l}"]
    step = curve.step_of(f"W{l}", dW)
    return LayerFigures(
        l,
        float(np.linalg.norm(dZ) / np.sqrt(dZ.shape[1])),
        float(np.linalg.norm(dW)) / size if size else np.nan,
        step / size if size else np.nan,
        dead,
        saturated,
    )


def _saturated_share(network: Network, cache: Cache, l: int) -> float:
    """Return the share of a hidden layer's units in the flat parts of tanh or sigmoid; nan for other activations."""
    kind = network.activations[l - 1].partition("(")[0]
    if l == network.L or cache.alpha is not None or kind not in ("tanh", "sigmoid"):
        return np.nan
    slope = network.layer_activations[l - 1].derivative(cache.Z) * (1.0 if kind == "tanh" else 4.0)
    return float(((slope < FLAT).mean(axis=1) >= ALWAYS).mean())


def check(case: DiagnosisInput, known: set[str]) -> list[Finding]:
    """Return the findings of the layers."""
    findings = _symmetry(case)
    if case.sample is not None:
        m = case.sample.X.shape[1]
        for layer in case.layers:
            findings += _units(layer, case.network.layer_dims[layer.layer], m)
    names = {finding.name for finding in findings}
    blocked = "symmetric_initialisation" in names or any(layer.dead == 1.0 for layer in case.layers)
    return findings + ([] if case.labels is None or blocked else _gradients(case))


def _symmetry(case: DiagnosisInput) -> list[Finding]:
    findings = []
    for l in range(1, case.network.L):
        W, b, W_next = (case.parameters[name] for name in (f"W{l}", f"b{l}", f"W{l + 1}"))
        units = len(W)
        distinct = _distinct(W, b, W_next.T)
        if units > 1 and 2 * distinct <= units:
            findings.append(
                Finding(
                    "symmetric_initialisation", "serious",
                    f"{distinct} different unit{'s' if distinct > 1 else ''} among {units}: the others are copies, "
                    f"with the same weights and the same gradient",
                    "Start from random weights (initializer='auto'); zeros are for biases only",
                    float(distinct), l,
                )
            )  # fmt: skip
    return findings


def _distinct(*columns: np.ndarray) -> int:
    """Count the units that are not copies of others, by the mark that one random projection gives each."""
    random = np.random.default_rng(0)
    marks, size = np.zeros(len(columns[0])), 0.0
    for part in columns:
        marks = marks + part @ random.standard_normal(part.shape[1])
        size += float(np.linalg.norm(part))
    return 1 + int((np.diff(np.sort(marks)) > 1e-9 * size).sum())


def _units(layer: LayerFigures, n: int, m: int) -> list[Finding]:
    """Return the findings about the n units of a layer on m examples."""
    findings = []
    if layer.dead >= FEW_DEAD:
        severity = "serious" if layer.dead >= MOST_DEAD else "warning" if layer.dead >= 0.3 else "note"
        findings.append(
            Finding(
                "dead_units", severity,
                f"{round(layer.dead * n)} of {n} ReLU units are 0 for every one of the {m} examples looked at and get no "
                f"gradient",
                "Take a smaller learning rate or leaky_relu, scale the inputs, and start the network anew",
                layer.dead, layer.layer,
            )
        )  # fmt: skip
    if layer.saturated >= SATURATED_SHARE:
        findings.append(
            Finding(
                "saturated_units", "serious" if layer.saturated >= 0.9 else "warning",
                f"{round(layer.saturated * n)} of {n} units lie where g' is below {100 * FLAT:.0f} % of its largest value, for "
                f"at least {100 * ALWAYS:.0f} % of the examples",
                "Scale the inputs, start from smaller weights (initializer='auto'), or take relu in the hidden layers",
                layer.saturated, layer.layer,
            )
        )  # fmt: skip
    return findings


def _gradients(case: DiagnosisInput) -> list[Finding]:
    layers = case.layers
    first, last = layers[0], layers[-1]
    if not np.isfinite([layer.gradient for layer in layers]).all():
        return [_exploding("the gradients are no longer finite", np.inf, None)]
    if case.network.L < 2 or last.gradient == 0:
        return []
    ratio = first.gradient / last.gradient
    across = f"|dZ1| = {first.gradient:.2g} against |dZ{case.network.L}| = {last.gradient:.2g}, a ratio of {ratio:.1e}"
    updates = ", ".join(f"{layer.update:.1e}" for layer in layers if np.isfinite(layer.update))
    across += f"; updates relative to the weights, by layer: {updates}" if updates else ""
    if ratio < VANISHED:
        return [
            Finding(
                "vanishing_gradients", "serious", across,
                "Start from weights of the right size (initializer='auto', not 0.01 randn), take relu or tanh instead of "
                "sigmoid in the hidden layers, or fewer layers",
                ratio,
            )
        ]  # fmt: skip
    return [_exploding(across, ratio, 1)] if ratio > EXPLODED else []


def _exploding(figure: str, value: float, layer: int | None) -> Finding:
    return Finding(
        "exploding_gradients", "serious", figure,
        "Start from smaller weights (initializer='auto'), scale the inputs, take a smaller learning rate or clip_norm=1",
        float(value), layer,
    )  # fmt: skip
