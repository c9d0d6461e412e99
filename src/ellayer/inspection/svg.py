"""Drawings as SVG text: computation graphs and networks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Any

import numpy as np

from ..core.network import Network
from .graph_record import Node, number

FONT = "font-family='DejaVu Sans,Segoe UI,Helvetica,sans-serif'"
INK, BLUE, RED, GREY = "#222222", "#0072B2", "#D55E00", "#8a8f98"
_CHAR = 7.3  # width of a letter at 13 px

Point = tuple[float, float]


def svg(width: float, height: float, parts: Sequence[str], title: str) -> str:
    """Return an SVG picture of these parts, on white, that scales down to the width of its page."""
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width:.0f} {height:.0f}' width='{width:.0f}' "
        f"style='max-width:100%;height:auto' role='img' {FONT}><title>{escape(title)}</title>"
        f"<rect width='100%' height='100%' fill='white'/>{''.join(parts)}</svg>"
    )


def text(x: float, y: float, words: str, size: float = 13, fill: str = INK, anchor: str = "middle") -> str:
    """Return a line of text with a white halo, so that it is legible on lines."""
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size:g}' fill='{fill}' text-anchor='{anchor}' stroke='white' "
        f"stroke-width='3.5' paint-order='stroke' stroke-linejoin='round'>{escape(words)}</text>"
    )


def graph_svg(nodes: Sequence[Node]) -> str:
    """Return the picture of a computation graph, from left to right."""
    values = [number(node.value) for node in nodes]
    slopes = ["" if node.derivative is None else number(node.derivative) for node in nodes]
    boxes = [max(30.0, _CHAR * len(node.text) + 20) for node in nodes]
    gaps = [44 + max(6.6 * max(len(v), len(d)), 30) for v, d in zip(values, slopes, strict=True)]
    place, bends, width, height = _places(nodes, boxes, gaps)
    edges, over = [], []
    for i in range(len(nodes)):
        users = [k for k, node in enumerate(nodes) if i in node.inputs]
        for n, k in enumerate(users):
            line, (x, y) = _edge(place, boxes, bends[i], i, k, fan=len(users) > 1)
            edges.append(line)
            if n == 0 or abs(place[k][1] - place[i][1]) > 1:
                over.append(text(x, y - 6, values[i], 12, BLUE) + text(x, y + 16, slopes[i], 12, RED))
    frames = [_box(node, place[i], boxes[i], i == len(nodes) - 1) for i, node in enumerate(nodes)]
    x, y = place[len(nodes) - 1]
    over.append(text(x, y - 24, values[-1], 12, BLUE))
    last = nodes[-1].name
    legend = (
        f"<text x='14' y='{height - 12:.0f}' font-size='12' fill='{GREY}'>on each edge: <tspan fill='{BLUE}'>value</tspan> "
        f"above, <tspan fill='{RED}'>derivative of {escape(last)}</tspan> below</text>"
    )
    arrow = (
        f"<defs><marker id='arrow' markerWidth='8' markerHeight='8' refX='7' refY='3.5' orient='auto'>"
        f"<path d='M0,0 L7,3.5 L0,7' fill='{GREY}'/></marker></defs>"
    )
    return svg(width, height, [arrow, *edges, *frames, *over, legend], f"computation graph of {last}")


def _columns(nodes: Sequence[Node]) -> list[int]:
    """Return the column of each node: after all its inputs; an input just before its first use."""
    depth = [0] * len(nodes)
    for k, node in enumerate(nodes):
        depth[k] = 1 + max((depth[i] for i in node.inputs), default=-1)
    for i, node in enumerate(nodes):
        users = [depth[k] for k, other in enumerate(nodes) if i in other.inputs]
        if not node.inputs and users:
            depth[i] = min(users) - 1
    return depth


def _places(
    nodes: Sequence[Node], boxes: list[float], gaps: list[float]
) -> tuple[list[Point], list[list[Point]], float, float]:
    """Return the centres of the boxes, and the points that each node's long edges pass through.

    A long edge has its own place in every column it crosses; in each column the places are
    ordered by their neighbours.
    """
    columns = _columns(nodes)
    members: list[list[Any]] = [[] for _ in range(max(columns) + 1)]
    neighbours: dict[Any, list[Any]] = {i: list(node.inputs) for i, node in enumerate(nodes)}
    for i, first in enumerate(columns):
        members[first].append(i)
        users = [k for k, node in enumerate(nodes) if i in node.inputs]
        neighbours[i] += users
        for c in range(first + 1, max((columns[k] for k in users), default=first)):
            members[c].append((i, c))
            neighbours[(i, c)] = [(i, c - 1) if c > first + 1 else i, *users]
    tallest = max(map(len, members))
    row: dict[Any, float] = {i: float(r) for column in members for r, i in enumerate(column)}
    for _ in range(8):
        for column in members:
            column.sort(
                key=lambda i: (
                    sum(row[k] for k in neighbours[i]) / len(neighbours[i]) if neighbours[i] else row[i]
                )
            )
            row |= {i: r + (tallest - len(column)) / 2 for r, i in enumerate(column)}
    place = [(0.0, 0.0)] * len(nodes)
    bends: list[list[Point]] = [[] for _ in nodes]
    x = 20.0
    for column in members:
        wide = max(boxes[i] for i in column if isinstance(i, int))
        for i in column:
            y = 46 + 70 * row[i]
            if isinstance(i, int):
                place[i] = (x + wide / 2, y)
            else:
                bends[i[0]] += [(x, y), (x + wide, y)]
        x += wide + max(gaps[i] for i in column if isinstance(i, int))
    end = max(px + box / 2 for (px, _), box in zip(place, boxes, strict=True)) + 24
    return place, bends, max(end, 330.0), 46 + 70 * tallest + 4


def _edge(
    place: list[Point], boxes: list[float], bends: list[Point], i: int, k: int, fan: bool
) -> tuple[str, Point]:
    """Return the line from node i to node k, and the position of its label, where edges do not overlap."""
    start = (place[i][0] + boxes[i] / 2, place[i][1])
    end = (place[k][0] - boxes[k] / 2 - 2, place[k][1])
    points = [start, *(p for p in bends if p[0] < end[0]), end]
    path = f"M{start[0]:.1f},{start[1]:.1f}"
    for (x0, y0), (x1, y1) in pairwise(points):
        half = (x0 + x1) / 2
        path += f" C{half:.1f},{y0:.1f} {half:.1f},{y1:.1f} {x1:.1f},{y1:.1f}"
    line = f"<path d='{path}' fill='none' stroke='{GREY}' stroke-width='1.4' marker-end='url(#arrow)'/>"
    (x0, y0), (x1, y1) = points[:2]
    if y0 == y1:
        return line, ((x0 + x1) / 2, y0)
    # Edges from one box diverge, those to one box converge.
    along, across = (0.61, 0.7) if fan else (0.39, 0.3)
    return line, (x0 + along * (x1 - x0), y0 + across * (y1 - y0))


def _box(node: Node, at: Point, width: float, last: bool) -> str:
    x, y = at
    fill, stroke = ("#eef3f8", BLUE) if not node.inputs else ("#fff6ec", RED) if last else ("#ffffff", INK)
    radius = 17 if not node.inputs else 5
    return (
        f"<rect x='{x - width / 2:.1f}' y='{y - 17:.1f}' width='{width:.1f}' height='34' rx='{radius}' fill='{fill}' "
        f"stroke='{stroke}' stroke-width='1.4'/>"
        f"<text x='{x:.1f}' y='{y + 4.5:.1f}' font-size='13' fill='{INK}' text-anchor='middle'>{escape(node.text)}</text>"
    )


# Networks.

_UNITS = 16  # maximum number of units per layer to draw single units


def network_svg(
    network: Network, parameters: Mapping[str, np.ndarray] | None = None, names: Sequence[str] | None = None
) -> str:
    """Return the picture of a network: single units if it is small, else a block for each layer.

    Parameters
    ----------
    network : Network
    parameters : dict, optional
        Weights show as colour (blue above 0, orange below) and width.
    names : sequence of str, optional
        Of the inputs.
    """
    if max(network.widths) <= _UNITS:
        return _by_unit(network, parameters, names)
    return _by_layer(network)


def _by_unit(
    network: Network, parameters: Mapping[str, np.ndarray] | None, names: Sequence[str] | None
) -> str:
    widths, most = network.widths, max(network.widths)
    gap_y, gap_x, r = (46 if most <= 10 else 34), 170, 14 if most <= 10 else 11
    left = 60 if names is None else 30 + 7.3 * max(map(len, names))
    height, middle = 96 + gap_y * most, 44 + gap_y * most / 2
    place = [
        [(left + gap_x * l, middle + gap_y * (j - (n - 1) / 2)) for j in range(n)]
        for l, n in enumerate(widths)
    ]
    theta = parameters or {}
    lines = [_weights(place, l, theta.get(f"W{l}")) for l in range(1, network.L + 1)]
    parts = []
    for l, units in enumerate(place):
        for j, (x, y) in enumerate(units):
            bias = f"<title>b = {float(theta[f'b{l}'][j, 0]):.4g}</title>" if l and theta else ""
            parts.append(
                f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{r}' fill='white' stroke='{INK}' stroke-width='1.5'>{bias}</circle>"
            )
            if l == 0:
                name = names[j] if names is not None else f"x{j + 1}"
                parts.append(text(x - r - 6, y + 4, name, 12, INK, "end"))
    for l, n in enumerate(widths):
        x, (head, foot) = place[l][0][0], _layer_texts(network, l)
        parts += [text(x, 22, head, 13), text(x, height - 26, f"{n} unit{'s' if n > 1 else ''}", 12, GREY)]
        parts += [text(x, height - 10, foot, 12, GREY)] if foot else []
    return svg(left + gap_x * network.L + 70, height, [*lines, *parts], repr(network))


def _weights(place: list[list[Point]], l: int, W: np.ndarray | None) -> str:
    parts = []
    largest = 1.0 if W is None else float(abs(W).max()) or 1.0
    for j, (x1, y1) in enumerate(place[l]):
        for k, (x0, y0) in enumerate(place[l - 1]):
            w = 0.0 if W is None else float(W[j, k])
            share = 0.25 if W is None else abs(w) / largest
            colour = GREY if W is None else BLUE if w > 0 else RED
            note = "" if W is None else f"<title>W{l}[{j},{k}] = {w:.4g}</title>"
            parts.append(
                f"<line x1='{x0:.1f}' y1='{y0:.1f}' x2='{x1:.1f}' y2='{y1:.1f}' stroke='{colour}' "
                f"stroke-width='{0.4 + 3.4 * share:.2f}' stroke-opacity='{0.25 + 0.65 * share:.2f}'>{note}</line>"
            )
    return "".join(parts)


def _by_layer(network: Network) -> str:
    widths = network.widths
    tall = [36 + 150 * math.log(1 + n) / math.log(1 + max(widths)) for n in widths]
    gap, box, top = 168, 62, 50
    middle = top + max(tall) / 2
    parts = []
    for l, (n, h) in enumerate(zip(widths, tall, strict=True)):
        x = 44 + gap * l
        if l:
            shape = f"{n} x {widths[l - 1]}"
            parts.append(f"<path d='M{x - gap + box:.1f},{middle - tall[l - 1] / 2:.1f} L{x:.1f},{middle - h / 2:.1f} L{x:.1f},{middle + h / 2:.1f} "
                         f"L{x - gap + box:.1f},{middle + tall[l - 1] / 2:.1f} Z' fill='#eef0f3'/>")  # fmt: skip
            parts.append(text(x - (gap - box) / 2, middle - 4, f"W{l}", 13, BLUE))
            parts.append(text(x - (gap - box) / 2, middle + 13, shape, 12, BLUE))
        fill = "#eef3f8" if l == 0 else "#fff6ec" if l == network.L else "white"
        parts.append(
            f"<rect x='{x}' y='{middle - h / 2:.1f}' width='{box}' height='{h:.1f}' rx='6' fill='{fill}' stroke='{INK}' stroke-width='1.4'/>"
        )
        (head, foot), at = _layer_texts(network, l), x + box / 2
        parts += [text(at, middle + 5, str(n), 14), text(at, 24, head, 13)]
        parts.append(text(at, top + max(tall) + 22, foot, 12, GREY))
    return svg(44 + gap * network.L + box + 44, top + max(tall) + 40, parts, repr(network))


def _layer_texts(network: Network, l: int) -> tuple[str, str]:
    """Return the name of a layer and its activation, "" for the input."""
    if l == 0:
        return "input", ""
    return f"layer {l}", network.activations[l - 1].replace("slope=", "").replace("alpha=", "")
