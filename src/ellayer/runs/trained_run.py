"""A trained model with its examples: the result of a trainer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from .._progress_bars import StartProgress
from ..engine.model import Model, ModelParts, unpack_model
from .folder import OutputFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..data import Examples
    from ..report.run_facts import Check, CrossValidation, Predictions
    from ..tables.survey import Survey
    from .saved_model import ModelExamples


class Trainer(Protocol):
    """Settings and examples, read and checked, ready for training."""

    @property
    def name(self) -> str:
        """Name of the data; the default name of the run's folder."""

    def train(self, folder: OutputFolder | None, resume: Path | None, start: StartProgress) -> TrainedRun:
        """Train; Ctrl-C keeps the current state.

        Parameters
        ----------
        folder : OutputFolder or None
            Folder of the checkpoints; None in a process of a group that writes none.
        resume : Path or None
            The folder of a run to resume.
        start : callable
        """


@dataclass(frozen=True)
class HeldOut:
    """Rows for evaluation, their description, and the predictions for them, those of the network first.

    Attributes
    ----------
    examples : Examples
    description : str
        Like "test rows".
    predictions : list of Predictions
    """

    examples: Examples
    description: str
    predictions: list[Predictions]


@dataclass(kw_only=True, eq=False)
class TrainedRun(ABC):
    """A trained model, its examples, and the facts of its training.

    Attributes
    ----------
    name : str
        Name of the data.
    source : str
        The file, or the source of a named data set.
    survey : Survey
        Task, target, columns and findings.
    classes : list
        The labels, in the order of the probabilities; empty for numbers.
    train : Examples
        The training rows; a sample of them if they are streamed.
    rows : dict of str to int
        Numbers of rows: "train", "validation", "test".
    split : str
        The rule for holding out the test rows.
    model : estimator or TrainingResult
        As trained.
    epochs : int
        Epochs of a run on a table, updates of a run on a named data set.
    best_epochs : list of int
        The epoch kept, for each member.
    interrupted, diverged : bool
    settings : dict
        Settings that reproduce the run, including defaults.
    messages : list of str
    seconds : dict of str to float
    cross_validation : CrossValidation or None
    """

    name: str
    source: str
    survey: Survey
    classes: list[Any]
    train: Examples
    rows: dict[str, int]
    model: Model
    epochs: int
    settings: dict[str, Any]
    messages: list[str]
    seconds: dict[str, float]
    best_epochs: list[int] = field(default_factory=list)
    interrupted: bool = False
    diverged: bool = False
    cross_validation: CrossValidation | None = None
    split: str = ""

    @property
    def title(self) -> str:
        """The name of the model for people."""
        return "the network"

    @property
    @abstractmethod
    def options(self) -> tuple[str, ...]:
        """The settings that such a run has, for advice."""

    @cached_property
    def parts(self) -> ModelParts:
        """The network, the parameters of its members, and the history."""
        return unpack_model(self.model)

    @abstractmethod
    def held_out(self) -> HeldOut:
        """Return the rows to evaluate on and the predictions of the network and of its baselines."""

    @abstractmethod
    def model_examples(self) -> ModelExamples:
        """Return the model with its training examples in its form."""

    def checks(self, held_out: HeldOut, important: Sequence[str]) -> list[Check]:
        """Return the checks of the run.

        Parameters
        ----------
        held_out : HeldOut
        important : sequence of str
            Columns, the most important first.
        """
        return []

    def models_to_save(self) -> dict[str, Model]:
        """Return the models to save by the name of their folder in that of the run; "" is the run's own."""
        return {"": self.model}

    def provenance(self) -> dict[str, Any]:
        """Return additional facts for the model file."""
        return {}

    def summaries(self) -> list[dict[str, Any]]:
        """Return a summary with the curve of each network of a run that compares several."""
        return []

    def figures(self) -> dict[str, Figure]:
        """Return pictures that only this kind of run has, by the name of their file."""
        return {}
