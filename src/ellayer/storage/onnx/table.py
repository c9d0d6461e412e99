"""A table estimator as ONNX nodes: its inputs, its members, and their mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

from ...core.network import Network
from ...engine.model import Model, TargetScale
from ...engine.state import Parameters
from ...errors import EllayerError
from ...estimators.tabular.intervals import interval_ends
from ..plain_data import ModelFileError
from .head import Head, add_head, add_label, label_array
from .model_proto import finish, input_value
from .network import add_linear_network
from .nodes import TYPES, Graph
from .preparation import InputFacts, add_preparation

if TYPE_CHECKING:
    from onnx import ModelProto

    from ...tables.columns import TableLike
    from ...tables.export_plan import ColumnPlan
    from ...tables.preparation import TablePreparation

INTERVAL = ("lower", "upper")  # outputs of a regressor that has residuals of held-out rows
OUTPUTS = ("label", "probabilities", "variable", "output_label", "output_probability")
COVERAGE = 0.9  # of the intervals, if none is given
PREFIX = "ellayer/"  # prefix of internal names: a column may be named W1
RESOLUTION = 1e-5  # fraction of a column's standard deviation that float32 must resolve
RESOLUTION_OF_ARRAY = 1e-3  # the same for an array, whose columns have one type: 1/255 of a white pixel
HOLDS = {
    "number": "nan if missing",
    "days": "days since 1970-01-01 (UTC) with fractions, nan if missing",
    "text": '"" where missing',
}


class TableEstimator(Model, Protocol):
    """A fitted table estimator, for the export."""

    preparation_: TablePreparation
    n_features_in_: int

    def predict(self, X: TableLike) -> np.ndarray:
        """Return the prediction for each row."""


class TableClassifier(TableEstimator, Protocol):
    """A fitted table classifier: p = mean of softmax(Z / T), and the label of the largest p / decision."""

    decision_: np.ndarray

    def predict_proba(self, X: TableLike) -> np.ndarray:
        """Return the probabilities, shape (m, n_classes)."""


class TableRegressor(TableEstimator, Protocol):
    """A fitted table regressor, with the sorted residuals of held-out rows."""

    residuals_: np.ndarray


@dataclass(frozen=True)
class TableModel:
    """Computation of an exported table estimator, as plain facts.

    Attributes
    ----------
    plan : sequence of ColumnPlan
    network : Network or None
        None if the target was constant.
    members : sequence of dict
        Parameters of each network.
    head : Head
        "classes", "one class" or "numbers".
    temperature : float
    decision : ndarray or None
        The label is the class of the largest p / decision.
    target : TargetScale or None
        For numbers: the prediction is the mean of center + scale Z, each clipped to [low, high].
    interval : (float, float) or None
        For numbers: the distances of the ends of an interval from the prediction.
    width : int or None
        The number of columns of the array on which the model was fitted, a single input; None if each column is
        an input.
    """

    plan: Sequence[ColumnPlan]
    network: Network | None
    members: Sequence[Parameters]
    head: Head
    temperature: float = 1.0
    decision: np.ndarray | None = None
    target: TargetScale | None = None
    interval: tuple[float, float] | None = None
    width: int | None = None

    def inputs(self, dtype: str) -> list[InputFacts]:
        """Return the facts of each input for arithmetic in ``dtype``."""
        if self.width is not None:
            return [{"input": "X", "column": f"x0 to x{self.width - 1}" if self.width > 1 else "x0",
                     "kind": "numeric", "holds": f"in the order of the fit, {HOLDS['number']}",
                     "type": dtype if _resolves(self.plan, RESOLUTION_OF_ARRAY) else "float64"}]  # fmt: skip
        names, inputs = {*OUTPUTS, *(INTERVAL if self.interval else ())}, list[InputFacts]()
        for column in self.plan:
            name = column["name"]
            while not name or name in names or name.startswith(PREFIX):
                name = f"_{name}"
            names.add(name)
            inputs.append({"input": name, "column": column["name"], "kind": column["kind"],
                           "type": _type(column, dtype), "holds": HOLDS[column["reads"]]})  # fmt: skip
        return inputs


def describe_table(estimator: TableEstimator, coverage: float | None = None) -> TableModel:
    """Return the facts of a fitted table estimator.

    Parameters
    ----------
    estimator : TabularClassifier or TabularRegressor
    coverage : float, optional
        Of the intervals of a regressor. By default 0.9, or no intervals with too few residuals of held-out rows.

    Returns
    -------
    TableModel

    Raises
    ------
    ModelFileError
        If no column is used, or intervals are requested of a classifier.
    EllayerError
        If there are too few residuals for the coverage.
    """
    parts, plan = estimator.model_parts(), estimator.preparation_.export_plan()
    if not plan:
        raise ModelFileError(
            "model: expected a table with a column that is used, received one in which all are ignored (constant, "
            "identifiers, text); fit on columns with more information"
        )
    if parts.outputs is not None:
        raise ModelFileError(
            "model: expected a network or a linear model, received boosted trees, which cannot be exported; train with "
            "model='linear' or 'network' (ellayer train --model)"
        )
    network, members, width = parts.network, parts.member_parameters, _width(estimator)
    if parts.target_kind == "numbers":
        interval = _interval(cast(TableRegressor, estimator).residuals_, coverage)
        return TableModel(
            plan, network, members, Head("numbers"), target=parts.target_scale, interval=interval, width=width
        )
    if coverage is not None:
        raise ModelFileError(
            "interval: expected none for a classifier, whose probabilities say how sure it is; omit it"
        )
    assert parts.classes is not None
    head = Head("one class" if network is None else "classes", label_array(parts.classes))
    decision = cast(TableClassifier, estimator).decision_
    return TableModel(plan, network, members, head, float(parts.temperature), decision, width=width)


def _interval(residuals: np.ndarray, coverage: float | None) -> tuple[float, float] | None:
    """Return the ends of the intervals; None if the default coverage has too few residuals."""
    try:
        return interval_ends(residuals, COVERAGE if coverage is None else coverage)
    except EllayerError:
        if coverage is None:
            return None
        raise


def _width(estimator: TableEstimator) -> int | None:
    """The number of columns of a fit on an array of numbers; None for named columns, text or dates."""
    inputs = {encoder.reads for encoder in estimator.preparation_.columns_}
    if hasattr(estimator, "feature_names_in_") or not inputs <= {"number", ""}:
        return None
    return int(estimator.n_features_in_)


def build_table(model: TableModel, dtype: str, zipmap: bool) -> ModelProto:
    """Return the ``ModelProto`` of a table estimator.

    Parameters
    ----------
    model : TableModel
    dtype : "float32" or "float64"
    zipmap : bool

    Returns
    -------
    onnx.ModelProto
    """
    graph = Graph(prefix=PREFIX)
    facts = model.inputs(dtype)
    inputs = [
        input_value(f["input"], f["type"], model.width or 1, f"{f['kind']}: {f['holds']}") for f in facts
    ]
    label = "output_label" if zipmap else "label"
    if model.network is None:
        _add_constant(graph, model, facts[0]["input"], dtype, label)
    else:
        X = add_preparation(graph, model.plan, facts, model.width)
        Z = []
        for k, parameters in enumerate(model.members, start=1):
            part = replace(graph, prefix=f"{PREFIX}member {k}/")
            Z.append(add_linear_network(part, X, model.network, parameters, dtype, "float64"))
        if model.target is not None:
            _add_numbers(graph, model.target, model.interval, Z, dtype)
        else:
            _add_classes(graph, model, Z, dtype, label)
    doc = f"{len(model.members)} x {model.network!r}" if model.network is not None else "a constant"
    further = INTERVAL if model.interval else ()
    return finish(graph, inputs, model.head, 1, dtype, zipmap, doc, further)


def _type(column: ColumnPlan, dtype: str) -> str:
    """The type of an input: float32 only if it resolves the column's numbers."""
    if column["reads"] != "number":
        return "text" if column["reads"] == "text" else "float64"
    return dtype if _resolves([column], RESOLUTION) else "float64"


