"""Plots of a network: its drawing, its weights, and the numbers of one step through it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, Polygon
from matplotlib.patheffects import withStroke

from .plots_quality import shorten
from .style import INK, PROBABILITY, drawing, figure_of

if TYPE_CHECKING:
    from ..inspection import Trace

_PIXEL = 0.72  # points, at 100 dots per inch
_MOST_NAMES = 30
_MOST_NUMBERS = 12  # maximum number of units of the widest layer for which the numbers of a step are written
_ANCHORS = {"middle": "center", "end": "right", "start": "left"}


def network_drawing(svg: str, title: str = "", ax: Axes | None = None) -> Figure:
    """Draw the SVG picture of a network (``Summary.to_svg``) on axes.

    Parameters
    ----------
    svg : str
    title : str
        Title of the plot.
    ax : Axes, optional
        Axes to draw on; by default those of a new figure.

    Returns
    -------
    Figure
    """
    root = ElementTree.fromstring(svg)
    width, height = (float(side) for side in root.attrib["viewBox"].split()[2:])
    with drawing(ax, (width / 100, height / 100 + (0.4 if title else 0.0)), title) as axes:
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        axes.set_aspect("equal")
        axes.set_axis_off()
        points = _PIXEL
        if ax is not None:  # letters and lines shrink with the axes
            room = _points_of(axes)
            points = min(_PIXEL, room[0] / width, room[1] / height)
        for element in root:
            _draw_element(axes, element, points)
    return figure_of(axes)


def _points_of(axes: Axes) -> tuple[float, float]:
    """Return the width and height of axes in points."""
    extent, point = axes.get_window_extent(), figure_of(axes).dpi / 72
    return extent.width / point, extent.height / point


def _draw_element(axes: Axes, element: ElementTree.Element, points: float) -> None:
    """Draw a line, circle, box, polygon or text of the SVG pictures of ``inspection``; ignore other elements."""
    tag, get = element.tag.rpartition("}")[2], element.attrib.get
    stroke, width = get("stroke", "none"), float(get("stroke-width", 1)) * points

    def numbers(*names: str) -> list[float]:
        return [float(element.attrib[name]) for name in names]

    if tag == "line":
        x1, y1, x2, y2 = numbers("x1", "y1", "x2", "y2")
        alpha = float(get("stroke-opacity", 1))
        axes.plot([x1, x2], [y1, y2], color=stroke, linewidth=width, alpha=alpha, zorder=1)
    elif tag == "circle":
        x, y, r = numbers("cx", "cy", "r")
        axes.add_patch(Circle((x, y), r, facecolor=get("fill"), edgecolor=stroke, linewidth=width, zorder=2))
    elif tag == "rect" and "x" in element.attrib:
        x, y, w, h = numbers("x", "y", "width", "height")
        style = f"round,pad=0,rounding_size={get('rx', '0')}"
        box = FancyBboxPatch((x, y), w, h, style, facecolor=get("fill"), edgecolor=stroke, linewidth=width)
        axes.add_patch(box).set_zorder(2)
    elif tag == "path":
        corners = [
            tuple(map(float, pair)) for pair in re.findall(r"([\d.-]+),([\d.-]+)", element.attrib["d"])
        ]
        axes.add_patch(Polygon(np.array(corners), facecolor=get("fill"), edgecolor="none", zorder=1))
    elif tag == "text":
        (x, y), size = numbers("x", "y"), float(get("font-size", 12)) * points
        axes.text(
            x, y, element.text or "", color=get("fill"), fontsize=size, ha=_ANCHORS[get("text-anchor", "start")],
            va="baseline", zorder=3, path_effects=[withStroke(linewidth=3.5 * points, foreground="white")],
        )  # fmt: skip


def weight_matrix(
    W: np.ndarray, inputs: Sequence[str] = (), title: str = "", layer: int = 1, ax: Axes | None = None
) -> Figure:
    """Draw the weights of a layer as colours: blue above 0, orange below, one row per unit.

    Parameters
    ----------
    W : array, shape (n_l, n_{l-1})
    inputs : sequence of str, optional
        Names of the columns.
    title : str
        Title of the plot.
    layer : int
        Its number, for the label of the rows.
    ax : Axes, optional
        Axes to draw on; by default those of a new figure.

    Returns
    -------
    Figure
    """
    units, columns = W.shape
    top = float(np.abs(W).max(initial=0.0)) or 1.0
    size = (min(max(4.0, 1.8 + 0.3 * columns), 9.0), min(max(2.6, 1.4 + 0.26 * units), 8.0))
    with drawing(ax, size, title) as axes:
        scale = Normalize(-top, top)
        axes.imshow(W, cmap=PROBABILITY, norm=scale, aspect="auto", interpolation="nearest")
        if columns <= _MOST_NAMES:
            names = inputs if len(inputs) == columns else range(columns)
            axes.set_xticks(range(columns), [shorten(name) for name in names])
        if units <= _MOST_NAMES:
            axes.set_yticks(range(units), [str(unit) for unit in range(units)])
        axes.set_xlabel("input" if layer == 1 else f"unit of layer {layer - 1}")
        axes.set_ylabel(f"unit of layer {layer}")
        axes.spines[["left", "bottom"]].set_visible(False)
        axes.tick_params(length=0)
        bar = figure_of(axes).colorbar(ScalarMappable(scale, PROBABILITY), ax=axes, fraction=0.05, pad=0.02)
        bar.set_label(f"weight W{layer}")
        bar.outline.set_visible(False)
    return figure_of(axes)


def step_numbers(trace: Trace, title: str = "", ax: Axes | None = None) -> Figure:
    """Draw the vectors of one training step, layer by layer: Z, A, and their derivatives dA and dZ.

    Each column of squares is one vector, coloured on its own scale: blue above 0, orange below. Of several examples
    the mean is drawn.

    Parameters
    ----------
    trace : Trace
    title : str
        Title of the plot.
    ax : Axes, optional
        Axes to draw on; by default those of a new figure.

    Returns
    -------
    Figure
    """
    names = {step.name for step in trace}
    layers = [
        [name for name in (f"Z{l}", f"A{l}", f"dA{l}", f"dZ{l}") if name in names]
        for l in range(trace.network.L + 1)
    ]
    tallest = max(trace.network.widths)
    columns = sum(map(len, layers)) + 0.6 * len(layers)
    size = (1.0 + 0.72 * columns, min(1.4 + 0.36 * tallest, 7.0))
    with drawing(ax, size, title) as axes:
        ticks, x = [], 0.0
        letters = 8.5 if ax is None else min(8.5, _points_of(axes)[0] / columns / 3.6)
        for l, of_layer in enumerate(layers):
            for name in of_layer:
                _draw_vector(axes, x, np.mean(trace[name], axis=1), tallest, letters)
                ticks.append((x + 0.5, name))
                x += 1.0
            middle = x - len(of_layer) / 2
            head = "input" if l == 0 else f"layer {l}"
            axes.text(middle, -0.35, head, ha="center", va="bottom", color=INK, fontsize=letters + 2)
            x += 0.6
        axes.set_xlim(-0.1, x - 0.5)
        axes.set_ylim(tallest, -1.0)
        axes.set_xticks([place for place, _ in ticks], [name for _, name in ticks], fontsize=letters + 1)
        axes.set_yticks([])
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
    return figure_of(axes)


def _draw_vector(axes: Axes, x: float, values: np.ndarray, tallest: int, letters: float) -> None:
    """Draw a vector as a column of coloured squares, in the middle of the height of the longest."""
    top = float(np.abs(values).max(initial=0.0)) or 1.0
    start = (tallest - len(values)) / 2
    edges = start + np.arange(len(values) + 1)
    axes.pcolormesh([x, x + 1], edges, values[:, None], cmap=PROBABILITY, vmin=-top, vmax=top, edgecolors="#DDDDDD",
                    linewidth=0.6 if tallest <= _MOST_NUMBERS else 0.0)  # fmt: skip
    for j, value in enumerate(values if tallest <= _MOST_NUMBERS else []):
        ink = "white" if abs(value) > 0.75 * top else INK
        axes.text(
            x + 0.5, start + j + 0.5, _short(value), ha="center", va="center", color=ink, fontsize=letters
        )


def _short(value: float) -> str:
    """Return a number in at most five characters, or six with its sign.

    >>> _short(-0.2513), _short(3e-13), _short(-12345.0)
    ('−0.25', '0', '−1e4')
    """
    text = f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}" if abs(value) < 10_000 else f"{value:.0e}"
    if 1e-8 < abs(value) < 0.095:
        text = f"{value:.1e}" if abs(value) < 0.001 else f"{value:.3f}"
    text = text.replace("e-0", "e-").replace("e+0", "e").replace("e+", "e").removesuffix(".00")
    return "0" if float(text) == 0 else text.replace("-", "−")
