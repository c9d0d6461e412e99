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
from .calls import as_examples, as_labels, takes_columns

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
        Of the model; None for a bare ``Network``.
    columns : bool
        Whether examples are columns.
    """

    network: Network
    parameters: Parameters | None
    parts: ModelParts | None = None
    columns: bool = True

    def require_parameters(self) -> Parameters:
        """Return the parameters, or raise an error."""
        if self.parameters is None:
            raise EllayerError(
                f"parameters: expected those of {self.network!r}, received none; pass the pair (network, parameters), "
                f"a TrainingResult or a fitted estimator, or call it with (network, parameters, X, Y)"
            )
        return self.parameters

    def inputs(self, X: ArrayLike | None) -> np.ndarray:
        """Return X as float64 columns (n_x, m); one row, a Series or a dict is one example."""
        if X is None:
            raise EllayerError("X: expected examples, received none")
        X = as_examples(X, self._column_count(), self.columns)
        return check_X(self.network, X, "float64") if self.parts is None else self.parts.prepare(X)

    def targets(self, Y: ArrayLike | None, m: int, purpose: str) -> np.ndarray:
        """Return Y as float64 columns (n_L, m); ``purpose`` is used in the error message."""
        if Y is None:
            raise EllayerError(
                f"Y: expected the labels of the {m} examples, received none; {purpose} needs them to compute "
                f"the cost and its gradients"
            )
        Y = as_labels(Y)
        return check_Y(self.network, Y, m, "float64") if self.parts is None else self.parts.encode(Y, m)

    @property
    def input_names(self) -> list[str]:
        """The name of each input of the network, that of its column; empty if there are no names."""
        if self.parts is None:
            return []
        names, columns = list(self.parts.column_names), self.parts.input_columns
        if names and columns is not None:
            names = [names[j] for j in columns]
        names = names or list(self.parts.feature_names)
        return names if len(names) == self.network.layer_dims[0] else []

    def _column_count(self) -> int:
        names = () if self.parts is None else self.parts.column_names or self.parts.feature_names
        return len(names) or self.network.layer_dims[0]


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
    return InspectedModel(network, check_parameters(network, own, "float64"), parts, takes_columns(model))


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
