"""The preparation of a table as ONNX nodes: all numbers at once, a few nodes for each date and category."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

import numpy as np
from numpy.typing import ArrayLike

from ...tables.export_plan import map_width
from .nodes import TYPES, NodeSink, add_cosine

if TYPE_CHECKING:
    from ...tables.export_plan import ColumnPlan, LevelMap, PartPlan

LARGEST = 1e100  # scaled numbers are clipped to this value, whose square is finite
NUMBERS, PLAIN, REST, CODES = range(4)  # the order of the matrix: scaled numbers, flags, codes


class InputFacts(TypedDict):
    """One input of an exported table: its name, the column's name and kind, its type, and a description."""

    input: str
    column: str
    kind: str
    type: str
    holds: str


# One of these four, then the column of the table, then the place among its parts or maps.
Place = tuple[int, ...]
Block = tuple[str, list[Place]]  # some columns of the matrix, and their positions in it


def add_preparation(
    graph: NodeSink, plan: Sequence[ColumnPlan], inputs: Sequence[InputFacts], width: int | None
) -> str:
    """Add the matrix (m, n_x) in float64, the input of the network.

    Parameters
    ----------
    graph : NodeSink
    plan : sequence of ColumnPlan
    inputs : sequence of InputFacts
        Of each column; with a width, of the one input.
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
        for i in numbers:
            if plan[i]["edges"]:
                x = _pick(graph, raw, [at[i]], len(order))
                blocks.append((_add_bin(graph, x, plan[i]["edges"], i), [(CODES, i)]))
    for i, column in enumerate(plan):
        for k, level_map in enumerate(column["maps"]):
            where = NUMBERS if level_map["table"] else CODES if level_map["last"] else REST
            name = _add_map(graph, inputs[i]["input"], level_map, f"{i} {k}")
            blocks.append((name, [(where, i, k, level) for level in range(map_width(level_map))]))
    places = [place for _, some in blocks for place in some]
    ordered = sorted(range(len(places)), key=places.__getitem__)
    return _pick(graph, _side_by_side(graph, [name for name, _ in blocks]), ordered, len(places))


def _add_raw(
    graph: NodeSink,
    plan: Sequence[ColumnPlan],
    numbers: list[int],
    inputs: Sequence[InputFacts],
    width: int | None,
) -> tuple[str, list[int]]:
    """Add the raw columns of numbers and days in float64; return their order too."""
    if width is not None:
        matrix = _pick(graph, inputs[0]["input"], [plan[i]["place"] for i in numbers], width)
        return _as_double(graph, matrix, inputs[0]["type"]), numbers
    blocks, order = [], []
    for kind in ("float32", "float64"):
        some = [i for i in numbers if inputs[i]["type"] == kind]
        if some:
            alike = _side_by_side(graph, [inputs[i]["input"] for i in some])
            blocks.append(_as_double(graph, alike, kind))
            order += some
    return _side_by_side(graph, blocks), order


def _add_numbers(graph: NodeSink, plan: Sequence[ColumnPlan], raw: str, at: dict[int, int]) -> list[Block]:
    """Add the scaled numbers: the values themselves, then the waves of dates."""
    every = [(i, k) for i in at for k in range(len(plan[i]["parts"]))]
    plain = [(i, k) for i, k in every if not plan[i]["parts"][k]["wave"]]
    waves = [(i, k) for i, k in every if plan[i]["parts"][k]["wave"]]
    columns = [_pick(graph, raw, [at[i] for i, _ in plain], len(at))] if plain else []
    columns += [_add_wave(graph, _pick(graph, raw, [at[i]], len(at)), plan[i]["parts"][k]) for i, k in waves]
    if not columns:
        return []
    parts = [plan[i]["parts"][k] for i, k in [*plain, *waves]]
    scaled = _add_scaled(graph, _side_by_side(graph, columns), parts)
    places: list[Place] = [
        (PLAIN if part["plain"] else NUMBERS, i, k)
        for (i, k), part in zip([*plain, *waves], parts, strict=True)
    ]
    return [(scaled, places)]


def _add_wave(graph: NodeSink, x: str, part: PartPlan) -> str:
    """Add sin(2 pi f) or the cosine, f the fraction of days / period."""
    days = graph.node("Floor", x) if part["whole"] else x
    assert part["period"] is not None
    turns = graph.node("Div", days, _double(graph, f"period {part['period']}", part["period"]))
    fraction = graph.node("Sub", turns, graph.node("Floor", turns))
    angle = graph.node("Mul", fraction, _double(graph, "two pi", 2.0 * math.pi))
    return graph.node("Sin", angle) if part["wave"] == "sin" else add_cosine(graph, angle, "float64")


def _add_scaled(graph: NodeSink, x: str, parts: Sequence[PartPlan]) -> str:
    """Add z / sqrt(1 + (z / spread)^2) of z = (x - center) / scale; 0 where x is nan."""
    center = _double(graph, "center", [[part["center"] for part in parts]])
    scale = _double(graph, "scale", [[part["scale"] for part in parts]])
    z = graph.node("Div", graph.node("Sub", x, center), scale)
    z = graph.node("Clip", z, _double(graph, "lowest", -LARGEST), _double(graph, "largest", LARGEST))
    spread = _double(graph, "spread", [[part["spread"] for part in parts]])
    share = graph.node("Div", z, spread)
    root = graph.node("Sqrt", graph.node("Add", graph.node("Mul", share, share), _double(graph, "one", 1.0)))
    missing = graph.node("IsNaN", x)
    return graph.node("Where", missing, _double(graph, "zero", 0.0), graph.node("Div", z, root))


def _add_map(graph: NodeSink, name: str, level_map: LevelMap, place: str) -> str:
    """Add the number of a text, or one column per number, or its row of a table."""
    code = graph.node(
        "LabelEncoder", name, domain="ai.onnx.ml", keys_strings=list(level_map["values"]),
        values_floats=list(level_map["values"].values()), default_float=level_map["otherwise"],
    )  # fmt: skip
    if level_map["table"]:
        table = graph.constant(f"table {place}", np.array(level_map["table"], np.float64))
        row = graph.node("Cast", code, to=TYPES["int64"])
        return graph.node("GatherND", table, row)
    if level_map["one_hot"]:
        levels = np.arange(level_map["one_hot"], dtype=np.float32).reshape(1, -1)
        code = graph.node("Equal", code, graph.constant(f"levels {level_map['one_hot']}", levels))
    return graph.node("Cast", code, to=TYPES["float64"])


def _add_bin(graph: NodeSink, x: str, edges: Sequence[float], place: int) -> str:
    """Add the number of edges below x, -1 where x is nan."""
    above = graph.node("Greater", x, graph.constant(f"edges {place}", np.array([edges], np.float64)))
    ones = graph.constant(f"ones {len(edges)}", np.ones((len(edges), 1), np.float32))
    count = graph.node("MatMul", graph.node("Cast", above, to=TYPES["float32"]), ones)
    unknown = _double(graph, "unknown", -1.0)
    return graph.node(
        "Where", graph.node("IsNaN", x), unknown, graph.node("Cast", count, to=TYPES["float64"])
    )


def _pick(graph: NodeSink, X: str, columns: list[int], width: int) -> str:
    """Add some columns of a matrix; the matrix itself if it is all of them in order."""
    if columns == list(range(width)):
        return X
    names = hashlib.sha256(repr(columns).encode()).hexdigest()[:16]
    return graph.node("Gather", X, graph.constant(f"columns {names}", np.array(columns)), axis=1)


def _side_by_side(graph: NodeSink, blocks: list[str]) -> str:
    return graph.node("Concat", *blocks, axis=1) if len(blocks) > 1 else blocks[0]


def _as_double(graph: NodeSink, X: str, kind: str) -> str:
    return X if kind == "float64" else graph.node("Cast", X, to=TYPES["float64"])


def _double(graph: NodeSink, name: str, value: ArrayLike) -> str:
    return graph.constant(name, np.array(value, np.float64))
