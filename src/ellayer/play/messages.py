"""The state of a session, and the parts of its messages, as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypedDict

if TYPE_CHECKING:
    from ..inspection.diagnosis import Diagnosis

JsonObject: TypeAlias = dict[str, object]


def finding_rows(diagnosis: Diagnosis) -> list[JsonObject]:
    """Return the findings of a diagnosis for the page."""
    return [
        {"name": finding.name, "grade": finding.severity, "text": f"{finding.title}: {finding.figure}",
         "advice": finding.advice}
        for finding in diagnosis.findings
    ]  # fmt: skip


class DataState(TypedDict):
    """The examples of a state.

    ``size``, ``noise`` and ``seed`` are None for a source that is not drawn, except that the seed also splits.
    """

    source: str
    size: int | None
    noise: float | None
    seed: int
    target: str
    scale: bool
    test_fraction: float
    axes: list[str]
    points: list[list[float]]
    removed: list[int]


class LayerState(TypedDict):
    """A hidden layer."""

    units: int
    activation: str


class NetworkState(TypedDict):
    """The network and its start: drawn, or the parameters of a member of the open model."""

    hidden: list[LayerState]
    initializer: str
    seed: int
    member: int | None


class TrainingState(TypedDict):
    """The settings of ``ellayer.train``."""

    loss: str
    optimizer: str
    schedule: str
    schedule_length: int
    learning_rate: float
    batch_size: int | None
    l1: float
    l2: float
    weight_decay: float
    dropout: float
    seed: int


class StopState(TypedDict):
    """The rule for stopping."""

    iterations: int | None
    test_cost_patience: int | None


class State(TypedDict):
    """State that identifies a run."""

    version: int
    data: DataState
    network: NetworkState
    training: TrainingState
    stop: StopState


class Term(TypedDict):
    """A number in an equation."""

    term: str
    value: float | None


class Section(TypedDict):
    """An equation with its numbers."""

    title: str
    html: str
    rows: list[Term]


class Difference(TypedDict):
    """A derivative, by the chain rule and as a finite difference."""

    analytic: float | None
    numeric: float | None
    relative_error: float | None


class Inspection(TypedDict):
    """The equations of one unit, weight, bias or example."""

    type: str
    kind: str
    title: str
    rows: list[Term]
    equation_html: str
    sections: list[Section]
    chain_html: str
    difference: Difference | None
    text: str
