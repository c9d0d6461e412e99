"""Findings layer by layer: dead and saturated units, gradients that vanish or explode, symmetry."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..core.propagation import L_model_backward, L_model_forward, compute_cost
from .diagnosis_findings import Finding, Look

DEAD_SHARE = 0.1
SATURATED_SHARE = 0.3
ALWAYS = 0.95  # of the examples: a unit is saturated that is so on as many
FLAT = 0.05  # of the steepest slope
VANISHED, EXPLODED = 1e-3, 1e3  # |dZ^[1]| against |dZ^[L]|


@dataclass(frozen=True)
class LayerFigures:
    """Figures of one layer on the examples.

    Parameters
    ----------
    layer : int
    gradient : float
        |dZ^[l]|, the root mean square over the examples of each one's norm; nan without labels.
    relative_gradient : float
        |dW^[l]| / |W^[l]|.
    update : float
        |update of W^[l]| / |W^[l]| with the run's last learning rate; nan where it is not known.
        About 1e-3 while a network learns.
    dead, saturated : float
        Shares of the units; nan where the activation cannot be so.
    """

    layer: int
    gradient: float
    relative_gradient: float
    update: float
    dead: float
    saturated: float

    def __str__(self) -> str:
        shares = "".join(
            f"{'-' if np.isnan(s) else f'{100 * s:.0f} %':<8}" for s in (self.dead, self.saturated)
        )
        numbers = (self.gradient, self.relative_gradient, self.update)
        told = "".join(f"{'-' if np.isnan(v) else f'{v:.3g}':<12}" for v in numbers)
        return f"{self.layer:<7}{told}{shares}".rstrip()


def with_layers(look: Look) -> Look:
    """Run forward (and with labels backward) once, and note each layer's figures."""
    network, theta = look.network, look.parameters
    with np.errstate(all="ignore"):
        AL, caches = L_model_forward(look.X, theta, network)
        grads, J = {}, None
        if look.Y is not None:
            grads = L_model_backward(AL, look.Y, caches, network, input_gradient=False)
            J = float(compute_cost(AL, look.Y, network, None, caches[-1].Z))
        layers = [_figures(look, l, caches[l - 1], grads) for l in range(1, network.L + 1)]
    return replace(look, AL=AL, J=J, layers=layers)


def _figures(look: Look, l: int, cache: Any, grads: dict) -> LayerFigures:
    network = look.network
    kind = network.activations[l - 1].partition("(")[0]
    hidden = l < network.L and cache.alpha is None
    dead = float((cache.Z.max(axis=1) <= 0).mean()) if hidden and kind == "relu" else np.nan
    saturated = np.nan
    if hidden and kind in ("tanh", "sigmoid"):
        slope = network.rows[l - 1].derivative(cache.Z) * (1.0 if kind == "tanh" else 4.0)
        saturated = float(((slope < FLAT).mean(axis=1) >= ALWAYS).mean())
    size = float(np.linalg.norm(look.parameters[f"W{l}"]))
    if not grads:
        return LayerFigures(l, np.nan, np.nan, np.nan, dead, saturated)
    dZ, dW = grads[f"dZ{l}"], grads[f"dW{l}"]
    step = look.curve.step_of(f"W{l}", dW)
    return LayerFigures(
        l,
        float(np.linalg.norm(dZ) / np.sqrt(dZ.shape[1])),
        float(np.linalg.norm(dW)) / size if size else np.nan,
        step / size if size else np.nan,
        dead,
        saturated,
    )


def find(look: Look, known: set[str]) -> list[Finding]:
    """Return the findings of the layers."""
    found = _symmetry(look)
    for layer in look.layers:
        found += _units(look, layer)
    names = {finding.name for finding in found}
    blocked = "symmetric_initialisation" in names or any(layer.dead == 1.0 for layer in look.layers)
    return found + ([] if look.Y is None or blocked else _gradients(look))


def _symmetry(look: Look) -> list[Finding]:
    found = []
    for l in range(1, look.network.L):
        W, b, W_next = (look.parameters[name] for name in (f"W{l}", f"b{l}", f"W{l + 1}"))
        units = len(W)
        distinct = _distinct(W, b, W_next.T)
        if units > 1 and 2 * distinct <= units:
            found.append(
                Finding(
                    "symmetric_initialisation", "serious",
                    f"{distinct} different unit{'s' if distinct > 1 else ''} among {units}: the others are copies, "
                    f"with the same weights and the same gradient",
                    "Start from random weights (initializer='auto'); zeros are for biases only",
                    float(distinct), l,
                )
            )  # fmt: skip
    return found


def _distinct(*columns: np.ndarray) -> int:
    """Count the units that are no copies, by the mark that one random projection gives each."""
    random = np.random.default_rng(0)
    marks, size = np.zeros(len(columns[0])), 0.0
    for part in columns:
        marks = marks + part @ random.standard_normal(part.shape[1])
        size += float(np.linalg.norm(part))
    return 1 + int((np.diff(np.sort(marks)) > 1e-9 * size).sum())


def _units(look: Look, layer: LayerFigures) -> list[Finding]:
    n, found = look.network.layer_dims[layer.layer], []
    if layer.dead >= DEAD_SHARE:
        severity = "serious" if layer.dead >= 0.9 else "warning" if layer.dead >= 0.3 else "note"
        found.append(
            Finding(
                "dead_units", severity,
                f"{round(layer.dead * n)} of {n} ReLU units are 0 for every one of the {look.X.shape[1]} examples looked at "  # type: ignore[union-attr]
                f"and get no gradient",
                "Take a smaller learning rate or leaky_relu, scale the inputs, and start the network anew",
                layer.dead, layer.layer,
            )
        )  # fmt: skip
    if layer.saturated >= SATURATED_SHARE:
        found.append(
            Finding(
                "saturated_units", "serious" if layer.saturated >= 0.9 else "warning",
                f"{round(layer.saturated * n)} of {n} units lie where g' is below {100 * FLAT:.0f} % of its largest value, for "
                f"at least {100 * ALWAYS:.0f} % of the examples",
                "Scale the inputs, start from smaller weights (initializer='auto'), or take relu in the hidden layers",
                layer.saturated, layer.layer,
            )
        )  # fmt: skip
    return found


def _gradients(look: Look) -> list[Finding]:
    layers = look.layers
    first, last = layers[0], layers[-1]
    if not np.isfinite([layer.gradient for layer in layers]).all():
        return [_exploding("the gradients are no longer finite", np.inf, None)]
    if look.network.L < 2 or last.gradient == 0:
        return []
    ratio = first.gradient / last.gradient
    across = f"|dZ1| = {first.gradient:.2g} against |dZ{look.network.L}| = {last.gradient:.2g}, a ratio of {ratio:.1e}"
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
