"""Facts about decisions: scores of a class, a confusion, a threshold, the coverage of intervals."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class ClassScore:
    """Scores of one class against the rest.

    Attributes
    ----------
    label : str
    precision, recall, f1 : float
        0 where nothing is predicted, or there is nothing to find.
    support : int
        Rows of the class.
    """

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Confusion:
    """Frequency with which one class is predicted as another.

    Attributes
    ----------
    truth, prediction : str
    count : int
    share : float
        Of the rows of the true class.
    """

    truth: str
    prediction: str
    count: int
    share: float


@dataclass(frozen=True)
class ThresholdRow:
    """Result of calling rows positive whose probability is above a threshold.

    Attributes
    ----------
    threshold : float
    positives : float
        Share of the rows that are called positive.
    precision, recall, f1 : float
    cost : float
        Mean per row.
    used : bool
        Whether it is the model's own threshold.
    """

    threshold: float
    positives: float
    precision: float
    recall: float
    f1: float
    cost: float
    used: bool


@dataclass(frozen=True)
class Coverage:
    """Share of rows inside their prediction intervals.

    Attributes
    ----------
    coverage : float
        The share that is promised.
    low, high : float
        Added to a prediction they are its interval.
    observed : float
        The share of the rows inside, with the ends of its 95 % confidence interval in ``ends``.
    ends : tuple of float
    """

    coverage: float
    low: float
    high: float
    observed: float
    ends: tuple[float, float]


@dataclass(frozen=True)
class Decisions:
    """Facts about the decisions of a model on held-out rows; empty lists and None where they do not apply.

    Attributes
    ----------
    positive : str or None
        Of two classes the one that F1, ROC and thresholds speak of.
    classes : list of ClassScore
    confusions : list of Confusion
    thresholds : list of ThresholdRow
    costs : dict of str to float
    intervals : list of Coverage
    """

    positive: str | None
    classes: list[ClassScore]
    confusions: list[Confusion]
    thresholds: list[ThresholdRow]
    costs: dict[str, float]
    intervals: list[Coverage]

    def to_json(self) -> dict[str, Any]:
        """Return the facts as plain data."""
        return asdict(self)
