"""The common style of the plots: colours, and markers that are distinguishable without colour."""

from __future__ import annotations

import base64
import io
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context, rcParams
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.dates import DateLocator
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogFormatter, MaxNLocator

# The palette of Okabe and Ito, the strongest colours first, without yellow, which is too pale on white.
COLOURS = (
    "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7F3C8D", "#8C6D31", "#777777",
)  # fmt: skip
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "<", ">", "d")
DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 3)))
INK = "#222222"
PROBABILITY = LinearSegmentedColormap.from_list("probability", (COLOURS[0], "#F7F7F7", COLOURS[1]))

_LOOK: Any = {  # matplotlib's type for settings lists every name
    "font.family": "DejaVu Sans",
    "font.size": 11.0,
    "axes.titlesize": 11.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#666666",
    "axes.labelcolor": INK,
    "axes.grid": False,
    "date.converter": "concise",
    "text.color": INK,
    "text.parse_math": False,  # names from files are not mathematics: dollar signs are literal
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
}


@contextmanager
def look() -> Iterator[None]:
    """Set the style of plots inside a ``with`` block; the user's settings are restored afterwards.

    Characters missing in matplotlib's font are boxes in a PNG but correct in a page, so the warnings are disabled.
    """
    with rc_context(_LOOK), warnings.catch_warnings():
        for message in ("Glyph .* missing from", "Matplotlib currently does not support .* natively"):
            warnings.filterwarnings("ignore", message, UserWarning)
        yield


class ShownFigure(Figure):
    """A figure that a notebook displays; it is not registered with pyplot, so it is freed like any object."""

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, str], dict[str, dict[str, int]]]:
        """Return the picture for a notebook, in twice the pixels of its size."""
        out = io.BytesIO()
        with look():
            self.savefig(out, format="png", dpi=2 * self.dpi)
        width, height = (round(self.dpi * side) for side in self.get_size_inches())
        data = {"image/png": base64.b64encode(out.getvalue()).decode("ascii"), "text/plain": repr(self)}
        return data, {"image/png": {"width": width, "height": height}}


@contextmanager
def drawing(ax: Axes | None, size: tuple[float, float], title: str) -> Iterator[Axes]:
    """Give the axes to draw on inside a ``with`` block, in the style of the plots.

    Parameters
    ----------
    ax : Axes or None
        Existing axes; None for those of a new figure, whose ticks are then separated.
    size : (float, float)
        Size of a new figure, in inches.
    title : str
    """
    with look():
        if ax is not None:
            ax.set_title(title)
            yield ax
            return
        figure, (axes,) = new_figure(size, title)
        yield axes
        separate_ticks(figure)


def figure_of(axes: Axes) -> Figure:
    """Return the figure that axes are on, also inside of a subfigure."""
    figure = axes.get_figure(root=True)
    assert isinstance(figure, Figure)
    return figure


def new_figure(
    size: tuple[float, float], title: str, shape: tuple[int, int] = (1, 1), **grid: Any
) -> tuple[Figure, list[Axes]]:
    """Return a figure and its axes, row by row.

    Parameters
    ----------
    size : (float, float)
        Width and height in inches.
    title : str
        Broken into lines that fit. Empty if the page has the title.
    shape : (int, int)
        Rows and columns of axes.
    **grid
        As ``Figure.subplots``.
    """
    figure = ShownFigure(figsize=size, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    if title:
        lines = (textwrap.fill(line, int(8.2 * size[0])) for line in title.splitlines())
        figure.suptitle("\n".join(lines), fontsize=13.5, fontweight="bold", x=0.012, ha="left")
    return figure, list(figure.subplots(*shape, squeeze=False, **grid).flat)


def separate_ticks(figure: Figure) -> None:
    """Reduce the ticks of numbers, and turn names and dates, where the labels of an axis would overlap.

    Widths are estimated from the number of letters: measuring them would lay out the figure once more.
    """
    width, height = (72 * side for side in figure.get_size_inches())
    for axes in figure.axes:
        margin = 45 + _letters(axes.yaxis).max(initial=0)
        for axis, length in ((axes.xaxis, width - margin), (axes.yaxis, 0.72 * height)):
            for count in (5, 4, 3, 2):
                if _need(axis, axis is axes.xaxis) < _room(axis, length):
                    break
                if isinstance(axis.get_major_locator(), (FixedLocator, DateLocator)):
                    axis.set_tick_params(rotation=90 if axis is axes.xaxis else 0)
                    break
                axis.set_major_locator(MaxNLocator(count))


def _room(axis: Axis, length: float) -> float:
    """Return the distance in points between two ticks of an axis of a length."""
    low, high = axis.get_view_interval()
    steps = np.diff(np.asarray(axis.get_majorticklocs(), float))
    return float("inf") if not len(steps) else length * float(np.abs(steps).min() / abs(high - low))


def _need(axis: Axis, is_horizontal: bool) -> float:
    """Return the distance in points that the labels of two ticks need."""
    widths = _letters(axis)
    if not is_horizontal or len(widths) < 2:
        return 1.3 * rcParams["font.size"]
    return float((widths[:-1] + widths[1:]).max()) / 2 + 0.65 * rcParams["font.size"]


def _letters(axis: Axis) -> np.ndarray:
    """Return the widths of labels in points, of about 0.65 em for a letter."""
    labels = axis.get_major_formatter().format_ticks(axis.get_majorticklocs().tolist())
    return 0.65 * rcParams["font.size"] * np.array([len(label) for label in labels], float)


def label_powers(axis: Axis) -> None:
    """Label a logarithmic axis in plain text: matplotlib's own labels are mathematics, which is off."""
    axis.set_major_formatter(LogFormatter())
    axis.set_minor_formatter(LogFormatter())


def save_picture(figure: Figure, path: str | Path, dpi: int = 120) -> Path:
    """Write a figure; the suffix of the path is its format (.png, .svg, .pdf).

    Parameters
    ----------
    figure : Figure
    path : str or Path
    dpi : int
        Dots per inch of a PNG.

    Returns
    -------
    Path
    """
    with look():
        arrange(figure)
        figure.savefig(path, dpi=dpi)
    return Path(path)


def arrange(figure: Figure) -> None:
    """Arrange the axes of a figure once; each ``savefig`` would draw it an extra time for that."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")
