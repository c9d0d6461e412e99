"""A table estimator as ONNX nodes: its inputs, its members, and their mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.network import Network
from ..plain_data import ModelFileError
from .model_proto import TYPES, finish, input_value
from .network import Graph, Head, Within, add_head, add_label, add_linear_network, label_array
from .preparation import add_preparation

OUTPUTS = ("label", "probabilities", "variable", "output_label", "output_probability")
PREFIX = "ellayer/"  # of the names within: a column may be called W1
TOLD = 1e-5  # of a column's spread: what float32 must be able to tell apart
TOLD_OF_MANY = 1e-3  # the same where all columns are of one type: 1/255 of a white pixel
HOLDS = {
    "number": "nan where missing",
    "days": "days since 1970-01-01 (UTC) with fractions, nan where missing",
    "text": '"" where missing',
}


@dataclass(frozen=True)
class TableModel:
    """What an exported table estimator computes, as plain facts.

    Attributes
    ----------
    plan : list of dict
        What is done with each column, see ``tables.export_plan``.
    network : Network or None
        None where there was nothing to learn.
    members : list of dict
        Parameters of each network.
    head : Head
        "classes", "one class" or "numbers".
    temperature : float
    decision : ndarray or None
        The label is the class of the largest p / decision.
    target : dict or None
        Of numbers: "center", "scale", "low", "high".
    width : int or None
        Columns of the array of numbers that it was fitted on, which is one input; None where each column is one.
    """

    plan: list[dict[str, Any]]
    network: Network | None
    members: list[dict[str, np.ndarray]]
    head: Head
    temperature: float = 1.0
    decision: np.ndarray | None = None
    target: dict[str, float] | None = None
    width: int | None = None

    def inputs(self, dtype: str) -> list[dict[str, str]]:
        """Return what each input holds: its name, the column's, its kind, type, and words for it."""
        if self.width is not None:
            return [{"input": "X", "column": f"x0 to x{self.width - 1}" if self.width > 1 else "x0",
                     "kind": "numeric", "holds": f"in the order of the fit, {HOLDS['number']}",
                     "type": dtype if _are_told_apart(self.plan, TOLD_OF_MANY) else "float64"}]  # fmt: skip
        taken, inputs = set(OUTPUTS), []
        for column in self.plan:
            name = column["name"]
            while not name or name in taken or name.startswith(PREFIX):
                name = f"_{name}"
            taken.add(name)
            inputs.append({"input": name, "column": column["name"], "kind": column["kind"],
                           "type": _type(column, dtype), "holds": HOLDS[column["reads"]]})  # fmt: skip
        return inputs


def describe_table(estimator: Any) -> TableModel:
    """Return the facts of a fitted table estimator.

    Parameters
    ----------
    estimator : TabularClassifier or TabularRegressor

    Returns
    -------
    TableModel

    Raises
    ------
    ModelFileError
        Where no column is used.
    """
    plan = estimator._get_plan()
    if not plan:
        raise ModelFileError(
            "model: expected a table with a column that is used, received one in which all are left out "
            "(constant, identifiers, text); fit on columns that say something"
        )
    network, members, width = estimator.network_, estimator.members_, _width(estimator)
    if hasattr(estimator, "target_"):
        return TableModel(plan, network, members, Head("numbers"), target=estimator.target_, width=width)
    kind = "one class" if network is None else "classes"
    head = Head(kind, label_array(estimator.classes_))
    return TableModel(
        plan, network, members, head, float(estimator.temperature_), estimator.decision_, width=width
    )


def _width(estimator: Any) -> int | None:
    """The columns of a fit on an array of numbers alone; None of a fit with names of columns, text or dates."""
    inputs = {encoder.reads for encoder in estimator.preparation_.columns_}
    if hasattr(estimator, "feature_names_in_") or not inputs <= {"number", ""}:
        return None
    return int(estimator.n_features_in_)


