"""The beginning of a session."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ..core.network import Network
from ..engine.model import ModelParts
from ..engine.state import Parameters
from ..tables.fitted_encoders import FittedEncoders
from .messages import LayerState, NetworkState
from .tables import Source

if TYPE_CHECKING:
    from ..runs import SavedModel


class TableModel(Protocol):
    """A fitted estimator of a table."""

    preparation_: FittedEncoders
    network_: Network | None
    members_: list[Parameters]
    best_epochs_: list[int]
    average_inputs_: list[np.ndarray]
    stopped_by_: str
    validation_score_: float
    oof_prediction_: np.ndarray

    def predict(self, X: object) -> np.ndarray:
        """Return the labels or the numbers of rows."""

    def model_parts(self) -> ModelParts:
        """Return the network, the parameters of the members, and functions that convert rows and labels."""


@dataclass(frozen=True)
class ModelCard:
    """Facts about a model for the page.

    Attributes
    ----------
    name : str
    facts : sequence of (str, str)
    embedded : sequence of (str, sequence of str)
        For each embedded category its column and its levels.
    """

    name: str
    facts: Sequence[tuple[str, str]] = ()
    embedded: Sequence[tuple[str, Sequence[str]]] = ()


@dataclass(frozen=True, kw_only=True)
class StartModel:
    """A model to train further.

    Attributes
    ----------
    members : sequence of dict
        The parameters of each network.
    network : NetworkState
        The part of the state that belongs to them; another one starts from drawn parameters again.
    loss : str
    expression : str
        The parameters of the members in the Python text; those of the only one without ``is_indexed``.
    is_indexed : bool
    card : ModelCard
    model : TableModel or None
        The model of a table, to be saved with a member trained further.
    provenance : mapping or None
        Of its file.
    predict : callable or None
        Takes the numbers of rows, and returns the classes or the scaled numbers that all members together predict.
    """

    members: Sequence[Parameters]
    network: NetworkState
    loss: str
    expression: str
    is_indexed: bool
    card: ModelCard
    model: TableModel | None = None
    provenance: Mapping[str, object] | None = None
    predict: Callable[[np.ndarray], np.ndarray] | None = None

    def text(self, member: int) -> str:
        """Return the parameters of a member in the Python text."""
        return f"{self.expression}[{member}]" if self.is_indexed else self.expression

    def starts(self, network: NetworkState, loss: str) -> bool:
        """Return whether a state is that of the model."""
        return {**network, "member": None} == {**self.network, "member": None} and loss == self.loss


def network_state(network: Network) -> NetworkState:
    """Return the layers of a model as the part of a state."""
    hidden = [
        LayerState(units=units, activation=activation)
        for units, activation in zip(network.layer_dims[1:-1], network.activations[:-1], strict=True)
    ]
    return NetworkState(hidden=hidden, initializer="auto", seed=0, member=None)


@dataclass(frozen=True)
class ReadOnlyModel:
    """A model that cannot be trained further.

    Attributes
    ----------
    card : ModelCard
    why : str
    network : Network or None
    parameters : dict
    inputs : sequence of str
        Names of the rows of A^[0].
    saved : SavedModel or None
        A model of a table that lacks its rows.
    """

    card: ModelCard
    why: str
    network: Network | None = None
    parameters: Parameters = field(default_factory=dict)
    inputs: Sequence[str] = ()
    saved: SavedModel | None = None


@dataclass(frozen=True)
class Opening:
    """The beginning of a session.

    Attributes
    ----------
    state : mapping
        Possibly incomplete.
    model : StartModel or None
    read_only : ReadOnlyModel or None
        Shown instead of a run.
    tables : dict
        Sources of examples besides the named sets.
    """

    state: Mapping[str, object] = field(default_factory=dict)
    model: StartModel | None = None
    read_only: ReadOnlyModel | None = None
    tables: Mapping[str, Source] = field(default_factory=dict)
