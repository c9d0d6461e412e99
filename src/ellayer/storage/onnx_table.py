"""A table estimator as ONNX nodes: its columns' preparation, its members, and their mean."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.network import Network
from .onnx_build import TYPES, finish, input_value
from .onnx_graph import Graph, Head, Within, add_head, add_label, add_linear_network, label_array
from .plain import ModelFileError

OUTPUTS = ("label", "probabilities", "variable", "output_label", "output_probability")
PREFIX = "ellayer/"  # of the names within: a column may be called W1
TOLD = 1e-5  # of a column's spread: what float32 must be able to tell apart
LARGEST = 1e100  # scaled numbers beyond are as this one: the square of it is finite
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
        What is done with each column, see ``estimators.deploying``.
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
    """

    plan: list[dict[str, Any]]
    network: Network | None
    members: list[dict[str, np.ndarray]]
    head: Head
    temperature: float = 1.0
    decision: np.ndarray | None = None
    target: dict[str, float] | None = None

    def columns(self, dtype: str) -> list[dict[str, str]]:
        """Return what each input holds: its name, the column's, its kind, type, and words for it."""
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
    network, members = estimator.network_, estimator.members_
    if hasattr(estimator, "target_"):
        return TableModel(plan, network, members, Head("numbers"), target=estimator.target_)
    kind = "one class" if network is None else "classes"
    head = Head(kind, label_array(estimator.classes_))
    return TableModel(plan, network, members, head, float(estimator.temperature_), estimator.decision_)


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
    columns = model.columns(dtype)
    names = [column["input"] for column in columns]
    inputs = [input_value(c["input"], c["type"], 1, f"{c['kind']}: {c['holds']}") for c in columns]
    label = "output_label" if zipmap else "label"
    if model.network is None:
        _add_constant(graph, model, graph.node("Shape", names[0]), dtype, label)
    else:
        X = _add_preparation(graph, model.plan, names)
        Z = [
            add_linear_network(Within(graph, f"member {k}/"), X, model.network, parameters, dtype, "float64")
            for k, parameters in enumerate(model.members, start=1)
        ]
        if model.target is not None:
            _add_numbers(graph, model.target, Z, dtype)
        else:
            _add_classes(graph, model, Z, dtype, label)
    told = f"{len(model.members)} x {model.network!r}" if model.network is not None else "a constant"
    return finish(graph, inputs, model.head, 1, dtype, zipmap, told)


def _type(column: dict[str, Any], dtype: str) -> str:
    """The type of an input: float32 where that tells the column's numbers apart."""
    if column["reads"] != "number":
        return "text" if column["reads"] == "text" else "float64"
    for part in column["parts"]:
        spread = part["scale"]
        with np.errstate(over="ignore"):
            around = part["center"] + np.array([-3.0, -1.0, 1.0, 3.0]) * spread
            lost = np.abs(around.astype(np.float32).astype(np.float64) - around)
        if not (lost <= TOLD * spread).all():
            return "float64"
    return dtype


# The preparation


def _add_preparation(graph: Graph, plan: list[dict[str, Any]], names: list[str]) -> str:
    """Add the matrix (m, n_x) in float64: numbers first, then what is 0 or 1, then codes."""
    numbers: list[str] = []
    parts: list[dict[str, Any]] = []
    rest: list[str] = []
    codes: list[str] = []
    for column, name in zip(plan, names, strict=True):
        if column["reads"] == "text":
            for told in column["maps"]:
                (codes if told["last"] else rest).append(_add_map(graph, name, told))
            continue
        x = graph.node("Cast", name, to=TYPES["float64"])
        numbers += [_add_part(graph, x, part) for part in column["parts"]]
        parts += column["parts"]
        if column["missing"]:
            rest.append(graph.node("Cast", graph.node("IsNaN", x), to=TYPES["float64"]))
    blocks = [_add_scaled(graph, numbers, parts)] if numbers else []
    blocks += [*rest, *codes]
    return graph.node("Concat", *blocks, axis=1)


def _add_part(graph: Graph, x: str, part: dict[str, Any]) -> str:
    """Add a number itself, or a wave of days: sin(2 pi f), f the fraction of days / period."""
    if not part["wave"]:
        return x
    days = graph.node("Floor", x) if part["whole"] else x
    turns = graph.node("Div", days, _double(graph, f"period {part['period']}", part["period"]))
    fraction = graph.node("Sub", turns, graph.node("Floor", turns))
    angle = graph.node("Mul", fraction, _double(graph, "two pi", 2.0 * math.pi))
    return graph.node("Sin" if part["wave"] == "sin" else "Cos", angle)


def _add_scaled(graph: Graph, numbers: list[str], parts: list[dict[str, Any]]) -> str:
    """Add z / sqrt(1 + (z / spread)^2) of z = (x - center) / scale; 0 where x is nan."""
    row = lambda key: _double(graph, key, [[part[key] for part in parts]])  # noqa: E731
    x = graph.node("Concat", *numbers, axis=1)
    z = graph.node("Div", graph.node("Sub", x, row("center")), row("scale"))
    z = graph.node("Clip", z, _double(graph, "lowest", -LARGEST), _double(graph, "largest", LARGEST))
    share = graph.node("Div", z, row("spread"))
    root = graph.node("Sqrt", graph.node("Add", graph.node("Mul", share, share), _double(graph, "one", 1.0)))
    missing = graph.node("IsNaN", x)
    return graph.node("Where", missing, _double(graph, "zero", 0.0), graph.node("Div", z, root))


def _add_map(graph: Graph, name: str, told: dict[str, Any]) -> str:
    """Add the number of a text, or one column per number."""
    code = graph.node(
        "LabelEncoder", name, domain="ai.onnx.ml", keys_strings=list(told["values"]),
        values_floats=list(told["values"].values()), default_float=told["otherwise"],
    )  # fmt: skip
    if told["one_hot"]:
        levels = np.arange(told["one_hot"], dtype=np.float32).reshape(1, -1)
        code = graph.node("Equal", code, graph.constant(f"levels {told['one_hot']}", levels))
    return graph.node("Cast", code, to=TYPES["float64"])


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
        _double(graph, f"target {k}", target[k]) for k in ("center", "scale", "low", "high")
    )
    each = []
    for z in Z:
        y = graph.node("Mul", graph.node("Cast", z, to=TYPES["float64"]), scale)
        each.append(graph.node("Clip", graph.node("Add", y, center), low, high))
    graph.node("Cast", _add_mean(graph, each, "float64"), out="variable", to=TYPES[dtype])


def _add_mean(graph: Graph, each: list[str], dtype: str, out: str = "") -> str:
    total = graph.node("Sum", *each)
    return graph.node("Div", total, graph.constant("members", np.array(len(each), dtype)), out=out)


def _add_constant(graph: Graph, model: TableModel, shape: str, dtype: str, label: str) -> None:
    """Add the one class, or the one number, for each row."""
    value = 0.0
    if model.target is not None:
        value = float(np.clip(model.target["center"], model.target["low"], model.target["high"]))
    numbers = graph.node("Expand", graph.constant("constant", np.array([[value]], dtype)), shape)
    if model.target is not None:
        graph.node("Identity", numbers, out="variable")
    else:
        add_head(graph, model.head, numbers, dtype, label, "probabilities")


def _double(graph: Graph, name: str, value: Any) -> str:
    return graph.constant(name, np.array(value, np.float64))
