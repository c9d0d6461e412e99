"""The prediction of a model as a function of prepared rows: averaged over its members, with its slopes.

    classes    F = log p_c / (1 - p_c),  p the mean over the members of softmax(Z / T)
    numbers    F = mean over the members of center + scale * a, clipped to the range of the target

The variables are the stacked A^[0] of the members: they allow a straight path between two rows, also for embedded
categories.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.inputs import Inputs, inputs_forward
from ..core.network import Network
from ..core.propagation import Cache, L_model_backward, L_model_forward
from ..engine.model import ModelParts, unpack_model
from ..errors import EllayerError
from .model_parts import Parameters, SupportedModel, output_probe, unpack_network

_AT_ONCE = 4096  # rows in one pass


@dataclass(frozen=True, eq=False)
class Predictor:
    """The prediction of a model as a function of prepared rows.

    Attributes
    ----------
    parts : ModelParts
    """

    parts: ModelParts

    @classmethod
    def of(cls, model: SupportedModel) -> Predictor:
        """Unpack a model.

        Raises
        ------
        EllayerError
            If its target was constant.
        """
        parts = None if isinstance(model, Network) else unpack_model(model)
        return Ensemble.of(model) if parts is None or parts.outputs is None else Predictor(parts)

    @property
    def has_odds(self) -> bool:
        """Whether the outputs are probabilities of exclusive classes, so that F is their log odds."""
        return self.parts.target_kind == "classes"

    @property
    def class_count(self) -> int:
        """The number of classes, or of outputs for regression."""
        return 1 if self.parts.classes is None else len(self.parts.classes)

    def input_columns(self) -> np.ndarray:
        """Return for each input of the network the position of its column."""
        return np.array(self.parts.input_columns or [0])

    def column_names(self) -> list[str]:
        """Return the names of the table's columns; x0, x1, ... if they have none."""
        return list(self.parts.column_names)

    def labels(self) -> Sequence[Any]:
        """Return the labels in the order of the probabilities; 0, 1, ... if there are none."""
        classes = self.parts.classes
        if classes is None or len(classes) != self.class_count:
            return range(self.class_count)
        labels: list[Any] = classes.tolist()
        return labels

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return probabilities (m, K), or numbers (m, n_L), of prepared rows (n_x, m)."""
        blocks = [self._predict(X[:, k : k + _AT_ONCE]) for k in range(0, X.shape[1], _AT_ONCE)]
        return np.concatenate([block.T for block in blocks])

    def _predict(self, X: np.ndarray) -> np.ndarray:
        assert self.parts.outputs is not None
        Z = self.parts.outputs(X)
        return np.exp(self._log_softmax(Z)) if self.has_odds else self._to_target_units(Z)

    def _log_softmax(self, Z: np.ndarray) -> np.ndarray:
        """Return log p (K, m) of the outputs of one member; a single output is that of the second of two classes."""
        if len(Z) == 1:
            Z = np.concatenate([np.zeros_like(Z), Z])
        Z = Z / self.parts.temperature
        return Z - _log_sum_exp(Z, axis=0)[None, :]

    def _to_target_units(self, A: np.ndarray) -> np.ndarray:
        scale = self.parts.target_scale
        return np.clip(scale.center + scale.scale * A, scale.low, scale.high)


@dataclass(frozen=True, eq=False)
class Ensemble(Predictor):
    """The members of a network as one function of their stacked A^[0].

    Attributes
    ----------
    network : Network
    members : list of dict
        In float64.
    probe : Network
        From A^[0] to Z^[L] for classes, to A^[L] for numbers.
    """

    network: Network
    members: list[Parameters]
    probe: Network

    @classmethod
    def of(cls, model: SupportedModel) -> Ensemble:
        """Unpack a model.

        Raises
        ------
        EllayerError
            If it has no network.
        """
        if isinstance(model, Network):
            raise EllayerError(
                "model: expected a trained model, received a Network; pass (network, parameters)"
            )
        parts, network = unpack_network(model)
        members = [
            {name: np.asarray(theta, np.float64) for name, theta in member.items()}
            for member in parts.member_parameters
        ]
        return cls(parts, network, members, output_probe(network, _has_odds(parts), embedded=True))

    @property
    def has_odds(self) -> bool:
        """Whether the outputs are probabilities of exclusive classes, so that F is their log odds."""
        return _has_odds(self.parts)

    @property
    def class_count(self) -> int:
        """The number of classes, or of outputs for regression."""
        n_L = self.network.layer_dims[-1]
        return 2 if self.has_odds and n_L == 1 else n_L

    def features(self, X: np.ndarray) -> np.ndarray:
        """Return the stacked A^[0] (K n_0, m) of prepared rows (n_x, m)."""
        if self.network.inputs is None:
            return np.concatenate([X] * len(self.members))
        return np.concatenate([inputs_forward(X, member, self.network.inputs)[0] for member in self.members])

    def input_columns(self) -> np.ndarray:
        """Return for each input of the network the position of its column."""
        columns = self.parts.input_columns
        return np.array(range(self.network.layer_dims[0]) if columns is None else columns or [0])

    def feature_columns(self) -> np.ndarray:
        """Return for each row of the stacked A^[0] the position of its column."""
        return np.tile(expand_inputs(self.input_columns(), self.network.inputs), len(self.members))

    def column_names(self) -> list[str]:
        """Return the names of the table's columns; x0, x1, ... if they have none."""
        names = list(self.parts.column_names) or list(self.parts.feature_names)
        return names or [f"x{i}" for i in range(self.network.layer_dims[0])]

    def _predict(self, X: np.ndarray) -> np.ndarray:
        outputs = [AL for AL, _ in self._forward(self.features(X))]
        if self.has_odds:
            log_p = np.stack([self._log_softmax(Z) for Z in outputs])
            return np.exp(log_p).mean(axis=0)
        return np.stack([self._to_target_units(A) for A in outputs]).mean(axis=0)

    def value(self, S: np.ndarray, units: np.ndarray) -> np.ndarray:
        """Return F (m,) of stacked features (K n_0, m), each for its own unit."""
        blocks = [slice(k, k + _AT_ONCE) for k in range(0, len(units), _AT_ONCE)]
        return np.concatenate([self._value(self._forward(S[:, b]), units[b])[0] for b in blocks])

    def slopes(self, S: np.ndarray, units: np.ndarray) -> np.ndarray:
        """Return dF/dS (K n_0, m), by the backward pass of each member."""
        forward = self._forward(S)
        _, derivatives = self._value(forward, units)
        return np.concatenate([
            L_model_backward(AL, d, caches, self.probe)["dA0"]
            for (AL, caches), d in zip(forward, derivatives, strict=True)
        ])  # fmt: skip

    def _forward(self, S: np.ndarray) -> list[tuple[np.ndarray, list[Cache]]]:
        parts = np.split(S, len(self.members))
        return [
            L_model_forward(A0, member, self.probe) for A0, member in zip(parts, self.members, strict=True)
        ]

    def _value(
        self, forward: list[tuple[np.ndarray, list[Cache]]], units: np.ndarray
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return F and its derivatives by the outputs of each member."""
        outputs = np.stack([AL for AL, _ in forward])
        examples = np.arange(len(units))
        slopes = np.zeros_like(outputs)
        if not self.has_odds:
            a = outputs[:, units, examples]
            scale = self.parts.target_scale
            numbers = scale.center + scale.scale * a
            inside = (numbers >= scale.low) & (numbers <= scale.high)
            slopes[:, units, examples] = scale.scale / len(outputs) * inside
            return np.clip(numbers, scale.low, scale.high).mean(axis=0), list(slopes)
        log_p = np.stack([self._log_softmax(Z) for Z in outputs])
        a = log_p[:, units, examples]
        rest = log_p.copy()
        rest[:, units, examples] = -np.inf
        b = _log_sum_exp(rest, axis=1)  # log(1 - p), without loss of precision near p = 1
        F = _log_sum_exp(a, axis=0) - _log_sum_exp(b, axis=0)
        of_class = np.zeros_like(log_p)
        of_class[:, units, examples] = 1.0
        for_it = _softmax(a)[:, None, :] * (of_class - np.exp(log_p))
        against = _softmax(b)[:, None, :] * (np.exp(rest - b[:, None, :]) - np.exp(log_p))
        dZ = (for_it - against) / self.parts.temperature
        return F, list(dZ if outputs.shape[1] > 1 else dZ[:, 1:])


def expand_inputs(of_inputs: np.ndarray, inputs: Inputs | None) -> np.ndarray:
    """Return for each row of A^[0] the entry of its input.

    Parameters
    ----------
    of_inputs : array, shape (n_x,)
    inputs : Inputs or None

    Examples
    --------
    >>> expand_inputs(np.array([0, 1, 2]), Inputs(numbers=1, frequencies=0, ramps=2, categories=(4,), dimension=3))
    array([0, 0, 0, 1, 2, 2, 2])
    """
    if inputs is None:
        return of_inputs
    numbers, last = of_inputs[: inputs.numbers], len(of_inputs) - len(inputs.categories)
    cosines = np.repeat(numbers, inputs.width if inputs.frequencies else 0)
    ramps = np.repeat(numbers, inputs.ramps)
    codes = np.repeat(of_inputs[last:], inputs.dimension)
    return np.concatenate([numbers, cosines, ramps, of_inputs[inputs.numbers : last], codes])


def _has_odds(parts: ModelParts) -> bool:
    assert parts.network is not None
    kinds = {"classes": "softmax", "binary": "sigmoid"}
    return kinds.get(parts.target_kind) == parts.network.activations[-1]


def _log_sum_exp(a: np.ndarray, axis: int) -> np.ndarray:
    top = a.max(axis=axis, keepdims=True)
    return np.squeeze(top, axis) + np.log(np.exp(a - top).sum(axis=axis))


def _softmax(a: np.ndarray) -> np.ndarray:
    """Return the share of each member in a sum of exponentials."""
    return np.exp(a - _log_sum_exp(a, axis=0))