def build_table(model: TableModel, dtype: str, zipmap: bool) -> Any:
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
    told = model.inputs(dtype)
    inputs = [
        input_value(t["input"], t["type"], model.width or 1, f"{t['kind']}: {t['holds']}") for t in told
    ]
    label = "output_label" if zipmap else "label"
    if model.network is None:
        _add_constant(graph, model, told[0]["input"], dtype, label)
    else:
        X = add_preparation(graph, model.plan, told, model.width)
        Z = [
            add_linear_network(Within(graph, f"member {k}/"), X, model.network, parameters, dtype, "float64")
            for k, parameters in enumerate(model.members, start=1)
        ]
        if model.target is not None:
            _add_numbers(graph, model.target, Z, dtype)
        else:
            _add_classes(graph, model, Z, dtype, label)
    words = f"{len(model.members)} x {model.network!r}" if model.network is not None else "a constant"
    return finish(graph, inputs, model.head, 1, dtype, zipmap, words)


def _type(column: dict[str, Any], dtype: str) -> str:
    """The type of an input: float32 where that tells the column's numbers apart."""
    if column["reads"] != "number":
        return "text" if column["reads"] == "text" else "float64"
    return dtype if _are_told_apart([column], TOLD) else "float64"


def _are_told_apart(plan: list[dict[str, Any]], told: float) -> bool:
    """Whether float32 keeps all numbers within ``told`` of their column's spread."""
    parts = [part for column in plan for part in column["parts"]]
    center, spread = (np.array([[part[key]] for part in parts]) for key in ("center", "scale"))
    with np.errstate(over="ignore"):
        around = center + np.array([-3.0, -1.0, 1.0, 3.0]) * spread
        lost = np.abs(around.astype(np.float32).astype(np.float64) - around)
    return bool((lost <= told * spread).all())


# The outputs


def _add_classes(graph: Graph, model: TableModel, Z: list[str], dtype: str, label: str) -> None:
    """Add the mean of softmax(Z / T), and the class of the largest p / decision."""
    assert model.head.classes is not None
    assert model.decision is not None
    T = graph.constant("temperature", np.array(model.temperature, dtype))
    each = [graph.node("Softmax", graph.node("Div", z, T), axis=1) for z in Z]
    P = _add_mean(graph, each, dtype, "probabilities")
    decision = graph.constant("decision", np.asarray(model.decision, dtype).reshape(1, -1))
    add_label(graph, model.head.classes, graph.node("ArgMax", graph.node("Div", P, decision), axis=1), label)


def _add_numbers(graph: Graph, target: dict[str, float], Z: list[str], dtype: str) -> None:
    """Add the mean of center + scale Z, each held to the range of the target."""
    center, scale, low, high = (
        graph.constant(f"target {k}", np.array(target[k], np.float64))
        for k in ("center", "scale", "low", "high")
    )
    each = []
    for z in Z:
        y = graph.node("Mul", graph.node("Cast", z, to=TYPES["float64"]), scale)
        each.append(graph.node("Clip", graph.node("Add", y, center), low, high))
    graph.node("Cast", _add_mean(graph, each, "float64"), out="variable", to=TYPES[dtype])


def _add_mean(graph: Graph, each: list[str], dtype: str, out: str = "") -> str:
    total = graph.node("Sum", *each)
    return graph.node("Div", total, graph.constant("members", np.array(len(each), dtype)), out=out)


def _add_constant(graph: Graph, model: TableModel, given: str, dtype: str, label: str) -> None:
    """Add the one class, or the one number, for each row of an input."""
    value = 0.0
    if model.target is not None:
        value = float(np.clip(model.target["center"], model.target["low"], model.target["high"]))
    m = graph.node("Shape", given, start=0, end=1)
    shape = graph.node("Concat", m, graph.constant("one column", np.array([1])), axis=0)
    numbers = graph.node("Expand", graph.constant("constant", np.array([[value]], dtype)), shape)
    if model.target is not None:
        graph.node("Identity", numbers, out="variable")
    else:
        add_head(graph, model.head, numbers, dtype, label, "probabilities")
