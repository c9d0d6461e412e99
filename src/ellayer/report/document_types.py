"""Types of the document of a run: the facts that ``report.json`` holds, and that the page and the model card show.

``report.schema.json`` describes each key; a test compares it with these types.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

Numbers = float | None  # None for a number that is not finite
VERSION = 1


class ScoreFacts(TypedDict):
    """A score with its 95 % confidence interval."""

    value: Numbers
    low: Numbers
    high: Numbers


Scores = dict[str, dict[str, ScoreFacts]]  # by model, then by metric


class HeldOutFacts(TypedDict):
    """The rows that the models are scored on."""

    name: str
    example: Literal["row", "image"]
    rows: int
    classes: dict[str, int]


class CalibrationFacts(TypedDict):
    """Predicted and observed frequency of rows of similar predicted probability."""

    rows: int
    predicted: float
    observed: float
    low: float
    high: float


class GroupFacts(TypedDict):
    """The rows with one value, or a range of values, of a column."""

    value: str
    rows: int
    score: ScoreFacts


class SliceFacts(TypedDict):
    """The score by the values of one column."""

    column: str
    p_value: float
    groups: list[GroupFacts]
    rows_left_out: int


class SlicesFacts(TypedDict):
    """The columns by whose values the score differs most."""

    metric: str
    columns_tested: int
    fewest_rows: int
    columns: list[SliceFacts]


class FeatureFacts(TypedDict):
    """Importance of a feature, or of several that are correlated."""

    name: str
    mean: Numbers
    sd: Numbers


class ImportanceFacts(TypedDict):
    """Permutation importance."""

    metric: str
    note: str
    features: list[FeatureFacts]


class DependenceFacts(TypedDict):
    """Partial dependence on one column."""

    column: str
    values: list[str | float]
    mean: dict[str, list[Numbers]]


class ColumnFacts(TypedDict):
    """A column of the data."""

    name: str
    kind: str
    note: str
    missing: int | None
    distinct: int | None
    shown: str


class DataFacts(TypedDict):
    """The data."""

    source: str
    split: str
    rows: dict[str, int]
    columns: list[ColumnFacts]
    warnings: list[str]
    preprocessing: list[str]


class LayerFacts(TypedDict):
    """A layer of the network."""

    layer: int | str
    units: int
    activation: str
    parameters: int


class NetworkFacts(TypedDict):
    """The network."""

    inputs: int
    features: int
    loss: str
    members: int
    parameters: int
    layers: list[LayerFacts]


class TrainingFacts(TypedDict):
    """The course of the training."""

    unit: str
    last: int
    best: int | None


class FindingFacts(TypedDict):
    """A finding of the diagnosis."""

    severity: str
    title: str
    figure: str
    advice: str


class ErrorFacts(TypedDict):
    """A row with a large error."""

    name: str
    truth: str
    prediction: str
    error: Numbers
    cells: list[str]
    contributions: str


class ErrorsFacts(TypedDict):
    """The rows with the largest errors."""

    columns: list[str]
    rows: list[ErrorFacts]


class CheckFacts(TypedDict):
    """A check of the run."""

    title: str
    grade: Literal["PASS", "WARN", "FAIL"]
    figure: str
    advice: str


class ReproductionFacts(TypedDict):
    """Facts for repeating the run."""

    created: str
    command: str
    config: str
    seconds: dict[str, float]
    versions: dict[str, str]


class ReportDocument(TypedDict):
    """The facts of a run as plain data."""

    format: str
    version: int
    name: str
    task: str
    target: str
    classes: list[str]
    has_rows: bool
    result: list[str]
    verdict: list[str]
    held_out: HeldOutFacts
    scores: Scores
    confusion_matrix: list[list[int]] | None
    calibration: list[CalibrationFacts]
    decisions: dict[str, Any] | None
    slices: SlicesFacts | None
    cross_validation: dict[str, Any] | None
    importance: ImportanceFacts | None
    dependence: list[DependenceFacts]
    data: DataFacts
    network: NetworkFacts | None
    training: TrainingFacts | None
    diagnosis: list[FindingFacts] | None
    largest_errors: ErrorsFacts
    checks: list[CheckFacts]
    reproduction: ReproductionFacts
