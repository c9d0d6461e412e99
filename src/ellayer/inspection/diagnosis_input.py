"""Input of a diagnosis: the curve of a run, the figures of its layers, and the examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.inference import dead_share
from ..core.network import Network
from ..core.propagation import Cache, L_model_backward, L_model_forward, compute_cost
from ..engine.result import TrainingResult
from .diagnosis_findings import CHECKS
from .model_parts import InspectedModel, Parameters

ALWAYS = 0.95  # share of the examples on which a unit is saturated to count as saturated
FLAT = 0.05  # of the steepest slope


@dataclass(frozen=True)
class Curve:
    """Course of a run.

    Parameters
    ----------
    costs, validation : list of float
        By record.
    later : list of float
        Validation costs after the best one, of a model that restored its best epoch.
    rate : float
        The last learning rate.
    diverged, ran_out : bool
        Whether the run ended by divergence, or by its number of iterations.
    optimizer_state : mapping
        The optimizer's arrays.
    updates : int
    """

    costs: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    later: list[float] = field(default_factory=list)
    rate: float = float("nan")
    diverged: bool = False
    ran_out: bool = False
    optimizer_state: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    updates: int = 0

    @classmethod
    def of(cls, model: object, inspected: InspectedModel) -> Curve:
        """Return the curve of a model; an empty one if it has no history.

        For a model that restored its best epoch, the validation costs end at that epoch.
        """
        if inspected.parts is None:
            return cls()
        history, stopped_by = inspected.parts.history, inspected.parts.stopped_by
        losses = [float(loss) for loss in history.losses]
        costs = [loss for loss in losses if np.isfinite(loss)] or losses
        validation = [float(loss) for loss in history.get("validation_loss") or []]
        diverged = stopped_by == "divergence" or not np.isfinite(costs).all()
        if not isinstance(model, TrainingResult):
            restored = validation and inspected.parts.restored_best
            best = int(np.argmin(validation)) + 1 if restored else len(validation)
            later = validation[best:]
            return cls(costs, validation[:best], later, diverged=diverged, ran_out=stopped_by == "iterations")
        if "validation_loss" in history.final:
            validation.append(float(history.final["validation_loss"]))
        slots = model.state.optimizer_state
        return cls(
            costs=costs,
            validation=validation,
            rate=float((history.get("learning_rate") or [float("nan")])[-1]),
            diverged=diverged,
            ran_out=stopped_by == "iterations",
            optimizer_state=slots if isinstance(slots, dict) else {},
            updates=model.state.step,
        )

    def step_of(self, name: str, gradient: np.ndarray) -> float:
        """Return the norm of the next update of a parameter, estimated from the optimizer's arrays."""
        v, s = (self.optimizer_state.get(key, {}).get(name) for key in ("v", "s"))
        if s is not None and np.shape(s) == gradient.shape:
            direction = gradient if v is None else v
            unbiased = np.sqrt(1.0 - 0.999**self.updates) if v is not None and self.updates else 1.0
            return self.rate * float(unbiased * np.linalg.norm(direction / (np.sqrt(s) + 1e-8)))
        if v is not None and np.shape(v) == gradient.shape:
            return self.rate * float(np.linalg.norm(v))
        return self.rate * float(np.linalg.norm(gradient))


@dataclass(frozen=True)
class LayerFigures:
    """Figures of one layer on the examples.

    Parameters
    ----------
    layer : int
    gradient : float
        |dZ^[l]|, the root mean square of its norm over the examples; nan without labels.
    relative_gradient : float
        |dW^[l]| / |W^[l]|.
    update : float
        |update of W^[l]| / |W^[l]| with the run's last learning rate; nan if it is unknown.
        About 1e-3 while a network learns.
    dead, saturated : float
        Shares of the units; nan for activations without that state.
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
        text = "".join(f"{'-' if np.isnan(v) else f'{v:.3g}':<12}" for v in numbers)
        return f"{self.layer:<7}{text}{shares}".rstrip()


@dataclass(frozen=True)
class Labels:
    """Labels of the examples, and the cost.

    Parameters
    ----------
    Y : array, shape (n_L, m)
        Of the sample.
    all_Y : array, shape (n_L, M)
        Of all examples.
    J : float
        Cost of the sample, without penalties.
    """

    Y: np.ndarray
    all_Y: np.ndarray
    J: float


@dataclass(frozen=True)
class Sample:
    """A sample of the examples, run through the network.

    Parameters
    ----------
    X : array, shape (n_x, m)
    AL : array, shape (n_L, m)
    layers : list of LayerFigures
    labels : Labels, optional
    """

    X: np.ndarray
    AL: np.ndarray
    layers: list[LayerFigures]
    labels: Labels | None


@dataclass(frozen=True)
class DiagnosisInput:
    """Input of the checks.

    Parameters
    ----------
    network : Network
    parameters : dict
    curve : Curve
    sample : Sample, optional
    held_out : (X, Y), optional
        Examples that the run did not train on.
    simple : (str, float), optional
        The figure of a simple model that is better on held-out rows, and how much better it is; ("", 0.0) if none is.
    input_names : list of str
        Empty if the inputs have none.
    """

    network: Network
    parameters: Parameters
    curve: Curve
    sample: Sample | None = None
    held_out: tuple[np.ndarray, np.ndarray] | None = None
    simple: tuple[str, float] | None = None
    input_names: list[str] = field(default_factory=list)

    def input_name(self, j: int) -> str:
        """Return the name of an input, or its number."""
        return self.input_names[j] if self.input_names else f"input {j}"

    @property
    def layers(self) -> list[LayerFigures]:
        """Figures of the layers; empty without examples."""
        return [] if self.sample is None else self.sample.layers

    @property
    def labels(self) -> Labels | None:
        """Labels of the sample."""
        return None if self.sample is None else self.sample.labels

    def missing(self) -> dict[str, str]:
        """Return the checks that cannot be made, with the data that each of them needs."""
        available = {
            "X": self.sample is not None,
            "Y": self.labels is not None,
            "X and Y": self.labels is not None,
            "the history of the run": len(self.curve.costs) > 1 or self.curve.diverged,
            "held-out examples": (self.held_out is not None and self.labels is not None)
            or bool(self.curve.validation),
            "a validation loss by epoch": bool(self.curve.validation),
            "predictions of a simple model": self.simple is not None,
            "": True,
        }
        return {name: check.needs for name, check in CHECKS.items() if not available[check.needs]}

    def cost_of(self, X: np.ndarray, Y: np.ndarray) -> float:
        """Return the cost of other examples, without penalties."""
        AL, caches = L_model_forward(X, self.parameters, self.network)
        return float(compute_cost(AL, Y, self.network, None, caches[-1].Z))


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
