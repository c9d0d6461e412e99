"""Unpack any supported model into its network, its parameters and its data conversion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeGuard

import numpy as np
from numpy.typing import ArrayLike

from ..core.activations import Activation
from ..core.losses import Loss
from ..core.network import Network
from ..engine.model import Model, ModelParts, unpack_model
from ..engine.validation import check_count, check_parameters, check_X, check_Y
from ..errors import EllayerError

Parameters = dict[str, np.ndarray]
ParametersLike = Mapping[str, ArrayLike]
SupportedModel = Model | Network | tuple[Network, ParametersLike]


@dataclass(frozen=True)
class InspectedModel:
    """One network of a model, with the data conversion of the model.

    Parameters
    ----------
    network : Network
    parameters : dict, optional
        In float64; None for a bare ``Network``.
    parts : ModelParts, optional
        Of the model; None for a bare ``Network``, whose examples are columns.
    """

    network: Network
    parameters: Parameters | None
    parts: ModelParts | None = None

    def require_parameters(self) -> Parameters:
        """Return the parameters, or raise an error."""
        if self.parameters is None:
            raise EllayerError(
                f"parameters: expected those of {self.network!r}, received none; pass the pair (network, parameters), "
                f"a TrainingResult or a fitted estimator"
            )
        return self.parameters

    def inputs(self, X: ArrayLike | None) -> np.ndarray:
        """Return X as float64 columns (n_x, m)."""
        if X is None:
            raise EllayerError("X: expected examples, received none")
        return check_X(self.network, X, "float64") if self.parts is None else self.parts.prepare(X)

    def targets(self, Y: ArrayLike | None, m: int, purpose: str) -> np.ndarray:
        """Return Y as float64 columns (n_L, m); ``purpose`` is used in the error message."""
        if Y is None:
            raise EllayerError(
                f"Y: expected the labels of the {m} examples, received none; {purpose} needs them to compute "
                f"the cost and its gradients"
            )
        return check_Y(self.network, Y, m, "float64") if self.parts is None else self.parts.encode(Y, m)


def check_example(example: int, m: int) -> int:
    """Return the number of one of m examples."""
    if not 0 <= check_count(example, "example", low=0) < m:
        raise EllayerError(
            f"example: expected a number from 0 to {m - 1} (X has {m} examples), received {example}"
        )
    return int(example)


def is_model(candidate: object) -> TypeGuard[SupportedModel]:
    """Return True for a model of any kind; a function is not one."""
    return isinstance(candidate, (Model, Network, tuple))


def unpack_for_inspection(model: SupportedModel, parameters: ParametersLike | None = None) -> InspectedModel:
    """Return one network of a model, with the data conversion of the model.

    Parameters
    ----------
    model : TrainingResult, (Network, parameters), Network, or a fitted estimator
        For an ensemble the first member is used; select another by ``parameters=model.members_[k]``.
    parameters : dict, optional
        Used instead of those of the model.

    Raises
    ------
    ValueError
        For anything else.
    """
    if isinstance(model, Network):
        network, parts, own = model, None, parameters
    else:
        parts, network = unpack_network(model)
        own = parts.member_parameters[0] if parameters is None else parameters
    if own is None:
        return InspectedModel(network, None)
    own = dict(own) if isinstance(own, Mapping) else own
    return InspectedModel(network, check_parameters(network, own, "float64"), parts)


def unpack_network(model: Model | tuple[Network, ParametersLike]) -> tuple[ModelParts, Network]:
    """Return the parts of a trained model and its network, or raise an error if there is none."""
    parts = unpack_model(model)
    if parts.network is None:
        other = "boosted trees, which have no gradients" if parts.outputs else "one with a constant target"
        raise EllayerError(f"model: expected a model with a network, received {other}")
    return parts, parts.network


def output_probe(network: Network, before_activation: bool, embedded: bool = False) -> Network:
    """Return the network with its output times Y as its "loss", so that dX is the derivative of the output along Y.

    Parameters
    ----------
    network : Network
    before_activation : bool
        Whether the output is Z^[L] instead of A^[L].
    embedded : bool
        Whether its input is A^[0], after the embeddings, instead of X.
    """
    rows: list[str | Activation] = list(network.layer_activations)
    if before_activation:
        rows[-1] = "identity"
    chosen = Loss("chosen output", lambda A, Y: A * Y, lambda A, Y: Y, output="identity", targets="real")
    dims, inputs = (network.widths, None) if embedded else (network.layer_dims, network.inputs)
    return Network(dims, rows, chosen, parametric=network.parametric, inputs=inputs)