def _resolves(plan: Sequence[ColumnPlan], resolution: float) -> bool:
    """Return True if the rounding of float32 is below ``resolution`` times the column's standard deviation."""
    parts = [part for column in plan for part in column["parts"]]
    center, spread = (np.array([[part[key]] for part in parts]) for key in ("center", "scale"))
    with np.errstate(over="ignore"):
        around = center + np.array([-3.0, -1.0, 1.0, 3.0]) * spread
        error = np.abs(around.astype(np.float32).astype(np.float64) - around)
    return bool((error <= resolution * spread).all())


# The outputs


def _add_classes(graph: Graph, model: TableModel, Z: list[str], dtype: str, label: str) -> None:
    """Add the mean of softmax(Z / T), and the class of the largest p / decision."""
    assert model.head.classes is not None
    assert model.decision is not None
    T = graph.constant("temperature", np.array(model.temperature, dtype))
    probabilities = [graph.node("Softmax", graph.node("Div", z, T), axis=1) for z in Z]
    P = _add_mean(graph, probabilities, dtype, "probabilities")
    decision = graph.constant("decision", np.asarray(model.decision, dtype).reshape(1, -1))
    add_label(graph, model.head.classes, graph.node("ArgMax", graph.node("Div", P, decision), axis=1), label)


def _add_numbers(
    graph: Graph, target: TargetScale, interval: tuple[float, float] | None, Z: list[str], dtype: str
) -> None:
    """Add the mean of center + scale Z, each clipped to the range of the target, and the ends of its interval."""
    center, scale, low, high = (
        graph.constant(f"target {k}", np.array(getattr(target, k), np.float64))
        for k in ("center", "scale", "low", "high")
    )
    predictions = []
    for z in Z:
        y = graph.node("Mul", graph.node("Cast", z, to=TYPES["float64"]), scale)
        predictions.append(graph.node("Clip", graph.node("Add", y, center), low, high))
    mean = _add_mean(graph, predictions, "float64")
    graph.node("Cast", mean, out="variable", to=TYPES[dtype])
    for name, distance in zip(INTERVAL, interval or (), strict=False):
        end = graph.node("Add", mean, graph.constant(f"{name} distance", np.array(distance, np.float64)))
        graph.node("Cast", end, out=name, to=TYPES[dtype])


def _add_mean(graph: Graph, members: list[str], dtype: str, out: str = "") -> str:
    total = graph.node("Sum", *members)
    return graph.node("Div", total, graph.constant("members", np.array(len(members), dtype)), out=out)


def _add_constant(graph: Graph, model: TableModel, name: str, dtype: str, label: str) -> None:
    """Add the constant prediction for each row of the input ``name``."""
    value = 0.0
    if model.target is not None:
        value = float(np.clip(model.target.center, model.target.low, model.target.high))
    m = graph.node("Shape", name, start=0, end=1)
    shape = graph.node("Concat", m, graph.constant("one column", np.array([1])), axis=0)
    numbers = graph.node("Expand", graph.constant("constant", np.array([[value]], dtype)), shape)
    if model.target is not None:
        graph.node("Identity", numbers, out="variable")
    else:
        add_head(graph, model.head, numbers, dtype, label, "probabilities")
