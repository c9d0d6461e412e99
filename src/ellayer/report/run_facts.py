"""Facts of one training run: the input of the report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from .._json import finite

if TYPE_CHECKING:
    import polars as pl

    from ..core.network import Network
    from ..inspection import Diagnosis
    from ..inspection.partial_dependence import Dependence
    from .decision_facts import Decisions
    from .document_types import CheckFacts, ScoreFacts


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions of one model for the held-out rows.

    Parameters
    ----------
    name : str
        For example "the network" or "logistic regression".
    prediction : array, shape (m,)
        Labels or numbers.
    P : array, shape (m, K), optional
        Probabilities, one column per class, if the model has them.
    """

    name: str
    prediction: np.ndarray
    P: np.ndarray | None = None


@dataclass(frozen=True)
class Score:
    """A score with its 95 % confidence interval.

    Attributes
    ----------
    value, low, high : float
        nan if undefined: an interval for one row, the ROC AUC for one class.
    maximize : bool
        Whether higher is better.
    """

    value: float
    low: float
    high: float
    maximize: bool = True

    def to_json(self) -> ScoreFacts:
        """Return value, low and high for JSON, with None instead of nan.

        >>> Score(0.9, 0.8, float("nan")).to_json()
        {'value': 0.9, 'low': 0.8, 'high': None}
        """
        value, low, high = map(finite, (self.value, self.low, self.high))
        return {"value": value, "low": low, "high": high}

    @classmethod
    def from_json(cls, facts: ScoreFacts | Mapping[str, float | None]) -> Score:
        """Return the score of ``to_json``.

        >>> Score.from_json({"value": 0.9, "low": 0.8, "high": None}).high
        nan
        """
        ends = (facts.get("value"), facts.get("low"), facts.get("high"))
        value, low, high = (math.nan if end is None else end for end in ends)
        return cls(value, low, high)


Grade: TypeAlias = Literal["PASS", "WARN", "FAIL"]


@dataclass(frozen=True)
class Check:
    """A check of a run.

    Attributes
    ----------
    title : str
    grade : "PASS", "WARN" or "FAIL"
    figure, advice : str
        The evidence, and what to do about it.
    """

    title: str
    grade: Grade
    figure: str
    advice: str = ""

    def to_json(self) -> CheckFacts:
        """Return the check as plain data."""
        return {"title": self.title, "grade": self.grade, "figure": self.figure, "advice": self.advice}


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """Scores over the folds of a table, and the predictions for the rows of each fold by models fitted on the others.

    Parameters
    ----------
    folds, repeats : int
        Each repetition deals the rows into folds anew.
    rows : array of int
        Numbers of the predicted rows among the examples of the file.
    y : array
        True values of these rows.
    models : list of Predictions
        For these rows, the mean over the repetitions: the network first.
    scores : dict of str to dict of str to Score
        By model: the mean over the folds of each metric, with its interval.
    by_fold : dict of str to dict of str to list of float
        By model: the value of each metric in each fold.
    """

    folds: int
    repeats: int
    rows: np.ndarray
    y: np.ndarray
    models: list[Predictions]
    scores: dict[str, dict[str, Score]]
    by_fold: dict[str, dict[str, list[float]]]

    def to_json(self) -> dict[str, Any]:
        """Return folds, repeats, the number of rows and the scores as plain data."""
        scored = {
            model: {
                name: {**score.to_json(), "folds": self.by_fold[model][name]}
                for name, score in by_name.items()
            }
            for model, by_name in self.scores.items()
        }
        return {"folds": self.folds, "repeats": self.repeats, "rows": len(self.rows), "scores": scored}


@dataclass(frozen=True, eq=False, kw_only=True)
class RunFacts:
    """Facts of a run for ``write_report``; those that are None or empty are omitted.

    Parameters
    ----------
    name : str
        Of the data.
    task : str
        "classes" or "numbers".
    target : str
        Name of the target.
    network : Network, or None
    y : array, shape (m,)
        True values of the held-out rows.
    models : list of Predictions
        Predictions for those rows: first the network, then the models for comparison.
    classes : list
        The labels, in the order of the columns of P; of two the second is the positive one.
    held_out_on : str
        Name of those rows, like "test rows" or "validation rows".
    parameters : dict of arrays, optional
        For the picture of the network.
    members : int
        Size of the ensemble.
    history : History, optional
        Columns of lists: "iteration" or "epoch", "loss", "validation_loss" and others.
    best_epoch : int, optional
        The epoch whose parameters are used.
    source, command, config, created : str
        The file, the command that reproduces the run, its settings as TOML, and its date.
    rows : dict of str to int
        Numbers of rows: "train", "validation", "test".
    split : str
        The rule for holding out the test rows.
    columns : list of dict
        One per column of the data: name, kind, note, missing, distinct, shown.
    findings, notes : list of str
        Data warnings; messages of the preprocessing.
    table : polars.DataFrame, optional
        The held-out rows, for the largest errors and the slices.
    images : array, shape (m, h, w) or (m, h, w, 3), optional
        The held-out images, values in [0, 1].
    ids : list of str, optional
        Names of the held-out rows.
    importance : list of (str, float, float)
        Feature, or several joined by " + "; mean deterioration of the metric when it is shuffled, standard deviation.
    importance_of : str
        Title of the metric.
    importance_note : str
        A description of the measurement.
    dependence : list of Dependence
        Partial dependence on the most important columns.
    weight_pictures : array, shape (units, h, w) or (units, h, w, 3), optional
        The weights of the first layer, one image per unit.
    reasons : dict of int to str
        For the position of a held-out row, the columns that contribute most to its prediction.
    decisions : Decisions, optional
        Scores by class, thresholds and costs, or coverage of intervals, of the network.
    diagnosis : Diagnosis, optional
    cross_validation : CrossValidation, optional
    checks : list of Check
        Reasons not to trust the scores.
    seconds : dict of str to float
        Duration of each phase.
    versions : dict of str to str
    no_rows : bool
        Whether values of rows are left out; ``without_rows`` removes them from the other facts.
    """

    name: str
    task: str
    target: str
    network: Network | None
    y: np.ndarray
    models: list[Predictions]
    classes: list[Any] = field(default_factory=list)
    held_out_on: str = "test rows"
    parameters: dict[str, np.ndarray] | None = None
    members: int = 1
    history: Mapping[str, Sequence[float]] | None = None
    best_epoch: int | None = None
    source: str = ""
    command: str = ""
    config: str = ""
    created: str = ""
    rows: dict[str, int] = field(default_factory=dict)
    split: str = ""
    columns: list[dict[str, Any]] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    table: pl.DataFrame | None = None
    images: np.ndarray | None = None
    ids: list[str] | None = None
    importance: list[tuple[str, float, float]] = field(default_factory=list)
    importance_of: str = ""
    importance_note: str = ""
    dependence: list[Dependence] = field(default_factory=list)
    weight_pictures: np.ndarray | None = None
    reasons: dict[int, str] = field(default_factory=dict)
    decisions: Decisions | None = None
    diagnosis: Diagnosis | None = None
    cross_validation: CrossValidation | None = None
    checks: list[Check] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    no_rows: bool = False
