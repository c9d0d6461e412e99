"""The beginning of a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..engine.state import Parameters
from .messages import NetworkState
from .tables import Source


@dataclass(frozen=True)
class StartModel:
    """Parameters of a model to train further.

    Attributes
    ----------
    parameters : dict
    network : NetworkState
        The part of the state that belongs to them; another one starts from drawn parameters again.
    loss : str
    expression : str
        The model in the Python text, such as ``ellayer.load('model.ellayer')``.
    """

    parameters: Parameters
    network: NetworkState
    loss: str
    expression: str


@dataclass(frozen=True)
class Opening:
    """The beginning of a session.

    Attributes
    ----------
    state : mapping
        Possibly incomplete.
    model : StartModel or None
    tables : dict
        Sources of examples besides the named sets.
    """

    state: Mapping[str, object] = field(default_factory=dict)
    model: StartModel | None = None
    tables: Mapping[str, Source] = field(default_factory=dict)
