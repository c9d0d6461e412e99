"""The preparation of a table as ONNX nodes: all numbers at once, a few nodes for each date and category."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .model_proto import TYPES
from .network import Graph

LARGEST = 1e100  # scaled numbers beyond are as this one: the square of it is finite
NUMBERS, REST, CODES = range(3)  # the order of the matrix: scaled numbers, what is 0 or 1, codes

Place = tuple[int, ...]  # one of these three, then the column of the table, then what of it
Block = tuple[str, list[Place]]  # some columns of the matrix, and where they belong


def add_preparation(
    graph: Graph, plan: list[dict[str, Any]], inputs: list[dict[str, str]], width: int | None
) -> str:
    """Add the matrix (m, n_x) in float64 that the network takes.

    Parameters
    ----------
    graph : Graph
    plan : list of dict
        What is done with each column, see ``tables.export_plan``.
    inputs : list of dict
        Name ("input") and "type" of the input of each column; of the one input where there is a width.
    width : int or None
        Columns of the one input.

    Returns
    -------
    str
        The name of the matrix.
    """
    blocks: list[Block] = []
    numbers = [i for i, column in enumerate(plan) if column["reads"] != "text"]
    if numbers:
        raw, order = _add_raw(graph, plan, numbers, inputs, width)
        at = {i: place for place, i in enumerate(order)}
        blocks += _add_numbers(graph, plan, raw, at)
        if missing := [i for i in numbers if plan[i]["missing"]]:
            nothing = graph.node("IsNaN", _pick(graph, raw, [at[i] for i in missing], len(order)))
            blocks.append((graph.node("Cast", nothing, to=TYPES["float64"]), [(REST, i) for i in missing]))
    for i, column in enumerate(plan):
        for k, told in enumerate(column.get("maps", [])):
            levels, where = range(told["one_hot"] or 1), CODES if told["last"] else REST
            name = _add_map(graph, inputs[i]["input"], told)
            blocks.append((name, [(where, i, k, level) for level in levels]))
    places = [place for _, some in blocks for place in some]
    ordered = sorted(range(len(places)), key=places.__getitem__)
    return _pick(graph, _side_by_side(graph, [name for name, _ in blocks]), ordered, len(places))


def _add_raw(
    graph: Graph,
    plan: list[dict[str, Any]],
    numbers: list[int],
    inputs: list[dict[str, str]],
    width: int | None,
) -> tuple[str, list[int]]:
    """Add the columns of numbers and days as they come, in float64; return their order too."""
    if width is not None:
        used = _pick(graph, inputs[0]["input"], [plan[i]["place"] for i in numbers], width)
        return _as_double(graph, used, inputs[0]["type"]), numbers
    blocks, order = [], []
    for kind in ("float32", "float64"):
        some = [i for i in numbers if inputs[i]["type"] == kind]
        if some:
            alike = _side_by_side(graph, [inputs[i]["input"] for i in some])
            blocks.append(_as_double(graph, alike, kind))
            order += some
    return _side_by_side(graph, blocks), order


def _add_numbers(graph: Graph, plan: list[dict[str, Any]], raw: str, at: dict[int, int]) -> list[Block]:
    """Add what is scaled: the numbers themselves, then the waves of dates."""
    every = [(i, k) for i in at for k in range(len(plan[i]["parts"]))]
    plain = [(i, k) for i, k in every if not plan[i]["parts"][k]["wave"]]
    waves = [(i, k) for i, k in every if plan[i]["parts"][k]["wave"]]
    each = [_pick(graph, raw, [at[i] for i, _ in plain], len(at))] if plain else []
    each += [_add_wave(graph, _pick(graph, raw, [at[i]], len(at)), plan[i]["parts"][k]) for i, k in waves]
    if not each:
        return []
    parts = [plan[i]["parts"][k] for i, k in [*plain, *waves]]
    scaled = _add_scaled(graph, _side_by_side(graph, each), parts)
    return [(scaled, [(NUMBERS, i, k) for i, k in [*plain, *waves]])]


def _add_wave(graph: Graph, x: str, part: dict[str, Any]) -> str:
    """Add sin(2 pi f) or the cosine, f the fraction of days / period."""
    days = graph.node("Floor", x) if part["whole"] else x
    turns = graph.node("Div", days, _double(graph, f"period {part['period']}", part["period"]))
    fraction = graph.node("Sub", turns, graph.node("Floor", turns))
    angle = graph.node("Mul", fraction, _double(graph, "two pi", 2.0 * math.pi))
    return graph.node("Sin" if part["wave"] == "sin" else "Cos", angle)


def _add_scaled(graph: Graph, x: str, parts: list[dict[str, Any]]) -> str:
    """Add z / sqrt(1 + (z / spread)^2) of z = (x - center) / scale; 0 where x is nan."""
    row = lambda key: _double(graph, key, [[part[key] for part in parts]])  # noqa: E731
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


def _pick(graph: Graph, X: str, columns: list[int], width: int) -> str:
    """Add some columns of a matrix; all of them in their order are the matrix itself."""
    if columns == list(range(width)):
        return X
    return graph.node(
        "Gather", X, graph.constant(f"columns {len(graph.constants)}", np.array(columns)), axis=1
    )


def _side_by_side(graph: Graph, blocks: list[str]) -> str:
    return graph.node("Concat", *blocks, axis=1) if len(blocks) > 1 else blocks[0]


def _as_double(graph: Graph, X: str, kind: str) -> str:
    return X if kind == "float64" else graph.node("Cast", X, to=TYPES["float64"])


def _double(graph: Graph, name: str, value: Any) -> str:
    return graph.constant(name, np.array(value, np.float64))
